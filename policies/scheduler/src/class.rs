//! [`NodeSet`]: nodes in groups, so that what is alike is kept once and judged once.
//!
//! Nodes of one *profile* look alike to every selector and toleration: same labels, taints and cordon. Nodes of one
//! *class* also offer the same: allocatable and DaemonSet overhead. Labels that tell every node from the next
//! (`kubernetes.io/hostname`) are kept with the node and belong to no group.

use std::collections::{BTreeMap, HashMap, HashSet};

use memlint_kubernetes::aggregate::ResourceList;

use super::node::{Node, Taint};

/// What nodes have in common that selectors and tolerations can see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The labels that do not tell one node from the next.
    pub labels: BTreeMap<String, String>,
    /// The taints.
    pub taints: Vec<Taint>,
    /// Whether the nodes are cordoned.
    pub unschedulable: bool,
}

/// What the Pods of DaemonSets take of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overhead {
    /// Their requests, summed.
    pub requests: ResourceList,
    /// How many they are.
    pub pods: i64,
}

/// Nodes that are the same but for their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeClass {
    /// The profile, an index into [`NodeSet::profiles`].
    pub profile: usize,
    /// What Pods can have.
    pub allocatable: ResourceList,
    /// What the machines have.
    pub capacity: ResourceList,
    /// What DaemonSets take of it.
    pub overhead: Overhead,
    /// The nodes, as indices into the set, in the order of their names.
    pub nodes: Vec<usize>,
}

/// Nodes in the order of their names, grouped by profile and class.
#[derive(Debug, Clone, Default)]
pub struct NodeSet {
    nodes: Vec<Member>,
    /// The profile of each node, apart from its name: it is asked for most.
    profile_of: Vec<usize>,
    profiles: Vec<Profile>,
    classes: Vec<NodeClass>,
    own_keys: Vec<String>,
}

#[derive(Debug, Clone)]
struct Member {
    name: String,
    class: usize,
    /// The labels of this node alone: index into `own_keys`, value.
    own: Vec<(usize, String)>,
}

/// Labels that name their node wherever they stand.
const OWN: [&str; 1] = ["kubernetes.io/hostname"];
/// With fewer values than this a label is never taken for a name: three nodes in three zones have three zones.
const MANY: usize = 8;

impl NodeSet {
    /// Groups nodes, each with what DaemonSets take of it. Of two nodes with one name, the first is kept.
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = (Node, Overhead)>) -> Self {
        let mut nodes: Vec<(Node, Overhead)> = nodes.into_iter().collect();
        nodes.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        nodes.dedup_by(|a, b| a.0.name == b.0.name);
        let own_keys = own_keys(&nodes);
        let mut set = Self { own_keys, ..Self::default() };
        let mut profiles = HashMap::new();
        let mut classes: HashMap<(usize, String), usize> = HashMap::new();
        for (mut node, overhead) in nodes {
            let own = set.own_keys.iter().enumerate();
            let own = own.filter_map(|(index, key)| Some((index, node.labels.remove(key)?))).collect();
            let profile = Profile { labels: node.labels, taints: node.taints, unschedulable: node.unschedulable };
            let profile = *profiles.entry(profile).or_insert_with_key(|profile| {
                set.profiles.push(profile.clone());
                set.profiles.len() - 1
            });
            let amounts = fingerprint(&[&node.allocatable, &node.capacity, &overhead.requests], overhead.pods);
            let class = *classes.entry((profile, amounts)).or_insert_with(|| {
                let (allocatable, capacity) = (node.allocatable, node.capacity);
                set.classes.push(NodeClass { profile, allocatable, capacity, overhead, nodes: Vec::new() });
                set.classes.len() - 1
            });
            set.classes[class].nodes.push(set.nodes.len());
            set.nodes.push(Member { name: node.name, class, own });
            set.profile_of.push(profile);
        }
        set
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The name of a node. Panics on an index that is not of this set, like every method that takes one.
    #[must_use]
    pub fn name(&self, node: usize) -> &str {
        &self.nodes[node].name
    }

    /// The index of the node with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.name.as_str().cmp(name)).ok()
    }

    /// All profiles.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// All classes.
    #[must_use]
    pub fn classes(&self) -> &[NodeClass] {
        &self.classes
    }

    /// The index of a node's profile.
    #[must_use]
    pub fn profile_of(&self, node: usize) -> usize {
        self.profile_of[node]
    }

    /// The index of a node's class.
    #[must_use]
    pub fn class_of(&self, node: usize) -> usize {
        self.nodes[node].class
    }

    /// The value of one of a node's labels.
    #[must_use]
    pub fn label(&self, node: usize, key: &str) -> Option<&str> {
        let own = self.nodes[node].own.iter().find(|(index, _)| self.own_keys[*index] == key);
        own.map(|(_, value)| value).or_else(|| self.profiles[self.profile_of[node]].labels.get(key)).map(String::as_str)
    }

    /// The labels that belong to single nodes.
    #[must_use]
    pub fn own_keys(&self) -> &[String] {
        &self.own_keys
    }

    /// Whether a label belongs to single nodes, so that a profile does not have it.
    #[must_use]
    pub fn is_own_key(&self, key: &str) -> bool {
        self.own_keys.iter().any(|own| own == key)
    }
}

