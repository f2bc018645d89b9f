//! # limit-far-above-request
//!
//! A container, or the Pod as a whole, may use far more memory than it requests.
//!
//! ## Why it matters
//!
//! The scheduler fills nodes by requests. What lies between request and limit is promised to several Pods at once;
//! when they take it, the node runs short and Pods are Evicted, or the kernel kills in `/kubepods`, although every
//! container kept its own limit.
//!
//! ## Bad
//!
//! ```yaml
//! requests: {memory: 256Mi}
//! limits: {memory: 2Gi}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! requests: {memory: 1Gi}
//! limits: {memory: 2Gi}
//! ```
//!
//! ## Parameters
//!
//! `maxRatio` (default `2`): how many times the request the limit may be. At `1`, requests must equal limits.
//!
//! ## Source
//!
//! `pkg/kubelet/cm/node_container_manager_linux.go`: the limit of `/kubepods` is what the node can allocate, however
//! much its Pods were promised.

use memlint_kubernetes::amounts;
use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::resources::{List, MEMORY};

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Param, ParamKind, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "limit-far-above-request",
    group: Group::Evicted,
    level: Level::Warn,
    summary: "the memory limit is far above the request: the node is promised to others twice",
    source: include_str!("limit_far_above_request.rs"),
    params: &[Param {
        name: "maxRatio",
        default: "2",
        kind: ParamKind::Ratio,
        summary: "how many times the request the limit may be",
    }],
    needs: Needs::Nothing,
    judges_blocks: true,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    for (index, container) in cx.pod.containers.iter().enumerate() {
        let (request, limit) = (container.memory(List::Requests), container.memory(List::Limits));
        let at = container.value_at(List::Limits, MEMORY);
        let Some(draft) = draft(cx, request, limit, at, &format!("container {}", container.name)) else { continue };
        let mut draft = draft.container(container);
        for list in [List::Requests, List::Limits] {
            let source = cx.pod.source(index, list, MEMORY);
            if list == List::Requests || source.origin.is_some() {
                draft = draft.related(source);
            }
        }
        sink.report(draft);
    }
    if let Some(level) = &cx.pod.pod_level {
        let (request, limit) = (cx.pod.pod_level_memory(List::Requests), cx.pod.pod_level_memory(List::Limits));
        let at = level.at.keys(&[List::Limits.field(), MEMORY]);
        if let Some(mut draft) = draft(cx, request, limit, at, "the Pod") {
            if level.written.requests.contains_key(MEMORY) {
                let at = level.at.keys(&[List::Requests.field(), MEMORY]);
                let message = "the Pod's request is set here".to_owned();
                draft = draft.related(Related { origin: None, at, message });
            }
            sink.report(draft);
        }
    }
}

fn draft(cx: &Cx<'_>, request: Option<Quantity>, limit: Option<Quantity>, at: FieldPath, whose: &str) -> Option<Draft> {
    let (request, limit, most) = (request?, limit?, cx.params.get("maxRatio"));
    // limit / request > most, in billionths and without a division; no node has the memory to make this saturate.
    let billion = Quantity::count(1).nanos();
    if limit.nanos().saturating_mul(billion) <= request.nanos().saturating_mul(most.nanos()) {
        return None;
    }
    let allowed = match most == Quantity::count(1) {
        true => "they must be equal".to_owned(),
        false => format!("at most {} times is allowed", ParamKind::Ratio.show(most)),
    };
    let ratio = ratio(limit, request, most);
    let message = format!("{whose} may use {limit} of memory, {ratio} times its request of {request}; {allowed}");
    let enough = limit.nanos().saturating_mul(billion) / most.nanos().max(1) / billion;
    let enough = amounts::at_least(MEMORY, i64::try_from(enough).unwrap_or(i64::MAX));
    let help = format!("raise requests.memory to {enough} or more, or lower limits.memory");
    let draft = Draft::new(at, message, help).measure(Measure::ratio(limit, request));
    Some(draft.data("requestBytes", request.value()).data("limitBytes", limit.value()))
}

/// With one decimal, rounded down; what that makes equal to what is allowed is still more.
fn ratio(limit: Quantity, request: Quantity, most: Quantity) -> String {
    let tenths = limit.nanos().saturating_mul(10) / request.nanos().max(1);
    if tenths.saturating_mul(Quantity::count(1).nanos()) <= most.nanos().saturating_mul(10) {
        return format!("more than {most}");
    }
    if tenths > 10_000 {
        "more than 1000".to_owned()
    } else if tenths % 10 == 0 {
        (tenths / 10).to_string()
    } else {
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}
