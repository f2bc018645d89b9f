//! [`Node`]: what placement needs of a Node object, and no more.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::api::core::v1 as api;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;
use memlint_kubernetes::aggregate::ResourceList;
use memlint_kubernetes::quantity::Quantity;

/// The value of a label that a node may well have, though nobody has said which value: no label can have it. What asks
/// for such a label is taken to be met.
pub const UNKNOWN_LABEL: &str = "?";

/// A node, as the scheduler sees it when no Pod is on it yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// The name, also the value of the field `metadata.name` in node affinity.
    pub name: String,
    /// The labels, `kubernetes.io/hostname` among them.
    pub labels: BTreeMap<String, String>,
    /// The taints, in their order: wordings before 1.36 name the first that is not tolerated.
    pub taints: Vec<Taint>,
    /// Whether the node is cordoned.
    pub unschedulable: bool,
    /// What Pods can have (`status.allocatable`).
    pub allocatable: ResourceList,
    /// What the machine has (`status.capacity`), as its kubelet measured it.
    pub capacity: ResourceList,
}

/// A taint, without the time it was put there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Taint {
    /// The key.
    pub key: String,
    /// The value; empty when there is none.
    pub value: String,
    /// `NoSchedule`, `NoExecute` or `PreferNoSchedule`.
    pub effect: String,
}

impl Taint {
    /// Whether the taint keeps Pods away, not only discourages them (`DoNotScheduleTaintsFilterFunc`).
    #[must_use]
    pub fn repels(&self) -> bool {
        matches!(self.effect.as_str(), "NoSchedule" | "NoExecute")
    }

    /// Whether the taint says what state the node is in at the moment, rather than whom it is for: put there by the
    /// node lifecycle controller, by a cloud provider, or by an autoscaler, and gone again without anyone's doing.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        const KEYS: [&str; 14] = [
            "node.kubernetes.io/not-ready",
            "node.kubernetes.io/unreachable",
            "node.kubernetes.io/unschedulable",
            "node.kubernetes.io/memory-pressure",
            "node.kubernetes.io/disk-pressure",
            "node.kubernetes.io/pid-pressure",
            "node.kubernetes.io/network-unavailable",
            "node.kubernetes.io/out-of-service",
            "node.cloudprovider.kubernetes.io/uninitialized",
            "node.cloudprovider.kubernetes.io/shutdown",
            "ToBeDeletedByClusterAutoscaler",
            "DeletionCandidateOfClusterAutoscaler",
            "karpenter.sh/disrupted",
            "karpenter.sh/unregistered",
        ];
        const PREFIXES: [&str; 2] =
            ["startup-taint.cluster-autoscaler.kubernetes.io/", "ignore-taint.cluster-autoscaler.kubernetes.io/"];
        let key = self.key.as_str();
        KEYS.contains(&key)
            || PREFIXES.iter().any(|prefix| key.starts_with(prefix))
            || key.ends_with("/agent-not-ready")
    }
}

/// As `kubectl taint` writes it: `key=value:effect`.
impl fmt::Display for Taint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.as_str() {
            "" => write!(f, "{}:{}", self.key, self.effect),
            value => write!(f, "{}={value}:{}", self.key, self.effect),
        }
    }
}

impl From<&api::Taint> for Taint {
    fn from(taint: &api::Taint) -> Self {
        Self { key: taint.key.clone(), value: taint.value.clone().unwrap_or_default(), effect: taint.effect.clone() }
    }
}

/// What is wrong with a Node object. The node is kept all the same, and counts as the scheduler would count it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeProblem {
    /// There is no `metadata.name`.
    #[error("a node has no name")]
    NoName,
    /// There is no `status.allocatable`, nor a capacity to stand for it: no Pod fits on such a node.
    #[error("node {node:?} has no status.allocatable, so nothing fits on it")]
    NoAllocatable {
        /// The node's name.
        node: String,
    },
    /// An amount is no quantity; it counts as absent.
    #[error("node {node:?} has {text:?} for {field}.{resource}, which is no quantity")]
    Quantity {
        /// The node's name.
        node: String,
        /// `status.allocatable` or `status.capacity`.
        field: &'static str,
        /// The resource.
        resource: String,
        /// What stands there.
        text: String,
    },
}

