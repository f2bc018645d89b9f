//! Why nodes that are not known may be there, or come: then no Pod is refused for want of room.

use k8s_openapi::api::core::v1 as core;

use super::autoscalers::Traces;

/// Whether the nodes that are there are all that there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Nodes {
    /// They are, unless there are traces of an autoscaler
    Auto,
    /// They are
    Fixed,
    /// They are not: no Pod is refused for want of room
    Growing,
}

/// Labels that tools put on nodes which they add when Pods wait for room.
const AUTOSCALED: [&str; 8] = [
    "karpenter.sh/nodepool",
    "karpenter.sh/provisioner-name",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "kops.k8s.io/instancegroup",
    "cluster.x-k8s.io/deployment-name",
];

/// Why the nodes that are known may not be all that there will be; `None` if they are.
pub(super) fn doubt<'n>(
    nodes: Nodes,
    known: impl Iterator<Item = &'n core::Node>,
    is_stale: bool,
    traces: Traces,
) -> Option<String> {
    let mut known = known.peekable();
    if is_stale {
        return Some("nodes have not been seen for too long".to_owned());
    }
    if known.peek().is_none() {
        return Some("there are no nodes".to_owned());
    }
    match nodes {
        Nodes::Fixed => None,
        Nodes::Growing => Some("--nodes growing was given".to_owned()),
        Nodes::Auto => {
            let label = known.find_map(label_of_autoscaler);
            label.map(|label| format!("a node has the label {label}")).or_else(|| traces.describe().map(str::to_owned))
        }
    }
}

fn label_of_autoscaler(node: &core::Node) -> Option<&'static str> {
    let labels = node.metadata.labels.as_ref()?;
    AUTOSCALED.into_iter().find(|key| labels.contains_key(*key))
}
