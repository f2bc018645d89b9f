//! The sentences about one kill: who died and at whose limit, what it used, what became of the container.

use memlint_policies::oom::{Fate, Kill, Level, Victim, format_bytes};

use super::bars::percent;
use super::groups::Shown;
use super::join::{Joined, implied};
use super::paint::{clean, plural};
use super::text::of;
use super::words;
use memlint_policies::oom::ImpliedRequest;

/// The most important line.
pub(super) fn headline(kill: &Kill, joined: &Joined<'_>, times: u64) -> String {
    let Some(victim) = kill.victims.first() else {
        return format!("The kernel ran out of memory and found no process to kill: {}", reached(kill, joined));
    };
    let name = clean(&victim.name);
    let often = if times > 1 { format!(" {times} times") } else { String::new() };
    let verb = match victim.fate {
        Fate::Killed => "was OOM-killed",
        Fate::Chosen => "was chosen to be OOM-killed",
        Fate::AlreadyExiting => "was to be OOM-killed, but was exiting already",
    };
    format!("{name} {verb}{often}: {}", reached(kill, joined))
}

fn reached(kill: &Kill, joined: &Joined<'_>) -> String {
    let limit = of(kill.limit);
    let victim = joined.found.map(|_| format!("; the victim was {}", subject(kill, joined)));
    let victim = victim.or_else(|| kill.pod.as_ref().map(|_| format!("; the victim was in {}", subject(kill, joined))));
    let victim = victim.unwrap_or_default();
    let node = joined.found.and_then(|found| found.pod.node.as_deref()).or(kill.host.as_deref()).map(clean);
    let node = node.map(|node| format!(" of node {node}")).unwrap_or_default();
    match kill.level {
        Some(Level::Container) => format!("{} reached its own memory limit{limit}", subject(kill, joined)),
        Some(Level::Pod) => {
            format!("{} reached the memory limit of its Pod{}", subject(kill, joined), limit.replacen(" of", ",", 1))
        }
        Some(Level::Qos) => {
            let class = kill.qos.map_or("", words::qos);
            format!("all {class} Pods{node} together reached their limit{limit}{victim}")
        }
        Some(Level::Node) => {
            format!("all Pods{node} together reached what it may give them{}{victim}", limit.replacen(" of", ",", 1))
        }
        Some(Level::System) => {
            let cgroup = kill.oom_cgroup.as_deref().map_or("a system cgroup".to_owned(), clean);
            format!("{cgroup} reached its own memory limit{limit}")
        }
        Some(Level::Machine) => {
            format!("the whole machine{node} ran out of memory{}{victim}", of(kill.ram).replacen(" of", ",", 1))
        }
        Some(Level::Numa) => format!("the NUMA nodes it was bound to ran out of memory{victim}"),
        None => format!("the log does not say whose limit was reached{victim}"),
    }
}

/// The Pod and container, by the best names there are.
fn subject(kill: &Kill, joined: &Joined<'_>) -> String {
    if let Some(found) = joined.found {
        let container = found.container.map(|container| format!(", container {}", container.name)).unwrap_or_default();
        return clean(&format!("Pod {}/{}{container}", found.pod.namespace, found.pod.name));
    }
    let container = kill.container.as_deref().map(|id| id.chars().take(12).collect::<String>());
    match (&kill.pod, container) {
        (Some(pod), Some(id)) => format!("Pod {}, container {id}", pod.uid),
        (Some(pod), None) => format!("Pod {}", pod.uid),
        (None, Some(id)) => format!("container {id}"),
        (None, None) => kill.oom_cgroup.as_deref().map_or("it".to_owned(), clean),
    }
}

