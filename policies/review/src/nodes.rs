//! Why nodes that are not known may be there, or come: then no Pod is refused for want of room.

use std::collections::BTreeSet;

use memlint_capacity::Capacity;

/// Whether the nodes that are there are all that there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Nodes {
    /// They are, unless there are traces of an autoscaler; files declare pools with the most that these may grow to
    Auto,
    /// They are
    Fixed,
    /// They are not: no Pod is refused for want of room
    Growing,
}

/// Labels that tools put on nodes which they add when Pods wait for room, and on those of pools that may grow.
const AUTOSCALED: [&str; 13] = [
    "karpenter.sh/nodepool",
    "karpenter.sh/provisioner-name",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "kops.k8s.io/instancegroup",
    "cluster.x-k8s.io/deployment-name",
    "doks.digitalocean.com/node-pool",
    "lke.linode.com/pool-id",
    "k8s.scaleway.com/pool-name",
    "alibabacloud.com/nodepool-id",
    "ibm-cloud.kubernetes.io/worker-pool-id",
];

/// The label of an autoscaler that a node has, if it has one.
#[must_use]
pub fn autoscaled(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    AUTOSCALED.into_iter().find(|key| has(key))
}

/// Why the nodes that are known may not be all that there will be, as far as they themselves show it; `None` if they
/// are.
#[must_use]
pub fn doubt(capacity: Option<&Capacity>, nodes: Nodes) -> Option<String> {
    let Some(capacity) = capacity.filter(|capacity| capacity.knows_nodes()) else {
        return Some("no nodes are known".to_owned());
    };
    match nodes {
        Nodes::Fixed => None,
        Nodes::Growing => Some("--nodes growing was given".to_owned()),
        Nodes::Auto => {
            // Pools are declared with the most that they may grow to; all other nodes are what they are in a cluster.
            let declared: BTreeSet<&str> =
                capacity.pools().iter().flat_map(|pool| &pool.nodes).map(String::as_str).collect();
            let known = capacity.now().nodes();
            let mut real = (0..known.len()).filter(|node| !declared.contains(known.name(*node)));
            let label = real.find_map(|node| autoscaled(|key| known.label(node, key).is_some()));
            label.map(|label| format!("a node has the label {label}"))
        }
    }
}

/// What the cluster autoscaler tells of itself in: a ConfigMap.
pub const AUTOSCALER_STATUS: &str = "cluster-autoscaler-status";
/// Where that is in OpenShift; in all others it is in `kube-system`.
pub const OPENSHIFT: &str = "openshift-machine-api";
/// The versions of Karpenter's NodePool, newest first.
pub const NODE_POOLS: [&str; 2] = ["v1", "v1beta1"];
/// The right to see those.
pub const LIST_NODE_POOLS: &str = "list nodepools.karpenter.sh";
/// Where the status may be, each with the right to see it.
pub const STATUS_IN: [(&str, &str); 2] = [
    ("kube-system", "get configmaps/cluster-autoscaler-status in kube-system"),
    (OPENSHIFT, "get configmaps/cluster-autoscaler-status in openshift-machine-api"),
];

/// What was seen of autoscalers, besides the labels of nodes, which a pool without nodes does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Traces {
    /// Nobody has looked yet, or nobody could.
    #[default]
    Unknown,
    /// Nothing.
    None,
    /// A NodePool of Karpenter.
    NodePool,
    /// The status of the cluster autoscaler, in this namespace.
    Status(&'static str),
    /// There is no right to look for these.
    Forbidden(&'static str),
}

impl Traces {
    /// Why nodes may come; `None` if there is no reason to think so.
    #[must_use]
    pub fn describe(self) -> Option<String> {
        Some(match self {
            Traces::None => return None,
            Traces::Unknown => "autoscalers could not be looked for yet".to_owned(),
            Traces::NodePool => "there is a NodePool of Karpenter".to_owned(),
            Traces::Status(namespace) => format!("there is a ConfigMap {namespace}/{AUTOSCALER_STATUS}"),
            Traces::Forbidden(right) => {
                format!("it may not look for autoscalers: let it {right}, or say --nodes fixed if there is none")
            }
        })
    }
}
