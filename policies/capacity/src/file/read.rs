//! The second step of reading: from what was written to what it means, and whether it makes sense together.
use std::collections::BTreeMap;

use memlint_kubernetes::aggregate::ResourceList;
use memlint_kubernetes::decode;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::quantity::Quantity;
use memlint_scheduler::{Overhead, Taint};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

use super::check::Checker;
use super::fields::FILE;
use super::{CapacityFile, Count, Pool};
use crate::error::CapacityError;
use crate::offer::NoOffer;
use crate::pools::MOST_NODES;
use crate::sizing::{
    AksNetwork, AksRules, AksSettings, Bytes, CpuSizing, EksSettings, EvictionHard, GkeFlavour, GkeSettings,
    KubernetesVersion, Millicores, OpenShiftSettings, Platform, Provider, Reserve, Settings, Sizing, Threshold,
};

impl CapacityFile {
    /// Reads a capacity file.
    ///
    /// # Errors
    /// All mistakes in it, each with its place.
    pub fn read(written: &Value<'_>) -> Result<Self, Vec<CapacityError>> {
        let mut checker = Checker::default();
        let root = FieldPath::root();
        checker.map(written, &FILE, &root, "a capacity file");
        let kubernetes = version(written.get("kubernetes"));
        let pools_at = FieldPath::of(&["pools"]);
        let pools = items(written, "pools").iter().enumerate();
        let file = Self {
            kubernetes,
            pools: pools.map(|(index, value)| pool(value, kubernetes, &pools_at.index(index), &mut checker)).collect(),
            limit_ranges: objects(written, "limitRanges", &mut checker),
            resource_quotas: objects(written, "resourceQuotas", &mut checker),
            runtime_classes: objects(written, "runtimeClasses", &mut checker),
            priority_classes: objects(written, "priorityClasses", &mut checker),
            namespaces: objects(written, "namespaces", &mut checker),
        };
        twice(&file.pools, &mut checker);
        if checker.errors.is_empty() { Ok(file) } else { Err(checker.errors) }
    }
}

fn pool(value: &Value<'_>, kubernetes: Option<KubernetesVersion>, at: &FieldPath, checker: &mut Checker) -> Pool {
    // What cannot be read is no reason to say that it is missing.
    let clean = !checker.errors.iter().any(|error| error.at.starts_with(at));
    let pool = Pool {
        name: text(value.get("name")).unwrap_or_default(),
        count: count(value.get("count")),
        size: text(value.get("size")),
        settings: read_options(value, at, checker),
        capacity: amounts(value.get("capacity")),
        allocatable: amounts(value.get("allocatable")),
        labels: texts(value.get("labels")),
        taints: items(value, "taints").iter().filter_map(taint).collect(),
        daemon_sets: value.get("daemonSets").map(overhead).unwrap_or_default(),
        requested: value.get("requested").filter(|value| !value.is_null()).map(|value| {
            let nodes = value.items().iter().map(overhead);
            nodes.collect()
        }),
    };
    check_offer(&pool, kubernetes, at, clean, checker);
    if clean {
        check_count(&pool, at, checker);
    }
    pool
}

fn check_offer(pool: &Pool, kubernetes: Option<KubernetesVersion>, at: &FieldPath, clean: bool, checker: &mut Checker) {
    match pool.offer(kubernetes) {
        Err(NoOffer::Size(error)) => {
            let help = "memlint capacity sizes lists the sizes of a provider; capacity or allocatable do without one";
            checker.error(&at.key("size"), error.to_string().replace('`', ""), help);
        }
        Err(why) if clean => {
            let help = match why {
                NoOffer::NoMachine => "write size, or capacity with cpu and memory, or allocatable",
                _ => "write provider and size, or allocatable",
            };
            checker.error(at, format!("pool {}: {why}", pool.name), help);
        }
        _ => {}
    }
    if !pool.allocatable.is_empty() {
        for resource in ["cpu", "memory", "pods"].into_iter().filter(|name| !pool.allocatable.contains_key(*name)) {
            let message = format!("allocatable has no {resource}, so it is not known what fits");
            let help = match resource {
                "pods" => "write pods, the kubelet's maxPods: 110 unless it is set",
                _ => "write cpu, memory and pods as kubectl get node -o yaml prints them",
            };
            checker.error(&at.key("allocatable"), message, help);
        }
        for (resource, amount) in &pool.allocatable {
            if pool.capacity.get(resource).is_some_and(|capacity| capacity < amount) {
                let place = at.keys(&["allocatable", resource]);
                let message = format!("{amount} of {resource} is allocatable, more than the capacity");
                checker.error(&place, message, "take both from the same Node");
            }
        }
    }
}

