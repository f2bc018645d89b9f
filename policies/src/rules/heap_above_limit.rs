//! # heap-above-limit
//!
//! A runtime is told to use as much memory as the container's limit, or nearly: `-Xmx2g` with a limit of `2Gi`. Above
//! 80 % of the limit it is a warning.
//!
//! ## Why it matters
//!
//! A heap is not all that a process uses: thread stacks, code, buffers and the runtime itself come on top. Before the
//! collector sees a reason to run hard, the kernel kills the process.
//!
//! ## Bad
//!
//! ```yaml
//! env:
//! - {name: JAVA_TOOL_OPTIONS, value: -Xmx2g}
//! resources: {limits: {memory: 2Gi}}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! env:
//! - {name: JAVA_TOOL_OPTIONS, value: -XX:MaxRAMPercentage=70}
//! resources: {limits: {memory: 2Gi}}
//! ```
//!
//! ## Parameters
//!
//! `warnAbove` (default `80`): from which share of the limit, in percent, a heap is a warning.
//!
//! ## What is read
//!
//! Settings in `env`, `command` and `args`, with each runtime's own precedence and units: JVM, Go, Node.js, .NET, PHP,
//! Redis and its kin, memcached, MongoDB, RabbitMQ, PostgreSQL, MySQL. What comes from a ConfigMap, a Secret or the
//! image is not known, and nothing is said of it.

use crate::finding::{Group, Level, Related};
use crate::heap::{self, HeapSetting, Kind};
use crate::quantity::Quantity;
use crate::resources::{ContainerResources, List, MEMORY};
use crate::rule::{Cx, Draft, Needs, Param, ParamKind, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "heap-above-limit",
    group: Group::OomKilled,
    level: Level::Deny,
    summary: "the runtime's heap setting reaches the container's memory limit",
    source: include_str!("heap_above_limit.rs"),
    params: &[Param {
        name: "warnAbove",
        default: "80",
        kind: ParamKind::Percent,
        summary: "from which share of the limit, in percent, a heap is a warning",
    }],
    needs: Needs::Nothing,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    for (place, container) in cx.workload.containers.iter().zip(&cx.pod.containers) {
        for setting in heap::of_container(cx.workload, place, container, cx.pod) {
            if let Some(draft) = draft(cx, container, &setting) {
                sink.report(draft.container(container).part(setting.range));
            }
        }
    }
}

fn draft(cx: &Cx<'_>, container: &ContainerResources, setting: &HeapSetting) -> Option<Draft> {
    let HeapSetting { written, at, .. } = setting;
    if let Some(why) = &setting.invalid {
        let message = format!("container {} sets {written}: {why}", container.name);
        return Some(Draft::new(at.clone(), message, "write a value that the runtime takes").at_most_warn());
    }
    let (limit, limit_at) = match (container.memory(List::Limits), &cx.pod.pod_level) {
        (Some(limit), _) => (limit, container.value_at(List::Limits, MEMORY)),
        (None, Some(level)) => (cx.pod.pod_level_memory(List::Limits)?, level.at.keys(&["limits", MEMORY])),
        (None, None) => return None,
    };
    let heap = bytes(setting.bytes);
    let total = setting.extra.iter().fold(heap, |sum, region| sum + bytes(region.bytes));
    let share = cx.params.get("warnAbove").value();
    if total.nanos().saturating_mul(100) <= limit.nanos().saturating_mul(i128::from(share)) {
        return None;
    }
    let mut message = format!("container {}: {} may grow to {heap} ({written})", container.name, setting.runtime.what());
    for region in &setting.extra {
        message.push_str(&format!(", {} to {} ({})", region.what, bytes(region.bytes), region.written));
    }
    message.push_str(&match heap >= limit {
        true => format!(", its memory limit is {limit}"),
        false => format!(", more than {share} % of its memory limit of {limit}"),
    });
    if let Some(note) = &setting.note {
        message.push_str(&format!("; {note}"));
    }
    let most = Quantity::bytes(limit.value() / 100 * 75 / MI * MI);
    let enough = Quantity::bytes(total.value().saturating_add(74).saturating_div(75).saturating_mul(100).div_euclid(MI).saturating_add(1).saturating_mul(MI));
    let help = match setting.kind {
        Kind::Percent => "lower it to 75 % or less: the rest of the process needs memory too".to_owned(),
        Kind::Absolute => format!("lower it to {most} or less, or raise limits.memory to {enough} or more"),
    };
    let related = Related { origin: None, at: limit_at, message: "the limit is set here".to_owned() };
    let draft = Draft::new(at.clone(), message, help).related(related);
    let draft = draft.data("heapBytes", heap.value()).data("limitBytes", limit.value());
    // What may be overridden unseen, or is heeded by convention only, is no ground to refuse a Pod.
    let sure = heap >= limit && setting.unless.is_none() && !setting.convention;
    Some(if sure { draft } else { draft.at_most_warn() })
}

const MI: i64 = 1024 * 1024;

fn bytes(bytes: u64) -> Quantity {
    Quantity::bytes(i64::try_from(bytes).unwrap_or(i64::MAX))
}
