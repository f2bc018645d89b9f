//! What a provider's formula depends on: the fields of a pool that become [`Settings`], and back.

use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::quantity::Quantity;
use serde_json::{Map, Value as Json, json};

use super::check::Checker;
use super::read::{amount, flag, number, text, version};
use crate::sizing::{
    AksNetwork, AksRules, AksSettings, Bytes, CpuSizing, EksSettings, EvictionHard, GkeFlavour, GkeSettings,
    Millicores, OpenShiftSettings, Platform, Provider, Reserve, Settings, Sizing, Threshold,
};

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
pub(super) fn read(pool: &Value<'_>, at: &FieldPath, checker: &mut Checker) -> Option<Settings> {
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
pub(super) fn write(settings: &Settings, pool: &mut Map<String, Json>) {
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
