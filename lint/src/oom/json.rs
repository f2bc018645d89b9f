//! `--format json`, version 1, written as the log is read.

use std::io::{self, Write};

use memlint_oom::{Kill, Other};
use serde::Serialize;

use super::event_wire::{self, WireEvents};
use super::events::Events;
use super::groups::Groups;
use super::join::Joiner;
use super::pods::{KnownContainer, KnownPod, Pods};
use super::text::Log;
use super::wire;
use crate::project::corpus::Corpus;

/// Writes one JSON object, a kill a line.
pub(super) struct Writer<'a, W> {
    out: W,
    corpus: &'a Corpus,
    joiner: &'a Joiner<'a>,
    names: Vec<String>,
    groups: Groups,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    place: Option<&'a str>,
    host: Option<&'a str>,
    name: &'a str,
    names: Vec<Name<'a>>,
    level: Option<&'static str>,
    count: u64,
    container_count: u64,
    first_line: u64,
    first_time: Option<&'a str>,
    last_line: u64,
    last_time: Option<&'a str>,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
    count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireLog<'a> {
    file: &'a str,
    lines: u64,
    size_bytes: u64,
    kills: u64,
    others: Vec<WireOther<'a>>,
}

/// Lines of a program that is not the kernel.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireOther<'a> {
    program: &'static str,
    count: u64,
    first_line: u64,
    first_text: &'a str,
    meaning: &'static str,
    places: Vec<WirePlace<'a>>,
}

/// A container or Pod that those lines are about.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WirePlace<'a> {
    pod_uid: Option<&'a str>,
    container_id: Option<&'a str>,
    count: u64,
    first_line: u64,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    pod: Option<WireContainer<'a>>,
}

/// A container by its names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireContainer<'a> {
    namespace: &'a str,
    name: &'a str,
    container: Option<&'a str>,
    node: Option<&'a str>,
    last_finished_at: Option<&'a str>,
}

#[derive(Serialize)]
struct Problem<'a> {
    file: &'a str,
    message: &'a str,
}

/// What comes after the kills.
#[derive(Serialize)]
struct Tail<'a> {
    repeats: Vec<Group<'a>>,
    logs: Vec<WireLog<'a>>,
    missing: Vec<WireContainer<'a>>,
    events: Option<WireEvents<'a>>,
    problems: Vec<Problem<'a>>,
}

impl<'a, W: Write> Writer<'a, W> {
    pub(super) fn new(out: W, corpus: &'a Corpus, joiner: &'a Joiner<'a>, names: Vec<String>) -> Self {
        Self { out, corpus, joiner, names, groups: Groups::default() }
    }

    pub(super) fn begin(&mut self) -> io::Result<()> {
        write!(self.out, "{{\"version\":1,\"memlint\":\"{}\",\"kills\":[", env!("CARGO_PKG_VERSION"))
    }

    pub(super) fn kill(&mut self, log: usize, kill: &Kill) -> io::Result<()> {
        self.out.write_all(if self.groups.total == 0 { b"\n" } else { b",\n" })?;
        self.groups.add(log, kill, self.joiner.identity(kill));
        self.groups.told.note(self.joiner.pods, kill);
        let joined = self.joiner.join(kill, None);
        let file = self.names.get(log).map_or("", String::as_str);
        serde_json::to_writer(&mut self.out, &wire::kill(file, kill, &joined, self.corpus)).map_err(io::Error::from)
    }

    pub(super) fn end(&mut self, logs: &[Log], events: &Events) -> io::Result<()> {
        let missing = if logs.is_empty() { Vec::new() } else { self.groups.told.missing(self.joiner.pods) };
        let repeats = self.groups.sorted().into_iter().filter(|(repeat, _)| repeat.count > 1);
        let tail = Tail {
            repeats: repeats
                .map(|(repeat, _)| Group {
                    place: repeat.place.as_deref(),
                    host: repeat.host.as_deref(),
                    name: &repeat.name,
                    names: repeat.names.iter().map(|(name, count)| Name { name, count: *count }).collect(),
                    level: repeat.level.map(memlint_oom::Level::name),
                    count: repeat.count,
                    container_count: repeat.containers,
                    first_line: repeat.first_line,
                    first_time: repeat.first_time.as_deref(),
                    last_line: repeat.last_line,
                    last_time: repeat.last_time.as_deref(),
                })
                .collect(),
            logs: logs
                .iter()
                .map(|log| WireLog {
                    file: &log.name,
                    lines: log.lines,
                    size_bytes: log.bytes,
                    kills: log.kills,
                    others: log.others.iter().map(|each| other(each, self.joiner.pods)).collect(),
                })
                .collect(),
            missing: missing.into_iter().map(|(pod, each)| container(pod, Some(each))).collect(),
            events: event_wire::wire(events),
            problems: logs
                .iter()
                .filter_map(|log| Some(Problem { file: &log.name, message: log.error.as_deref()? }))
                .collect(),
        };
        let tail = serde_json::to_string(&tail).map_err(io::Error::from)?;
        // The object's own brace was opened at the beginning.
        writeln!(self.out, "\n],{}", tail.strip_prefix('{').unwrap_or(&tail))
    }
}

fn container<'a>(pod: &'a KnownPod, container: Option<&'a KnownContainer>) -> WireContainer<'a> {
    WireContainer {
        namespace: &pod.namespace,
        name: &pod.name,
        container: container.map(|container| container.name.as_str()),
        node: pod.node.as_deref(),
        last_finished_at: container.and_then(|container| container.last_state.as_ref()?.2.as_deref()),
    }
}

fn other<'a>(other: &'a Other, pods: &'a Pods) -> WireOther<'a> {
    WireOther {
        program: other.program.name(),
        count: other.count,
        first_line: other.first_line,
        first_text: &other.first_text,
        meaning: other.program.meaning(),
        places: other
            .places
            .iter()
            .map(|place| {
                let found = pods.named(place);
                WirePlace {
                    pod_uid: place.pod.as_deref(),
                    container_id: place.container.as_deref(),
                    count: place.count,
                    first_line: place.first_line,
                    namespace: place.name.as_ref().map(|(namespace, _)| namespace.as_str()),
                    name: place.name.as_ref().map(|(_, name)| name.as_str()),
                    pod: found.map(|found| container(found.pod, found.container)),
                }
            })
            .collect(),
    }
}
