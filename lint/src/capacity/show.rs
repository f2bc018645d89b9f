//! `memlint capacity show`: the nodes by pool, each as a bar.
use std::fmt::Write as _;

use memlint_capacity::Capacity;
use memlint_files::capacity_files;
use memlint_files::problem::Note;
use memlint_scheduler::{Cluster, View};

use super::args::ShowArgs;
use super::bars::{self, Bar};
use super::groups::{Group, Use, groups, usage};
use super::{Screen, show_json};
use crate::choices::Format;
use crate::exit::Refused;

/// Up to so many nodes of a pool are drawn one by one.
const FEW: usize = 6;

pub(super) fn run(args: &ShowArgs, screen: Screen) -> anyhow::Result<(String, Vec<String>)> {
    let loaded = capacity_files::load(&args.files).map_err(Refused)?;
    let capacity = loaded.capacity.unwrap_or_default();
    let groups = groups(&capacity);
    let notes: Vec<&Note> = loaded.notes.iter().chain(&loaded.assumptions).collect();
    Ok(match args.format {
        Format::Text => {
            let notes = notes.iter().map(|note| format!("note: {}", line(note))).collect();
            (text(&capacity, &groups, args.nodes, screen), notes)
        }
        _ => (show_json::render(&capacity, &groups, &notes), Vec::new()),
    })
}

pub(super) fn line(note: &Note) -> String {
    match (&note.file, note.at) {
        (Some(file), Some((line, column))) => format!("{file}:{line}:{column}: {}", note.message),
        (Some(file), None) => format!("{file}: {}", note.message),
        (None, _) => note.message.clone(),
    }
}

fn text(capacity: &Capacity, groups: &[Group], all: bool, screen: Screen) -> String {
    let mut out = String::new();
    for group in groups {
        _ = writeln!(out, "{}", heading(capacity, group, screen));
        let cluster = capacity.now();
        if group.nodes.len() > 1 || group.nodes.is_empty() || !all {
            out.push_str(&total(capacity, cluster, group, screen));
        }
        if group.nodes.len() > 1 && (all || group.nodes.len() <= FEW) {
            for node in &group.nodes {
                _ = writeln!(out, "  {}", cluster.nodes().name(*node));
                out.push_str(&bars_of(|resource| usage(capacity, cluster, *node, resource), 4, screen));
            }
        }
        out.push('\n');
    }
    if groups.is_empty() {
        out.push_str("no nodes\n");
    } else {
        out.push_str(&bars::legend(capacity.knows_bound_pods(), screen));
    }
    out
}

fn heading(capacity: &Capacity, group: &Group, screen: Screen) -> String {
    let mut parts = vec![match group.nodes.len() {
        1 => "1 node".to_owned(),
        count => format!("{count} nodes"),
    }];
    if group.more > 0 {
        parts.push(format!("{} more can be added", group.more));
    }
    let (cluster, sample) = match group.nodes.first() {
        Some(node) => (capacity.now(), Some(*node)),
        None => (capacity.ever(), group.new_node),
    };
    if let Some(node) = sample {
        let of_pods = group.nodes.iter().map(|node| capacity.now().slots(*node, View::Now).1);
        let (slots, pods) = (cluster.slots(node, View::Now).0, of_pods.fold(0_i64, i64::saturating_add));
        let running = match (capacity.knows_bound_pods(), pods) {
            (false, _) => String::new(),
            (true, 1) => "1 Pod, ".to_owned(),
            (true, pods) => format!("{pods} Pods, "),
        };
        parts.push(format!("{running}{slots} Pods a node"));
        let size = cluster.nodes().label(node, "node.kubernetes.io/instance-type");
        parts.extend(size.filter(|size| !group.name.ends_with(size)).map(str::to_owned));
    }
    let title = if screen.color { format!("\x1b[1m{}\x1b[0m", group.name) } else { group.name.clone() };
    format!("{title}: {}", parts.join(", "))
}

/// All nodes of a group together; of a group without any, the node to come.
fn total(capacity: &Capacity, cluster: &Cluster, group: &Group, screen: Screen) -> String {
    if let (true, Some(new)) = (group.nodes.is_empty(), group.new_node) {
        return bars_of(|resource| usage(capacity, capacity.ever(), new, resource), 2, screen);
    }
    let sum = |resource: &str| {
        let each = group.nodes.iter().map(|node| usage(capacity, cluster, *node, resource));
        each.reduce(Use::plus).unwrap_or_default()
    };
    let mut out = bars_of(sum, 2, screen);
    let free = |node: &usize| usage(capacity, cluster, *node, "memory").free();
    if group.nodes.len() > 1
        && let Some(best) = group.nodes.iter().max_by_key(|node| free(node))
    {
        let room = bars::amount("memory", free(best).max(0));
        _ = writeln!(out, "  most room on one node: {room} of memory, on {}", cluster.nodes().name(*best));
    }
    out
}

fn bars_of(use_of: impl Fn(&str) -> Use, indent: usize, screen: Screen) -> String {
    let mut out = String::new();
    for resource in ["memory", "cpu"] {
        let bar = Bar { resource, used: use_of(resource) };
        out.push_str(&bar.draw(indent, screen));
    }
    out
}
