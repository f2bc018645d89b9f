//! Why nodes that are not known may be there, or come: then no Pod is refused for want of room.

use k8s_openapi::api::core::v1 as core;
use memlint_review::nodes::{Nodes, Traces, autoscaled};

/// What speaks of nodes that are not known.
#[derive(Debug)]
pub(super) struct Signs {
    /// The kinds of which nothing has been heard for too long.
    pub(super) stale: Vec<&'static str>,
    /// A node that is there and cannot be read.
    pub(super) unreadable: Option<String>,
    /// There are nodes at all.
    pub(super) has_nodes: bool,
    /// The label of an autoscaler that a node has.
    pub(super) label: Option<&'static str>,
    /// What was found when autoscalers were looked for.
    pub(super) traces: Traces,
}

impl Signs {
    /// Takes a node into account.
    pub(super) fn see(&mut self, node: &core::Node) {
        self.has_nodes = true;
        if let (None, Some(labels)) = (self.label, &node.metadata.labels) {
            self.label = autoscaled(|key| labels.contains_key(key));
        }
    }

    /// Why the nodes that are known may not be all that there will be; `None` if they are.
    pub(super) fn doubt(&self, nodes: Nodes) -> Option<String> {
        if !self.stale.is_empty() {
            return Some(format!("nothing has been heard for too long of: {}", self.stale.join(", ")));
        }
        if let Some(name) = &self.unreadable {
            return Some(format!("node {name} cannot be read"));
        }
        if !self.has_nodes {
            return Some("there are no nodes".to_owned());
        }
        match (nodes, self.label) {
            (Nodes::Fixed, _) => None,
            (Nodes::Growing, _) => Some("--nodes growing was given".to_owned()),
            (Nodes::Auto, Some(label)) => Some(format!("a node has the label {label}")),
            (Nodes::Auto, None) => self.traces.describe(),
        }
    }
}
