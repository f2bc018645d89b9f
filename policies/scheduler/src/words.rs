//! Words for nodes and what is in the way.

use std::collections::BTreeMap;

use crate::node::Taint;
use crate::reason::Reason;
use crate::verdict::Verdict;
use crate::what_if::Obstacle;

/// `1 node`, `3 nodes`.
#[must_use]
pub fn nodes(count: usize) -> String {
    if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") }
}

/// How many other nodes are excluded and by what, behind a semicolon; empty if there are none.
#[must_use]
pub fn others(verdict: &Verdict<'_>) -> String {
    let total: usize = counts(verdict).values().sum();
    match total {
        0 => String::new(),
        1 => format!("; 1 other node is excluded {}", excluded(verdict).trim_start_matches("1 ")),
        total => format!("; {total} other nodes are excluded: {}", excluded(verdict)),
    }
}

/// By what nodes are excluded, in counts, most first.
#[must_use]
pub fn excluded(verdict: &Verdict<'_>) -> String {
    let mut parts: Vec<(String, usize)> = counts(verdict).into_iter().collect();
    parts.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let more = parts.len().saturating_sub(4);
    let mut shown: Vec<String> = parts.iter().take(4).map(|(why, count)| format!("{count} by {why}")).collect();
    if more > 0 {
        shown.push(format!("{more} more reasons"));
    }
    shown.join(", ")
}

fn counts(verdict: &Verdict<'_>) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in verdict.outcomes() {
        if let Some(reason) = outcome.reasons.first().filter(|reason| reason.bars()) {
            *counts.entry(barrier(reason)).or_default() += outcome.nodes.len();
        }
    }
    counts
}

/// What keeps a Pod of any size away.
fn barrier(reason: &Reason) -> String {
    match reason {
        Reason::Cordoned => "a cordon".to_owned(),
        Reason::OtherNode => "the Pod's nodeName".to_owned(),
        Reason::Taint(taint) => format!("the taint {taint}"),
        Reason::NodeAffinity | Reason::NotNamed => "the Pod's node selector or affinity".to_owned(),
        Reason::SpreadLabel => "a topology spread constraint, whose label they lack".to_owned(),
        _ => String::new(),
    }
}

/// An obstacle, as what the Pod does not do or the node does not have.
#[must_use]
pub fn obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Taint(taint) => format!("the taint {taint}"),
        Obstacle::Label(label) => format!("the missing label {label}"),
        Obstacle::Other(reason) => barrier(reason),
    }
}

/// The toleration of a taint, as one writes it.
#[must_use]
pub fn shown_toleration(taint: &Taint) -> String {
    let Taint { key, value, effect } = taint;
    if value.is_empty() {
        format!("{{key: {key}, operator: Exists, effect: {effect}}}")
    } else {
        format!("{{key: {key}, operator: Equal, value: {value:?}, effect: {effect}}}")
    }
}
