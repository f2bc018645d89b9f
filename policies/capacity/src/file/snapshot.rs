//! [`CapacityFile::snapshot`]: a capacity file that says of the nodes what is known of them.
//!
//! Nodes that are the same become one pool, and their Pods become sums, so the file is small and holds no Pod, no
//! name of a node, no annotation, and nothing that a Secret could have reached. What it cannot say: which labels tell one
//! node from the next, which Pods keep others away, and which host ports are taken.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use memlint_kubernetes::quantity::Quantity;
use memlint_scheduler::{Cluster, NodeClass, Overhead, Taint, UNKNOWN_LABEL, View};

use super::{CapacityFile, Count, Pool};
use crate::Capacity;
use crate::known::PoolNodes;

/// The labels by which providers tell pools apart, the most telling first.
pub const POOL_LABELS: [&str; 6] = [
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "karpenter.sh/nodepool",
    "node.kubernetes.io/instance-type",
];

/// What a cordoned node is tainted with.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
const DISK: &str = "ephemeral-storage";
const OWN_NAME: &str = "kubernetes.io/metadata.name";

impl CapacityFile {
    /// The file that gives the same verdicts as what is known, as far as a capacity file can say it.
    #[must_use]
    pub fn snapshot(capacity: &Capacity) -> Self {
        let mut names = BTreeSet::new();
        let known = capacity.knows_bound_pods();
        let cluster = capacity.now();
        let mut pools: Vec<Pool> =
            cluster.nodes().classes().iter().map(|class| pool(cluster, class, known, &mut names)).collect();
        for declared in capacity.pools() {
            grow(declared, capacity, &mut pools, &mut names);
        }
        pools.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            kubernetes: capacity.kubernetes(),
            pools,
            limit_ranges: capacity
                .limit_ranges()
                .iter()
                .map(|known| core::LimitRange { metadata: named(&known.object.metadata), ..known.object.clone() })
                .collect(),
            resource_quotas: capacity
                .resource_quotas()
                .iter()
                .map(|known| core::ResourceQuota { metadata: named(&known.object.metadata), ..known.object.clone() })
                .collect(),
            runtime_classes: capacity
                .runtime_classes()
                .iter()
                .map(|known| {
                    let metadata = named(&known.object.metadata);
                    k8s_openapi::api::node::v1::RuntimeClass { metadata, ..known.object.clone() }
                })
                .collect(),
            priority_classes: capacity
                .priority_classes()
                .iter()
                .map(|known| {
                    let metadata = named(&known.object.metadata);
                    k8s_openapi::api::scheduling::v1::PriorityClass {
                        metadata,
                        description: None,
                        ..known.object.clone()
                    }
                })
                .collect(),
            namespaces: namespaces(capacity),
        }
    }
}

/// Namespaces whose labels say more than their name.
fn namespaces(capacity: &Capacity) -> Vec<core::Namespace> {
    let telling = capacity.namespaces().iter().filter(|(_, labels)| labels.keys().any(|key| key != OWN_NAME));
    let object = |(name, labels): (&String, &memlint_scheduler::Labels)| core::Namespace {
        metadata: ObjectMeta { name: Some(name.clone()), labels: Some(labels.clone()), ..ObjectMeta::default() },
        ..core::Namespace::default()
    };
    telling.map(object).collect()
}

/// Name and namespace, and nothing that was only of use to the API server.
fn named(metadata: &ObjectMeta) -> ObjectMeta {
    let (name, namespace) = (metadata.name.clone(), metadata.namespace.clone());
    ObjectMeta { name, namespace, ..ObjectMeta::default() }
}

fn pool(cluster: &Cluster, class: &NodeClass, known: bool, names: &mut BTreeSet<String>) -> Pool {
    let nodes = cluster.nodes();
    let profile = nodes.profiles().get(class.profile);
    let mut labels = profile.map(|profile| profile.labels.clone()).unwrap_or_default();
    labels.retain(|_, value| value != UNKNOWN_LABEL);
    let mut taints = profile.map(|profile| profile.taints.clone()).unwrap_or_default();
    let is_cordoned = profile.is_some_and(|profile| profile.unschedulable);
    if is_cordoned && !taints.iter().any(|taint| taint.key == UNSCHEDULABLE) {
        let effect = "NoSchedule".to_owned();
        taints.push(Taint { key: UNSCHEDULABLE.to_owned(), value: String::new(), effect });
    }
    let mut allocatable = class.allocatable.clone();
    // A disk that a file says nothing of never runs out; what a node does not have always does.
    for resource in ["cpu", "memory", "pods", DISK] {
        allocatable.entry(resource.to_owned()).or_default();
    }
    let mut capacity = class.capacity.clone();
    capacity.retain(|resource, amount| allocatable.get(resource).is_none_or(|part| part <= amount));
    let found = POOL_LABELS.iter().find_map(|label| labels.get(*label));
    let wanted = found.map_or("nodes", String::as_str);
    Pool {
        name: unique(wanted, names),
        count: Count { min: None, max: None, now: u32::try_from(class.nodes.len()).ok() },
        size: None,
        settings: None,
        capacity,
        allocatable,
        labels,
        taints,
        daemon_sets: class.overhead.clone(),
        requested: known.then(|| class.nodes.iter().map(|node| requested(cluster, class, *node)).collect()),
    }
}

/// What Pods besides those of DaemonSets request on a node.
fn requested(cluster: &Cluster, class: &NodeClass, node: usize) -> Overhead {
    let mut overhead = Overhead::default();
    for resource in class.allocatable.keys().filter(|resource| *resource != "pods") {
        let (now, empty) = (cluster.room(node, resource, View::Now).1, cluster.room(node, resource, View::Empty).1);
        let amount = now.saturating_sub(empty);
        if amount != 0 {
            let amount = if resource == "cpu" { Quantity::millis(amount) } else { Quantity::bytes(amount) };
            overhead.requests.insert(resource.clone(), amount);
        }
    }
    let (now, empty) = (cluster.slots(node, View::Now).1, cluster.slots(node, View::Empty).1);
    overhead.pods = now.saturating_sub(empty);
    overhead
}

/// What an autoscaler may add to a pool that a capacity file declared: to the pool of its nodes, or, where it has
/// none, as one of its own.
fn grow(declared: &PoolNodes, capacity: &Capacity, pools: &mut Vec<Pool>, names: &mut BTreeSet<String>) {
    let Some(new_node) = declared.new_node.as_ref().filter(|_| declared.more > 0) else { return };
    let class_of =
        |cluster: &Cluster, name: &str| cluster.nodes().find(name).map(|node| cluster.nodes().class_of(node));
    let first = declared.nodes.first().and_then(|node| class_of(capacity.now(), node));
    if let Some(pool) = first.and_then(|class| pools.get_mut(class)) {
        pool.count.max = pool.count.now.map(|now| now.saturating_add(declared.more));
        return;
    }
    let ever = capacity.ever();
    let Some(class) = class_of(ever, new_node).and_then(|class| ever.nodes().classes().get(class)) else { return };
    let mut pool = pool(ever, class, false, names);
    pool.count = Count { min: None, max: Some(declared.more), now: Some(0) };
    pools.push(pool);
}

/// The wanted name, with a number where it is taken.
fn unique(wanted: &str, names: &mut BTreeSet<String>) -> String {
    let mut name = wanted.to_owned();
    let mut number = 1_usize;
    while !names.insert(name.clone()) {
        number = number.saturating_add(1);
        name = format!("{wanted}-{number}");
    }
    name
}
