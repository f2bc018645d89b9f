//! Kubernetes events about memory: what each one says, and which memlint rules could have said it in review.
//!
//! An event is a sentence that some component wrote for people; the sentences are read here by their shape. The
//! caller turns `kubectl get events -o json` into [`Event`]s.

mod eviction;
mod quantity;
mod scheduling;

pub use eviction::{ContainerUse, Eviction};
pub use scheduling::{Reason, Scheduling};

use super::Victim;
use super::text::{after, leading};
use super::victim::{Killer, chosen, killed, killer};

/// An event as the API holds it, the fields that matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// `reason`.
    pub reason: String,
    /// `message` (events.k8s.io: `note`).
    pub message: String,
    /// `count` or `series.count`; 0 is taken as 1.
    pub count: u64,
    /// `involvedObject.kind`.
    pub kind: String,
    /// `involvedObject.namespace`.
    pub namespace: Option<String>,
    /// `involvedObject.name`.
    pub name: String,
    /// `firstTimestamp` or `eventTime`, as written.
    pub first_time: Option<String>,
    /// `lastTimestamp` or `series.lastObservedTime`, as written.
    pub last_time: Option<String>,
}

/// The kinds of event that memlint reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The kubelet ended a Pod to get memory back.
    Evicted,
    /// The kubelet saw the machine's OOM killer (never a limit's).
    SystemOom,
    /// node-problem-detector passed on a kernel line.
    OomKilling,
    /// The node's MemoryPressure condition came on.
    NodeHasInsufficientMemory,
    /// The kubelet began to reclaim.
    EvictionThresholdMet,
    /// The scheduler found no node.
    FailedScheduling,
}

impl EventKind {
    /// What an event of this kind leaves open, on which it depends which of its rules it was.
    pub fn depends(self) -> Option<&'static str> {
        Some(match self {
            Self::FailedScheduling => {
                "never-fits if even an empty node is too small, the others if room is taken: memlint fit tells which"
            }
            Self::SystemOom => "the event names the process, but neither its container nor who took the memory",
            Self::OomKilling => {
                "the event names neither container nor limit; the kernel's log of that node does: memlint oom LOG"
            }
            Self::NodeHasInsufficientMemory | Self::EvictionThresholdMet => {
                "the event names no Pod: any Pod of that node may be the cause"
            }
            Self::Evicted => return None,
        })
    }
}

/// What a message says beyond its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Details {
    /// Nothing to be read.
    None,
    /// An eviction's figures.
    Eviction(Eviction),
    /// A killed process.
    Process(Box<Victim>),
    /// The scheduler's count of nodes.
    Scheduling(Scheduling),
}

/// An event, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What it is.
    pub kind: EventKind,
    /// How often it happened.
    pub count: u64,
    /// Whether memory is what it is about. Evictions and scheduling have other causes too.
    pub about_memory: bool,
    /// The ids of the rules that could have found the cause in review, the likeliest first. Empty if none could.
    pub rules: Vec<&'static str>,
    /// What its message says.
    pub details: Details,
}

/// What lets a node run out of memory although the scheduler thought it had enough.
const OVERCOMMIT: [&str; 3] = ["missing-memory-request", "limit-far-above-request", "unbounded-memory-volume"];

/// Reads an event; `None` for reasons that have nothing to do with memory.
pub fn read(event: &Event) -> Option<Reading> {
    let (kind, about_memory, rules, details) = match event.reason.as_str() {
        "Evicted" => evicted(&event.message),
        "SystemOOM" => system_oom(&event.message),
        "OOMKilling" => oom_killing(&event.message),
        "NodeHasInsufficientMemory" => (EventKind::NodeHasInsufficientMemory, true, OVERCOMMIT.to_vec(), Details::None),
        "EvictionThresholdMet" => {
            let memory = event.message.contains("memory");
            let rules = if memory { OVERCOMMIT.to_vec() } else { Vec::new() };
            (EventKind::EvictionThresholdMet, memory, rules, Details::None)
        }
        "FailedScheduling" => failed_scheduling(&event.message),
        _ => return None,
    };
    Some(Reading { kind, count: event.count.max(1), about_memory, rules, details })
}

