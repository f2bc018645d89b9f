//! Azure Kubernetes Service.
//!
//! Reservations are computed from the VM size's nominal memory, not from what the kernel sees; and from the vCPUs that
//! the node sees, which was not checked for constrained sizes (`Standard_E4-2s_v5`). Not modelled: node hardening
//! (opt-in since 2026), whose eviction thresholds by VM size are not published; give its numbers as settings.

mod rules;
use super::{Defaults, Given, Percent, Reserved, plain};
use crate::sizing::figure::{Amount, Source, Warning, WarningKind};
use crate::sizing::tiers;
use crate::sizing::units::{Bytes, MIB};
use crate::sizing::version::KubernetesVersion;

const DOCS: Source = Source::checked("AKS docs, node-resource-reservations");
const KUBELET_FLAGS: Source = Source::checked("AgentBaker, kubelet flags");
const IP_PLANNING: Source = Source::checked("AKS docs, concepts-network-ip-address-planning");

/// The first version whose nodes reserve by Pods.
const BY_PODS_SINCE: KubernetesVersion = KubernetesVersion::new(1, 29);

/// Options of an AKS node pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AksSettings {
    /// Decides the default maximum of Pods; None is unknown, and the default of Azure CNI Overlay is taken.
    pub network: Option<AksNetwork>,
    /// Windows Server nodes.
    pub windows: bool,
    /// Which rules the pool follows; None is those of its Kubernetes version.
    pub rules: Option<AksRules>,
}

/// How Pods get their addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AksNetwork {
    /// Azure CNI Overlay: 250 Pods unless said otherwise.
    Overlay,
    /// Azure CNI with a Pod subnet: 110.
    PodSubnet,
    /// Azure CNI in the node's subnet: 30.
    NodeSubnet,
    /// kubenet: 110.
    Kubenet,
}

impl AksNetwork {
    /// The maximum of Pods that a pool gets when it is created without one.
    pub const fn default_max_pods(self) -> u32 {
        match self {
            Self::Overlay => 250,
            Self::PodSubnet | Self::Kubenet => 110,
            Self::NodeSubnet => 30,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Overlay => "Azure CNI Overlay",
            Self::PodSubnet => "Azure CNI with a pod subnet",
            Self::NodeSubnet => "Azure CNI in the node subnet",
            Self::Kubenet => "kubenet",
        }
    }
}

/// AKS changed its formula with Kubernetes 1.29.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AksRules {
    /// Before 1.29: by memory, 25 % of the first 4 GiB and so on; eviction at 750Mi.
    ByMemory,
    /// From 1.29: 20Mi a Pod and 50Mi, at most 25 %; eviction at 100Mi. A pool created before 2024-02-26 keeps the older
    /// rule until it is updated or recreated (Azure/AKS changelog, March 2024).
    ByPods,
}

impl AksRules {
    fn of(version: KubernetesVersion) -> Self {
        if version < BY_PODS_SINCE { Self::ByMemory } else { Self::ByPods }
    }
}

pub(super) fn defaults(settings: &AksSettings, given: &Given<'_>) -> Defaults {
    let mut warnings = Vec::new();
    let nominal = given.machine.memory;
    let max_pods = max_pods(settings.network);
    let pods = given.max_pods.map_or(max_pods.amount, u64::from);
    let cpu = tiers::aks_cpu(given.cpu);
    let kube_reserved = |memory| Reserved {
        cpu: Some(Amount::new(cpu.floor(), cpu.words.clone(), DOCS)),
        memory: Some(memory),
        ephemeral_storage: None,
    };
    if given.max_pods.is_some_and(|pods| !(10..=250).contains(&pods)) {
        let text = format!("AKS takes a maximum of 10 to 250 pods, not {pods}");
        warnings.push(Warning::new(WarningKind::MaxPodsOutOfRange, text));
    }
    if settings.windows {
        warnings.extend(rules::windows_unmeasured(given.kubernetes));
        return Defaults {
            max_pods,
            kube_reserved: kube_reserved(rules::windows(nominal)),
            eviction_memory: None,
            eviction_nodefs: None,
            enforced: false,
            warnings,
            ..plain::kubeadm()
        };
    }
    let rules = settings.rules.or_else(|| given.kubernetes.map(AksRules::of)).unwrap_or(AksRules::ByPods);
    if settings.rules.is_none() {
        warnings.extend(doubt(given, rules, pods));
    }
    if rules == AksRules::ByPods && given.max_pods.is_none() && settings.network.is_none() {
        let text = format!("the maximum of pods is not given: reserved for {pods}, the default of Azure CNI Overlay");
        warnings.push(Warning::new(WarningKind::MaxPodsAssumed, text));
    }
    let (memory, eviction) = match rules {
        AksRules::ByMemory => (rules::by_memory(nominal), rules::EVICTION_BY_MEMORY),
        AksRules::ByPods => (rules::by_pods(nominal, pods), rules::EVICTION_BY_PODS),
    };
    Defaults {
        max_pods,
        kube_reserved: kube_reserved(memory),
        eviction_memory: Some(Amount::new(eviction, format!("memory.available<{}", Bytes(eviction)), DOCS)),
        eviction_nodefs: Some((Percent::whole(10), KUBELET_FLAGS)),
        forecast: Some(rules::karpenter(nominal)),
        warnings,
        ..plain::kubeadm()
    }
}

fn max_pods(network: Option<AksNetwork>) -> Amount {
    let network = network.unwrap_or(AksNetwork::Overlay);
    Amount::new(network.default_max_pods(), format!("the default of {}", network.name()), IP_PLANNING)
}

/// What is not certain about `rules` as long as the user has not chosen them.
fn doubt(given: &Given<'_>, rules: AksRules, pods: u64) -> Option<Warning> {
    if given.kubernetes.is_none() {
        let text = format!("the Kubernetes version is not given: the rules from {BY_PODS_SINCE} on are taken");
        return Some(Warning::new(WarningKind::VersionAssumed, text));
    }
    let older = rules::by_memory(given.machine.memory).amount.saturating_add(rules::EVICTION_BY_MEMORY);
    let newer = rules::by_pods(given.machine.memory, pods).amount.saturating_add(rules::EVICTION_BY_PODS);
    (rules == AksRules::ByPods && older != newer).then(|| {
        let (way, by) = if older > newer { ("more", older.saturating_sub(newer)) } else { ("less", newer.saturating_sub(older)) };
        let text = format!(
            "a pool created before 2024-02-26 follows the rules from before {BY_PODS_SINCE} until it is updated or recreated: it reserves {}Mi {way}",
            by / MIB
        );
        Warning::new(WarningKind::OldPool, text)
    })
}
