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

use crate::aggregate::ResourceList;
use crate::finding::{Group, Level, Related};
use crate::path::FieldPath;
use crate::resources::List;
use crate::rule::{Cx, Draft, Needs, Rule, Sink};
use crate::validation::is_overcommittable;

pub(super) const RULE: Rule = Rule {
    id: "request-above-limit",
    group: Group::Valid,
    level: Level::Deny,
    summary: "a request is above its limit, as written or after LimitRange defaulting",
    source: include_str!("request_above_limit.rs"),
    params: &[],
    needs: Needs::Nothing,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    for (index, container) in cx.pod.containers.iter().enumerate() {
        let lists = (&container.effective.requests, &container.effective.limits);
        for (resource, draft) in drafts(lists, &container.resources_at, &format!("container {}", container.name)) {
            let mut draft = draft.container(container);
            for list in [List::Limits, List::Requests] {
                let source = cx.pod.source(index, list, &resource);
                if list == List::Limits || source.origin.is_some() {
                    draft = draft.related(source);
                }
            }
            sink.report(draft);
        }
    }
    if let Some(level) = &cx.pod.pod_level {
        let lists = (&level.effective.requests, &level.effective.limits);
        for (resource, draft) in drafts(lists, &level.at, "the Pod") {
            let at = level.at.keys(&[List::Limits.field(), &resource]);
            let message = "the Pod's limit is set here".to_owned();
            sink.report(draft.related(Related { origin: None, at, message }));
        }
    }
}

fn drafts(lists: (&ResourceList, &ResourceList), at: &FieldPath, whose: &str) -> Vec<(String, Draft)> {
    let (requests, limits) = lists;
    let mut drafts = Vec::new();
    for (resource, request) in requests.iter().filter(|(resource, _)| is_overcommittable(resource)) {
        let Some(limit) = limits.get(resource).filter(|limit| request > *limit) else { continue };
        let message = format!("{whose} requests {request} of {resource}, above its limit of {limit}");
        let mut help = format!("raise the {resource} limit to {request}");
        if !limit.is_zero() {
            help.push_str(&format!(", or lower the request to {limit}"));
        }
        let draft = Draft::new(at.keys(&[List::Requests.field(), resource]), message, help);
        let draft = draft.data("request", request.to_string()).data("limit", limit.to_string());
        drafts.push((resource.clone(), draft));
    }
    drafts
}
