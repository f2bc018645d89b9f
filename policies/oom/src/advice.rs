//! What to change, chosen from whose limit it was and what the memory was used for.

use super::contributor::Contributor;
use super::diagnose::share_is_large;
use super::kill::{Beyond, Fate, Kill, Level, Outcome};
use super::request::ImpliedRequest;
use super::trigger::Constraint;

/// Who held the most when it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Top {
    /// Command name.
    pub name: String,
    /// How many processes of that name.
    pub processes: u64,
    /// Resident memory, in bytes.
    pub rss: u64,
    /// What of it lies beyond the request that its `oom_score_adj` implies, in bytes, if the node's capacity is
    /// known and the kubelet wrote the value.
    pub beyond_request: Option<u64>,
}

/// What to do about a kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// The container's or Pod's own limit: too low, or a leak.
    RaiseLimitOrFixLeak {
        /// `Container` or `Pod`.
        level: Level,
        /// The limit in bytes.
        limit: Option<u64>,
        /// Who held the most.
        top: Option<Top>,
    },
    /// The same, but much of it is shared memory.
    MemoryVolume {
        /// `Container` or `Pod`.
        level: Level,
        /// The limit in bytes.
        limit: Option<u64>,
        /// Shared memory in bytes.
        shmem: u64,
    },
    /// The same, but much of it is the kernel's own.
    KernelMemory {
        /// `Container` or `Pod`.
        level: Level,
        /// The limit in bytes.
        limit: Option<u64>,
        /// Kernel memory, or slab where only that is printed, in bytes.
        kernel: u64,
    },
    /// The same, but much of it is data in sockets.
    SocketMemory {
        /// `Container` or `Pod`.
        level: Level,
        /// The limit in bytes.
        limit: Option<u64>,
        /// Socket buffers in bytes.
        sock: u64,
    },
    /// The same, but much of it is page cache that no disk has taken yet.
    UnwrittenPageCache {
        /// `Container` or `Pod`.
        level: Level,
        /// The limit in bytes.
        limit: Option<u64>,
        /// Page cache that is to be written, or is being written, in bytes.
        unwritten: u64,
    },
    /// A limit that something within the Pod's container set for a part of it.
    NestedLimit {
        /// The limit in bytes.
        limit: Option<u64>,
        /// Who held the most.
        top: Option<Top>,
    },
    /// All Pods together, or all of a class, reached what the node may give them.
    NodeIsFull {
        /// `Node` or `Qos`.
        level: Level,
        /// The node is itself a container or virtual machine, whose limit this was.
        guest: bool,
        /// What the node may give them, in bytes.
        limit: Option<u64>,
        /// Who held the most, or the most beyond its request.
        top: Option<Top>,
        /// The first victim's command name.
        victim: Option<String>,
    },
    /// A system daemon's limit; no Pod is to blame.
    SystemCgroup {
        /// Its cgroup.
        cgroup: Option<String>,
        /// Its limit in bytes.
        limit: Option<u64>,
    },
    /// Nothing was short: someone asked the kernel to kill.
    Manual,
    /// The machine had no memory left: Pods and system together.
    MachineIsFull {
        /// Its memory in bytes.
        ram: Option<u64>,
        /// Huge pages that are set aside and free, in bytes, where they are much of it.
        free_huge_pages: Option<u64>,
        /// Who held the most, or the most beyond its request.
        top: Option<Top>,
    },
    /// The NUMA nodes that the process is bound to had none left.
    NumaNodeIsFull {
        /// Who held the most.
        top: Option<Top>,
    },
    /// The log does not say whose limit it was.
    NeedMoreLog {
        /// The first victim's command name.
        victim: Option<String>,
        /// How it left.
        fate: Option<Fate>,
        /// What it held, in bytes.
        resident: Option<u64>,
        /// It says that it was some cgroup's: the machine as a whole was not short.
        cgroup: bool,
        /// It shows that a process was killed.
        proven: bool,
    },
}

