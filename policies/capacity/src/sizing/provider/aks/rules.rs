//! AKS's formulas for kube-reserved memory: by memory, by Pods, for Windows, and as its autoscaler guesses it.
//!
//! "MB" in the AKS docs means MiB. All are rounded down to whole MiB, as the kubelet flags of real nodes show.
use super::{DOCS, KubernetesVersion};
use crate::sizing::figure::{Amount, Forecast, Source, Warning, WarningKind};
use crate::sizing::provider::eks::overhead;
use crate::sizing::tiers;
use crate::sizing::units::{Bytes, MIB, tenths_of_mebibytes};

/// `memory.available` in bytes before 1.29.
pub(super) const EVICTION_BY_MEMORY: u64 = 750 * MIB;
/// `memory.available` in bytes from 1.29.
pub(super) const EVICTION_BY_PODS: u64 = 100 * MIB;

const AGENT_BAKER_WINDOWS: Source = Source::checked("AgentBaker, Windows kubelet configuration");
const KARPENTER: Source = Source::checked("karpenter-provider-azure, pkg/providers/instancetype (August 2026)");

/// The newest version that a Windows node was measured with.
const WINDOWS_MEASURED: KubernetesVersion = KubernetesVersion::new(1, 28);

/// Bytes of kube-reserved before 1.29, for `nominal` bytes of memory.
pub(super) fn by_memory(nominal: u64) -> Amount {
    let tiers = tiers::memory(nominal);
    let amount = tiers.floor_to_mib();
    Amount::new(amount, format!("{} = {}, whole Mi", tiers.words, tiers.mebibytes()), DOCS)
}

/// Bytes of kube-reserved from 1.29, for `nominal` bytes of memory and `pods` Pods.
pub(super) fn by_pods(nominal: u64, pods: u64) -> Amount {
    let wanted = pods.saturating_mul(20).saturating_add(50).saturating_mul(MIB);
    let quarter = nominal / 4;
    let amount = wanted.min(quarter.saturating_sub(quarter % MIB));
    let formula = format!(
        "min(20Mi x {pods} pods + 50Mi = {}Mi, 25 % of {} = {})",
        wanted / MIB,
        Bytes(nominal),
        tenths_of_mebibytes(nominal.into(), 4)
    );
    Amount::new(amount, formula, DOCS)
}

/// Bytes of kube-reserved on Windows, which has no eviction threshold and no cgroups.
pub(super) fn windows(nominal: u64) -> Amount {
    let tiers = tiers::memory(nominal);
    let amount = tiers.floor_to_mib().saturating_add(2048 * MIB);
    Amount::new(amount, format!("{} = {}, whole Mi + 2048Mi", tiers.words, tiers.mebibytes()), AGENT_BAKER_WINDOWS)
}

pub(super) fn windows_unmeasured(version: Option<KubernetesVersion>) -> Option<Warning> {
    version.is_none_or(|version| version > WINDOWS_MEASURED).then(|| {
        let text = "no Windows node from Kubernetes 1.29 on was measured: the older formula is taken";
        Warning::new(WarningKind::Unmeasured, text)
    })
}

/// Node auto-provisioning reckons with the rules from before 1.29, whatever the version of the node that it starts, and
/// takes 7.5 % off the nominal memory.
pub(super) fn karpenter(nominal: u64) -> Forecast {
    let (overhead, kube) = (overhead(nominal), by_memory(nominal).amount);
    let memory = nominal.saturating_sub(overhead).saturating_sub(kube).saturating_sub(EVICTION_BY_MEMORY);
    let formula = format!(
        "{} - 7.5 % ({}) - kube-reserved as before 1.29 {} - eviction {}",
        Bytes(nominal),
        Bytes(overhead),
        Bytes(kube),
        Bytes(EVICTION_BY_MEMORY)
    );
    Forecast { autoscaler: "node auto-provisioning (Karpenter)", memory: Amount::new(memory, formula, KARPENTER) }
}
