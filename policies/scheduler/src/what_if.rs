//! What would have to be different: [`offers`] of the nodes that a Pod may use, and the [`obstacles`] on the others.
use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::cluster::{Cluster, Look};
use super::reason::Reason;
use super::situation::{Code, Situation};
use crate::node::Taint;

/// What a node that all other filters let pass has of one resource, in the scheduler's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The node, as an index into the cluster's.
    pub node: usize,
    /// What Pods can have there.
    pub allocatable: i64,
    /// What those that count have of it.
    pub taken: i64,
    /// Whether the node is short of something else, too.
    pub short_otherwise: bool,
}

impl Offer {
    /// What is left: the largest request that would fit, as far as this resource goes.
    #[must_use]
    pub fn left(&self) -> i64 {
        self.allocatable.saturating_sub(self.taken).max(0)
    }
}

/// What each eligible node offers of a resource, the best first: of nodes that no filter but room keeps from the Pod.
#[must_use]
pub fn offers(cluster: &Cluster, candidate: &Candidate, look: impl Into<Look>, resource: &str) -> Vec<Offer> {
    let situation = Situation::new(cluster, candidate, look.into());
    let index = candidate.requests.iter().position(|(name, _)| name == resource);
    let itself: u128 = index.map_or(0, |index| 2_u128.checked_shl(u32::try_from(index).unwrap_or(128)).unwrap_or(0));
    let eligible = (0..cluster.nodes().len()).filter(|node| {
        situation.gate(*node) == Code::Fits && !situation.collides(*node) && situation.company(*node) == Code::Fits
    });
    let offer = |node| {
        let (allocatable, taken) = cluster.room(node, resource, situation.look.view);
        Offer { node, allocatable, taken, short_otherwise: situation.short(node) & !itself != 0 }
    };
    let mut offers: Vec<Offer> = eligible.map(offer).collect();
    offers.sort_by_key(|offer| std::cmp::Reverse(offer.left()));
    offers
}

/// One thing that keeps a Pod from a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// A taint that it does not tolerate.
    Taint(Taint),
    /// A label that the node would need, as `key=value` or as a condition on a key.
    Label(String),
    /// Anything else, as the filters see it.
    Other(Reason),
}

/// For each node, everything that keeps a Pod from it, not only what the first filter says; nodes that take the Pod
/// are left out. Where there is one obstacle only, removing it alone would do.
///
/// Spread constraints and Pod affinity are judged as things stand.
#[must_use]
pub fn obstacles(
    cluster: &Cluster,
    candidate: &Candidate,
    look: impl Into<Look>,
) -> BTreeMap<Vec<Obstacle>, Vec<usize>> {
    let situation = Situation::new(cluster, candidate, look.into());
    let mut found: BTreeMap<Vec<Obstacle>, Vec<usize>> = BTreeMap::new();
    for node in 0..cluster.nodes().len() {
        let all = on_node(&situation, node);
        if !all.is_empty() {
            found.entry(all).or_default().push(node);
        }
    }
    found
}

/// The nodes that a single obstacle keeps the Pod from, by obstacle.
#[must_use]
pub fn sole_obstacles(
    cluster: &Cluster,
    candidate: &Candidate,
    look: impl Into<Look>,
) -> BTreeMap<Obstacle, Vec<usize>> {
    let all = obstacles(cluster, candidate, look).into_iter();
    all.filter_map(|(list, nodes)| Some((<[Obstacle; 1]>::try_from(list).ok()?, nodes)))
        .map(|([obstacle], nodes)| (obstacle, nodes))
        .collect()
}

fn on_node(situation: &Situation<'_>, node: usize) -> Vec<Obstacle> {
    let (cluster, candidate) = (situation.cluster, situation.candidate);
    let nodes = cluster.nodes();
    let profile = &nodes.profiles()[nodes.profile_of(node)];
    let mut found = Vec::new();
    if profile.unschedulable && !situation.look.past_cordons && !candidate.tolerations.tolerate_cordon() {
        found.push(Obstacle::Other(Reason::Cordoned));
    }
    if candidate.node_name.as_deref().is_some_and(|name| name != nodes.name(node)) {
        found.push(Obstacle::Other(Reason::OtherNode));
    }
    let taints = candidate.tolerations.untolerated(&profile.taints);
    let lasting = taints.filter(|taint| !(situation.look.past_cordons && taint.is_transient()));
    found.extend(lasting.cloned().map(Obstacle::Taint));
    match candidate.node_affinity.unmet(nodes.name(node), |key| nodes.label(node, key)) {
        Some(labels) => found.extend(labels.iter().map(|label| Obstacle::Label(label.to_string()))),
        None => found.push(Obstacle::Other(Reason::NodeAffinity)),
    }
    let ports = if situation.collides(node) { Code::Ports } else { Code::Fits };
    let room = match situation.short(node) {
        0 => Code::Fits,
        short => Code::Short(short),
    };
    let rest = [ports, room, situation.company(node)];
    found.extend(rest.into_iter().flat_map(|code| situation.reasons(code)).map(Obstacle::Other));
    found
}
