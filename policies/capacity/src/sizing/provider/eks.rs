//! Amazon EKS with AL2 or AL2023 (nodeadm); Bottlerocket and Karpenter configure the same numbers.
//!
//! kube-reserved memory grows with the Pods that the instance type's network interfaces can address, not with the
//! memory: nodeadm computes it before it merges a `maxPods` of the user's. Not modelled: Windows, AMIs from before
//! November 2019, nodeadm's feature gate `MemoryLimitMaxPods` (give its result as `max_pods_expression`).
use super::{Defaults, Given, Percent, Reserved, plain};
use crate::sizing::figure::{Amount, Forecast, Source, Warning, WarningKind};
use crate::sizing::sizes::Arch;
use crate::sizing::tiers;
use crate::sizing::units::{Bytes, GIB, MIB, clamp, counted};

const NODEADM: Source = Source::checked("amazon-eks-ami, nodeadm/internal/kubelet/config.go");
const ENI: Source = Source::checked("amazon-vpc-cni-k8s, misc/eni-max-pods.txt");
const PREFIXES: Source = Source::unchecked("amazon-eks-ami, max-pods-calculator");
const KARPENTER: Source = Source::checked("karpenter-provider-aws, pkg/providers/instancetype/types.go");

/// nodeadm's fallback for an instance type that it does not know.
const FALLBACK_MAX_PODS: u32 = 110;

/// Options of an EKS node group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EksSettings {
    /// The value of nodeadm's `maxPodsExpression`, which decides both the maximum of Pods and the reservation.
    pub max_pods_expression: Option<u32>,
    /// The VPC CNI assigns /28 prefixes, 16 addresses in place of one; the calculator then caps Pods at 110 up to 30
    /// vCPUs and at 250 above.
    pub prefix_delegation: bool,
}

/// Pods that can have a secondary IPv4 address: `ENIs * (addresses per ENI - 1) + 2`. With custom networking the first
/// interface takes no Pods (amazon-vpc-cni-k8s).
pub fn eni_max_pods(enis: u32, addresses_per_eni: u32, custom_networking: bool) -> u32 {
    let enis = if custom_networking { enis.saturating_sub(1) } else { enis };
    enis.saturating_mul(addresses_per_eni.saturating_sub(1)).saturating_add(2)
}

pub(super) fn defaults(settings: &EksSettings, given: &Given<'_>) -> Defaults {
    let mut warnings = Vec::new();
    let by_interfaces = given.machine.eni_max_pods;
    let reserved_for = settings.max_pods_expression.or(by_interfaces).unwrap_or(FALLBACK_MAX_PODS);
    if settings.max_pods_expression.or(by_interfaces).is_none() {
        let text = format!(
            "the instance type's network interfaces are not known: nodeadm then assumes {FALLBACK_MAX_PODS} pods"
        );
        warnings.push(Warning::new(WarningKind::MaxPodsAssumed, text));
    }
    let max_pods = max_pods(settings, given, reserved_for);
    let pods = given.max_pods.map_or(max_pods.amount, u64::from);
    let reserved = memory_for(reserved_for);
    if pods != u64::from(reserved_for) {
        warnings.push(Warning::new(
            WarningKind::ReservedForOtherMaxPods,
            format!(
                "the node takes {pods} pods, but nodeadm reserves memory for {reserved_for}: it computes the reservation before it merges a maxPods of yours ({} would be for {pods})",
                Bytes(memory_for(u32::try_from(pods).unwrap_or(u32::MAX)))
            ),
        ));
    }
    let formula = format!("11Mi x {} + 255Mi", counted(reserved_for, "pod"));
    let cpu = tiers::cpu(given.cpu);
    Defaults {
        max_pods,
        kube_reserved: Reserved {
            cpu: Some(Amount::new(cpu.floor(), cpu.words, NODEADM)),
            memory: Some(Amount::new(reserved, formula, NODEADM)),
            ephemeral_storage: Some(Amount::new(GIB, "fixed", NODEADM)),
        },
        eviction_memory: Some(plain::eviction_100mi(NODEADM)),
        eviction_nodefs: Some((Percent::whole(10), NODEADM)),
        forecast: Some(karpenter(given, reserved_for)),
        warnings,
        ..plain::kubeadm()
    }
}

fn max_pods(settings: &EksSettings, given: &Given<'_>, reserved_for: u32) -> Amount {
    if settings.max_pods_expression.is_some() {
        return Amount::new(reserved_for, "maxPodsExpression", Source::USER);
    }
    let Some(by_interfaces) = given.machine.eni_max_pods else {
        return Amount::new(reserved_for, "nodeadm's fallback", NODEADM);
    };
    if !settings.prefix_delegation {
        return Amount::new(by_interfaces, "network interfaces x (addresses each - 1) + 2", ENI);
    }
    let cap = if given.machine.vcpus > 30 { 250 } else { 110 };
    let prefixed = by_interfaces.saturating_sub(2).saturating_mul(16).saturating_add(2);
    let formula = format!("min(16 addresses in place of each: {prefixed}, {cap} with {} vCPUs)", given.machine.vcpus);
    Amount::new(prefixed.min(cap), formula, PREFIXES)
}

/// Bytes.
fn memory_for(pods: u32) -> u64 {
    u64::from(pods).saturating_mul(11).saturating_add(255).saturating_mul(MIB)
}

/// Karpenter takes 7.5 % off the nominal memory for firmware and kernel, in whole MiB rounded up, and on arm64 64Mi first.
fn karpenter(given: &Given<'_>, reserved_for: u32) -> Forecast {
    let contiguous = if given.machine.arch == Arch::Arm64 { 64 * MIB } else { 0 };
    let visible = given.machine.memory.saturating_sub(contiguous);
    let overhead = overhead(visible);
    let memory = visible.saturating_sub(overhead).saturating_sub(memory_for(reserved_for)).saturating_sub(100 * MIB);
    let arm = if contiguous > 0 { " - 64Mi (arm64)" } else { "" };
    let formula = format!(
        "{}{arm} - 7.5 % ({}) - kube-reserved {} - eviction 100Mi",
        Bytes(given.machine.memory),
        Bytes(overhead),
        Bytes(memory_for(reserved_for))
    );
    Forecast { autoscaler: "Karpenter", memory: Amount::new(memory, formula, KARPENTER) }
}

/// Karpenter's VM memory overhead of 7.5 %, in bytes: whole MiB, rounded up.
pub(super) fn overhead(memory: u64) -> u64 {
    let mib = u128::from(memory).saturating_mul(75).div_ceil(1000_u128.saturating_mul(MIB.into()));
    clamp(mib).saturating_mul(MIB)
}
