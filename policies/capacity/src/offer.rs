//! [`Offer`]: what a node of a pool gives to Pods, as stated, or computed from its machine.

use std::collections::BTreeMap;

use memlint_kubernetes::aggregate::ResourceList;
use memlint_kubernetes::quantity::Quantity;

use super::file::Pool;
use super::sizing::{
    Arch, Explanation, KubernetesVersion, Machine, Measured, MemoryFrom, Platform, Resource, UnknownSize, explain,
    find_size, find_size_anywhere,
};

/// What each node of a pool has.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What Pods can have. A disk that nothing is known of never runs out: `UNKNOWN_DISK`.
    pub allocatable: ResourceList,
    /// What the machine has, as far as it is known.
    pub capacity: ResourceList,
    /// The labels that every such node has, but for its name.
    pub labels: BTreeMap<String, String>,
    /// How allocatable was computed; `None` if it was stated.
    pub explanation: Option<Box<Explanation>>,
}

/// Bytes of a disk that nothing is known of: what is not known is no reason to say no.
pub(super) const UNKNOWN_DISK: i64 = i64::MAX;

const DISK: &str = "ephemeral-storage";

/// Why a pool offers nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoOffer {
    /// Neither a machine nor what is allocatable.
    #[error("neither allocatable nor provider and size are given")]
    Nothing,
    /// A provider, and no machine.
    #[error("the size of the machines is not given")]
    NoMachine,
    /// The size is not known.
    #[error(transparent)]
    Size(#[from] UnknownSize),
}

impl Pool {
    /// What its nodes offer. `kubernetes` is the version of the cluster, for a pool that names none.
    ///
    /// # Errors
    /// When the pool does not say enough.
    pub fn offer(&self, kubernetes: Option<KubernetesVersion>) -> Result<Offer, NoOffer> {
        let machine = self.machine()?;
        let mut labels = BTreeMap::from([("kubernetes.io/os".to_owned(), self.os().to_owned())]);
        let platform = self.settings.as_ref().map(|settings| &settings.platform);
        for key in platform.map(pool_labels).unwrap_or_default() {
            labels.insert((*key).to_owned(), self.name.clone());
        }
        if let Some(machine) = &machine {
            labels.insert("kubernetes.io/arch".to_owned(), arch(machine.arch).to_owned());
            let size = machine.name.clone().map(|size| ("node.kubernetes.io/instance-type".to_owned(), size));
            labels.extend(size);
        }
        if !self.allocatable.is_empty() {
            let allocatable = with_disk(self.allocatable.clone());
            return Ok(Offer { allocatable, capacity: self.capacity.clone(), labels, explanation: None });
        }
        let (Some(settings), Some(machine)) = (&self.settings, machine) else {
            return Err(if self.settings.is_some() { NoOffer::NoMachine } else { NoOffer::Nothing });
        };
        let mut settings = settings.clone();
        settings.kubernetes = settings.kubernetes.or(kubernetes);
        settings.hugepages = self.hugepages();
        let explanation = explain(&settings, &machine, &self.measured());
        let (allocatable, capacity) = self.lists(&explanation);
        Ok(Offer { allocatable: with_disk(allocatable), capacity, labels, explanation: Some(Box::new(explanation)) })
    }

    /// The machine: of the size's table, or as the capacity describes it.
    fn machine(&self) -> Result<Option<Machine>, NoOffer> {
        if let Some(size) = &self.size {
            let cloud = self.settings.as_ref().and_then(|settings| settings.platform.provider().cloud());
            let size = cloud.map_or_else(|| find_size_anywhere(size), |cloud| find_size(cloud, size));
            return Ok(Some(size?.into()));
        }
        let cores = self.capacity.get("cpu").map(|cpu| u32::try_from(cpu.value()).unwrap_or(u32::MAX));
        let memory = self.measured().memory;
        Ok(cores.zip(memory).map(|(cores, memory)| Machine::new(cores, memory)))
    }

    fn os(&self) -> &'static str {
        match self.settings.as_ref().map(|settings| &settings.platform) {
            Some(Platform::Aks(aks)) if aks.windows => "windows",
            _ => "linux",
        }
    }

    fn measured(&self) -> Measured {
        let amount = |name: &str| self.capacity.get(name).copied();
        Measured {
            cpu: amount("cpu").map(|cpu| unsigned(cpu.milli_value())),
            memory: amount("memory").map(|memory| unsigned(memory.value())),
            ephemeral_storage: amount(DISK).map(|disk| unsigned(disk.value())),
        }
    }

    fn hugepages(&self) -> u64 {
        let pages = self.capacity.iter().filter(|(name, _)| name.starts_with("hugepages-"));
        pages.fold(0, |sum, (_, amount)| sum.saturating_add(unsigned(amount.value())))
    }

    /// Allocatable and capacity of an explained node. What the formulas do not know (devices, huge pages) is
    /// allocatable in full.
    fn lists(&self, explanation: &Explanation) -> (ResourceList, ResourceList) {
        let others = || {
            let others =
                self.capacity.iter().filter(|(name, _)| !["cpu", "memory", DISK, "pods"].contains(&name.as_str()));
            others.map(|(name, amount)| (name.clone(), *amount))
        };
        let list = |cpu, memory, disk: Option<u64>, pods| {
            let known = [
                (Resource::Cpu.name(), Some(Quantity::millis(signed(cpu)))),
                (Resource::Memory.name(), Some(Quantity::bytes(signed(memory)))),
                (DISK, disk.map(|disk| Quantity::bytes(signed(disk)))),
                ("pods", Some(Quantity::count(signed(pods)))),
            ];
            let known = known.into_iter().filter_map(|(name, amount)| Some((name.to_owned(), amount?)));
            known.chain(others()).collect::<ResourceList>()
        };
        let (given, left) = (&explanation.capacity, &explanation.allocatable);
        (
            list(left.cpu, left.memory, left.ephemeral_storage, left.pods),
            list(given.cpu, given.memory, given.ephemeral_storage, given.pods.amount),
        )
    }
}

impl Offer {
    /// Whether the memory that Pods can have rests on an estimate.
    #[must_use]
    pub fn is_estimate(&self) -> bool {
        let from = self.explanation.as_ref().map(|explanation| &explanation.capacity.memory_from);
        matches!(from, Some(MemoryFrom::Estimated { .. }))
    }

    /// Whether nothing is known of the disk.
    #[must_use]
    pub fn has_unknown_disk(&self) -> bool {
        self.allocatable.get(DISK).is_some_and(|disk| disk.value() == UNKNOWN_DISK)
    }
}

/// The labels in which a provider puts the name of a node's pool.
fn pool_labels(platform: &Platform) -> &'static [&'static str] {
    match platform {
        Platform::Aks(_) => &["agentpool", "kubernetes.azure.com/agentpool"],
        Platform::Gke(_) => &["cloud.google.com/gke-nodepool"],
        _ => &[],
    }
}

fn with_disk(mut list: ResourceList) -> ResourceList {
    list.entry(DISK.to_owned()).or_insert_with(|| Quantity::bytes(UNKNOWN_DISK));
    list
}

fn arch(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd64 => "amd64",
        Arch::Arm64 => "arm64",
    }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