fn check_count(pool: &Pool, at: &FieldPath, checker: &mut Checker) {
    let Count { min, max, now } = pool.count;
    let at_count = at.key("count");
    let exists = pool.exists();
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        let message = format!("min is {min}, above max, which is {max}");
        checker.error(&at_count.key("min"), message, "swap them, or raise max");
    } else if let Some(max) = max.filter(|max| exists > *max) {
        let place = if now.is_some() { at_count.key("now") } else { at.key("requested") };
        checker.error(&place, format!("{exists} nodes exist, more than max, which is {max}"), "raise max");
    }
    if min.or(max).or(now).is_none() {
        checker.error(&at_count, "count says nothing", "write now, and max if an autoscaler can add nodes");
    }
    if exists > MOST_NODES {
        let message = format!("{exists} nodes are more than {MOST_NODES}, which no cluster has");
        checker.error(&at_count, message, "give the number of nodes");
    }
    let entries = pool.requested.as_ref().map(Vec::len);
    if let Some(entries) = entries.filter(|entries| u32::try_from(*entries) != Ok(exists)) {
        let entries = if entries == 1 { "1 entry" } else { &format!("{entries} entries") };
        let message = format!("requested has {entries} for {exists} nodes");
        checker.error(&at.key("requested"), message, "write one entry a node, {} for a node without Pods");
    }
}

fn twice(pools: &[Pool], checker: &mut Checker) {
    for (index, pool) in pools.iter().enumerate() {
        if !pool.name.is_empty() && pools.iter().take(index).any(|other| other.name == pool.name) {
            let at = FieldPath::of(&["pools"]).index(index).key("name");
            checker.error(&at, format!("there is a pool {} already", pool.name), "give each pool a name of its own");
        }
    }
}

fn count(value: Option<&Value<'_>>) -> Count {
    match value {
        Some(Value::Number(_)) => Count { now: number(value), ..Count::default() },
        Some(value) => {
            Count { min: number(value.get("min")), max: number(value.get("max")), now: number(value.get("now")) }
        }
        None => Count::default(),
    }
}

fn taint(value: &Value<'_>) -> Option<Taint> {
    if let Some(text) = value.as_str() {
        let (key, effect) = text.rsplit_once(':')?;
        let (key, value) = key.split_once('=').unwrap_or((key, ""));
        return Some(Taint { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() });
    }
    let field = |name: &str| text(value.get(name));
    Some(Taint { key: field("key")?, value: field("value").unwrap_or_default(), effect: field("effect")? })
}

/// A list of amounts whose `pods` is a number of Pods.
fn overhead(value: &Value<'_>) -> Overhead {
    let mut requests = amounts(Some(value));
    let pods = requests.remove("pods").map_or(0, Quantity::value);
    Overhead { requests, pods }
}

fn objects<T: DeserializeOwned + Default>(file: &Value<'_>, list: &str, checker: &mut Checker) -> Vec<T> {
    let at = FieldPath::of(&[list]);
    let items = items(file, list).iter().enumerate();
    let items = items.map(|(index, value)| {
        let at = at.index(index);
        let clean = !checker.errors.iter().any(|error| error.at.starts_with(&at));
        decode::from_value(value).unwrap_or_else(|error: decode::DecodeError| {
            if clean {
                let place = error.at.below(&at);
                checker.error(&place, error.to_string(), "write the object as kubectl prints it");
            }
            T::default()
        })
    });
    items.collect()
}

pub(super) fn items<'v, 'a>(value: &'v Value<'a>, key: &str) -> &'v [Value<'a>] {
    value.get(key).map(Value::items).unwrap_or_default()
}

pub(super) fn text(value: Option<&Value<'_>>) -> Option<String> {
    value?.as_str().map(str::to_owned)
}

pub(super) fn number(value: Option<&Value<'_>>) -> Option<u32> {
    match value? {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

pub(super) fn flag(value: Option<&Value<'_>>) -> Option<bool> {
    match value? {
        Value::Bool(flag) => Some(*flag),
        _ => None,
    }
}

pub(super) fn version(value: Option<&Value<'_>>) -> Option<KubernetesVersion> {
    value?.as_str()?.parse().ok()
}

pub(super) fn amount(value: Option<&Value<'_>>) -> Option<Quantity> {
    match value? {
        Value::String(text) | Value::Number(text) => Quantity::parse(text).ok().filter(|amount| !amount.is_negative()),
        _ => None,
    }
}

fn amounts(value: Option<&Value<'_>>) -> ResourceList {
    let entries = value.map(Value::entries).unwrap_or_default().iter();
    entries.filter_map(|(key, value)| Some((key.to_string(), amount(Some(value))?))).collect()
}

fn texts(value: Option<&Value<'_>>) -> BTreeMap<String, String> {
    let entries = value.map(Value::entries).unwrap_or_default().iter();
    entries.filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_owned()))).collect()
}

