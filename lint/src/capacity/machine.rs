//! From arguments to a machine and the settings of its kubelet.

use memlint_capacity::file::aks_network;
use memlint_capacity::sizing::{
    Bytes, EvictionHard, KubernetesVersion, Machine, Measured, Percent, Platform, Provider, Reserve, Settings,
    Threshold, UnknownSize, find_size, find_size_anywhere,
};
use memlint_kubernetes::quantity::Quantity;

use super::args::{KubeletArgs, NodeArgs};

/// One version, or two to compare.
#[derive(Debug, Clone, Copy)]
pub(super) enum Versions {
    One(Option<KubernetesVersion>),
    Range(KubernetesVersion, KubernetesVersion),
}

pub(super) fn provider(name: &str) -> Result<Provider, String> {
    name.parse().map_err(|_| {
        let names = Provider::ALL.map(Provider::name);
        let help = memlint_kubernetes::spelling::nearest(name, names)
            .map_or_else(|| format!("write one of {}", names.join(", ")), |near| format!("did you mean {near}?"));
        format!("unknown provider {name}; {help}")
    })
}

/// The settings of a kubelet, but for its version.
pub(super) fn settings(provider: Provider, args: &KubeletArgs) -> Result<Settings, String> {
    let mut platform = Platform::from(provider);
    match &mut platform {
        Platform::Aks(aks) => {
            aks.network = args.network.as_deref().and_then(aks_network);
            aks.windows = args.windows;
        }
        _ if args.network.is_some() => return Err(format!("--network is for aks, not for {provider}")),
        _ if args.windows => return Err(format!("--windows is for aks, not for {provider}")),
        _ => {}
    }
    Ok(Settings {
        max_pods: args.max_pods,
        kube_reserved: reserve("--kube-reserved", args.kube_reserved.as_deref())?,
        system_reserved: reserve("--system-reserved", args.system_reserved.as_deref())?,
        eviction_hard: eviction(args.eviction_hard.as_deref())?,
        ..Settings::new(platform)
    })
}

pub(super) fn versions(text: Option<&str>) -> Result<Versions, String> {
    let one = |text: &str| {
        let error = |_| format!("{text:?} is no version of Kubernetes; write 1.33, or 1.28..1.29 to compare two");
        text.parse::<KubernetesVersion>().map_err(error)
    };
    Ok(match text.map(|text| (text, text.split_once(".."))) {
        None => Versions::One(None),
        Some((_, Some((before, after)))) => Versions::Range(one(before)?, one(after)?),
        Some((text, None)) => Versions::One(Some(one(text)?)),
    })
}

pub(super) fn machine(provider: Provider, args: &NodeArgs) -> Result<Machine, String> {
    let Some(size) = &args.size else {
        let memory = amount("--memory", args.memory.as_deref().unwrap_or_default())?;
        let cpu = args.cpu.as_deref().ok_or("--memory describes a machine of no size; give its --cpu too")?;
        let cpus = Quantity::parse(cpu).ok().filter(|cpus| cpus.is_integer());
        let cpus = cpus.and_then(|cpus| u32::try_from(cpus.value()).ok()).filter(|cpus| *cpus > 0);
        let cpus = cpus.ok_or_else(|| format!("--cpu {cpu:?} is no number of CPUs; write a whole number"))?;
        return Ok(Machine::new(cpus, memory));
    };
    let found = match provider.cloud() {
        Some(cloud) => find_size(cloud, size),
        None => find_size_anywhere(size),
    };
    found.map(Machine::from).map_err(|error| unknown_size(provider, &error))
}

fn unknown_size(provider: Provider, error: &UnknownSize) -> String {
    let message = error.to_string().replace('`', "");
    let next = match error {
        UnknownSize::OtherCloud { .. } => "name the provider that runs there",
        UnknownSize::Nowhere { .. } => "for a size that is too new for memlint, give --memory and --cpu in place of it",
    };
    let sizes = match provider.cloud() {
        Some(_) => format!("; memlint capacity sizes {provider} --memory 8Gi lists what is known"),
        None => String::new(),
    };
    format!("{message}{}{next}{sizes}", if message.contains("did you mean") { "? or, " } else { "; " })
}

