//! [`filter`]: the scheduler's filters in the scheduler's order, each node out at the first that refuses it.
//!
//! What selectors and tolerations see is judged once per profile of nodes; terms and constraints are matched once per
//! group of Pods; what remains per node is a handful of integer comparisons.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::cluster::{Cluster, View};
use super::kubelet::bypassed;
use super::neighbours::{Company, Neighbours};
use super::node_affinity::Names;
use super::reason::Reason;
use super::skew::{Skew, Uneven};
use super::verdict::{Outcome, Refused, Verdict};
use crate::capacity::Taint;

/// How to look at a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Which Pods count.
    pub view: View,
    /// Whether to look past cordons and past taints that say what state a node is in at the moment
    /// ([`Taint::is_transient`]): the question is then whether the Pod could ever run. The scheduler does not.
    pub past_cordons: bool,
}

impl From<View> for Look {
    /// As the scheduler looks.
    fn from(view: View) -> Self {
        Self { view, past_cordons: false }
    }
}

/// Asks where a Pod may go.
///
/// A Pod that names its node is bound to it without being looked at, so that is the answer if there is such a node;
/// see [`super::refused_by_kubelet`] for what becomes of it there.
#[must_use]
pub fn filter<'a>(cluster: &'a Cluster, candidate: &'a Candidate, look: impl Into<Look>) -> Verdict<'a> {
    if let Some(node) = candidate.node_name() {
        return bypassed(cluster, node);
    }
    if candidate.gated {
        return Verdict::refused(cluster, Refused::Gated);
    }
    if *candidate.node_affinity.names() == Names::Conflict {
        return Verdict::refused(cluster, Refused::Conflict);
    }
    Situation::new(cluster, candidate, look.into()).verdict()
}

/// A candidate before a cluster, with all that can be worked out before looking at single nodes.
#[derive(Debug, Clone)]
pub(super) struct Situation<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) candidate: &'a Candidate,
    pub(super) look: Look,
    standings: Vec<Standing<'a>>,
    /// Column and amount of what is requested; no column for what no node has.
    demand: Vec<(Option<usize>, i64)>,
    pub(super) skews: Vec<Skew<'a>>,
    pub(super) neighbours: Neighbours<'a>,
    /// How many Pods like the candidate have been placed on each node; empty if none.
    placed: Vec<i64>,
}

/// What a profile's nodes have in common for a candidate.
#[derive(Debug, Clone, Copy)]
struct Standing<'a> {
    cordoned: bool,
    taint: Option<&'a Taint>,
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
const RESOURCES: usize = 127;

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
            demand: demand.map(|(name, amount)| (cluster.columns.find(name), *amount)).collect(),
            skews: Vec::new(),
            neighbours: Neighbours::of(candidate, cluster, look.view),
            placed: Vec::new(),
        };
        let eligible = |node| (situation.is_wanted(node), situation.standing(node).taint.is_none());
        situation.skews = Skew::of(candidate, cluster, look.view, eligible);
        situation
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

    /// Judges all nodes that the scheduler would look at.
    pub(super) fn verdict(&self) -> Verdict<'a> {
        let mut by_code: BTreeMap<Code, Vec<usize>> = BTreeMap::new();
        let mut run: Option<(Code, Vec<usize>)> = None;
        for node in 0..self.cluster.nodes.len() {
            let code = self.judge(node);
            // Neighbours by name are mostly alike: gather runs before looking up where they belong.
            match &mut run {
                Some((same, nodes)) if *same == code => nodes.push(node),
                _ => {
                    if let Some((code, nodes)) = run.replace((code, vec![node])) {
                        by_code.entry(code).or_default().extend(nodes);
                    }
                }
            }
        }
        if let Some((code, nodes)) = run {
            by_code.entry(code).or_default().extend(nodes);
        }
        let outcomes = by_code.into_iter().map(|(code, nodes)| Outcome { reasons: self.reasons(code), nodes });
        Verdict::new(self.cluster, outcomes.collect())
    }

    /// The first filter that refuses a node.
    pub(super) fn judge(&self, node: usize) -> Code {
        match self.gate(node) {
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

    /// What a node is short of, as bits.
    pub(super) fn short(&self, node: usize) -> u128 {
        let placed = self.placed(node);
        let (slots, pods) = self.cluster.slots(node, self.look.view);
        let mut short = u128::from(pods.saturating_add(placed) >= slots);
        let (allocatable, used) = self.cluster.row(node, self.look.view);
        for (index, (column, wanted)) in self.demand.iter().enumerate() {
            let free = column.map_or(0, |column| allocatable[column].saturating_sub(used[column]));
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
        let (allocatable, used) = self.cluster.row(node, self.look.view);
        let most = |(column, wanted): &(Option<usize>, i64)| {
            column.map_or(0, |column| allocatable[column].saturating_sub(used[column])) / wanted
        };
        let slots = slots.saturating_sub(pods);
        let room = self.demand.iter().map(most).min().unwrap_or(i64::MAX).min(slots).saturating_sub(self.placed(node));
        if self.candidate.ports.is_empty() { room.max(0) } else { room.clamp(0, i64::from(!self.collides(node))) }
    }

    pub(super) fn reasons(&self, code: Code) -> Vec<Reason> {
        let reason = match code {
            Code::Fits => return Vec::new(),
            Code::Cordoned => Reason::Cordoned,
            Code::OtherNode => Reason::OtherNode,
            Code::Tainted(profile) => match self.standings[profile].taint {
                Some(taint) => Reason::Taint(taint.clone()),
                None => return Vec::new(),
            },
            Code::Unwanted => Reason::NodeAffinity,
            Code::NotNamed => Reason::NotNamed,
            Code::Ports => Reason::HostPorts,
            Code::Short(bits) => {
                let pods = (bits & 1 != 0).then_some(Reason::TooManyPods);
                let names = self.candidate.requests.iter().take(RESOURCES).enumerate();
                let short = names.filter(|(index, _)| bits & (2 << index) != 0);
                return pods
                    .into_iter()
                    .chain(short.map(|(_, (name, _))| Reason::Insufficient(name.clone())))
                    .collect();
            }
            Code::Uneven => Reason::Spread,
            Code::NoDomain => Reason::SpreadLabel,
            Code::Lacking => Reason::PodAffinity,
            Code::Disliked => Reason::PodAntiAffinity,
            Code::Repelled => Reason::ExistingAntiAffinity,
        };
        vec![reason]
    }
}
