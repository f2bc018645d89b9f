//! What the user knows of a node, beside its machine: settings of the kubelet, measured numbers.
//!
//! Whatever is given here takes precedence over the provider's formula, and the explanation says so.

use super::{percent::Percent, provider::Platform, version::KubernetesVersion};

/// The provider with its options, the Kubernetes version, and what differs from the provider's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whose nodes.
    pub platform: Platform,
    /// The kubelet's version; None is unknown, and the current rules are taken.
    pub kubernetes: Option<KubernetesVersion>,
    /// The kubelet's `maxPods`; None is the provider's default.
    pub max_pods: Option<u32>,
    /// The kubelet's `podsPerCore`; None or 0 is no such limit (pkg/kubelet/nodestatus/setters.go).
    pub pods_per_core: Option<u32>,
    /// The kubelet's `kubeReserved`, each resource by itself.
    pub kube_reserved: Reserve,
    /// The kubelet's `systemReserved`, each resource by itself.
    pub system_reserved: Reserve,
    /// The kubelet's `evictionHard`.
    pub eviction_hard: EvictionHard,
    /// Bytes of all preallocated huge pages of every size; they are not allocatable as memory.
    pub hugepages: u64,
}

impl Settings {
    /// The provider's defaults.
    pub fn new(platform: Platform) -> Self {
        Self {
            platform,
            kubernetes: None,
            max_pods: None,
            pods_per_core: None,
            kube_reserved: Reserve::default(),
            system_reserved: Reserve::default(),
            eviction_hard: EvictionHard::default(),
            hugepages: 0,
        }
    }
}

/// Reservations that differ from the provider's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserve {
    /// Millicores.
    pub cpu: Option<u64>,
    /// Bytes.
    pub memory: Option<u64>,
    /// Bytes.
    pub ephemeral_storage: Option<u64>,
}

/// An `evictionHard` map that differs from the provider's; empty is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvictionHard {
    /// `memory.available`.
    pub memory_available: Option<Threshold>,
    /// `nodefs.available`.
    pub nodefs_available: Option<Threshold>,
    /// Whether the map names other signals, such as `imagefs.available`.
    pub other_signals: bool,
    /// Whether signals that the map does not name keep their defaults: the kubelet's `mergeDefaultEvictionSettings`,
    /// which is false by itself. None is the provider's way: AKS merges what its API lets one set, elsewhere the map
    /// is taken as it is.
    pub merge_defaults: Option<bool>,
}

impl EvictionHard {
    /// Whether nothing is set.
    pub(crate) fn is_empty(&self) -> bool {
        self.memory_available.is_none() && self.nodefs_available.is_none() && !self.other_signals
    }
}

/// An eviction threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// Bytes.
    Bytes(u64),
    /// Of the capacity, computed as the kubelet does.
    Percent(Percent),
}

/// Numbers read from a Node's `status.capacity`; each takes precedence over an estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Millicores.
    pub cpu: Option<u64>,
    /// Bytes.
    pub memory: Option<u64>,
    /// Bytes; never estimated, so without it nothing is said of ephemeral storage.
    pub ephemeral_storage: Option<u64>,
}
