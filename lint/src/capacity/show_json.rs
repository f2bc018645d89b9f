//! `memlint capacity show --format json`, version 1.
use memlint_capacity::Capacity;
use memlint_files::problem::Note;
use memlint_kubernetes::quantity::Quantity;
use memlint_scheduler::{Cluster, View};
use serde_json::{Map, Value, json};

use super::groups::{Group, usage};

/// The groups with all their nodes.
pub(super) fn render(capacity: &Capacity, groups: &[Group], notes: &[&Note]) -> String {
    let groups: Vec<Value> = groups
        .iter()
        .map(|group| {
            let nodes: Vec<Value> = group.nodes.iter().map(|index| node(capacity, capacity.now(), *index)).collect();
            let new = group.new_node.map(|index| node(capacity, capacity.ever(), index));
            json!({"name": group.name, "nodes": nodes, "more": group.more, "newNode": new})
        })
        .collect();
    let notes: Vec<Value> = notes
        .iter()
        .map(|note| {
            let (line, column) = (note.at.map(|at| at.0), note.at.map(|at| at.1));
            json!({"file": note.file, "line": line, "column": column, "message": note.message})
        })
        .collect();
    let root = json!({
        "version": 1,
        "kubernetes": capacity.kubernetes().map(|version| version.to_string()),
        "knowsBoundPods": capacity.knows_bound_pods(),
        "groups": groups,
        "notes": notes,
    });
    format!("{root:#}\n")
}

fn node(capacity: &Capacity, cluster: &Cluster, index: usize) -> Value {
    let nodes = cluster.nodes();
    let class = nodes.classes().get(nodes.class_of(index));
    let mut lists: [(&str, Map<String, Value>); 6] =
        ["capacity", "allocatable", "daemonSets", "requested", "free", "limits"].map(|name| (name, Map::new()));
    let resources = class.map(|class| class.allocatable.keys()).into_iter().flatten();
    for resource in resources.filter(|resource| *resource != "pods") {
        let used = usage(capacity, cluster, index, resource);
        // A disk of which nothing is known is not shown.
        if used.allocatable == i64::MAX {
            continue;
        }
        let amounts = [
            Some(used.capacity),
            Some(used.allocatable),
            Some(used.daemon_sets),
            Some(used.requested),
            Some(used.free()),
            used.limits,
        ];
        for ((_, list), amount) in lists.iter_mut().zip(amounts) {
            list.extend(amount.map(|amount| (resource.clone(), written(resource, amount))));
        }
    }
    let (slots, pods) = cluster.slots(index, View::Now);
    let daemons = cluster.slots(index, View::Empty).1;
    let counts = [slots, slots, daemons, pods.saturating_sub(daemons), slots.saturating_sub(pods)];
    for ((_, list), count) in lists.iter_mut().zip(counts) {
        list.insert("pods".to_owned(), count.to_string().into());
    }
    let mut node = Map::from_iter([("name".to_owned(), nodes.name(index).into())]);
    let lists = lists
        .into_iter()
        .map(|(name, list)| (name.to_owned(), if list.is_empty() { Value::Null } else { list.into() }));
    node.extend(lists);
    node.into()
}

fn written(resource: &str, amount: i64) -> Value {
    let quantity = match resource {
        "cpu" => Quantity::millis(amount),
        "memory" | "ephemeral-storage" => Quantity::bytes(amount),
        name if name.starts_with("hugepages-") => Quantity::bytes(amount),
        _ => Quantity::count(amount),
    };
    quantity.to_string().into()
}