impl Node {
    /// Takes from a Node object what placement needs, and says what is wrong with it.
    ///
    /// Where `allocatable` is missing the capacity stands for it, as the API server has it
    /// (`SetDefaults_NodeStatus`).
    #[must_use]
    pub fn read(node: &api::Node) -> (Self, Vec<NodeProblem>) {
        let mut problems = Vec::new();
        let name = node.metadata.name.clone().unwrap_or_default();
        if name.is_empty() {
            problems.push(NodeProblem::NoName);
        }
        let mut amounts = |field: &'static str, list: Option<&BTreeMap<String, Written>>| {
            let mut read = ResourceList::new();
            for (resource, text) in list.into_iter().flatten() {
                match Quantity::parse(&text.0) {
                    Ok(amount) => _ = read.insert(resource.clone(), amount),
                    Err(_) => problems.push(NodeProblem::Quantity {
                        node: name.clone(),
                        field,
                        resource: resource.clone(),
                        text: text.0.clone(),
                    }),
                }
            }
            read
        };
        let status = node.status.as_ref();
        let capacity = amounts("status.capacity", status.and_then(|status| status.capacity.as_ref()));
        let allocatable = match status.and_then(|status| status.allocatable.as_ref()) {
            Some(list) if !list.is_empty() => amounts("status.allocatable", Some(list)),
            _ => capacity.clone(),
        };
        if allocatable.is_empty() {
            problems.push(NodeProblem::NoAllocatable { node: name.clone() });
        }
        let spec = node.spec.as_ref();
        let taints = spec.and_then(|spec| spec.taints.as_ref());
        let node = Self {
            labels: node.metadata.labels.clone().unwrap_or_default(),
            taints: taints.into_iter().flatten().map(Taint::from).collect(),
            unschedulable: spec.and_then(|spec| spec.unschedulable).unwrap_or(false),
            allocatable,
            capacity,
            name,
        };
        (node, problems)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: serde_json::Value) -> (Node, Vec<String>) {
        let (node, problems) = Node::read(&serde_json::from_value(json).expect("a Node"));
        (node, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn reads_what_kubectl_prints() {
        let (node, problems) = read(json!({
            "metadata": {"name": "n0", "labels": {"pool": "a"}},
            "spec": {"unschedulable": true, "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]},
            "status": {"capacity": {"memory": "4Gi"}, "allocatable": {"memory": "3Gi", "pods": "30"}}}));
        assert!(problems.is_empty());
        assert!(node.unschedulable);
        assert_eq!(node.taints[0].to_string(), "k=v:NoSchedule");
        assert_eq!(node.allocatable["memory"], Quantity::bytes(3 << 30));
        assert_eq!(node.capacity["memory"], Quantity::bytes(4 << 30));
    }

    #[test]
    fn capacity_stands_for_a_missing_allocatable() {
        let (node, problems) = read(json!({"metadata": {"name": "n0"}, "status": {"capacity": {"memory": "4Gi"}}}));
        assert!(problems.is_empty());
        assert_eq!(node.allocatable, node.capacity);
    }

    #[test]
    fn names_what_is_wrong_with_a_node() {
        let (_, problems) = read(json!({"metadata": {"name": "n0"}}));
        assert_eq!(problems, ["node \"n0\" has no status.allocatable, so nothing fits on it"]);
        let (_, problems) = read(json!({"metadata": {}, "status": {"allocatable": {"memory": "4 Gi", "cpu": "1"}}}));
        assert_eq!(
            problems,
            ["a node has no name", "node \"\" has \"4 Gi\" for status.allocatable.memory, which is no quantity"]
        );
    }

    #[test]
    fn knows_passing_taints_from_lasting_ones() {
        let taint = |key: &str| Taint { key: key.into(), value: String::new(), effect: "NoSchedule".into() };
        assert!(taint("node.kubernetes.io/not-ready").is_transient());
        assert!(taint("ebs.csi.aws.com/agent-not-ready").is_transient());
        assert!(!taint("node-role.kubernetes.io/control-plane").is_transient());
    }
}
