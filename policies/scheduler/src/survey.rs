//! [`survey`]: the verdict of the filters per class of nodes instead of per node, wherever nodes of a class are alike.
//!
//! It says the same as [`super::filter`] (a property test holds them together), for less: with 5,000 nodes in 40
//! classes, 40 judgements. What it cannot say is where single nodes stand in the order of all.
use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::cluster::{Cluster, Look, View};
use super::filter::filter;
use super::reason::Reason;
use super::situation::Situation;

/// Nodes on which the filters say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The first reason that refuses them; `None` if they take the Pod.
    pub reason: Option<Reason>,
    /// How many they are.
    pub count: usize,
    /// Those that have to be looked at to know what any of them offers, as indices into the cluster's: the first alone,
    /// where they are of one class.
    pub samples: Vec<usize>,
}

/// Asks where a Pod may go, as [`super::filter`] does. A reason may have several parts.
#[must_use]
pub fn survey(cluster: &Cluster, candidate: &Candidate, look: impl Into<Look>) -> Vec<Part> {
    let look = look.into();
    if let Some(parts) = by_class(cluster, candidate, look) {
        return parts;
    }
    let verdict = filter(cluster, candidate, look);
    let mut parts: BTreeMap<Option<&Reason>, Vec<usize>> = BTreeMap::new();
    for outcome in verdict.outcomes() {
        parts.entry(outcome.reasons.first()).or_default().extend(&outcome.nodes);
    }
    let parts = parts.into_iter();
    parts.map(|(reason, nodes)| Part { reason: reason.cloned(), count: nodes.len(), samples: nodes }).collect()
}

/// One judgement per class; `None` where nodes of a class are told apart, by the Pod or by what is on them.
fn by_class(cluster: &Cluster, candidate: &Candidate, look: Look) -> Option<Vec<Part>> {
    if look.view != View::Empty || !cluster.empty_by_class || candidate.tells_nodes_apart() || candidate.gated {
        return None;
    }
    let situation = Situation::new(cluster, candidate, look);
    if !situation.judges_by_class() {
        return None;
    }
    let firsts = cluster.nodes.classes().iter().filter_map(|class| Some((*class.nodes.first()?, class.nodes.len())));
    let part = |(first, count)| Part {
        reason: situation.reasons(situation.judge(first)).into_iter().next(),
        count,
        samples: vec![first],
    };
    Some(firsts.map(part).collect())
}
