//! [`Skew`]: how Pods are spread over domains, for each constraint of a candidate (plugin PodTopologySpread).

use std::borrow::Cow;

use super::candidate::Candidate;
use super::cluster::{Cluster, View};
use super::spread::Spread;
use super::topology::Topology;

/// The counts of one constraint.
#[derive(Debug, Clone)]
pub(super) struct Skew<'a> {
    topology: Cow<'a, Topology>,
    /// Pods per domain; nothing for a domain without a node that counts.
    counts: Vec<Option<i64>>,
    domains: i64,
    least: Option<i64>,
    /// How many domains have the least.
    at_least: usize,
    /// Which nodes count.
    counted: Vec<bool>,
}

/// Why a node would break a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uneven {
    /// It lacks the label.
    NoDomain,
    /// Its domain has too many already.
    TooMany,
}

impl<'a> Skew<'a> {
    /// Counts for all constraints of a candidate. `eligible` says of a node whether node affinity allows it, and
    /// whether its taints are tolerated.
    pub(super) fn of(
        candidate: &Candidate,
        cluster: &'a Cluster,
        view: View,
        eligible: impl Fn(usize) -> (bool, bool),
    ) -> Vec<Self> {
        let topologies: Vec<_> =
            candidate.spread.iter().map(|spread| cluster.topologies.by(&cluster.nodes, &spread.topology_key)).collect();
        if topologies.is_empty() {
            return Vec::new();
        }
        // A node counts only if it has the labels of all constraints.
        let nodes = 0..cluster.nodes.len();
        let complete = |node: usize| topologies.iter().all(|topology| topology.domain(node).is_some());
        let standing: Vec<Option<(bool, bool)>> = nodes.map(|node| complete(node).then(|| eligible(node))).collect();
        let skews = candidate.spread.iter().zip(&topologies);
        skews
            .map(|(spread, topology)| Self::count(spread, candidate, cluster, view, topology.clone(), &standing))
            .collect()
    }

    fn count(
        spread: &Spread,
        candidate: &Candidate,
        cluster: &Cluster,
        view: View,
        topology: Cow<'a, Topology>,
        standing: &[Option<(bool, bool)>],
    ) -> Self {
        let counts = |standing: &Option<(bool, bool)>| {
            standing.is_some_and(|(wanted, tolerated)| {
                (wanted || !spread.honors_affinity) && (tolerated || !spread.honors_taints)
            })
        };
        let counted: Vec<bool> = standing.iter().map(counts).collect();
        let mut skew =
            Self { counts: vec![None; topology.len()], topology, domains: 0, least: None, at_least: 0, counted };
        for node in 0..skew.counted.len() {
            skew.add(node, 0);
        }
        let groups = cluster.by_namespace.get(&candidate.namespace).into_iter().flatten();
        let groups = groups.map(|index| &cluster.groups[*index]).filter(|group| group.is_in(view));
        for group in groups.filter(|group| !group.kin.terminating && spread.counts_others()) {
            if spread.selector.matches(&group.kin.labels) {
                group.nodes.iter().for_each(|(node, pods)| skew.add(*node, *pods));
            }
        }
        skew.settle();
        skew
    }

    fn add(&mut self, node: usize, pods: i64) {
        if self.counted[node]
            && let Some(count) = self.topology.domain(node).and_then(|domain| self.counts.get_mut(domain))
        {
            *count = Some(count.unwrap_or(0).saturating_add(pods));
        }
    }

    fn settle(&mut self) {
        let present = || self.counts.iter().flatten();
        self.domains = i64::try_from(present().count()).unwrap_or(i64::MAX);
        self.least = present().min().copied();
        self.at_least = present().filter(|count| Some(**count) == self.least).count();
    }

    /// Whether one more Pod on a node keeps to the constraint.
    pub(super) fn check(&self, spread: &Spread, node: usize) -> Result<(), Uneven> {
        if self.topology.is_open() {
            return Ok(());
        }
        let domain = self.topology.domain(node).ok_or(Uneven::NoDomain)?;
        let here = self.counts[domain].unwrap_or(0);
        if spread.allows(here, self.least, self.domains) { Ok(()) } else { Err(Uneven::TooMany) }
    }

    /// Counts more Pods like the candidate, on this node.
    pub(super) fn place(&mut self, spread: &Spread, node: usize, pods: i64) {
        if !spread.counts_itself || !spread.counts_others() {
            return;
        }
        let before = self.here(node);
        self.add(node, pods);
        if before == self.least && before != self.here(node) {
            self.at_least -= 1;
            if self.at_least == 0 {
                self.settle();
            }
        }
    }

    /// How many Pods the domain of a node has, if it counts.
    pub(super) fn here(&self, node: usize) -> Option<i64> {
        self.topology.domain(node).and_then(|domain| self.counts[domain])
    }

    /// The domain of a node, and whether a Pod on it counts.
    pub(super) fn domain(&self, node: usize) -> (Option<usize>, bool) {
        (self.topology.domain(node), self.counted[node])
    }
}
