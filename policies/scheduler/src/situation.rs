//! [`Situation`]: a candidate before a cluster, and the verdict on each node.
//!
//! What selectors and tolerations see is judged once per profile of nodes; terms and constraints are matched once per
//! group of Pods; what remains per node is a handful of integer comparisons.
use super::candidate::Candidate;
use super::cluster::{Cluster, Look};
use super::neighbours::{Company, Neighbours};
use super::node_affinity::Names;
use super::skew::{Skew, Uneven};
use crate::node::Taint;

/// A candidate before a cluster, with all that can be worked out before looking at single nodes.
#[derive(Debug, Clone)]
pub(super) struct Situation<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) candidate: &'a Candidate,
    pub(super) look: Look,
    pub(super) standings: Vec<Standing<'a>>,
    /// What [`Self::gate`] says of a profile's nodes, where it is the same for all.
    gates: Vec<Option<Code>>,
    /// Column and amount of what is requested; no column for what no node has.
    demand: Vec<(Option<usize>, i64)>,
    pub(super) skews: Vec<Skew<'a>>,
    pub(super) neighbours: Neighbours<'a>,
    /// How many Pods like the candidate have been placed on each node; empty if none.
    placed: Vec<i64>,
}

/// What a profile's nodes have in common for a candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing<'a> {
    cordoned: bool,
    pub(super) taint: Option<&'a Taint>,
    /// Whether node affinity matches; nothing where that is different for each node.
    wanted: Option<bool>,
}

/// A verdict on a node, small enough to have thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    Fits,
    Cordoned,
    OtherNode,
    /// The profile whose taint it is.
    Tainted(usize),
    Unwanted,
    NotNamed,
    Ports,
    /// Bit 0 for the number of Pods, bit `n + 1` for the resource `n` of the demand.
    Short(u128),
    Uneven,
    NoDomain,
    Lacking,
    Disliked,
    Repelled,
}

/// How many different resources of one Pod are told apart: the bits of [`Code::Short`].
pub(super) const RESOURCES: usize = 127;

impl<'a> Situation<'a> {
    pub(super) fn new(cluster: &'a Cluster, candidate: &'a Candidate, look: Look) -> Self {
        let affinity = &candidate.node_affinity;
        let single = affinity.wants_names() || affinity.keys().any(|key| cluster.nodes.is_own_key(key));
        let passing = |taint: &Taint| look.past_cordons && taint.is_transient();
        let cordon = !look.past_cordons && !candidate.tolerations.tolerate_cordon();
        let standings = cluster.nodes.profiles().iter().map(|profile| Standing {
            cordoned: profile.unschedulable && cordon,
            taint: candidate.tolerations.untolerated(&profile.taints).find(|taint| !passing(taint)),
            wanted: (!single).then(|| affinity.matches("", |key| profile.labels.get(key).map(String::as_str))),
        });
        let demand = candidate.requests.iter().take(RESOURCES);
        let mut situation = Self {
            cluster,
            candidate,
            look,
            standings: standings.collect(),
            gates: Vec::new(),
            demand: demand.map(|(name, amount)| (cluster.columns.find(name), *amount)).collect(),
            skews: Vec::new(),
            neighbours: Neighbours::of(candidate, cluster, look.view),
            placed: Vec::new(),
        };
        situation.gates = (0..situation.standings.len()).map(|profile| situation.gate_of_profile(profile)).collect();
        let eligible = |node| (situation.is_wanted(node), situation.standing(node).taint.is_none());
        situation.skews = Skew::of(candidate, cluster, look.view, eligible);
        situation
    }

    /// Whether nodes of one profile stand alike to labels and to the Pods that are there.
    pub(super) fn judges_by_class(&self) -> bool {
        self.standings.iter().all(|standing| standing.wanted.is_some()) && self.neighbours.is_indifferent()
    }

    fn gate_of_profile(&self, profile: usize) -> Option<Code> {
        let standing = self.standings[profile];
        let by_name = self.candidate.node_name.is_some() || *self.candidate.node_affinity.names() != Names::Any;
        let code = match standing {
            Standing { cordoned: true, .. } => Code::Cordoned,
            Standing { taint: Some(_), .. } => Code::Tainted(profile),
            Standing { wanted, .. } if wanted? => Code::Fits,
            _ => Code::Unwanted,
        };
        (!by_name).then_some(code)
    }

