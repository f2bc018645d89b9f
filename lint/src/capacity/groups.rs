//! Nodes that are shown together, and what a resource of theirs is used for.

use std::collections::BTreeMap;

use memlint_capacity::Capacity;
use memlint_capacity::file::POOL_LABELS;
use memlint_kubernetes::quantity::Quantity;
use memlint_scheduler::{Cluster, View};

/// Nodes that are shown together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    /// Nodes that exist, as indices into the cluster.
    pub(super) nodes: Vec<usize>,
    /// How many more an autoscaler may add.
    pub(super) more: u32,
    /// The node in the cluster of what may ever be that stands for those.
    pub(super) new_node: Option<usize>,
}

/// What one resource of a node is used for, in the scheduler's unit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Use {
    pub(super) capacity: i64,
    pub(super) allocatable: i64,
    pub(super) daemon_sets: i64,
    pub(super) requested: i64,
    /// Limits of the Pods that are known, summed.
    pub(super) limits: Option<i64>,
}

impl Use {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            capacity: self.capacity.saturating_add(other.capacity),
            allocatable: self.allocatable.saturating_add(other.allocatable),
            daemon_sets: self.daemon_sets.saturating_add(other.daemon_sets),
            requested: self.requested.saturating_add(other.requested),
            limits: match (self.limits, other.limits) {
                (Some(a), Some(b)) => Some(a.saturating_add(b)),
                (a, b) => a.or(b),
            },
        }
    }

    /// What is left for more Pods; negative where requests exceed what there is.
    pub(super) fn free(self) -> i64 {
        self.allocatable.saturating_sub(self.daemon_sets).saturating_sub(self.requested)
    }
}

pub(super) fn groups(capacity: &Capacity) -> Vec<Group> {
    let nodes = capacity.now().nodes();
    let mut left: Vec<bool> = vec![true; nodes.len()];
    let mut groups = Vec::new();
    for pool in capacity.pools() {
        let found: Vec<usize> = pool.nodes.iter().filter_map(|name| nodes.find(name)).collect();
        for node in &found {
            if let Some(left) = left.get_mut(*node) {
                *left = false;
            }
        }
        let new_node = pool.new_node.as_ref().and_then(|name| capacity.ever().nodes().find(name));
        groups.push(Group { name: format!("pool {}", pool.name), nodes: found, more: pool.more, new_node });
    }
    let mut others: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for node in (0..nodes.len()).filter(|node| left.get(*node) == Some(&true)) {
        let pool = POOL_LABELS.iter().find_map(|label| nodes.label(node, label));
        let name = pool.map_or_else(|| "other nodes".to_owned(), |pool| format!("nodes {pool}"));
        others.entry(name).or_default().push(node);
    }
    groups.extend(others.into_iter().map(|(name, nodes)| Group { name, nodes, more: 0, new_node: None }));
    groups
}

/// What a resource of a node is used for.
pub(super) fn usage(capacity: &Capacity, cluster: &Cluster, node: usize, resource: &str) -> Use {
    let (allocatable, empty) = cluster.room(node, resource, View::Empty);
    let (_, now) = cluster.room(node, resource, View::Now);
    let amount = |quantity: Quantity| if resource == "cpu" { quantity.milli_value() } else { quantity.value() };
    let class = cluster.nodes().classes().get(cluster.nodes().class_of(node));
    let of_machine = class.and_then(|class| class.capacity.get(resource)).map_or(allocatable, |found| amount(*found));
    let limits = capacity.limits_on(cluster.nodes().name(node));
    Use {
        capacity: of_machine.max(allocatable),
        allocatable,
        daemon_sets: empty,
        requested: now.saturating_sub(empty),
        limits: limits.map(|limits| limits.get(resource).map_or(0, |limit| amount(*limit))),
    }
}
