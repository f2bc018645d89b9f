//! # request-above-limit
//!
//! A container, or the Pod as a whole, requests more than it may use: as written, or after a LimitRange has put in
//! the limit.
//!
//! ## Why it matters
//!
//! The API server refuses it. Where the limit comes from a LimitRange, the Deployment is accepted and its Pods are
//! not: the rollout hangs at `FailedCreate`, and nothing in the manifest shows why.
//!
//! ## Bad
//!
//! ```yaml
//! requests: {memory: 2Gi}
//! limits: {memory: 1Gi}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! requests: {memory: 1Gi}
//! limits: {memory: 1Gi}
//! ```
//!
//! ## Source
//!
//! `ValidateContainerResourceRequirements` in `pkg/apis/core/validation`; LimitRanges are applied before it.

use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::resources::{Above, ContainerResources, List};

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "request-above-limit",
    group: Group::Valid,
    level: Level::Deny,
    summary: "a request is above its limit, as written or after LimitRange defaulting",
    source: include_str!("request_above_limit.rs"),
    params: &[],
    needs: Needs::Nothing,
    judges_blocks: true,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    for above in cx.pod.requests_above_limits() {
        let container = above.container.and_then(|index| Some((index, cx.pod.containers.get(index)?)));
        sink.report(match container {
            Some((index, container)) => of_container(cx, &above, index, container),
            None => of_pod(cx, &above),
        });
    }
}

fn of_container(cx: &Cx<'_>, above: &Above, index: usize, container: &ContainerResources) -> Draft {
    let mut draft = draft(above, &format!("container {}", container.name)).container(container);
    for list in [List::Limits, List::Requests] {
        let source = cx.pod.source(index, list, &above.resource);
        if list == List::Limits || source.origin.is_some() {
            draft = draft.related(source);
        }
    }
    draft
}

fn of_pod(cx: &Cx<'_>, above: &Above) -> Draft {
    let at = cx.workload.spec_at.keys(&["resources", List::Limits.field(), &above.resource]);
    let message = "the Pod's limit is set here".to_owned();
    draft(above, "the Pod").related(Related { origin: None, at, message })
}

fn draft(above: &Above, whose: &str) -> Draft {
    let Above { resource, request, limit, at, .. } = above;
    let message = format!("{whose} requests {request} of {resource}, above its limit of {limit}");
    let mut help = format!("raise the {resource} limit to {request}");
    if !limit.is_zero() {
        help.push_str(&format!(", or lower the request to {limit}"));
    }
    let draft = Draft::new(at.clone(), message, help).measure(Measure::above(*request, *limit));
    draft.data("request", request.to_string()).data("limit", limit.to_string())
}
