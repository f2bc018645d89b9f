//! One OOM kill, as the log tells it: the type that the parser hands out.
//!
//! Nothing here is computed from anything but the log, and what the log does not say is `None`. Sizes are bytes
//! unless a name says otherwise. The types know no JSON: the edge that prints them owns its wire format.

use super::cgroup::{Driver, PodUid, Qos, Runtime};
use super::contributor::Contributor;
use super::memory::{CgroupMemory, Counters, Memory};
use super::table::{PageSize, Task};
use super::trigger::{Constraint, Trigger};

/// Whose limit was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// The container's own limit.
    Container,
    /// The Pod's: the sum of its containers' limits, in-memory volumes charged too.
    Pod,
    /// All Pods of one quality of service class together.
    Qos,
    /// All Pods of the node together (`/kubepods`: allocatable memory).
    Node,
    /// A system daemon's or a user's cgroup.
    System,
    /// The whole machine had no memory left.
    Machine,
    /// The NUMA nodes that the task was bound to had none left; others may.
    Numa,
}

impl Level {
    /// The word for it in every output: `container`, `pod`, `qos`, `node`, `system`, `machine`, `numa`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Pod => "pod",
            Self::Qos => "qos",
            Self::Node => "node",
            Self::System => "system",
            Self::Machine => "machine",
            Self::Numa => "numa",
        }
    }
}

/// A limit that Kubernetes did not set, around its cgroups or within a container's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Beyond {
    /// Of the container or virtual machine that is the node: kind, k3d, LXC. The level is [`Level::Node`].
    Node,
    /// Of something that runs within the Pod's container: docker in docker. The level is [`Level::Container`].
    Container,
}

/// Which cgroup hierarchy the node runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CgroupVersion {
    /// cgroup v1: a kill takes one process, never the group.
    V1,
    /// cgroup v2: the kubelet sets `memory.oom.group` since Kubernetes 1.28, so a kill takes the container.
    V2,
}

/// The log line that shows which limit was hit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Its number in the log, from 1; of a wrapped line the first part's.
    pub line: u64,
    /// Its text without surrounding blanks, wrapped parts joined.
    pub text: String,
}

/// How a process left, as far as the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// The kernel printed its `Killed process` line.
    Killed,
    /// It was chosen, but the log lacks the line that says it was killed.
    Chosen,
    /// It was chosen but was already exiting, so the kernel left it alone.
    AlreadyExiting,
}

/// A killed process. Sizes are what it held when it was killed, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Victim {
    /// Process id on the node.
    pub pid: u64,
    /// Command name, cut by the kernel at 15 characters.
    pub name: String,
    /// The user it ran as.
    pub uid: Option<u64>,
    /// Resident anonymous memory.
    pub anon: Option<u64>,
    /// Resident file-backed memory.
    pub file: Option<u64>,
    /// Resident shared memory. Kernels before 4.5 do not print it.
    pub shmem: Option<u64>,
    /// Virtual size.
    pub total_vm: Option<u64>,
    /// Page tables.
    pub pgtables: Option<u64>,
    /// The kernel's bias, from -1000 (never) to 1000 (first); the kubelet derives it from the memory request.
    pub oom_score_adj: Option<i64>,
    /// How it left.
    pub fate: Fate,
    /// The OOM reaper took its memory back at once (`oom_reaper: reaped process`).
    pub reaped: bool,
    /// Number of the line that says so.
    pub line: u64,
}

impl Victim {
    /// Resident memory in bytes: anonymous, file-backed and shared. `None` if nothing was printed.
    pub fn resident(&self) -> Option<u64> {
        let known = [self.anon, self.file, self.shmem];
        known.iter().any(Option::is_some).then(|| known.into_iter().flatten().fold(0, u64::saturating_add))
    }
}

/// A process by its id and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Process id on the node.
    pub pid: u64,
    /// Command name.
    pub name: String,
}

/// What died with the victim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Death {
    /// The kernel killed the container's whole cgroup (`memory.oom.group`): the container restarts.
    Group,
    /// The only process there was, or very likely the first: the container ends and is restarted.
    Main,
    /// Very likely a child of the container's first process: the container may run on unless that one ends too, and
    /// Kubernetes may not notice at all.
    Child,
}

/// What came of it, as far as the log shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// A process was killed.
    Killed,
    /// The kernel found no process to kill.
    NoVictim,
    /// What is left of the report does not show it: a line that begins one, or memory counters alone.
    Unknown,
}