    fn standing(&self, node: usize) -> Standing<'a> {
        self.standings[self.cluster.nodes.profile_of(node)]
    }

    fn is_wanted(&self, node: usize) -> bool {
        let nodes = &self.cluster.nodes;
        let affinity = &self.candidate.node_affinity;
        let single = || affinity.matches(nodes.name(node), |key| nodes.label(node, key));
        self.standing(node).wanted.unwrap_or_else(single)
    }

    /// The first filter that refuses a node.
    pub(super) fn judge(&self, node: usize) -> Code {
        let gate = self.gates[self.cluster.nodes.profile_of(node)];
        match gate.unwrap_or_else(|| self.gate(node)) {
            Code::Fits if self.collides(node) => Code::Ports,
            Code::Fits => match self.short(node) {
                0 => self.company(node),
                short => Code::Short(short),
            },
            refused => refused,
        }
    }

    /// The filters that look at nothing but the node itself, its cordon, name, taints and labels.
    pub(super) fn gate(&self, node: usize) -> Code {
        let name = || self.cluster.nodes.name(node);
        if let Names::Only(names) = self.candidate.node_affinity.names()
            && !names.contains(name())
        {
            return Code::NotNamed;
        }
        let standing = self.standing(node);
        if standing.cordoned {
            return Code::Cordoned;
        }
        if self.candidate.node_name.as_deref().is_some_and(|wanted| wanted != name()) {
            return Code::OtherNode;
        }
        if standing.taint.is_some() {
            return Code::Tainted(self.cluster.nodes.profile_of(node));
        }
        if self.is_wanted(node) { Code::Fits } else { Code::Unwanted }
    }

    /// Whether a host port is taken. Pods that are alike always collide.
    pub(super) fn collides(&self, node: usize) -> bool {
        let ports = &self.candidate.ports;
        let taken = || self.cluster.ports(node, self.look.view);
        !ports.is_empty()
            && (self.placed(node) > 0 || taken().any(|taken| ports.iter().any(|port| port.collides(taken))))
    }

    fn free(&self, column: Option<usize>, node: usize) -> i64 {
        let Some(column) = column else { return 0 };
        let (allocatable, used) = self.cluster.cell(column, node, self.look.view);
        allocatable.saturating_sub(used)
    }

    /// What a node is short of, as bits.
    pub(super) fn short(&self, node: usize) -> u128 {
        let placed = self.placed(node);
        let (slots, pods) = self.cluster.slots(node, self.look.view);
        let mut short = u128::from(pods.saturating_add(placed) >= slots);
        for (index, (column, wanted)) in self.demand.iter().enumerate() {
            let free = self.free(*column, node);
            if *wanted > free.saturating_sub(wanted.saturating_mul(placed)) {
                short |= 2 << index;
            }
        }
        short
    }

    /// The filters that look at other Pods.
    pub(super) fn company(&self, node: usize) -> Code {
        for (skew, spread) in self.skews.iter().zip(&self.candidate.spread) {
            match skew.check(spread, node) {
                Ok(()) => {}
                Err(Uneven::NoDomain) => return Code::NoDomain,
                Err(Uneven::TooMany) => return Code::Uneven,
            }
        }
        match self.neighbours.check(node) {
            Ok(()) => Code::Fits,
            Err(Company::Lacking) => Code::Lacking,
            Err(Company::Unwanted) => Code::Disliked,
            Err(Company::Unwelcoming) => Code::Repelled,
        }
    }

    /// Counts more Pods like the candidate as bound to a node.
    pub(super) fn place(&mut self, node: usize, pods: i64) {
        self.placed.resize(self.cluster.nodes.len(), 0);
        self.placed[node] = self.placed[node].saturating_add(pods);
        for (skew, spread) in self.skews.iter_mut().zip(&self.candidate.spread) {
            skew.place(spread, node, pods);
        }
        self.neighbours.place(node);
    }

    /// How many Pods like the candidate have been placed on a node.
    pub(super) fn placed(&self, node: usize) -> i64 {
        self.placed.get(node).copied().unwrap_or(0)
    }

    /// How many more Pods like the candidate a node has room for, as far as it alone is concerned.
    pub(super) fn capacity(&self, node: usize) -> i64 {
        let (slots, pods) = self.cluster.slots(node, self.look.view);
        let most = |(column, wanted): &(Option<usize>, i64)| self.free(*column, node) / wanted;
        let slots = slots.saturating_sub(pods);
        let room = self.demand.iter().map(most).min().unwrap_or(i64::MAX).min(slots).saturating_sub(self.placed(node));
        if self.candidate.ports.is_empty() { room.max(0) } else { room.clamp(0, i64::from(!self.collides(node))) }
    }
}
