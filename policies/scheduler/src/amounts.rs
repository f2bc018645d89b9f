//! Resources as the scheduler counts them: whole numbers, CPU in thousandths of a core, one column a resource.
//!
//! Follows `Resource.Add` and `SetMaxResource` in `pkg/scheduler/framework/types.go`.

use memlint_kubernetes::aggregate::ResourceList;
use memlint_kubernetes::quantity::Quantity;

/// The amount of a resource in the scheduler's unit, rounded up.
pub(super) fn amount(resource: &str, quantity: Quantity) -> i64 {
    if resource == "cpu" { quantity.milli_value() } else { quantity.value() }
}

/// Whether the scheduler counts a resource by its name (`IsScalarResourceName`, and the three it knows); `pods` it
/// counts apart.
pub(super) fn is_counted(resource: &str) -> bool {
    match resource {
        "cpu" | "memory" | "ephemeral-storage" => true,
        name if name.contains("kubernetes.io/") => true,
        name if name.starts_with("hugepages-") || name.starts_with("attachable-volumes-") => true,
        name => name.contains('/') && !name.starts_with("requests."),
    }
}

/// The resources that any node offers or any Pod on it takes. What is not among them, no node has.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns(Vec<String>);

impl Columns {
    /// The counted resources of some lists.
    pub(super) fn of<'a>(lists: impl Iterator<Item = &'a ResourceList>) -> Self {
        let mut names: Vec<&String> = Vec::new();
        for name in lists.flat_map(|list| list.keys()) {
            if is_counted(name)
                && let Err(place) = names.binary_search(&name)
            {
                names.insert(place, name);
            }
        }
        Self(names.into_iter().cloned().collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn find(&self, resource: &str) -> Option<usize> {
        self.0.binary_search_by(|name| name.as_str().cmp(resource)).ok()
    }
}

/// An amount for each resource and node. What belongs to one resource lies together, for most questions ask about two
/// or three resources of all nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct Grid {
    nodes: usize,
    cells: Vec<i64>,
}

impl Grid {
    pub(super) fn new(columns: &Columns, nodes: usize) -> Self {
        Self { nodes, cells: vec![0; columns.len() * nodes] }
    }

    pub(super) fn get(&self, column: usize, node: usize) -> i64 {
        self.cells[column * self.nodes + node]
    }

    /// Adds a list to what a node has.
    pub(super) fn add(&mut self, columns: &Columns, node: usize, list: &ResourceList) {
        for (name, quantity) in list {
            if let Some(column) = columns.find(name) {
                let cell = &mut self.cells[column * self.nodes + node];
                *cell = cell.saturating_add(amount(name, *quantity));
            }
        }
    }

    /// Takes from what a node has what another has in a grid of the same columns.
    pub(super) fn subtract(&mut self, node: usize, other: &Self, of: usize) {
        let theirs = other.cells.iter().skip(of).step_by(other.nodes.max(1));
        let ours = self.cells.iter_mut().skip(node).step_by(self.nodes.max(1));
        ours.zip(theirs).for_each(|(cell, amount)| *cell = cell.saturating_sub(*amount));
    }
}