impl Outcome {
    /// The word for it in every output: `killed`, `no-victim`, `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::NoVictim => "no-victim",
            Self::Unknown => "unknown",
        }
    }
}

/// One OOM kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kill {
    /// Whose limit was hit; `None` if the log does not say, as when only a `Killed process` line is left.
    pub level: Option<Level>,
    /// The limit is none that Kubernetes set.
    pub beyond: Option<Beyond>,
    /// The line that shows it.
    pub evidence: Evidence,
    /// Time of that line, as written in the log.
    pub time: Option<String>,
    /// Microseconds since boot of that line. Orders kills where the time text has no year.
    pub uptime: Option<u64>,
    /// The node's host name, if lines carry one.
    pub host: Option<String>,
    /// Another machine's report is printed into this one and nothing in the lines tells them apart, so the figures
    /// that may be the other's are left out.
    pub mixed: bool,
    /// The cgroup whose limit was hit.
    pub oom_cgroup: Option<String>,
    /// The victim's cgroup.
    pub task_cgroup: Option<String>,
    /// The kernel printed no cgroup for this kill (its reports are rate-limited); the one given is that of an
    /// earlier report, at this line, whose task table lists this process.
    pub inferred_from: Option<u64>,
    /// The Pod, from the cgroup paths.
    pub pod: Option<PodUid>,
    /// Its class; for a tier's limit, the tier's.
    pub qos: Option<Qos>,
    /// The victim's container.
    pub container: Option<String>,
    /// The container runtime.
    pub runtime: Option<Runtime>,
    /// The cgroup driver.
    pub driver: Option<Driver>,
    /// The cgroup hierarchy.
    pub cgroup_version: Option<CgroupVersion>,
    /// The limit that was hit, in bytes. `None` if not printed or [unlimited](Self::unlimited).
    pub limit: Option<u64>,
    /// The cgroup had no limit of its own.
    pub unlimited: bool,
    /// What the cgroup used, in bytes.
    pub usage: Option<u64>,
    /// How often the limit had been hit.
    pub failcnt: Option<u64>,
    /// Swap and kernel memory as counted beside it.
    pub counters: Counters,
    /// The allocation that could not be had.
    pub trigger: Option<Trigger>,
    /// What the kernel found to be short.
    pub constraint: Option<Constraint>,
    /// The kernel's release, such as `5.15.0-1051-azure`.
    pub kernel: Option<String>,
    /// The machine's memory, in bytes (printed when the whole machine is out of memory).
    pub ram: Option<u64>,
    /// What of it the kernel can hand out, in bytes: what the kubelet reports as the node's capacity. `None` without
    /// the line that says how much is reserved.
    pub capacity: Option<u64>,
    /// The process that the kernel chose, where it killed a child of it instead (before 5.0).
    pub chosen: Option<Process>,
    /// Processes killed, in the kernel's order. Empty if the kernel found none to kill, or the log ends before.
    pub victims: Vec<Victim>,
    /// The whole container was killed with the victim.
    pub group_kill: bool,
    /// What died; `None` if the log does not tell.
    pub death: Option<Death>,
    /// What died if the victim's Pod has but one container, which the log alone does not tell.
    pub death_if_single: Option<Death>,
    /// What the memory was used for.
    pub memory: Memory,
    /// The same for each cgroup below; old cgroup v1 kernels print that.
    pub by_cgroup: Vec<CgroupMemory>,
    /// The processes that shared the limit, in the kernel's order. The largest, if there were very many.
    pub tasks: Vec<Task>,
    /// How many processes the log listed beyond [`tasks`](Self::tasks).
    pub tasks_left_out: u64,
    /// Memory by process name, largest first.
    pub contributors: Vec<Contributor>,
    /// The page size that turns the table's pages into bytes.
    pub page_size: PageSize,
    /// The kernel stopped the machine (`panic_on_oom`, or nothing was left to kill).
    pub panic: bool,
    /// The log holds the kill's end, a `Killed process` line or the kernel's statement that it killed none.
    pub complete: bool,
}

impl Kill {
    /// What came of it. The kernel names the victim's cgroup only after it has chosen one.
    pub fn outcome(&self) -> Outcome {
        if !self.victims.is_empty() || self.group_kill || self.task_cgroup.is_some() {
            Outcome::Killed
        } else if self.complete {
            Outcome::NoVictim
        } else {
            Outcome::Unknown
        }
    }

    /// Whether nothing was short: someone asked for a kill by SysRq.
    pub fn is_manual(&self) -> bool {
        self.trigger.as_ref().is_some_and(|trigger| trigger.order == Some(-1))
    }
}
