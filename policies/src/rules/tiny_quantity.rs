//! # tiny-quantity
//!
//! A memory request or limit below 1Mi: almost surely the unit was forgotten (`512`), or `m` (thousandths of a byte)
//! was written for `Mi`.
//!
//! ## Why it matters
//!
//! Kubernetes takes `memory: 64m` for 0.064 bytes. As a limit it keeps the container from starting; as a request it
//! counts for nothing, so that the Pod is placed by luck and evicted first.
//!
//! ## Bad
//!
//! ```yaml
//! memory: 64m
//! ```
//!
//! ## Good
//!
//! ```yaml
//! memory: 64Mi
//! ```
//!
//! ## Parameters
//!
//! `below` (default `1Mi`): the smallest amount that is taken seriously. It is compared by value: the API server
//! itself writes `1.2Gi` as `1288490188800m`. A zero is no mistake of the unit: it counts as missing.
//!
//! ## Source
//!
//! `k8s.io/apimachinery/pkg/api/resource`, suffixes.

use crate::finding::{Group, Level};
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::resources::{List, MEMORY, Requirements};
use crate::rule::{Cx, Draft, Needs, Param, ParamKind, Rule, Sink, replace};

pub(super) const RULE: Rule = Rule {
    id: "tiny-quantity",
    group: Group::Valid,
    level: Level::Deny,
    summary: "memory below 1Mi: a unit forgotten, or m for Mi",
    source: include_str!("tiny_quantity.rs"),
    params: &[Param {
        name: "below",
        default: "1Mi",
        kind: ParamKind::Bytes,
        summary: "the smallest amount of memory that is taken seriously",
    }],
    needs: Needs::Nothing,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    for container in &cx.pod.containers {
        for draft in drafts(cx, &container.written, &container.resources_at, &format!("container {}", container.name)) {
            sink.report(draft.container(container));
        }
    }
    if let Some(level) = &cx.pod.pod_level {
        drafts(cx, &level.written, &level.at, "the Pod").into_iter().for_each(|draft| sink.report(draft));
    }
}

fn drafts(cx: &Cx<'_>, written: &Requirements, at: &FieldPath, whose: &str) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (list, verb) in [(List::Requests, "requests"), (List::Limits, "is limited to")] {
        let Some(value) = written.list(list).get(MEMORY).copied() else { continue };
        if value <= Quantity::ZERO || value >= cx.params.get("below") {
            continue;
        }
        let amount = match (value.value(), value.is_integer() && value < Quantity::count(1000)) {
            (bytes, true) => format!("{bytes} bytes of memory"),
            (1, false) => format!("{value} of memory, which is 1 byte"),
            (bytes, false) => format!("{value} of memory, which is {bytes} bytes"),
        };
        let meant = meant(value);
        let help = match &meant {
            Some(meant) => format!("write {meant} if that was meant; m is a thousandth of a byte, no suffix is bytes"),
            None => "give the unit: Mi for 1024 × 1024 bytes".to_owned(),
        };
        let at = at.keys(&[list.field(), MEMORY]);
        let fix = meant.and_then(|meant| replace(&at, meant));
        let message = format!("{whose} {verb} {amount}");
        drafts.push(Draft::new(at, message, help).fix(fix).data("bytes", value.value()));
    }
    drafts
}

/// `64m` was meant as `64Mi`, and so was a bare `64`.
fn meant(value: Quantity) -> Option<String> {
    let number = if value.is_integer() { value.value() } else { value.milli_value() };
    (number < 1024 * 1024).then(|| format!("{number}Mi"))
}
