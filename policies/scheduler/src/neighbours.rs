//! [`Neighbours`]: required Pod affinity and anti-affinity against the Pods that are there (plugin InterPodAffinity).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::candidate::Candidate;
use super::cluster::{Cluster, Group, View};
use super::pod_affinity::PodTerm;
use super::topology::Topology;

/// For each of a candidate's terms, and for the terms of Pods that are there, the domains that matter.
#[derive(Debug, Clone)]
pub(super) struct Neighbours<'a> {
    /// Domains with Pods that match all affinity terms, per label.
    near: Vec<Domains<'a>>,
    /// Whether the candidate itself is what its affinity terms ask for.
    near_itself: bool,
    /// Domains with Pods that the candidate keeps away from, per label: for terms that mean its own like, and for others.
    far: Vec<Domains<'a>>,
    /// Of these, those whose terms mean the candidate's own like.
    far_itself: Vec<bool>,
    /// Domains with Pods that keep the candidate away, per label.
    repelled: Vec<Domains<'a>>,
}

/// Which domains of a topology are marked.
#[derive(Debug, Clone)]
struct Domains<'a> {
    topology: Cow<'a, Topology>,
    marked: Vec<bool>,
}

/// Why a node is not in the right company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// No Pod near it that the candidate wants to be near.
    Lacking,
    /// A Pod near it that the candidate wants to be far from.
    Unwanted,
    /// A Pod near it that wants to be far from the candidate.
    Unwelcoming,
}

impl<'a> Neighbours<'a> {
    pub(super) fn of(candidate: &Candidate, cluster: &'a Cluster, view: View) -> Self {
        let own_labels = || cluster.namespace_labels(&candidate.namespace);
        let means_itself = |term: &PodTerm| {
            term.covers_for_candidate(&candidate.namespace, own_labels) && term.selects(&candidate.labels)
        };
        let means_candidate =
            |term: &PodTerm| term.covers(&candidate.namespace, own_labels) && term.selects(&candidate.labels);
        let domains = |key: &str| Domains::new(cluster, key);
        let near: Vec<&str> = candidate.affinity.iter().map(PodTerm::topology_key).collect();
        let of_term: Vec<(&str, bool)> =
            candidate.anti_affinity.iter().map(|term| (term.topology_key(), means_itself(term))).collect();
        let mut far = of_term.clone();
        far.sort_unstable();
        far.dedup();
        let shared: Vec<usize> = of_term.iter().map(|term| far.partition_point(|other| other < term)).collect();
        let mut found = Self {
            near: each_once(&near).map(domains).collect(),
            near_itself: candidate.affinity.iter().all(means_itself),
            far: far.iter().map(|(key, _)| domains(key)).collect(),
            far_itself: far.iter().map(|(_, itself)| *itself).collect(),
            repelled: Vec::new(),
        };
        found.meet(candidate, &shared, cluster, view);
        found.be_repelled(cluster, view, means_candidate);
        found
    }

    /// Marks where the Pods are that the candidate's terms mean; `shared` says which domains an anti-affinity term marks.
    fn meet(&mut self, candidate: &Candidate, shared: &[usize], cluster: &Cluster, view: View) {
        if candidate.affinity.is_empty() && candidate.anti_affinity.is_empty() {
            return;
        }
        for (namespace, groups) in &cluster.by_namespace {
            let covers = |term: &PodTerm| term.covers_for_candidate(namespace, || cluster.namespace_labels(namespace));
            let near = !candidate.affinity.is_empty() && candidate.affinity.iter().all(covers);
            let far: Vec<bool> = candidate.anti_affinity.iter().map(covers).collect();
            if !near && !far.contains(&true) {
                continue;
            }
            for group in groups.iter().map(|index| &cluster.groups[*index]).filter(|group| group.is_in(view)) {
                let labels = &group.kin.labels;
                if near && candidate.affinity.iter().all(|term| term.selects(labels)) {
                    self.near.iter_mut().for_each(|domains| domains.mark_all(group));
                }
                let mut marked = vec![false; self.far.len()];
                for ((term, domains), _) in
                    candidate.anti_affinity.iter().zip(shared).zip(&far).filter(|(_, covers)| **covers)
                {
                    if !marked[*domains] && term.selects(labels) {
                        marked[*domains] = true;
                        self.far[*domains].mark_all(group);
                    }
                }
            }
        }
    }

