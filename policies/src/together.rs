//! [`together`]: whether Pods of several workloads find room beside one another.
//!
//! They are placed one workload after the other, in the order in which they are given, each with all its replicas, on the
//! nodes as they are now. Which of several nodes the scheduler would prefer is not modelled: see
//! [`memlint_scheduler::pack`] for where the number is exact.

use std::borrow::Cow;

use memlint_kubernetes::aggregate::ResourceList;
use memlint_scheduler::{Candidate, Cluster, Release, View, pack};

/// The Pods of one workload.
#[derive(Debug, Clone)]
pub struct Crew {
    /// What each asks for.
    pub candidate: Candidate,
    /// What each requests.
    pub requests: ResourceList,
    /// How many there are to be.
    pub replicas: u64,
    /// Namespace, kind and name of what makes them, whose Pods that run already are left out; nothing for a Pod.
    pub maker: Option<(String, String, String)>,
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// How many there are to be.
    pub wanted: u64,
    /// How many found a place.
    pub placed: u64,
    /// What the scheduler would say of the next.
    pub message: Option<String>,
}

/// Places Pods beside one another. Those of a crew of `None` were refused before, and take no room.
#[must_use]
pub fn together(now: &Cluster, crews: &[Option<Crew>], release: Release) -> Vec<Option<Share>> {
    let mut cluster = Cow::Borrowed(now);
    for (namespace, kind, name) in crews.iter().flatten().filter_map(|crew| crew.maker.as_ref()) {
        if let Some(without) = cluster.without(namespace, kind, name) {
            cluster = Cow::Owned(without);
        }
    }
    let mut shares = Vec::with_capacity(crews.len());
    for crew in crews {
        let Some(crew) = crew else {
            shares.push(None);
            continue;
        };
        let packing = pack(&cluster, &crew.candidate, crew.replicas, View::Now);
        let message = packing.next.as_ref().and_then(|verdict| verdict.message(release));
        let (placed, nodes) = (packing.placed, packing.nodes);
        shares.push(Some(Share { wanted: crew.replicas, placed, message }));
        if placed > 0 {
            cluster.to_mut().place(&crew.candidate, &crew.requests, &nodes);
        }
    }
    shares
}