type Parts = (EventKind, bool, Vec<&'static str>, Details);

fn evicted(message: &str) -> Parts {
    let eviction = eviction::read(message);
    let about_memory = eviction.resource.as_deref() == Some("memory");
    let mut rules = Vec::new();
    if eviction.refused_under_pressure {
        // Only BestEffort Pods are refused so.
        rules.push("missing-memory-request");
    } else if about_memory {
        let none = |each: &ContainerUse| each.request == Some(0);
        if eviction.containers.is_empty() || eviction.containers.iter().any(none) {
            rules.push("missing-memory-request");
        }
        if eviction.containers.is_empty() || !eviction.containers.iter().all(none) {
            rules.push("limit-far-above-request");
        }
    }
    (EventKind::Evicted, about_memory, rules, Details::Eviction(eviction))
}

/// `System OOM encountered, victim process: <name>, pid: <n>` (pkg/kubelet/oom/oom_watcher_linux.go).
fn system_oom(message: &str) -> Parts {
    let victim = after(message, "victim process: ")
        .and_then(|rest| rest.rsplit_once(", pid: "))
        .and_then(|(name, pid)| Some(super::victim::bare(leading(pid.trim())?.0, name, super::Fate::Killed)));
    let rules =
        vec!["missing-memory-limit", "missing-memory-request", "limit-far-above-request", "limit-above-every-node"];
    let details = victim.map_or(Details::None, |victim| Details::Process(Box::new(victim)));
    (EventKind::SystemOom, true, rules, details)
}

/// node-problem-detector repeats the kernel's kill line, which names no cgroup.
fn oom_killing(message: &str) -> Parts {
    let victim = match killed(message) {
        Some((_, victim)) => Some(victim),
        None => chosen(message).map(|chosen| super::victim::bare(chosen.pid, &chosen.name, super::Fate::Chosen)),
    };
    let mut rules = match killer(message) {
        Some(Killer::Memcg) => vec!["heap-above-limit", "memory-volume-above-limit"],
        _ => vec!["missing-memory-limit", "limit-far-above-request", "limit-above-every-node"],
    };
    if victim.as_ref().is_some_and(|victim| victim.oom_score_adj == Some(1000)) {
        rules.insert(0, "missing-memory-request");
    }
    let details = victim.map_or(Details::None, |victim| Details::Process(Box::new(victim)));
    (EventKind::OomKilling, true, rules, details)
}

fn failed_scheduling(message: &str) -> Parts {
    let Some(scheduling) = scheduling::read(message) else {
        return (EventKind::FailedScheduling, false, Vec::new(), Details::None);
    };
    let about_memory = scheduling.count_of("Insufficient memory") > 0;
    (EventKind::FailedScheduling, about_memory, scheduling.rules(), Details::Scheduling(scheduling))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(reason: &str, message: &str) -> Reading {
        read(&Event { reason: reason.into(), message: message.into(), ..Event::default() }).unwrap()
    }

    #[test]
    fn each_reason_points_at_its_rules() {
        let cases: [(&str, &str, &[&str]); 11] = [
            (
                "Evicted",
                "The node was low on resource: memory. Threshold quantity: 100Mi, available: 61Mi. Container web was using 700Mi, request is 0, has larger consumption of memory. ",
                &["missing-memory-request"],
            ),
            (
                "Evicted",
                "The node was low on resource: memory. Container web was using 700Mi, which exceeds its request of 200Mi. ",
                &["limit-far-above-request"],
            ),
            (
                "Evicted",
                "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 5Mi. ",
                &[],
            ),
            ("Evicted", "The node had condition: [MemoryPressure]. ", &["missing-memory-request"]),
            (
                "SystemOOM",
                "System OOM encountered, victim process: ja, va, pid: 77",
                &[
                    "missing-memory-limit",
                    "missing-memory-request",
                    "limit-far-above-request",
                    "limit-above-every-node",
                ],
            ),
            (
                "OOMKilling",
                "Memory cgroup out of memory: Killed process 9 (app) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:975",
                &["heap-above-limit", "memory-volume-above-limit"],
            ),
            (
                "OOMKilling",
                "Out of memory: Kill process 9 (app) score 1000 or sacrifice child",
                &["missing-memory-limit", "limit-far-above-request", "limit-above-every-node"],
            ),
            ("NodeHasInsufficientMemory", "Node n status is now: NodeHasInsufficientMemory", &OVERCOMMIT),
            ("EvictionThresholdMet", "Attempting to reclaim memory", &OVERCOMMIT),
            ("EvictionThresholdMet", "Attempting to reclaim inodes", &[]),
            ("FailedScheduling", "0/1 nodes are available: 1 Too many pods.", &["does-not-fit-now"]),
        ];
        for (reason, message, rules) in cases {
            assert_eq!(reading(reason, message).rules, rules, "{message}");
        }
        let Details::Process(victim) = reading("SystemOOM", cases[4].1).details else { panic!() };
        assert_eq!((victim.pid, victim.name.as_str()), (77, "ja, va"));
        assert_eq!(read(&Event { reason: "Pulled".into(), ..Event::default() }), None);
    }
}
