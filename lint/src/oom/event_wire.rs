//! The wire format of events, version 1.

use memlint_oom::events::{ContainerUse, Details, Eviction, Reason};
use serde::Serialize;

use super::event_text::{depends, request_for};
use super::events::{Events, Item, Kind, name};

/// The events for the wire.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireEvents<'a> {
    total_count: u64,
    kinds: Vec<WireKind<'a>>,
}

#[derive(Serialize)]
struct WireKind<'a> {
    reason: &'static str,
    count: u64,
    rules: Vec<WireRule>,
    depends: Option<&'static str>,
    items: Vec<WireItem<'a>>,
}

#[derive(Serialize)]
struct WireRule {
    rule: &'static str,
    count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireItem<'a> {
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
    count: u64,
    about_memory: bool,
    rules: &'a [&'static str],
    first_time: Option<&'a str>,
    last_time: Option<&'a str>,
    message: &'a str,
    figures: serde_json::Value,
}

/// All events for the wire; `None` if no file was given.
pub(super) fn wire(events: &Events) -> Option<WireEvents<'_>> {
    let kinds = events.kinds.iter().map(kind).collect();
    events.given.then_some(WireEvents { total_count: events.total, kinds })
}

fn kind(kind: &Kind) -> WireKind<'_> {
    WireKind {
        reason: name(kind.kind),
        count: kind.times,
        rules: kind.rules.iter().map(|(rule, count)| WireRule { rule, count: *count }).collect(),
        depends: depends(kind),
        items: kind.items.iter().map(item).collect(),
    }
}

fn item(item: &Item) -> WireItem<'_> {
    let Item { event, reading } = item;
    WireItem {
        kind: &event.kind,
        namespace: event.namespace.as_deref(),
        name: &event.name,
        count: reading.count,
        about_memory: reading.about_memory,
        rules: &reading.rules,
        first_time: event.first_time.as_deref(),
        last_time: event.last_time.as_deref(),
        message: &event.message,
        figures: figures(&reading.details),
    }
}

fn figures(details: &Details) -> serde_json::Value {
    use serde_json::json;
    let uses = |of: &Eviction, each: &ContainerUse| json!({"name": each.name, "usingBytes": each.using, "requestBytes": each.request, "suggestedRequestBytes": request_for(of, each)});
    let reasons = |all: &[Reason]| {
        all.iter().map(|each| json!({"nodeCount": each.count, "reason": each.text})).collect::<Vec<_>>()
    };
    match details {
        Details::None => json!({}),
        Details::Eviction(each) => json!({
            "resource": each.resource,
            "thresholdBytes": each.threshold,
            "availableBytes": each.available,
            "pod": each.pod.as_ref().map(|pod| uses(each, pod)),
            "containers": each.containers.iter().map(|container| uses(each, container)).collect::<Vec<_>>(),
            "refusedUnderPressure": each.refused_under_pressure,
            "volume": each.volume.as_ref().map(|(name, limit)| json!({"name": name, "limitBytes": limit})),
        }),
        Details::Process(each) => json!({
            "pid": each.pid,
            "process": each.name,
            "anonBytes": each.anon,
            "fileBytes": each.file,
            "shmemBytes": each.shmem,
            "oomScoreAdj": each.oom_score_adj,
        }),
        Details::Scheduling(each) => json!({
            "nodeCount": each.nodes,
            "reasons": reasons(&each.reasons),
            "podReason": each.pod_reason,
            "preemption": reasons(&each.preemption),
        }),
    }
}
