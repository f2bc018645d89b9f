//! [`Events`]: what `kubectl get events -o json` tells of memory, counted by kind and by the rule of review.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use memlint_files::capacity_files::Answer;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::workload::Object;
use memlint_oom::events::{Event, EventKind, Reading, read};

use super::pods::{each_object, each_object_of};

/// All events of the given files.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// Whether there were files at all.
    pub(super) given: bool,
    /// How many times anything happened that an event tells of.
    pub(super) total: u64,
    /// The kinds that matter, the most frequent first.
    pub(super) kinds: Vec<Kind>,
}

/// All events of one kind.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) kind: EventKind,
    pub(super) times: u64,
    /// Times by rule; one event may name several.
    pub(super) rules: Vec<(&'static str, u64)>,
    /// By object and message, the most frequent first.
    pub(super) items: Vec<Item>,
}

/// What happened to one object.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) event: Event,
    pub(super) reading: Reading,
}

/// Kind, namespace, object and rules: what makes two events the same thing.
type Key = (&'static str, Option<String>, String, Vec<&'static str>);

impl Events {
    /// Reads the files, and what a cluster answered.
    pub(super) fn read(files: &[PathBuf], answers: &[Answer]) -> anyhow::Result<Self> {
        let mut all = Latest::default();
        for file in files {
            let mut found = false;
            let is_empty = each_object(file, &mut |object| found |= all.take(object))?;
            anyhow::ensure!(
                found || is_empty,
                "{} holds no Event; write it with: kubectl get events -A -o json > FILE",
                file.display()
            );
        }
        for answer in answers {
            _ = each_object_of(&answer.name, &answer.text, &mut |object| _ = all.take(object))?;
        }
        let mut events = Self { given: !files.is_empty() || !answers.is_empty(), ..Self::default() };
        let mut items: BTreeMap<Key, Item> = BTreeMap::new();
        all.events.into_iter().for_each(|event| events.count(event, &mut items));
        let mut kinds: Vec<Kind> = Vec::new();
        for item in items.into_values() {
            let count = item.reading.count;
            let index = kinds.iter().position(|kind| kind.kind == item.reading.kind).unwrap_or_else(|| {
                kinds.push(Kind { kind: item.reading.kind, times: 0, rules: Vec::new(), items: Vec::new() });
                kinds.len() - 1
            });
            let Some(kind) = kinds.get_mut(index) else { continue };
            kind.times = kind.times.saturating_add(count);
            for rule in &item.reading.rules {
                match kind.rules.iter_mut().find(|(known, _)| known == rule) {
                    Some((_, times)) => *times = times.saturating_add(count),
                    None => kind.rules.push((rule, count)),
                }
            }
            kind.items.push(item);
        }
        for kind in &mut kinds {
            // A stable sort: of equally frequent rules the likelier stays first.
            kind.rules.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
            kind.items.sort_by_key(|item| std::cmp::Reverse(item.reading.count));
        }
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.times));
        events.kinds = kinds;
        Ok(events)
    }

    /// Counts an event.
    fn count(&mut self, event: Event, items: &mut BTreeMap<Key, Item>) {
        self.total = self.total.saturating_add(event.count.max(1));
        let reading = read(&event).filter(|reading| reading.about_memory || !reading.rules.is_empty());
        let Some(reading) = reading else { return };
        let key = (name(reading.kind), event.namespace.clone(), event.name.clone(), reading.rules.clone());
        match items.get_mut(&key) {
            // The later message stands; the figures of a repeated event are those of the last time.
            Some(item) => {
                let count = item.reading.count.saturating_add(reading.count);
                let first = item.event.first_time.take().or(event.first_time.clone());
                *item = Item { event: Event { first_time: first, ..event }, reading: Reading { count, ..reading } };
            }
            None => _ = items.insert(key, Item { event, reading }),
        }
    }
}

/// Events, each as it was last told of: a watch, or two files, tell of one again whenever it happens again.
#[derive(Default)]
struct Latest {
    events: Vec<Event>,
    /// Places in it by UID.
    known: HashMap<String, usize>,
}

impl Latest {
    /// Takes an object, if it is an event.
    fn take(&mut self, object: &Object<'_, '_>) -> bool {
        let Some(event) = event(object) else { return false };
        let uid = object.value.get("metadata").and_then(|metadata| metadata.get("uid")).and_then(Value::as_str);
        let known = uid.and_then(|uid| self.events.get_mut(*self.known.get(uid)?));
        match known {
            Some(known) if known.count <= event.count => *known = event,
            Some(_) => {}
            None => {
                self.known.extend(uid.map(|uid| (uid.to_owned(), self.events.len())));
                self.events.push(event);
            }
        }
        true
    }
}

/// The event's reason.
pub(super) fn name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Evicted => "Evicted",
        EventKind::SystemOom => "SystemOOM",
        EventKind::OomKilling => "OOMKilling",
        EventKind::NodeHasInsufficientMemory => "NodeHasInsufficientMemory",
        EventKind::EvictionThresholdMet => "EvictionThresholdMet",
        EventKind::FailedScheduling => "FailedScheduling",
    }
}

/// An Event of `v1` or `events.k8s.io/v1`, which name some fields differently.
fn event(object: &Object<'_, '_>) -> Option<Event> {
    if object.reference.kind != "Event" {
        return None;
    }
    let value = object.value;
    let text = |value: Option<&Value<'_>>| value.and_then(Value::as_str).map(str::to_owned);
    let count = |value: Option<&Value<'_>>| match value {
        Some(Value::Number(count)) => count.parse().unwrap_or(0),
        _ => 0,
    };
    let series = value.get("series");
    let regarding = value.get("involvedObject").or_else(|| value.get("regarding"));
    let field = |key: &str| regarding.and_then(|regarding| regarding.get(key)).and_then(Value::as_str);
    let either = |a: &str, b: &str| text(value.get(a)).or_else(|| text(value.get(b)));
    let counts = [value.get("count"), value.get("deprecatedCount"), series.and_then(|series| series.get("count"))];
    Some(Event {
        reason: text(value.get("reason")).unwrap_or_default(),
        message: either("message", "note").unwrap_or_default(),
        count: counts.into_iter().map(count).max().unwrap_or(0),
        kind: field("kind").unwrap_or_default().to_owned(),
        namespace: field("namespace").map(str::to_owned),
        name: field("name").unwrap_or_default().to_owned(),
        first_time: either("firstTimestamp", "eventTime")
            .or_else(|| text(value.get("deprecatedFirstTimestamp")))
            .or_else(|| text(value.get("metadata").and_then(|metadata| metadata.get("creationTimestamp")))),
        last_time: text(series.and_then(|series| series.get("lastObservedTime")))
            .or_else(|| either("lastTimestamp", "deprecatedLastTimestamp")),
    })
}