/// The options that only some providers have, each with the provider's name.
const OWN: [(&str, Provider); 9] = [
    ("network", Provider::Aks),
    ("windows", Provider::Aks),
    ("rules", Provider::Aks),
    ("maxPodsExpression", Provider::Eks),
    ("prefixDelegation", Provider::Eks),
    ("onPremises", Provider::Gke),
    ("bootDisk", Provider::Gke),
    ("localSsds", Provider::Gke),
    ("sizing", Provider::OpenShift),
];

/// Options of the kubelet, which say nothing without a provider.
const COMMON: [&str; 5] = ["maxPods", "podsPerCore", "kubeReserved", "systemReserved", "evictionHard"];

/// The settings of a pool; `None` if it names no provider.
pub(super) fn read_options(pool: &Value<'_>, at: &FieldPath, checker: &mut Checker) -> Option<Settings> {
    let given = |key: &str| pool.get(key).is_some_and(|value| !value.is_null());
    let provider = text(pool.get("provider"));
    let known = provider.as_deref().and_then(|name| name.parse::<Provider>().ok());
    for (key, owner) in OWN.into_iter().filter(|(key, owner)| given(key) && known != Some(*owner)) {
        match (known, &provider) {
            (Some(other), _) => {
                let message = format!("{key} is an option of {owner}, this pool is of {other}");
                checker.error(&at.key(key), message, format!("remove {key}"));
            }
            (None, None) => {
                checker.error(&at.key(key), format!("{key} needs a provider"), format!("write provider: {owner}"));
            }
            (None, Some(_)) => {}
        }
    }
    if provider.is_none() {
        for key in COMMON.into_iter().chain(["kubernetes"]).filter(|key| given(key)) {
            checker.error(&at.key(key), format!("{key} needs a provider"), "write provider, or remove it");
        }
    }
    let platform = match known? {
        Provider::Aks => Platform::Aks(AksSettings {
            network: text(pool.get("network")).and_then(|name| network(&name)),
            windows: flag(pool.get("windows")).unwrap_or(false),
            rules: text(pool.get("rules")).and_then(|name| match name.as_str() {
                "by-memory" => Some(AksRules::ByMemory),
                "by-pods" => Some(AksRules::ByPods),
                _ => None,
            }),
        }),
        Provider::Eks => Platform::Eks(EksSettings {
            max_pods_expression: number(pool.get("maxPodsExpression")),
            prefix_delegation: flag(pool.get("prefixDelegation")).unwrap_or(false),
        }),
        Provider::Gke => Platform::Gke(GkeSettings {
            flavour: match flag(pool.get("onPremises")) {
                Some(true) => GkeFlavour::OnPremises,
                _ => GkeFlavour::Standard,
            },
            boot_disk: amount(pool.get("bootDisk")).map(bytes),
            local_ssds: number(pool.get("localSsds")).unwrap_or(0),
        }),
        Provider::OpenShift => Platform::OpenShift(OpenShiftSettings {
            sizing: text(pool.get("sizing")).and_then(|name| match name.as_str() {
                "static" => Some(Sizing::Static),
                "auto-v1" => Some(Sizing::Auto(CpuSizing::V1)),
                "auto-v2" => Some(Sizing::Auto(CpuSizing::V2)),
                _ => None,
            }),
        }),
        other => other.into(),
    };
    Some(Settings {
        kubernetes: version(pool.get("kubernetes")),
        max_pods: number(pool.get("maxPods")),
        pods_per_core: number(pool.get("podsPerCore")),
        kube_reserved: reserve(pool.get("kubeReserved")),
        system_reserved: reserve(pool.get("systemReserved")),
        eviction_hard: eviction(pool.get("evictionHard")),
        ..Settings::new(platform)
    })
}

/// A network of AKS by its name in a capacity file: `overlay`, `pod-subnet`, `node-subnet` or `kubenet`.
#[must_use]
pub fn network(name: &str) -> Option<AksNetwork> {
    Some(match name {
        "overlay" => AksNetwork::Overlay,
        "pod-subnet" => AksNetwork::PodSubnet,
        "node-subnet" => AksNetwork::NodeSubnet,
        "kubenet" => AksNetwork::Kubenet,
        _ => return None,
    })
}

fn reserve(value: Option<&Value<'_>>) -> Reserve {
    let of = |key: &str| amount(value?.get(key));
    Reserve {
        cpu: of("cpu").map(|cpu| u64::try_from(cpu.milli_value()).unwrap_or(0)),
        memory: of("memory").map(bytes),
        ephemeral_storage: of("ephemeral-storage").map(bytes),
    }
}

