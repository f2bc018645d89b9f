//! [`CapacityError`]: why a source of capacity cannot be used.

use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::Origin;
use memlint_scheduler::NodeProblem;

/// A mistake in a source of capacity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CapacityError {
    /// The object; `None` where the place is in the capacity file that was read.
    pub origin: Option<Origin>,
    /// The field.
    pub at: FieldPath,
    /// Whether the key is wrong, not its value.
    pub on_key: bool,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: String,
}

impl CapacityError {
    /// What is wrong with a Node object.
    pub(super) fn of_node(problem: &NodeProblem, origin: Origin) -> Self {
        let (at, message, help) = match problem {
            NodeProblem::NoName => (
                FieldPath::of(&["metadata", "name"]),
                "a Node has no name".to_owned(),
                "write metadata.name".to_owned(),
            ),
            NodeProblem::NoAllocatable { node } => (
                FieldPath::of(&["status", "allocatable"]),
                format!("node {node} has no status.allocatable, so what fits on it is not known"),
                "take the Node from kubectl get nodes -o yaml, or declare its pool in a capacity file".to_owned(),
            ),
            NodeProblem::Quantity { node, field, resource, text } => (
                FieldPath::of(&["status", field.trim_start_matches("status.")]).key(resource.as_str()),
                format!("node {node} has {text:?} for {resource}, which is no quantity"),
                "write it as Kubernetes does, such as 2209268Ki".to_owned(),
            ),
        };
        Self { origin: Some(origin), at, on_key: false, message, help }
    }
}
