//! Words for amounts, nodes and what is in the way.

use std::collections::BTreeMap;
use std::fmt;

use super::bars;
use crate::capacity::Taint;
use crate::placement::{Obstacle, Reason, Verdict};
use crate::quantity::Quantity;

/// An amount of a resource in the scheduler's unit, to be compared with others: bytes all in the same unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    amount: i64,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Bytes,
    Ki,
    Mi,
    Milli,
    Count,
}

impl Shown {
    /// Amounts of one resource, in the largest unit that all of them are whole in.
    pub(crate) fn all<const N: usize>(resource: &str, amounts: [i64; N]) -> [Self; N] {
        let whole = |step: i64| amounts.iter().all(|amount| amount % step == 0);
        let unit = match resource {
            "cpu" => Unit::Milli,
            "memory" | "ephemeral-storage" if whole(1 << 20) => Unit::Mi,
            "memory" | "ephemeral-storage" if whole(1 << 10) => Unit::Ki,
            name if matches!(name, "memory" | "ephemeral-storage") || name.starts_with("hugepages-") => Unit::Bytes,
            _ => Unit::Count,
        };
        amounts.map(|amount| Self { amount, unit })
    }

    /// One amount, as the API would write it.
    pub(crate) fn quantity(resource: &str, amount: i64) -> Quantity {
        match resource {
            "cpu" => Quantity::millis(amount),
            "memory" | "ephemeral-storage" => Quantity::bytes(amount),
            name if name.starts_with("hugepages-") => Quantity::bytes(amount),
            _ => Quantity::count(amount),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::Bytes | Unit::Count => write!(f, "{}", self.amount),
            Unit::Ki => write!(f, "{}Ki", self.amount >> 10),
            Unit::Mi => write!(f, "{}Mi", self.amount >> 20),
            Unit::Milli => write!(f, "{}m", self.amount),
        }
    }
}

/// `1 node`, `3 nodes`.
pub(crate) fn nodes(count: usize) -> String {
    if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") }
}

/// Why the nodes that are not for the Pod are out, in counts, most first; empty if there are none.
pub(crate) fn others(verdict: &Verdict<'_>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in verdict.outcomes() {
        if let Some(reason) = outcome.reasons.first().filter(|reason| bars(reason)) {
            *counts.entry(barred(reason)).or_default() += outcome.nodes.len();
        }
    }
    let total: usize = counts.values().sum();
    if total == 0 {
        return String::new();
    }
    let mut parts: Vec<(String, usize)> = counts.into_iter().collect();
    parts.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let more = parts.len().saturating_sub(4);
    let mut shown: Vec<String> = parts.iter().take(4).map(|(why, count)| format!("{count} {why}")).collect();
    if more > 0 {
        shown.push(format!("{more} more reasons"));
    }
    format!(
        "{} out: {}",
        if total == 1 { "1 other is".to_owned() } else { format!("{total} others are") },
        shown.join(", ")
    )
}

fn barred(reason: &Reason) -> String {
    match reason {
        Reason::Cordoned => "cordoned".to_owned(),
        Reason::OtherNode => "not named by nodeName".to_owned(),
        Reason::Taint(taint) => format!("with the taint {taint}"),
        Reason::NodeAffinity | Reason::NotNamed => "not matched by node selector or affinity".to_owned(),
        Reason::SpreadLabel => "without the label of a topology spread constraint".to_owned(),
        _ => String::new(),
    }
}

/// An obstacle, as what the Pod does not do or the node does not have.
pub(crate) fn obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Taint(taint) => format!("the taint {taint}"),
        Obstacle::Label(label) => format!("the missing label {label}"),
        Obstacle::Other(reason) => barred(reason),
    }
}

/// The toleration of a taint, as one writes it.
pub(crate) fn shown_toleration(taint: &Taint) -> String {
    let Taint { key, value, effect } = taint;
    if value.is_empty() {
        format!("{{key: {key}, operator: Exists, effect: {effect}}}")
    } else {
        format!("{{key: {key}, operator: Equal, value: {value:?}, effect: {effect}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_to_compare_are_in_one_unit() {
        let text = |amounts: [i64; 2]| Shown::all("memory", amounts).map(|shown| shown.to_string()).join(" ");
        assert_eq!(text([2 << 30, 1_891_828 << 10]), "2097152Ki 1891828Ki");
        assert_eq!(text([2 << 30, 512 << 20]), "2048Mi 512Mi");
        assert_eq!(text([1000, 2 << 30]), "1000 2147483648");
        assert_eq!(Shown::all("cpu", [1500]).map(|shown| shown.to_string()), ["1500m"]);
        assert_eq!(Shown::all("nvidia.com/gpu", [2]).map(|shown| shown.to_string()), ["2"]);
    }
}