/// What to change about a kill. `capacity` is the node's memory (`status.capacity`) in bytes, if it is known; the
/// machine's own figure is used where the log has it.
pub fn advise(kill: &Kill, capacity: Option<u64>) -> Advice {
    let top = top(kill, capacity.or(kill.capacity));
    let victim = kill.victims.first().map(|victim| victim.name.clone());
    match kill.level {
        _ if kill.beyond == Some(Beyond::Container) => Advice::NestedLimit { limit: kill.limit, top },
        Some(level @ (Level::Container | Level::Pod)) => own_limit(kill, level, top),
        Some(level @ (Level::Node | Level::Qos)) => {
            let guest = kill.beyond == Some(Beyond::Node);
            Advice::NodeIsFull { level, guest, limit: kill.limit, top, victim }
        }
        Some(Level::System) => Advice::SystemCgroup { cgroup: kill.oom_cgroup.clone(), limit: kill.limit },
        Some(Level::Machine) if kill.is_manual() => Advice::Manual,
        Some(Level::Machine) => {
            let large = |free: &u64| *free > 0 && *free >= kill.ram.unwrap_or(0) / 20;
            let free_huge_pages = kill.memory.free_huge_pages.filter(large);
            Advice::MachineIsFull { ram: kill.ram, free_huge_pages, top }
        }
        Some(Level::Numa) => Advice::NumaNodeIsFull { top },
        None => Advice::NeedMoreLog {
            victim,
            fate: kill.victims.first().map(|victim| victim.fate),
            resident: kill.victims.first().and_then(super::Victim::resident),
            cgroup: kill.constraint == Some(Constraint::Memcg),
            proven: kill.outcome() == Outcome::Killed,
        },
    }
}

/// Shared memory counts from a quarter of the usage on, as do socket buffers, the kernel's own and unwritten page cache.
fn own_limit(kill: &Kill, level: Level, top: Option<Top>) -> Advice {
    let (memory, limit) = (&kill.memory, kill.limit);
    let kernel = memory.kernel.or(memory.slab);
    if let Some(shmem) = memory.shmem.filter(|shmem| share_is_large(Some(*shmem), memory, kill.usage)) {
        return Advice::MemoryVolume { level, limit, shmem };
    }
    if let Some(sock) = memory.sock.filter(|sock| share_is_large(Some(*sock), memory, kill.usage)) {
        return Advice::SocketMemory { level, limit, sock };
    }
    if let Some(kernel) = kernel.filter(|kernel| share_is_large(Some(*kernel), memory, kill.usage)) {
        return Advice::KernelMemory { level, limit, kernel };
    }
    // Processes with more than that in heaps are what filled it.
    let unwritten = memory.unwritten().filter(|unwritten| memory.anon.is_none_or(|anon| anon < *unwritten));
    if let Some(unwritten) = unwritten.filter(|unwritten| share_is_large(Some(*unwritten), memory, kill.usage)) {
        return Advice::UnwrittenPageCache { level, limit, unwritten };
    }
    Advice::RaiseLimitOrFixLeak { level, limit, top }
}

/// The largest contributor; with a capacity, the one furthest beyond its request, which is how the kernel
/// chooses too. Without a table, the victims.
fn top(kill: &Kill, capacity: Option<u64>) -> Option<Top> {
    let beyond = |each: &Contributor| match kill.request_of(each, capacity?)? {
        ImpliedRequest::BestEffort => Some(each.rss),
        ImpliedRequest::Between { to: Some(to), .. } => Some(each.rss.saturating_sub(to)),
        _ => None,
    };
    let many = matches!(kill.level, Some(Level::Node | Level::Qos | Level::Machine | Level::Numa));
    let furthest = kill.contributors.iter().filter_map(|each| Some((beyond(each)?, each))).filter(|(by, _)| *by > 0);
    let found = match furthest.max_by_key(|(by, _)| *by) {
        Some((by, each)) if many => Some((Some(by), each)),
        _ => kill.contributors.first().map(|each| (None, each)),
    };
    match found {
        Some((beyond_request, each)) => {
            Some(Top { name: each.name.clone(), processes: each.processes, rss: each.rss, beyond_request })
        }
        None => {
            let victim = kill.victims.first()?;
            let rss = victim.resident()?;
            Some(Top { name: victim.name.clone(), processes: 1, rss, beyond_request: None })
        }
    }
}

impl Advice {
    /// A stable word for the kind of advice, for machines.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RaiseLimitOrFixLeak { .. } => "raise-limit-or-fix-leak",
            Self::MemoryVolume { .. } => "memory-volume",
            Self::KernelMemory { .. } => "kernel-memory",
            Self::SocketMemory { .. } => "socket-memory",
            Self::UnwrittenPageCache { .. } => "unwritten-page-cache",
            Self::NestedLimit { .. } => "nested-limit",
            Self::NodeIsFull { .. } => "node-is-full",
            Self::SystemCgroup { .. } => "system-cgroup",
            Self::Manual => "manual",
            Self::MachineIsFull { .. } => "machine-is-full",
            Self::NumaNodeIsFull { .. } => "numa-node-is-full",
            Self::NeedMoreLog { .. } => "need-more-log",
        }
    }
}
