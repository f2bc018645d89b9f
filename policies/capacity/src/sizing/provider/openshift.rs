//! OpenShift 4: system-reserved only, either fixed or computed on the node at boot.
//!
//! The machine config operator's script works in whole GiB (`free -g`) and rounds to whole Gi, so that a slightly larger
//! machine can offer slightly less.
use super::{Defaults, Given, Percent, Reserved, plain};
use crate::sizing::figure::{Amount, Source, Warning, WarningKind};
use crate::sizing::tiers;
use crate::sizing::units::{GIB, clamp};

const SCRIPT: Source = Source::checked("machine-config-operator, kubelet-auto-sizing.yaml");
const STATIC: Source = Source::checked("machine-config-operator, kubelet-auto-node-sizing-enabled.yaml");
const MAX_PODS: Source = Source::checked("machine-config-operator, kubelet.yaml");

/// Options of an OpenShift machine config pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenShiftSettings {
    /// How system-reserved is determined; None is unknown, and what workers of the newest releases do is taken.
    pub sizing: Option<Sizing>,
}

/// How system-reserved is determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizing {
    /// 500m of CPU and 1Gi of memory on every node.
    Static,
    /// `autoSizingReserved`: by the node's memory and CPUs.
    Auto(CpuSizing),
}

/// The version of the CPU formula, which a node keeps from its installation (`/etc/node-sizing-version.json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuSizing {
    /// 6, 1, 0.5 and 0.25 % by tiers, at least 500m.
    V1,
    /// 60m and 12m for each further CPU, at least 500m.
    V2,
}

pub(super) fn defaults(settings: &OpenShiftSettings, given: &Given<'_>) -> Defaults {
    let mut warnings = Vec::new();
    let sizing = settings.sizing.unwrap_or(Sizing::Auto(CpuSizing::V2));
    if settings.sizing.is_none() {
        let text = "whether the node sizes its reservation is not given: automatic sizing is taken, the default of workers in new releases; else it is 500m and 1Gi";
        warnings.push(Warning::new(WarningKind::SettingAssumed, text));
    }
    let (cpu, memory) = match sizing {
        Sizing::Static => (Amount::new(500_u64, "fixed", STATIC), Amount::new(GIB, "fixed", STATIC)),
        Sizing::Auto(version) => (cpu(version, given.cpu), memory(given.memory)),
    };
    let ephemeral_storage = Some(Amount::new(GIB, "fixed", STATIC));
    Defaults {
        max_pods: Amount::new(250_u64, "fixed", MAX_PODS),
        system_reserved: Reserved { cpu: Some(cpu), memory: Some(memory), ephemeral_storage },
        eviction_memory: Some(plain::eviction_100mi(plain::KUBELET)),
        eviction_nodefs: Some((Percent::whole(10), plain::KUBELET)),
        warnings,
        ..plain::kubeadm()
    }
}

/// 1Gi for the first 8, 6 % of the next 120, 2 % of the rest. Past 128 GiB the script adds 6.72Gi, which is 6 % of 112,
/// and 2 % of what is above 120: kept as it is.
fn memory(capacity: u64) -> Amount {
    let total = capacity / GIB;
    let rest = total.saturating_sub(8);
    let (hundredths, words) = if rest <= 120 {
        (rest.saturating_mul(6), format!("6 % of {rest}Gi"))
    } else {
        let top = rest.saturating_sub(112);
        (top.saturating_mul(2).saturating_add(672), format!("6.72Gi + 2 % of {top}Gi"))
    };
    let hundredths = hundredths.saturating_add(100);
    let gib = hundredths.saturating_add(50) / 100;
    let formula =
        format!("1Gi + {words} = {}.{:02}Gi of {total}Gi visible, nearest Gi", hundredths / 100, hundredths % 100);
    Amount::new(gib.saturating_mul(GIB), formula, SCRIPT)
}

fn cpu(version: CpuSizing, capacity: u64) -> Amount {
    let (wanted, words) = match version {
        CpuSizing::V1 => {
            let tiers = tiers::cpu(capacity);
            (tiers.ceil(), tiers.words)
        }
        CpuSizing::V2 => {
            let further = (capacity / 1000).saturating_sub(1);
            let exact = further.saturating_mul(12).saturating_add(60);
            // The script prints CPUs with two decimals.
            let hundredths = clamp(u128::from(exact).saturating_add(5) / 10);
            (hundredths.saturating_mul(10), format!("60m + 12m x {further} further CPUs = {exact}m, nearest 10m"))
        }
    };
    Amount::new(wanted.max(500), format!("max(500m, {words})"), SCRIPT)
}
