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

use memlint_kubernetes::amounts;
use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::resources::{ContainerResources, List, MEMORY};

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Param, ParamKind, Rule, Sink};
use crate::runtimes::{self, HeapSetting, Kind};

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
    judges_blocks: true,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    for (index, (place, container)) in cx.workload.containers.iter().zip(&cx.pod.containers).enumerate() {
        for setting in runtimes::of_container(cx.workload, place, container, cx.pod) {
            if let Some(draft) = draft(cx, index, container, &setting) {
                sink.report(draft.container(container).part(setting.range));
            }
        }
    }
}

fn draft(cx: &Cx<'_>, index: usize, container: &ContainerResources, setting: &HeapSetting) -> Option<Draft> {
    let HeapSetting { written, at, .. } = setting;
    if let Some(why) = &setting.invalid {
        let message = format!("container {} sets {written}: {why}", container.name);
        return Some(Draft::new(at.clone(), message, "write a value that the runtime takes").at_most_warn());
    }
    let limit = container.memory(List::Limits).or(cx.pod.pod_level_memory(List::Limits))?;
    let heap = bytes(setting.bytes);
    let total = setting.extra.iter().fold(heap, |sum, region| sum + bytes(region.bytes));
    let share = cx.params.get("warnAbove").value();
    if total.nanos().saturating_mul(100) <= limit.nanos().saturating_mul(i128::from(share)) {
        return None;
    }
    let mut message =
        format!("container {}: {} may grow to {heap} ({written})", container.name, setting.runtime.what());
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
    // Three quarters of the limit, and what the total is three quarters of.
    let most = amounts::at_most(MEMORY, share_of(limit, 3, 4));
    let enough = amounts::at_least(MEMORY, share_of(total, 4, 3));
    let help = match setting.kind {
        Kind::Percent => "lower it to 75 % or less: the rest of the process needs memory too".to_owned(),
        Kind::Absolute => format!("lower it to {most} or less, or raise limits.memory to {enough} or more"),
    };
    let draft = Draft::new(at.clone(), message, help).related(cx.pod.source(index, List::Limits, MEMORY));
    let draft = draft.measure(Measure::ratio(total, limit));
    let draft = draft.data("heapBytes", heap.value()).data("limitBytes", limit.value());
    // What may be overridden unseen, or is heeded by convention only, is no ground to refuse a Pod.
    let sure = heap >= limit && setting.unless.is_none() && !setting.convention;
    Some(if sure { draft } else { draft.at_most_warn() })
}

/// So many parts of an amount, rounded up to a byte.
fn share_of(amount: Quantity, parts: i128, of: i128) -> i64 {
    let bytes = (i128::from(amount.value()) * parts + of - 1) / of;
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn bytes(bytes: u64) -> Quantity {
    Quantity::bytes(i64::try_from(bytes).unwrap_or(i64::MAX))
}
