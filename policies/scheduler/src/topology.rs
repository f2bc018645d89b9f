//! [`Topology`]: nodes by the value of one label, numbered, so that counting per domain needs no text.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use crate::class::NodeSet;
use crate::node::UNKNOWN_LABEL;

/// The domains that a label divides the nodes into.
#[derive(Debug, Clone, Default)]
pub(super) struct Topology {
    of_node: Vec<Option<u32>>,
    domains: usize,
    is_open: bool,
}

impl Topology {
    fn new(nodes: &NodeSet, key: &str) -> Self {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let of_node: Vec<Option<u32>> = if nodes.is_own_key(key) {
            (0..nodes.len()).map(|node| Some(number(&mut numbers, nodes.label(node, key)?))).collect()
        } else {
            let labels = nodes.profiles().iter().map(|profile| profile.labels.get(key));
            let of_profile: Vec<_> = labels.map(|value| Some(number(&mut numbers, value?))).collect();
            (0..nodes.len()).map(|node| of_profile[nodes.profile_of(node)]).collect()
        };
        Self { of_node, domains: numbers.len(), is_open: numbers.contains_key(UNKNOWN_LABEL) }
    }

    /// The domain of a node, if it has the label.
    pub(super) fn domain(&self, node: usize) -> Option<usize> {
        self.of_node[node].map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// Whether the domain of some node is not known: then nothing follows from it.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// How many domains there are.
    pub(super) fn len(&self) -> usize {
        self.domains
    }
}

fn number<'a>(numbers: &mut HashMap<&'a str, u32>, value: &'a str) -> u32 {
    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    *numbers.entry(value).or_insert(next)
}

/// The topologies of a set of nodes. Those by labels of single nodes are kept; the others cost little.
#[derive(Debug, Clone, Default)]
pub(super) struct Topologies(BTreeMap<String, Topology>);

impl Topologies {
    pub(super) fn new(nodes: &NodeSet) -> Self {
        Self(nodes.own_keys().iter().map(|key| (key.clone(), Topology::new(nodes, key))).collect())
    }

    pub(super) fn by(&self, nodes: &NodeSet, key: &str) -> Cow<'_, Topology> {
        self.0.get(key).map_or_else(|| Cow::Owned(Topology::new(nodes, key)), Cow::Borrowed)
    }
}
