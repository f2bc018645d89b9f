//! The answer: from nominal memory to allocatable in steps, each with its amount, formula and source.
//!
//! Plain data for others to print. Memory and storage are bytes, CPU is millicores (thousandths of a CPU).

use super::{estimate::ErrorBand, provider::Provider, version::KubernetesVersion};

/// How a node's allocatable resources come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whose formulas.
    pub provider: Provider,
    /// The VM size; None for a machine that was described by its numbers.
    pub size: Option<String>,
    /// The Kubernetes version as given.
    pub kubernetes: Option<KubernetesVersion>,
    /// What was paid for.
    pub nominal: Nominal,
    /// What the kubelet sees.
    pub capacity: Capacity,
    /// What is taken off, in the order kube-reserved, system-reserved, eviction-hard, hugepages.
    pub reservations: Vec<Reservation>,
    /// What is left for Pods, as in `Node.status.allocatable`.
    pub allocatable: Allocatable,
    /// The memory limit in bytes of the `kubepods` cgroup, where all Pods of the node together are OOM-killed: capacity
    /// without kube-reserved and system-reserved, so allocatable plus the eviction threshold plus hugepages (kubernetes
    /// pkg/kubelet/cm/node_container_manager_linux.go). None where the kubelet does not enforce it.
    pub kubepods_limit: Option<u64>,
    /// What the provider's autoscaler reckons with instead.
    pub forecast: Option<Forecast>,
    /// What the reader should know before trusting a number.
    pub warnings: Vec<Warning>,
}

/// CPU and memory as sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nominal {
    /// Millicores.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
}

/// `Node.status.capacity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Millicores.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
    /// Where `memory` is from.
    pub memory_from: MemoryFrom,
    /// Bytes; None when not given: disks are chosen apart from VM sizes.
    pub ephemeral_storage: Option<u64>,
    /// Bytes of all preallocated huge pages.
    pub hugepages: u64,
    /// The number of Pods, which is allocatable in full.
    pub pods: Amount,
}

/// Where the memory capacity is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryFrom {
    /// Given by the user, from the Node itself.
    Measured,
    /// The machine's memory as given, which for kind is what the host's kernel sees.
    Host,
    /// Computed from the nominal memory.
    Estimated {
        /// What the formula is called.
        formula: &'static str,
        /// The formula with this machine's numbers.
        words: String,
        /// How far measured nodes were off; None where none was measured.
        band: Option<ErrorBand>,
        /// Where the formula is from.
        source: Source,
    },
}

/// A number with its derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Bytes, millicores or Pods.
    pub amount: u64,
    /// The formula in words with this node's numbers.
    pub formula: String,
    /// Where the formula is from.
    pub source: Source,
}

/// Where a number is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Short: `AKS docs, node-resource-reservations`.
    pub text: &'static str,
    /// False for general knowledge that was not compared with a document or a node.
    pub checked: bool,
    /// True when the user gave the number.
    pub user: bool,
}

impl Source {
    /// Given by the user, who is right by definition.
    pub const USER: Self = Self { text: "given", checked: true, user: true };

    pub(crate) const fn checked(text: &'static str) -> Self {
        Self { text, checked: true, user: false }
    }

    pub(crate) const fn unchecked(text: &'static str) -> Self {
        Self { text, checked: false, user: false }
    }
}

/// One amount of one resource that is kept from Pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// For whom.
    pub kind: ReservationKind,
    /// Of what.
    pub resource: Resource,
    /// How much, and why.
    pub amount: Amount,
}

/// For whom something is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReservationKind {
    /// kubelet and container runtime.
    KubeReserved,
    /// The system's own daemons.
    SystemReserved,
    /// Below it the kubelet evicts Pods.
    EvictionHard,
    /// Preallocated huge pages, which are a resource of their own.
    Hugepages,
}

impl ReservationKind {
    /// `kube-reserved`, `system-reserved`, `eviction-hard` or `hugepages`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KubeReserved => "kube-reserved",
            Self::SystemReserved => "system-reserved",
            Self::EvictionHard => "eviction-hard",
            Self::Hugepages => "hugepages",
        }
    }
}

/// A resource that part of may be reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Millicores.
    Cpu,
    /// Bytes.
    Memory,
    /// Bytes.
    EphemeralStorage,
}

impl Resource {
    /// The name as in a resource list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::EphemeralStorage => "ephemeral-storage",
        }
    }
}

/// `Node.status.allocatable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocatable {
    /// Millicores.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
    /// Bytes; None when the capacity is not known.
    pub ephemeral_storage: Option<u64>,
    /// A number of Pods.
    pub pods: u64,
}

/// The allocatable memory that an autoscaler assumes for a node it has not started yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Which autoscaler.
    pub autoscaler: &'static str,
    /// Bytes and how they are reckoned.
    pub memory: Amount,
}

/// Something to know before trusting the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Which case it is.
    pub kind: WarningKind,
    /// One sentence with this node's numbers.
    pub text: String,
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// The cases of [`Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningKind {
    /// The rules depend on the Kubernetes version, which was not given.
    VersionAssumed,
    /// The reservation depends on the maximum of Pods, which was not given.
    MaxPodsAssumed,
    /// The provider does not take this maximum of Pods.
    MaxPodsOutOfRange,
    /// Pools of a certain age keep an older rule.
    OldPool,
    /// The reservation was made for another number of Pods than the node takes.
    ReservedForOtherMaxPods,
    /// The settings depend on something that was not given.
    SettingAssumed,
    /// The provider's formula was never compared with a node of this kind.
    Unmeasured,
    /// No memory threshold: the kubelet never evicts for memory, the kernel kills first.
    NoMemoryEviction,
    /// The measured capacity does not look like this machine.
    MeasuredElsewhere,
    /// Reservations reach the capacity: nothing is left.
    NothingLeft,
    /// The autoscaler reckons with other numbers than the node will have.
    AutoscalerForecast,
    /// Every node claims memory that others claim too.
    SharedHost,
}
