//! [`Verdict`]: where a Pod may go, why not elsewhere, and what the scheduler would say about it.

use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::reason::{Reason, Release};

/// The scheduler's answer for one Pod.
#[derive(Debug, Clone)]
pub struct Verdict<'a> {
    cluster: &'a Cluster,
    outcomes: Vec<Outcome>,
    refused: Option<Refused>,
}

/// Nodes that are out for the same reasons, or in: then there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The reasons of the first filter that refuses these nodes; several only where several resources are short.
    pub reasons: Vec<Reason>,
    /// The nodes, as indices into the cluster's, in the order of their names.
    pub nodes: Vec<usize>,
}

/// Why the scheduler looked at no node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The Pod has scheduling gates.
    Gated,
    /// Its node affinity asks for node names that exclude one another.
    Conflict,
}

impl<'a> Verdict<'a> {
    pub(super) fn new(cluster: &'a Cluster, outcomes: Vec<Outcome>) -> Self {
        Self { cluster, outcomes, refused: None }
    }

    pub(super) fn refused(cluster: &'a Cluster, why: Refused) -> Self {
        Self { cluster, outcomes: Vec::new(), refused: Some(why) }
    }

    /// Whether some node will take the Pod.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.reasons.is_empty())
    }

    /// The nodes that will take the Pod, as indices, in the order of their names.
    #[must_use]
    pub fn feasible(&self) -> &[usize] {
        let fitting = self.outcomes.iter().find(|outcome| outcome.reasons.is_empty());
        fitting.map_or(&[], |outcome| &outcome.nodes)
    }

    /// The names of the nodes that will take the Pod, in order.
    #[must_use]
    pub fn feasible_names(&self) -> Vec<&'a str> {
        self.feasible().iter().map(|node| self.cluster.nodes().name(*node)).collect()
    }

    /// All nodes that were looked at, by outcome.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Why no node was looked at, where that is so.
    #[must_use]
    pub fn why_refused(&self) -> Option<Refused> {
        self.refused
    }

    /// How many nodes are out for each reason. A node that lacks several resources counts for each of them.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<&Reason, usize> {
        let mut counts = BTreeMap::new();
        for outcome in &self.outcomes {
            for reason in &outcome.reasons {
                *counts.entry(reason).or_default() += outcome.nodes.len();
            }
        }
        counts
    }

    /// The outcomes by node class (an index into [`crate::class::NodeSet::classes`]), each with how many of the
    /// class's nodes it is for.
    #[must_use]
    pub fn by_class(&self) -> BTreeMap<usize, Vec<(&[Reason], usize)>> {
        let mut classes: BTreeMap<usize, Vec<(&[Reason], usize)>> = BTreeMap::new();
        for outcome in &self.outcomes {
            let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
            for node in &outcome.nodes {
                *counts.entry(self.cluster.nodes().class_of(*node)).or_default() += 1;
            }
            for (class, count) in counts {
                classes.entry(class).or_default().push((&outcome.reasons, count));
            }
        }
        classes
    }

    /// What the scheduler says when no node takes the Pod, up to the first full stop: what follows is about preemption
    /// (`FitError.Error` in `pkg/scheduler/framework/types.go`).
    #[must_use]
    pub fn message(&self, release: Release) -> Option<String> {
        if self.refused == Some(Refused::Gated) {
            return Some("Scheduling is blocked due to non-empty scheduling gates".to_owned());
        }
        let total = self.cluster.nodes().len();
        if total == 0 {
            return Some("no nodes available to schedule pods".to_owned());
        }
        if self.refused == Some(Refused::Conflict) {
            return Some(format!("0/{total} nodes are available: pod affinity terms conflict."));
        }
        if self.fits() {
            return None;
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (reason, count) in self.reasons() {
            *counts.entry(reason.text(release)).or_default() += count;
        }
        let mut reasons: Vec<String> = counts.iter().map(|(text, count)| format!("{count} {text}")).collect();
        reasons.sort_unstable();
        Some(format!("0/{total} nodes are available: {}.", reasons.join(", ")))
    }
}
