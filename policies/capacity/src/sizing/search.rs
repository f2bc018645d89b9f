//! Which VM sizes hold a request.
use super::allocatable::explain;
use super::explanation::Allocatable;
use super::machine::Machine;
use super::settings::{Measured, Settings};
use super::sizes::{self, Cloud, Size};
use crate::sizing::figure::MemoryFrom;

/// What a node must be able to give, beside its DaemonSets (add theirs).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Bytes.
    pub memory: u64,
    /// Millicores; None for any.
    pub cpu: Option<u64>,
}

/// A size whose estimated allocatable holds the demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The size.
    pub size: Size,
    /// Estimated.
    pub allocatable: Allocatable,
    /// Whether the demand also fits if the estimate of capacity is as far off as it ever was on measured nodes; false
    /// where none was measured.
    pub safely: bool,
}

/// The sizes of `cloud` that hold `demand` as nodes with `settings`, the least memory first, then the fewest vCPUs.
///
/// Allocatable is estimated for each: a Node of the size that exists already knows better.
pub fn sizes_that_hold(settings: &Settings, cloud: Cloud, demand: Demand) -> Vec<Candidate> {
    let mut candidates: Vec<_> = sizes::all(cloud).filter_map(|size| candidate(settings, size, demand)).collect();
    candidates.sort_by(|a, b| {
        let key = |candidate: &Candidate| (candidate.size.memory, candidate.size.vcpus);
        key(a).cmp(&key(b)).then_with(|| a.size.name.cmp(&b.size.name))
    });
    candidates
}

fn candidate(settings: &Settings, size: Size, demand: Demand) -> Option<Candidate> {
    // No size offers more than it has: most are ruled out before anything is explained.
    let cpu = demand.cpu.unwrap_or(0);
    if size.memory < demand.memory || u64::from(size.vcpus).saturating_mul(1000) < cpu {
        return None;
    }
    let explanation = explain(settings, &Machine::from(size.clone()), &Measured::default());
    let allocatable = explanation.allocatable;
    let below = match explanation.capacity.memory_from {
        MemoryFrom::Estimated { band, .. } => band.map(|band| band.below),
        MemoryFrom::Measured | MemoryFrom::Host => Some(0),
    };
    let safely = below.is_some_and(|below| allocatable.memory.saturating_sub(below) >= demand.memory);
    (allocatable.memory >= demand.memory && allocatable.cpu >= cpu).then_some(Candidate { size, allocatable, safely })
}
