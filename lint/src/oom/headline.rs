//! The sentences about one kill: who died and at whose limit, what it used, what became of the container.

use memlint_kubernetes::resources::List;
use memlint_oom::{Beyond, Constraint, Fate, ImpliedRequest, Kill, Level, Outcome, Qos, Repeat, Victim, format_bytes};

use super::bars::{percent, range};
use super::groups::Shown;
use super::join::{Joined, implied};
use super::paint::{clean, plural};
use super::pods::Found;
use super::target::{is_about_memory, memory as memory_of};
use super::words;

/// The most important line: who died, how often, at which limit.
pub(super) fn headline(kill: &Kill, joined: &Joined<'_>, repeat: &Repeat) -> String {
    let times = repeat.count;
    let Some(victim) = kill.victims.first() else {
        let whose = whose(kill, joined).replacen(" its ", " a ", 1);
        let often = if times > 1 { format!(" {times} times") } else { String::new() };
        return match kill.outcome() {
            Outcome::Killed => format!("a process that the log does not name was OOM-killed{often} {whose}"),
            Outcome::NoVictim if kill.panic => format!("the kernel stopped the machine (panic){often} {whose}"),
            Outcome::NoVictim => format!("the kernel found no process to kill{often} {whose}"),
            Outcome::Unknown => unproven(kill, joined, &whose, &often),
        };
    };
    let name = clean(&victim.name);
    let (who, process) = match joined.found {
        Some(found) => {
            let who = in_cluster(found);
            let same = found.container.is_some_and(|container| container.name == name);
            let process = match names(repeat) {
                Some(names) => format!(" (processes {names})"),
                None if same => String::new(),
                None => format!(" (process {name})"),
            };
            (who, process)
        }
        None => match names(repeat) {
            Some(names) => (format!("one of a container's processes ({names})"), String::new()),
            None => (name, String::new()),
        },
    };
    let often = if times > 1 { format!(" {times} times") } else { String::new() };
    let verb = match victim.fate {
        Fate::Killed => "was OOM-killed",
        Fate::Chosen => "was chosen to be OOM-killed",
        Fate::AlreadyExiting => "was to be OOM-killed, but was exiting already,",
    };
    format!("{who} {verb}{often} {}{process}", whose(kill, joined))
}

/// The container, or the Pod, by its names.
pub(super) fn in_cluster(found: Found<'_>) -> String {
    let pod = clean(&format!("Pod {}/{}", found.pod.namespace, found.pod.name));
    match found.container {
        Some(container) => format!("container {} of {pod}", clean(&container.name)),
        None => pod,
    }
}

/// What a report says that ends before its victim.
fn unproven(kill: &Kill, joined: &Joined<'_>, whose: &str, often: &str) -> String {
    let of_it = joined.found.map(|found| format!(" in {}", in_cluster(found))).unwrap_or_default();
    let told = match &kill.trigger {
        Some(trigger) => {
            let name = clean(&trigger.name);
            format!("{name}{of_it} asked the kernel for memory{often}, which started its OOM killer")
        }
        None if kill.usage.is_some() => format!("the kernel printed a cgroup's use of memory{often}"),
        None => format!("the kernel started its OOM killer{often}"),
    };
    let known = kill.level.is_some() || kill.constraint.is_some();
    let place = if known { format!(" {whose}") } else { String::new() };
    format!("{told}{place}; the log does not show whether a process was killed")
}

/// The victims' names with their numbers, where there is more than one.
fn names(repeat: &Repeat) -> Option<String> {
    let names = repeat.names.iter().map(|(name, count)| format!("{} x{count}", clean(name)));
    (repeat.names.len() > 1).then(|| names.collect::<Vec<_>>().join(", "))
}

/// At whose limit.
fn whose(kill: &Kill, joined: &Joined<'_>) -> String {
    let limit = of(kill.limit);
    let amount = |bytes: Option<u64>| bytes.map(|bytes| format!("the {}", format_bytes(bytes)));
    let node = joined.found.and_then(|found| found.pod.node.as_deref()).or(kill.host.as_deref()).map(clean);
    let on = node.as_ref().map_or("the node".to_owned(), |node| format!("node {node}"));
    match kill.level {
        Some(Level::Container) if kill.beyond == Some(Beyond::Container) => {
            format!("at a memory limit{limit} that was set within its container")
        }
        Some(Level::Container) => format!("at its container's memory limit{limit}"),
        Some(Level::Pod) => format!("at its Pod's memory limit{limit}"),
        Some(Level::Qos) => {
            let class = kill.qos.map_or("", words::qos);
            let limit = amount(kill.limit).unwrap_or_else(|| "all".to_owned());
            format!("because all {class} Pods of {on} together used {limit} that this class may use")
        }
        Some(Level::Node) if kill.beyond == Some(Beyond::Node) => {
            format!("at the memory limit{limit} of the container or virtual machine that is {on}")
        }
        Some(Level::Node) => {
            let limit = amount(kill.limit).unwrap_or_else(|| "all".to_owned());
            format!("because all Pods of {on} together used {limit} it has for them")
        }
        Some(Level::System) => {
            let cgroup = kill.oom_cgroup.as_deref().map_or("a system cgroup".to_owned(), clean);
            format!("at the memory limit{limit} of {cgroup}")
        }
        Some(Level::Machine) if kill.is_manual() => {
            format!("because someone asked the kernel of {on} to, not for want of memory")
        }
        Some(Level::Machine) => {
            let ram = kill.ram.map(|ram| format!(" ({})", format_bytes(ram))).unwrap_or_default();
            format!(
                "because {}{ram} ran out of memory",
                node.map_or("the whole machine".to_owned(), |node| format!("the whole machine {node}"))
            )
        }
        Some(Level::Numa) => format!("because the NUMA nodes it is bound to, on {on}, ran out of memory"),
        None if kill.constraint == Some(Constraint::Memcg) => {
            "at a cgroup's memory limit that the log does not name".to_owned()
        }
        None => "at a limit that the log does not name".to_owned(),
    }
}

