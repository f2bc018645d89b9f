//! # outside-limit-range
//!
//! A LimitRange of the namespace would refuse the Pod: below its minimum, above its maximum, or with a limit too far
//! above the request.
//!
//! ## Why it matters
//!
//! A Deployment is accepted all the same; it is its Pods that are forbidden, one by one, and the rollout hangs at
//! `FailedCreate`.
//!
//! ## Bad
//!
//! ```yaml
//! kind: LimitRange
//! spec: {limits: [{type: Container, max: {memory: 2Gi}}]}
//! ---
//! kind: Pod
//! spec: {containers: [{name: api, resources: {limits: {memory: 3Gi}}}]}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! kind: Pod
//! spec: {containers: [{name: api, resources: {limits: {memory: 2Gi}}}]}
//! ```
//!
//! LimitRanges are taken from the linted files, by namespace. Their own defaulting is done first: a `max` is the
//! default limit where none is given.
//!
//! ## Source
//!
//! `plugin/pkg/admission/limitranger`.

use memlint_kubernetes::limit_range::{Constraint, Violation};
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::resources::List;

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "outside-limit-range",
    group: Group::Pending,
    level: Level::Deny,
    summary: "a LimitRange of the namespace would refuse the Pod",
    source: include_str!("outside_limit_range.rs"),
    params: &[],
    needs: Needs::LimitRanges,
    judges_blocks: true,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    for limit_range in cx.inventory.limit_ranges(cx.namespace) {
        for violation in limit_range.violations(cx.pod) {
            if let Some(draft) = draft(cx, violation) {
                sink.report(draft);
            }
        }
    }
}

fn draft(cx: &Cx<'_>, violation: Violation) -> Option<Draft> {
    let Violation { resource, list, enforced, constraint, .. } = &violation;
    let container = violation.container.and_then(|index| cx.pod.containers.get(index));
    let unreadable = container.map_or(cx.pod.containers.iter().any(|c| c.unreadable), |c| c.unreadable);
    let is_absent = container.is_none_or(|c| !c.effective.list(*list).contains_key(resource.as_str()));
    if unreadable || (cx.workload.is_block && is_absent) {
        return None;
    }
    let at = match (container, &cx.pod.pod_level) {
        (Some(container), _) => container.value_at(*list, resource),
        (None, Some(level)) => level.at.keys(&[list.field(), resource]),
        (None, None) => cx.workload.spec_at.key("containers"),
    };
    let what = if *list == List::Limits { "limit" } else { "request" };
    let field = constraint.field();
    let what = if container.is_none() { format!("{what}s of its containers together") } else { what.to_owned() };
    let help = match constraint {
        Constraint::Min => format!("set the {resource} {what} to {enforced} or more"),
        Constraint::Max => format!("set the {resource} {what} to {enforced} or less"),
        Constraint::MaxRatio => {
            format!("set {resource} requests and limits so that the limit is at most {enforced} times the request")
        }
    };
    let help = format!("{help}, or change LimitRange {}", violation.name);
    let whose = container.map_or("the Pod".to_owned(), |container| format!("container {}", container.name));
    let message =
        format!("LimitRange {} refuses {whose}: {}", violation.name, violation.message.replace(".  ", ", but "));
    // The API server prints six decimals of a ratio, needed or not.
    let message = match message.split_once("provided ratio is ") {
        Some((before, ratio)) => {
            format!("{before}provided ratio is {}", ratio.trim_end_matches('0').trim_end_matches('.'))
        }
        None => message,
    };
    let message = message.replace("No limit is", "no limit is").replace("No request is", "no request is");
    let related =
        Related { origin: Some(violation.origin), at: violation.at.clone(), message: format!("{field} is set here") };
    // What breaks several constraints at one place is worse for each of them.
    let aspect = format!("{field} of {resource} in LimitRange {} for {whose}", violation.name);
    let draft = Draft::new(at, message, help).related(related).measures([(aspect, violation.measure)]);
    let draft = draft.data("enforced", enforced.to_string());
    Some(draft.container(container))
}