pub(super) fn measured(args: &NodeArgs) -> Result<Measured, String> {
    let read = |option: &str, text: &Option<String>| text.as_deref().map(|text| amount(option, text)).transpose();
    Ok(Measured {
        cpu: None,
        memory: read("--measured", &args.measured)?,
        ephemeral_storage: read("--ephemeral-storage", &args.ephemeral_storage)?,
    })
}

/// Bytes.
pub(super) fn amount(option: &str, text: &str) -> Result<u64, String> {
    let quantity = quantity(option, text, "4025844Ki or 16Gi")?;
    let bytes = u64::try_from(quantity.value()).unwrap_or(0);
    if bytes < 1 << 20 && bytes > 0 {
        return Err(format!("{option} {text} is {}, less than 1Mi; write a unit, such as 16Gi", Bytes(bytes)));
    }
    Ok(bytes)
}

/// Millicores.
pub(super) fn millicores(option: &str, text: &str) -> Result<u64, String> {
    Ok(u64::try_from(quantity(option, text, "4 or 1500m")?.milli_value()).unwrap_or(0))
}

fn quantity(option: &str, text: &str, example: &str) -> Result<Quantity, String> {
    match Quantity::parse(text) {
        Ok(quantity) if !text.trim().is_empty() && !quantity.is_negative() => Ok(quantity),
        Ok(_) => Err(format!("{option} {text:?} is no amount; write {example}")),
        Err(_) => {
            let meant = memlint_kubernetes::decode::quantity_suggestion(text);
            let help = meant.map_or_else(|| format!("write {example}"), |meant| format!("did you mean {meant}?"));
            Err(format!("{option} {text:?} is no quantity; {help}"))
        }
    }
}

/// `memory=1Gi,cpu=100m`; what stands alone is memory.
fn pairs<'a>(list: &'a str, alone: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    list.split(',').map(str::trim).filter(|pair| !pair.is_empty()).map(move |pair| {
        let (key, value) = pair.split_once(['=', '<']).unwrap_or((alone, pair));
        (key.trim(), value.trim())
    })
}

fn reserve(option: &str, list: Option<&str>) -> Result<Reserve, String> {
    let mut reserve = Reserve::default();
    for (key, value) in pairs(list.unwrap_or_default(), "memory") {
        match key {
            "cpu" => reserve.cpu = Some(millicores(option, value)?),
            "memory" => reserve.memory = Some(amount(option, value)?),
            "ephemeral-storage" => reserve.ephemeral_storage = Some(amount(option, value)?),
            "pid" => {}
            _ => {
                return Err(format!(
                    "{option} has cpu, memory and ephemeral-storage, not {key}; write memory=1Gi,cpu=100m"
                ));
            }
        }
    }
    Ok(reserve)
}

fn eviction(list: Option<&str>) -> Result<EvictionHard, String> {
    let option = "--eviction-hard";
    let mut eviction = EvictionHard::default();
    for (key, value) in pairs(list.unwrap_or_default(), "memory.available") {
        let threshold = || match value.ends_with('%') {
            true => {
                value.parse::<Percent>().map(Threshold::Percent).map_err(|error| error.to_string().replace('`', ""))
            }
            false => amount(option, value).map(Threshold::Bytes),
        };
        match key {
            "memory.available" => eviction.memory_available = Some(threshold()?),
            "nodefs.available" => eviction.nodefs_available = Some(threshold()?),
            "nodefs.inodesFree" | "imagefs.available" | "imagefs.inodesFree" | "pid.available" => {
                eviction.other_signals = true;
            }
            _ => {
                let known = "memory.available, nodefs.available and the other signals of evictionHard";
                return Err(format!("{option} has {known}, not {key}; write memory.available=100Mi"));
            }
        }
    }
    Ok(eviction)
}