/// The labels that tell nodes apart: the hostname, and every label with nearly as many values as nodes.
fn own_keys(nodes: &[(Node, Overhead)]) -> Vec<String> {
    let mut seen: BTreeMap<&str, (usize, HashSet<&str>)> = BTreeMap::new();
    for (node, _) in nodes {
        for (key, value) in &node.labels {
            let (count, values) = seen.entry(key).or_default();
            *count += 1;
            values.insert(value);
        }
    }
    let is_own = |key: &str, count: usize, values: usize| OWN.contains(&key) || (values > MANY && values > count / 2);
    let own = seen.iter().filter(|(key, (count, values))| is_own(key, *count, values.len()));
    own.map(|(key, _)| (*key).to_owned()).collect()
}

/// A text that is equal for equal amounts, however they are spelt.
fn fingerprint(lists: &[&ResourceList], pods: i64) -> String {
    use std::fmt::Write as _;
    let mut text = pods.to_string();
    for list in lists {
        for (name, amount) in *list {
            _ = write!(text, " {name}={}", amount.nanos());
        }
        text.push('/');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use memlint_kubernetes::quantity::Quantity;

    fn node(name: &str, pool: &str, memory: &str) -> (Node, Overhead) {
        let labels = [("kubernetes.io/hostname", name), ("pool", pool)];
        let node = Node {
            name: name.into(),
            labels: labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
            allocatable: [("memory".into(), Quantity::parse(memory).expect("a quantity"))].into(),
            ..Node::default()
        };
        (node, Overhead::default())
    }

    #[test]
    fn groups_what_is_alike() {
        let set = NodeSet::new([
            node("c", "b", "1Gi"),
            node("a", "a", "1Gi"),
            node("b", "a", "1024Mi"),
            node("d", "a", "2Gi"),
        ]);
        assert_eq!((set.len(), set.profiles().len(), set.classes().len()), (4, 2, 3));
        assert_eq!(set.classes()[0].nodes, [0, 1]);
        assert_eq!(set.label(0, "kubernetes.io/hostname"), Some("a"));
        assert_eq!(set.label(2, "pool"), Some("b"));
        assert_eq!(set.find("d"), Some(3));
        assert!(set.is_own_key("kubernetes.io/hostname") && !set.is_own_key("pool"));
    }

    #[test]
    fn overhead_makes_a_class_of_its_own() {
        let (plain, _) = node("a", "a", "1Gi");
        let (other, _) = node("b", "a", "1Gi");
        let set = NodeSet::new([(plain, Overhead { pods: 1, ..Overhead::default() }), (other, Overhead::default())]);
        assert_eq!((set.profiles().len(), set.classes().len()), (1, 2));
    }

    #[test]
    fn a_label_with_a_value_for_every_node_joins_no_group() {
        let nodes = (0..20).map(|index| {
            let (mut node, overhead) = node(&format!("n{index:02}"), "a", "1Gi");
            node.labels.insert("instance-id".into(), format!("i-{index}"));
            (node, overhead)
        });
        let set = NodeSet::new(nodes);
        assert_eq!(set.profiles().len(), 1);
        assert_eq!(set.label(7, "instance-id"), Some("i-7"));
    }
}