fn eviction(value: Option<&Value<'_>>) -> EvictionHard {
    let threshold = |key: &str| {
        let value = value?.get(key)?;
        let percent = value.as_str().filter(|text| text.trim_end().ends_with('%'));
        match percent {
            Some(percent) => percent.parse().ok().map(Threshold::Percent),
            None => amount(Some(value)).map(|amount| Threshold::Bytes(bytes(amount))),
        }
    };
    let others = ["nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree", "pid.available"];
    EvictionHard {
        memory_available: threshold("memory.available"),
        nodefs_available: threshold("nodefs.available"),
        other_signals: others.iter().any(|key| threshold(key).is_some()),
        merge_defaults: value.and_then(|value| flag(value.get("mergeDefaultEvictionSettings"))),
    }
}

fn bytes(amount: Quantity) -> u64 {
    u64::try_from(amount.value()).unwrap_or(0)
}

/// The fields of settings, as they are written in a pool.
pub(super) fn write_options(settings: &Settings, pool: &mut Map<String, Json>) {
    let mut put = |key: &str, value: Option<Json>| {
        if let Some(value) = value {
            pool.insert(key.to_owned(), value);
        }
    };
    put("provider", Some(settings.platform.provider().name().into()));
    put("kubernetes", settings.kubernetes.map(|version| version.to_string().into()));
    put("maxPods", settings.max_pods.map(Json::from));
    put("podsPerCore", settings.pods_per_core.map(Json::from));
    let yes = |flag: bool| flag.then_some(Json::Bool(true));
    match &settings.platform {
        Platform::Aks(aks) => {
            put("network", aks.network.map(|network| network_name(network).into()));
            put("windows", yes(aks.windows));
            put(
                "rules",
                aks.rules.map(|rules| if rules == AksRules::ByMemory { "by-memory" } else { "by-pods" }.into()),
            );
        }
        Platform::Eks(eks) => {
            put("maxPodsExpression", eks.max_pods_expression.map(Json::from));
            put("prefixDelegation", yes(eks.prefix_delegation));
        }
        Platform::Gke(gke) => {
            put("onPremises", yes(gke.flavour == GkeFlavour::OnPremises));
            put("bootDisk", gke.boot_disk.map(|disk| Bytes(disk).to_string().into()));
            put("localSsds", (gke.local_ssds > 0).then(|| gke.local_ssds.into()));
        }
        Platform::OpenShift(openshift) => {
            let name = |sizing: Sizing| match sizing {
                Sizing::Static => "static",
                Sizing::Auto(CpuSizing::V1) => "auto-v1",
                Sizing::Auto(CpuSizing::V2) => "auto-v2",
            };
            put("sizing", openshift.sizing.map(|sizing| name(sizing).into()));
        }
        Platform::Kubeadm | Platform::K3s | Platform::Rke2 | Platform::Kind | Platform::Minikube => {}
    }
    put("kubeReserved", written_reserve(settings.kube_reserved));
    put("systemReserved", written_reserve(settings.system_reserved));
    put("evictionHard", written_eviction(settings.eviction_hard));
}

const fn network_name(network: AksNetwork) -> &'static str {
    match network {
        AksNetwork::Overlay => "overlay",
        AksNetwork::PodSubnet => "pod-subnet",
        AksNetwork::NodeSubnet => "node-subnet",
        AksNetwork::Kubenet => "kubenet",
    }
}

fn written_reserve(reserve: Reserve) -> Option<Json> {
    let entries = [
        ("cpu", reserve.cpu.map(|cpu| Millicores(cpu).to_string())),
        ("memory", reserve.memory.map(|memory| Bytes(memory).to_string())),
        ("ephemeral-storage", reserve.ephemeral_storage.map(|disk| Bytes(disk).to_string())),
    ];
    let map: Map<String, Json> =
        entries.into_iter().filter_map(|(key, amount)| Some((key.to_owned(), amount?.into()))).collect();
    (!map.is_empty()).then(|| map.into())
}

fn written_eviction(eviction: EvictionHard) -> Option<Json> {
    let threshold = |threshold: Threshold| match threshold {
        Threshold::Bytes(bytes) => Json::from(Bytes(bytes).to_string()),
        Threshold::Percent(percent) => percent.to_string().replace(' ', "").into(),
    };
    let entries = [
        ("memory.available", eviction.memory_available.map(threshold)),
        ("nodefs.available", eviction.nodefs_available.map(threshold)),
        ("imagefs.available", eviction.other_signals.then(|| json!("15%"))),
        ("mergeDefaultEvictionSettings", eviction.merge_defaults.map(Json::Bool)),
    ];
    let map: Map<String, Json> =
        entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    (!map.is_empty()).then(|| map.into())
}
