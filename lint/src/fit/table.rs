//! The table of `memlint fit`: nodes in rows that share an answer, with the first reason that stops each.

use std::collections::BTreeMap;

use memlint_capacity::Capacity;
use memlint_kubernetes::quantity::Quantity;
use memlint_policies::fit::Answer;
use memlint_scheduler::{Cluster, Reason, UNKNOWN_LABEL, View};

use super::Placed;

/// More rows than this are not shown.
const ROWS: usize = 12;
/// More names than this are not shown in a row.
const NAMES: usize = 3;

/// Nodes of one class with the same answers.
struct Row {
    names: Vec<String>,
    pool: Option<String>,
    empty: String,
    now: String,
    /// Indices into the cluster as it is now.
    here: Vec<usize>,
}

/// The table of one Pod; empty if it came before no scheduler.
pub(super) fn render(placed: &Placed, capacity: &Capacity) -> String {
    let Some(empty) = &placed.empty else { return String::new() };
    let rows = rows(empty, placed.now.as_ref(), capacity);
    let pools = rows.iter().any(|row| row.pool.is_some());
    let mut lines = vec![line(pools, ["NODES", "POOL", "EMPTY", "NOW", "FREE NOW"].map(str::to_owned))];
    let left = rows.len().saturating_sub(ROWS);
    for row in rows.into_iter().take(ROWS) {
        let free = free(placed, capacity.now(), &row.here);
        lines.push(line(pools, [names(&row.names), row.pool.unwrap_or_default(), row.empty, row.now, free]));
    }
    let mut text = align(&lines);
    if left > 0 {
        text.push_str(&format!("  and {left} more rows; --format json lists all nodes that take it\n"));
    }
    text
}

/// Rows that take the Pod now come first, then those that would if they were empty.
fn rows(empty: &Answer, now: Option<&Answer>, capacity: &Capacity) -> Vec<Row> {
    let (ever, present) = (capacity.ever(), capacity.now());
    let (of_empty, of_now) = (by_node(empty, ever.nodes().len()), now.map(|now| by_node(now, present.nodes().len())));
    let mut groups: BTreeMap<(String, String, usize), Row> = BTreeMap::new();
    for node in 0..ever.nodes().len() {
        let name = ever.nodes().name(node);
        let here = present.nodes().find(name);
        let class = ever.nodes().class_of(node);
        let empty = of_empty.get(node).cloned().unwrap_or_default();
        let now = match (here, &of_now) {
            (None, _) => "not there yet".to_owned(),
            (Some(_), None) => "-".to_owned(),
            (Some(here), Some(answers)) => answers.get(here).cloned().unwrap_or_default(),
        };
        let row = groups.entry((empty.clone(), now.clone(), class)).or_insert_with(|| Row {
            names: Vec::new(),
            pool: pool(ever, capacity, node),
            empty,
            now,
            here: Vec::new(),
        });
        row.names.push(name.to_owned());
        row.here.extend(here);
    }
    let mut rows: Vec<Row> = groups.into_values().collect();
    rows.sort_by_key(|row| (row.now != FITS, row.empty != FITS, std::cmp::Reverse(row.names.len())));
    rows
}

const FITS: &str = "fits";

/// What came of each node, in words.
fn by_node(answer: &Answer, nodes: usize) -> Vec<String> {
    let mut words = vec!["not looked at".to_owned(); nodes];
    for outcome in &answer.outcomes {
        let said: Vec<String> = outcome.reasons.iter().map(short).collect();
        let said = if said.is_empty() { FITS.to_owned() } else { said.join(", ") };
        for node in &outcome.nodes {
            if let Some(word) = words.get_mut(*node) {
                word.clone_from(&said);
            }
        }
    }
    words
}

/// A reason in few words.
pub(crate) fn short(reason: &Reason) -> String {
    match reason {
        Reason::Cordoned => "cordoned".to_owned(),
        Reason::OtherNode => "nodeName is another".to_owned(),
        Reason::Taint(taint) => format!("taint {taint}"),
        Reason::NodeAffinity | Reason::NotNamed => "node affinity or selector".to_owned(),
        Reason::HostPorts => "host port taken".to_owned(),
        Reason::TooManyPods => "too many Pods".to_owned(),
        Reason::Insufficient(resource) => format!("insufficient {resource}"),
        Reason::Spread => "topology spread".to_owned(),
        Reason::SpreadLabel => "no label of topology spread".to_owned(),
        Reason::PodAffinity => "Pod affinity".to_owned(),
        Reason::PodAntiAffinity => "Pod anti-affinity".to_owned(),
        Reason::ExistingAntiAffinity => "another Pod's anti-affinity".to_owned(),
    }
}

/// The pool of a node: that of a capacity file, or what its provider labels it with.
fn pool(cluster: &Cluster, capacity: &Capacity, node: usize) -> Option<String> {
    const LABELS: [&str; 6] = [
        "kubernetes.azure.com/agentpool",
        "agentpool",
        "eks.amazonaws.com/nodegroup",
        "cloud.google.com/gke-nodepool",
        "karpenter.sh/nodepool",
        "node.kubernetes.io/instance-type",
    ];
    let name = cluster.nodes().name(node);
    let declared = capacity
        .pools()
        .iter()
        .find(|pool| pool.nodes.iter().any(|own| own == name) || pool.new_node.as_deref() == Some(name));
    let labelled = || {
        LABELS
            .iter()
            .find_map(|key| cluster.nodes().label(node, key).filter(|name| *name != UNKNOWN_LABEL))
            .map(str::to_owned)
    };
    declared.map(|pool| pool.name.clone()).or_else(labelled)
}

/// What the freest of some nodes has left of what the Pod asks for, cpu and memory at least.
fn free(placed: &Placed, cluster: &Cluster, nodes: &[usize]) -> String {
    if nodes.is_empty() {
        return String::new();
    }
    let requests = placed.pod.requests();
    let mut resources = vec!["memory", "cpu"];
    resources.extend(requests.keys().map(String::as_str).filter(|name| !matches!(*name, "cpu" | "memory")));
    let parts = resources.iter().filter_map(|resource| {
        let rooms = nodes.iter().map(|node| cluster.room(*node, resource, View::Now));
        let (allocatable, taken) = rooms.max_by_key(|(allocatable, taken)| allocatable.saturating_sub(*taken))?;
        let shown = |amount: i64| match *resource {
            "cpu" => Quantity::millis(amount),
            "memory" | "ephemeral-storage" => Quantity::bytes(amount),
            _ => Quantity::count(amount),
        };
        (allocatable < i64::MAX)
            .then(|| format!("{resource} {} of {}", shown(allocatable.saturating_sub(taken)), shown(allocatable)))
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn names(names: &[String]) -> String {
    match names.len() {
        ..=NAMES => names.join(", "),
        many => format!("{} and {} more", names[..NAMES - 1].join(", "), many - NAMES + 1),
    }
}

fn line(pools: bool, cells: [String; 5]) -> Vec<String> {
    let [names, pool, empty, now, free] = cells;
    if pools { vec![names, pool, empty, now, free] } else { vec![names, empty, now, free] }
}

/// Columns two spaces apart, the last one ragged.
pub(crate) fn align(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let joined = cells.collect::<Vec<_>>().join("  ");
        text.push_str(&format!("  {}\n", joined.trim_end()));
    }
    text
}
