//! What a declared pool leaves open, and what was chosen.

use super::known::CapacityNote;
use super::pools::DeclaredPool;
use super::sizing::WarningKind;

/// That the nodes that were found are not as many as were declared.
pub(super) fn found_note(declared: &DeclaredPool, found: &[String]) -> Option<CapacityNote> {
    let (declares, has) = (declared.pool.exists(), u32::try_from(found.len()).unwrap_or(u32::MAX));
    (declares != has).then(|| {
        let nodes = if has == 1 {
            "1 Node with its labels was found and counts"
        } else {
            &format!("{has} Nodes with its labels were found and count")
        };
        let message = format!("{nodes}, not the {declares} declared");
        declared.note(&["count"], &message)
    })
}

/// That nodes may be counted twice.
pub(super) fn doubts(declared: &DeclaredPool, has_nodes: bool) -> Option<CapacityNote> {
    let exists = declared.pool.exists();
    (has_nodes && exists > 0).then(|| {
        let why = if declared.pool.labels.is_empty() { "it declares no labels" } else { "no Node has its labels" };
        let nodes = if exists == 1 { "1 node is" } else { &format!("{exists} nodes are") };
        declared.note(&["count"], &format!("{why}, so its {nodes} counted beside the Nodes that were found"))
    })
}

/// What the numbers of a pool rest on.
pub(super) fn assumptions(declared: &DeclaredPool) -> Vec<CapacityNote> {
    let mut notes = Vec::new();
    if declared.offer.is_estimate() {
        notes.push(declared.note(&["size"], "memory is estimated from the size; capacity.memory of a Node is better"));
    }
    let count = declared.pool.count;
    let grows = count.max.is_some_and(|max| max > declared.pool.exists());
    if count.now.is_none() && declared.pool.requested.is_none() {
        let message = format!("count.now is not given, its minimum of {} is taken", declared.pool.exists());
        notes.push(declared.note(&["count"], &message));
    }
    if declared.pool.size.is_none() && !declared.pool.labels.contains_key("kubernetes.io/arch") {
        let message = "no size and no label kubernetes.io/arch are given, so it is taken for amd64";
        notes.push(declared.note(&["labels"], message));
    }
    let warnings = declared.offer.explanation.iter().flat_map(|explanation| &explanation.warnings);
    // What an autoscaler reckons with matters where it has nodes to add.
    for warning in warnings.filter(|warning| grows || warning.kind != WarningKind::AutoscalerForecast) {
        notes.push(declared.note(&[], &warning.text));
    }
    if declared.offer.has_unknown_disk() {
        let message = "ephemeral-storage is not given, so it never runs out here";
        notes.push(declared.note(&["allocatable"], message));
    }
    notes
}