    /// Marks where the Pods are whose anti-affinity means the candidate.
    fn be_repelled(&mut self, cluster: &'a Cluster, view: View, means_candidate: impl Fn(&PodTerm) -> bool) {
        let mut repelled: BTreeMap<&str, Domains<'a>> = BTreeMap::new();
        for group in cluster.repelling.iter().map(|index| &cluster.groups[*index]).filter(|group| group.is_in(view)) {
            for term in group.kin.anti_affinity.iter().filter(|term| means_candidate(term)) {
                let key = term.topology_key();
                repelled.entry(key).or_insert_with(|| Domains::new(cluster, key)).mark_all(group);
            }
        }
        self.repelled = repelled.into_values().collect();
    }

    /// Whether a node is in the right company.
    pub(super) fn check(&self, node: usize) -> Result<(), Company> {
        let mut met = true;
        for domains in self.near.iter().filter(|domains| !domains.topology.is_open()) {
            match domains.topology.domain(node) {
                None => return Err(Company::Lacking),
                Some(domain) => met &= domains.marked[domain],
            }
        }
        // The first of a group that wants to be near itself may start anywhere.
        let first = || self.near_itself && self.is_alone();
        if !met && !first() {
            return Err(Company::Lacking);
        }
        if self.far.iter().any(|domains| domains.has(node)) {
            return Err(Company::Unwanted);
        }
        if self.repelled.iter().any(|domains| domains.has(node)) {
            return Err(Company::Unwelcoming);
        }
        Ok(())
    }

    /// Whether no other Pod matters.
    pub(super) fn is_indifferent(&self) -> bool {
        self.near.is_empty() && self.far.is_empty() && self.repelled.is_empty()
    }

    /// Whether no Pod anywhere is what the affinity terms ask for.
    pub(super) fn is_alone(&self) -> bool {
        !self.near.iter().any(|domains| domains.marked.contains(&true))
    }

    /// Counts one more Pod like the candidate, on this node.
    pub(super) fn place(&mut self, node: usize) {
        if self.near_itself {
            self.near.iter_mut().for_each(|domains| domains.mark(node));
        }
        for (domains, _) in self.far.iter_mut().zip(&self.far_itself).filter(|(_, itself)| **itself) {
            domains.mark(node);
        }
    }

    /// The domain of the first affinity term that a node is in: all of a group that wants to be near itself end there.
    pub(super) fn first_domain(&self, node: usize) -> Option<usize> {
        self.near.first().and_then(|domains| domains.topology.domain(node))
    }

    /// The domains of a node in every topology that the candidate's terms use.
    pub(super) fn domains(&self, node: usize) -> impl Iterator<Item = Option<usize>> {
        self.near.iter().chain(&self.far).chain(&self.repelled).map(move |domains| domains.topology.domain(node))
    }
}

impl<'a> Domains<'a> {
    fn new(cluster: &'a Cluster, key: &str) -> Self {
        let topology = cluster.topologies.by(&cluster.nodes, key);
        Self { marked: vec![false; topology.len()], topology }
    }

    fn mark(&mut self, node: usize) {
        if let Some(domain) = self.topology.domain(node) {
            self.marked[domain] = true;
        }
    }

    fn mark_all(&mut self, group: &Group) {
        group.nodes.iter().for_each(|(node, _)| self.mark(*node));
    }

    fn has(&self, node: usize) -> bool {
        !self.topology.is_open() && self.topology.domain(node).is_some_and(|domain| self.marked[domain])
    }
}

/// The labels in their order, without those that came before.
fn each_once<'k>(keys: &[&'k str]) -> impl Iterator<Item = &'k str> {
    let mut seen = BTreeSet::new();
    keys.iter().copied().filter(move |key| seen.insert(*key))
}

impl Group {
    /// Whether the Pods count in a view.
    pub(super) fn is_in(&self, view: View) -> bool {
        view == View::Now || self.kin.daemon
    }
}
