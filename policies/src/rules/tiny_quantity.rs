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

use k8s_openapi::api::core::v1 as core;
use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::resources::{List, MEMORY, Requirements};

use crate::finding::{Group, Level};
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
    judges_blocks: true,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    for (place, container) in cx.workload.containers.iter().zip(&cx.pod.containers) {
        let texts = cx.workload.container(place).and_then(|container| container.resources.as_ref());
        let whose = format!("container {}", container.name);
        for draft in drafts(cx, (texts, &container.written), &container.resources_at, &whose) {
            sink.report(draft.container(container));
        }
    }
    if let Some(level) = &cx.pod.pod_level {
        let lists = (cx.workload.spec().resources.as_ref(), &level.written);
        drafts(cx, lists, &level.at, "the Pod").into_iter().for_each(|draft| sink.report(draft));
    }
}

/// The values as they are written, and as they are read.
type Lists<'a> = (Option<&'a core::ResourceRequirements>, &'a Requirements);

fn drafts(cx: &Cx<'_>, (texts, written): Lists<'_>, at: &FieldPath, whose: &str) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (list, verb) in [(List::Requests, "requests"), (List::Limits, "is limited to")] {
        let Some(value) = written.list(list).get(MEMORY).copied() else { continue };
        if value <= Quantity::ZERO || value >= cx.params.get("below") {
            continue;
        }
        let below = cx.params.get("below");
        let text = texts.and_then(|texts| text(texts, list)).unwrap_or_default();
        let meant = meant(text);
        let help = match &meant {
            Some(meant) if text.ends_with('m') => {
                format!("write {meant} if that was meant: m is a thousandth of a byte")
            }
            Some(meant) => format!("write {meant} if that was meant: no suffix is bytes"),
            None => format!("write {below} or more; Mi is 1024 × 1024 bytes, no suffix is bytes"),
        };
        let at = at.keys(&[list.field(), MEMORY]);
        let fix = meant.and_then(|meant| replace(&at, meant));
        let message = format!("{whose} {verb} {}", amount(value, below));
        let draft = Draft::new(at, message, help).fix(fix).measure(Measure::above(below, value));
        drafts.push(draft.data("bytes", value.value()));
    }
    drafts
}

/// The amount as it is stored, and what that comes to where it is not plain.
fn amount(value: Quantity, below: Quantity) -> String {
    let bytes = match value.value() {
        1 => "1 byte".to_owned(),
        bytes => format!("{bytes} bytes"),
    };
    if value.to_string().ends_with(|last: char| last.is_ascii_digit()) {
        format!("{bytes} of memory")
    } else if value < Quantity::bytes(1024 * 1024) {
        format!("{value} of memory, which is {bytes}")
    } else {
        format!("only {value} of memory, less than {below}")
    }
}

fn text(texts: &core::ResourceRequirements, list: List) -> Option<&str> {
    let map = if list == List::Limits { &texts.limits } else { &texts.requests };
    map.as_ref()?.get(MEMORY).map(|quantity| quantity.0.trim())
}

/// `64m` was meant as `64Mi`, and so was a bare `64`. What has another unit or a point, or would be more than a node
/// has, was not.
fn meant(text: &str) -> Option<String> {
    let number: u32 = text.strip_suffix('m').unwrap_or(text).parse().ok()?;
    (number <= MOST_MEANT).then(|| format!("{number}Mi"))
}

/// In Mi: 64Gi.
const MOST_MEANT: u32 = 64 * 1024;
