//! The answer: from nominal memory to allocatable in steps, each with its amount, formula and source.
//!
//! Plain data for others to print. Memory and storage are bytes, CPU is millicores (thousandths of a CPU).
use super::provider::Provider;
use super::version::KubernetesVersion;
use crate::sizing::figure::Amount;
use crate::sizing::figure::Forecast;
use crate::sizing::figure::MemoryFrom;
use crate::sizing::figure::Warning;

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