/// Pod, container and class, as far as the log itself tells.
pub(super) fn identity(kill: &Kill) -> String {
    let pod = kill.pod.as_ref().map(|pod| {
        if pod.is_static { format!("static Pod with config hash {}", pod.uid) } else { format!("UID {}", pod.uid) }
    });
    let container =
        kill.container.as_deref().map(|id| format!("container {}", id.chars().take(12).collect::<String>()));
    let class = kill.qos.filter(|_| kill.pod.is_some()).map(|class| words::qos(class).to_owned());
    [pod, container, class].into_iter().flatten().collect::<Vec<_>>().join(", ")
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
        parts.push(format!("reached its limit {}, mostly reclaimed", plural(times, "time")));
    }
    parts.extend(swap(kill));
    let container = joined.found.and_then(|found| found.container);
    if let Some(container) = container {
        let value = |bytes: Option<u64>| bytes.map_or_else(|| "none".to_owned(), format_bytes);
        parts.push(format!(
            "container {} has limit {}, request {}",
            clean(&container.name),
            value(container.limit),
            value(container.request)
        ));
        if let Some(own) =
            joined.found.and_then(|found| found.pod.spec.resources.as_ref()).filter(|own| is_about_memory(own))
        {
            let (limit, request) = (memory_of(own, List::Limits), memory_of(own, List::Requests));
            parts.push(format!("its Pod as a whole has limit {}, request {}", value(limit), value(request)));
        }
    } else if let Some(request) = request(kill, joined.node_memory) {
        parts.push(request);
    }
    parts.join("; ")
}

/// Swap, where any is used or it was what ran out.
fn swap(kill: &Kill) -> Option<String> {
    let counters = &kill.counters;
    if let Some(both) = counters.both_full(kill.usage, kill.limit) {
        return Some(format!("memory and swap together reached their limit{}", of(both.limit)));
    }
    let swap = counters.swap.filter(|swap| swap.usage > 0)?;
    Some(format!("swap {} used{}", format_bytes(swap.usage), of(swap.limit)))
}

/// What the victim's `oom_score_adj` tells of its request.
fn request(kill: &Kill, node_memory: Option<u64>) -> Option<String> {
    let adj = kill.victims.first()?.oom_score_adj?;
    Some(match implied(kill, node_memory, None)? {
        ImpliedRequest::BestEffort => "the victim has no memory request (oom_score_adj 1000)".to_owned(),
        ImpliedRequest::Guaranteed => match kill.qos {
            Some(Qos::Guaranteed) => "the victim's request is its limit (oom_score_adj -997)",
            Some(_) => "the victim is system-node-critical: its oom_score_adj of -997 says nothing of its request",
            None => {
                "the victim is Guaranteed, so that its request is its limit, or system-node-critical (oom_score_adj -997)"
            }
        }
        .to_owned(),
        ImpliedRequest::Between { from: 0, to: Some(to) } => {
            format!("the victim requests less than {} (oom_score_adj {adj})", format_bytes(to.saturating_add(1)))
        }
        ImpliedRequest::Between { from, to } => {
            format!("the victim requests {} (oom_score_adj {adj})", range(from, to))
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
    let others = if kill.mixed { "" } else { "; the log lists no other process" };
    if few.is_empty() { few.join("") } else { format!("{}{others}", few.join(", ")) }
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
        ("socket buffers", memory.sock),
        ("swapped out", memory.swap),
        ("free huge pages", memory.free_huge_pages),
    ];
    let shown = kinds.iter().filter_map(|(what, bytes)| {
        let bytes = bytes.filter(|bytes| *bytes > 0 && *bytes >= whole / 200)?;
        let share = if whole > 0 { format!(" ({})", percent(bytes, whole)) } else { String::new() };
        Some(format!("{what} {}{share}", format_bytes(bytes)))
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Who died, and what that means for the container.
pub(super) fn death(shown: &Shown, joined: &Joined<'_>) -> String {
    let kill = &shown.kill;
    let one = |victim: &Victim| {
        let user = victim.uid.map(|uid| format!(", user {uid}")).unwrap_or_default();
        format!("{} (pid {}{user})", clean(&victim.name), victim.pid)
    };
    let mut names: Vec<String> = kill.victims.iter().take(5).map(one).collect();
    if shown.victims > names.len() {
        names.push(format!("{} more", shown.victims - names.len()));
    }
    if let Some(chosen) = &kill.chosen {
        names.push(format!("in place of {} (pid {}), whose child it was", clean(&chosen.name), chosen.pid));
    }
    match kill.note_on(joined.death) {
        Some(note) => format!("{}: {note}", names.join(", ")),
        None => names.join(", "),
    }
}

/// ` of 500Mi`, or nothing.
fn of(bytes: Option<u64>) -> String {
    bytes.map(|bytes| format!(" of {}", format_bytes(bytes))).unwrap_or_default()
}