/// Usage against limit, and what the container was given.
pub(super) fn limit(kill: &Kill, joined: &Joined<'_>) -> String {
    let mut parts = Vec::new();
    match (kill.usage, kill.limit) {
        (Some(usage), Some(limit)) => {
            parts.push(format!("{} used of {} ({})", format_bytes(usage), format_bytes(limit), percent(usage, limit)));
        }
        (Some(usage), None) if kill.unlimited => {
            parts.push(format!("{} used; this cgroup has no limit of its own", format_bytes(usage)));
        }
        (None, Some(limit)) => parts.push(format!("{}, the usage is not in the log", format_bytes(limit))),
        _ => {}
    }
    if let Some(times) = kill.failcnt.filter(|times| *times > 1) {
        parts.push(format!("hit {}", plural(times, "time")));
    }
    let container = joined.found.and_then(|found| found.container);
    if let Some(container) = container {
        let value = |bytes: Option<u64>| bytes.map_or_else(|| "none".to_owned(), format_bytes);
        parts.push(format!(
            "container {} has limit {}, request {}",
            clean(&container.name),
            value(container.limit),
            value(container.request)
        ));
    } else if let Some(request) = request(kill, joined.node_memory) {
        parts.push(request);
    }
    parts.join("; ")
}

/// What the victim's `oom_score_adj` tells of its request.
fn request(kill: &Kill, node_memory: Option<u64>) -> Option<String> {
    let adj = kill.victims.first()?.oom_score_adj?;
    Some(match implied(kill, node_memory)? {
        ImpliedRequest::BestEffort => "the victim has no memory request (oom_score_adj 1000)".to_owned(),
        ImpliedRequest::Guaranteed => "the victim's request is its limit (oom_score_adj -997)".to_owned(),
        ImpliedRequest::Between { from: 0, to: Some(to) } => {
            format!("the victim requests less than {} (oom_score_adj {adj})", format_bytes(to.saturating_add(1)))
        }
        ImpliedRequest::Between { from, .. } => {
            format!("the victim requests about {} (oom_score_adj {adj})", format_bytes(from))
        }
        ImpliedRequest::Sandbox | ImpliedRequest::NodeAgent | ImpliedRequest::Foreign => return None,
    })
}

/// The victims, where there is no table of processes.
pub(super) fn victims(kill: &Kill) -> String {
    let one = |victim: &Victim| match victim.resident() {
        Some(resident) => format!("{} held {}", clean(&victim.name), format_bytes(resident)),
        None => clean(&victim.name),
    };
    let few: Vec<String> = kill.victims.iter().take(5).map(one).collect();
    if few.is_empty() { few.join("") } else { format!("{}; the log lists no other process", few.join(", ")) }
}

/// Memory by kind.
pub(super) fn memory(kill: &Kill) -> String {
    let memory = &kill.memory;
    let whole = kill.usage.or(kill.ram).unwrap_or(0);
    let cache = memory.file.map(|file| file.saturating_sub(memory.shmem.unwrap_or(0)));
    let kernel = memory.kernel.or(memory.slab);
    let kinds = [
        ("anonymous", memory.anon),
        ("page cache", cache),
        ("shared memory and in-memory volumes", memory.shmem),
        (if memory.kernel.is_some() { "kernel" } else { "kernel objects" }, kernel),
        ("swapped out", memory.swap),
    ];
    let shown = kinds.iter().filter_map(|(what, bytes)| {
        let bytes = bytes.filter(|bytes| *bytes > 0 && *bytes >= whole / 200)?;
        let share = if whole > 0 { format!(" ({})", percent(bytes, whole)) } else { String::new() };
        Some(format!("{what} {}{share}", format_bytes(bytes)))
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Who died, and what that means for the container.
pub(super) fn death(shown: &Shown) -> String {
    let kill = &shown.kill;
    let one = |victim: &Victim| {
        let user = victim.uid.map(|uid| format!(", user {uid}")).unwrap_or_default();
        format!("{} (pid {}{user})", clean(&victim.name), victim.pid)
    };
    let mut names: Vec<String> = kill.victims.iter().take(5).map(one).collect();
    if shown.victims > names.len() {
        names.push(format!("{} more", shown.victims - names.len()));
    }
    match kill.death_note() {
        Some(note) => format!("{}: {note}", names.join(", ")),
        None => names.join(", "),
    }
}
