//! The table of events: how often, what it was, which rules could have said so in review.

use memlint_oom::events::{ContainerUse, Details, EventKind, Eviction};
use memlint_oom::format_bytes;

use super::change::round_up;
use super::events::{Events, Item, Kind, name};
use super::paint::{Paint, Tone, clean, plural, thousands};
use super::target::quantity;

/// Objects shown of each kind.
const ITEMS: usize = 5;
/// The columns at which names and details begin.
const INDENT: usize = 9;
const DETAIL: usize = 18;

/// Appends the table; nothing if no file was given.
pub(super) fn render(events: &Events, paint: &Paint, out: &mut String) {
    if !events.given {
        return;
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let about = events.kinds.iter().fold(0_u64, |sum, kind| sum.saturating_add(kind.times));
    let caught = events.kinds.iter().flat_map(|kind| &kind.items).filter(|item| !item.reading.rules.is_empty());
    let caught = caught.fold(0_u64, |sum, item| sum.saturating_add(item.reading.count));
    let text = match about {
        0 => format!("no event about memory among {}", plural(events.total, "event")),
        _ => format!(
            "{} about memory or room, of {}; rules could have caught the cause of {} in review",
            plural(about, "event"),
            thousands(events.total),
            if caught == about { "all of them".to_owned() } else { thousands(caught) }
        ),
    };
    out.push_str(&paint.wrapped(Tone::Strong, &text, 0, 0));
    out.push('\n');
    events.kinds.iter().for_each(|kind| self::kind(kind, paint, out));
    let mut rules = events.kinds.iter().flat_map(|kind| &kind.rules);
    if let Some((rule, _)) = rules.find(|(rule, _)| memlint_policies::rules::find(rule).is_some()) {
        out.push_str(&format!("\nWhat a rule means and how to mend it: memlint explain {rule}\n"));
    }
}

fn kind(kind: &Kind, paint: &Paint, out: &mut String) {
    let title = paint.tone(Tone::Strong, name(kind.kind));
    out.push_str(&format!("\n{:>7}  {title}: {}\n", format!("{}x", thousands(kind.times)), meaning(kind.kind)));
    let rules: Vec<String> = kind
        .rules
        .iter()
        .map(
            |(rule, times)| {
                if *times == kind.times { (*rule).to_owned() } else { format!("{rule} ({}x)", thousands(*times)) }
            },
        )
        .collect();
    let text = if rules.is_empty() {
        "no rule could have caught it: it is not in a manifest".to_owned()
    } else {
        let depends = depends(kind).map(|on| format!(" ({on})")).unwrap_or_default();
        format!("could have been caught by {}; lint the manifest to see{depends}", rules.join(", "))
    };
    out.push_str(&format!("{:INDENT$}{}\n", "", paint.wrapped(Tone::Plain, &text, INDENT, INDENT + 2)));
    for item in kind.items.iter().take(ITEMS) {
        let text = format!("{}: {}", object(item), clean(&says(item)));
        let times = format!("{}x", thousands(item.reading.count));
        out.push_str(&format!("{:INDENT$}{times:>7}  {}\n", "", paint.wrapped(Tone::Plain, &text, DETAIL, DETAIL)));
    }
    if kind.items.len() > ITEMS {
        let more = format!("and {} more objects", kind.items.len() - ITEMS);
        out.push_str(&format!("{:DETAIL$}{}\n", "", paint.tone(Tone::Faint, &more)));
    }
}

/// What is left open where several rules could have been it.
pub(super) fn depends(kind: &Kind) -> Option<&'static str> {
    kind.kind.depends().filter(|_| kind.rules.len() > 1)
}

fn object(item: &Item) -> String {
    let event = &item.event;
    match &event.namespace {
        Some(namespace) if event.kind != "Node" => format!("{} {namespace}/{}", event.kind, event.name),
        _ => format!("{} {}", event.kind, event.name),
    }
}

fn meaning(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Evicted => "the kubelet ended a Pod to get memory back",
        EventKind::SystemOom => "the whole machine ran out of memory",
        EventKind::OomKilling => "the kernel killed a process for its memory",
        EventKind::NodeHasInsufficientMemory => "a node came under memory pressure",
        EventKind::EvictionThresholdMet => "a kubelet began to reclaim memory",
        EventKind::FailedScheduling => "the scheduler found no node for a Pod",
    }
}

/// A memory request that would have covered what an evicted container used, in bytes.
pub(super) fn request_for(eviction: &Eviction, each: &ContainerUse) -> Option<u64> {
    let is_memory = eviction.resource.as_deref() == Some("memory");
    each.using.filter(|using| is_memory && each.request.is_none_or(|request| request < *using)).map(round_up)
}

/// The message's figures in short, or the message.
fn says(item: &Item) -> String {
    let amount = |bytes: Option<u64>| bytes.map_or_else(|| "an unknown amount".to_owned(), format_bytes);
    match &item.reading.details {
        Details::Eviction(eviction) => {
            let mut parts = Vec::new();
            for each in eviction.containers.iter().chain(&eviction.pod).take(4) {
                let request = match each.request {
                    Some(0) => "nothing".to_owned(),
                    request => amount(request),
                };
                let set = request_for(eviction, each)
                    .map(|bytes| format!(": set its requests.memory to {}", quantity(bytes)));
                let set = set.unwrap_or_default();
                parts.push(format!("{} used {}, requested {request}{set}", each.name, amount(each.using)));
            }
            if let Some((volume, limit)) = &eviction.volume {
                parts.push(format!("volume {volume} outgrew its {}", amount(*limit)));
            }
            if eviction.refused_under_pressure {
                parts.push("refused: it requests nothing, and the node is short of memory".to_owned());
            }
            if let (Some(threshold), Some(available)) = (eviction.threshold, eviction.available) {
                parts.push(format!("{} were left, {} should be", format_bytes(available), format_bytes(threshold)));
            }
            if parts.is_empty() { item.event.message.trim().to_owned() } else { parts.join("; ") }
        }
        Details::Process(victim) => {
            let held = victim.resident().map(|held| format!(" holding {}", format_bytes(held))).unwrap_or_default();
            format!("{} (pid {}) was killed{held}", victim.name, victim.pid)
        }
        Details::Scheduling(scheduling) => {
            let reasons: Vec<String> =
                scheduling.reasons.iter().map(|reason| format!("{} {}", reason.count, reason.text)).collect();
            format!("of {}: {}", plural(scheduling.nodes, "node"), reasons.join(", "))
        }
        Details::None => item.event.message.trim().to_owned(),
    }
}
