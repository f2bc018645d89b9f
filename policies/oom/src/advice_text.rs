//! The advice in a sentence or two, with the numbers that say so.

use super::advice::{Advice, Top};
use super::kill::{Fate, Level};
use super::size::format_bytes;
use std::fmt;

impl fmt::Display for Top {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.name)?;
        if self.processes > 1 {
            write!(out, " ({} processes)", self.processes)?;
        }
        write!(out, " held {}", format_bytes(self.rss))?;
        match self.beyond_request {
            Some(beyond) => write!(out, ", {} beyond its request", format_bytes(beyond)),
            None => Ok(()),
        }
    }
}

/// `; java held 3Gi`, or nothing.
struct And<'a>(&'a Option<Top>);

impl fmt::Display for And<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |top| write!(out, "; {top}"))
    }
}

/// ` of 500Mi`, or nothing.
struct Of(Option<u64>);

impl fmt::Display for Of {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |bytes| write!(out, " of {}", format_bytes(bytes)))
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RaiseLimitOrFixLeak { level, limit, top } => write!(
                out,
                "the {} reached its memory limit{}{}; raise limits.memory if this is normal use, find the leak if it grows without end",
                level.name(),
                Of(*limit),
                And(top)
            ),
            Self::MemoryVolume { level, limit, shmem } => write!(
                out,
                "the {} reached its memory limit{}, and {} of that is shared memory: an emptyDir with medium Memory or /dev/shm; give the volume a sizeLimit, or raise limits.memory by what it holds",
                level.name(),
                Of(*limit),
                format_bytes(*shmem)
            ),
            Self::KernelMemory { level, limit, kernel } => write!(
                out,
                "the {} reached its memory limit{}, and {} of that is the kernel's: many open files, directory entries, sockets or threads; use fewer, or raise limits.memory",
                level.name(),
                Of(*limit),
                format_bytes(*kernel)
            ),
            Self::SocketMemory { level, limit, sock } => write!(
                out,
                "the {} reached its memory limit{}, and {} of that is data in sockets that nobody has read yet; read faster, keep fewer connections or smaller buffers, or raise limits.memory",
                level.name(),
                Of(*limit),
                format_bytes(*sock)
            ),
            Self::UnwrittenPageCache { level, limit, unwritten } => write!(
                out,
                "the {} reached its memory limit{}, and {} of that is page cache that is not written to disk yet, not the memory of a process: files were written faster than the disk takes them; write less at once, sync in between, use a faster volume, or raise limits.memory",
                level.name(),
                Of(*limit),
                format_bytes(*unwritten)
            ),
            Self::NestedLimit { limit, top } => write!(
                out,
                "a memory limit{} that was set within the Pod's container was reached, not limits.memory; raise it where it is set, such as docker run --memory{}",
                Of(*limit),
                And(top)
            ),
            Self::NodeIsFull { guest: true, limit, top, .. } => write!(
                out,
                "the container or virtual machine that is the node reached its memory limit{}; give it more memory, or raise requests to real use{}",
                Of(*limit),
                And(top)
            ),
            Self::NodeIsFull { level, limit, top, victim, .. } => {
                let whose = if *level == Level::Qos { "all Pods of this class" } else { "all Pods of the node" };
                let victim = victim.as_deref().unwrap_or("the victim");
                write!(
                    out,
                    "{whose} together reached their limit{}, so raising the limit of {victim} will not help; raise requests to real use, or take larger nodes{}",
                    Of(*limit),
                    And(top)
                )
            }
            Self::SystemCgroup { cgroup, limit } => write!(
                out,
                "{} reached its own memory limit{}, no Pod's request or limit is involved; raise MemoryMax of the unit, or kubeReserved or systemReserved where enforceNodeAllocatable sets it",
                cgroup.as_deref().unwrap_or("a system cgroup"),
                Of(*limit)
            ),
            Self::Manual => write!(
                out,
                "someone asked for it (echo f > /proc/sysrq-trigger, or the keys), the memory was not short; find who did"
            ),
            Self::MachineIsFull { ram, free_huge_pages: Some(free), top } => write!(
                out,
                "the machine itself ran out of its memory{}, while {} of it is set aside as huge pages that nobody uses: lower vm.nr_hugepages, or have Pods request hugepages; else reserve more for the system, and set requests and limits on every Pod{}",
                Of(*ram),
                format_bytes(*free),
                And(top)
            ),
            Self::MachineIsFull { ram, top, .. } => write!(
                out,
                "the machine itself ran out of its memory{}: reserve more for the system (kubeReserved, systemReserved), and set requests and limits on every Pod{}",
                Of(*ram),
                And(top)
            ),
            Self::NumaNodeIsFull { top } => write!(
                out,
                "the NUMA nodes that the process is bound to ran out, others may have room; check the memory manager, numactl and cpusets{}",
                And(top)
            ),
            Self::NeedMoreLog { proven: false, .. } => write!(
                out,
                "the log does not show whether a process was killed, nor whose limit it was: both are in the lines around it: in dmesg or journalctl -k of that node, look for oom-kill:constraint=, Task in and Killed process"
            ),
            Self::NeedMoreLog { victim, fate, resident, cgroup, .. } => {
                let became = match fate {
                    Some(Fate::Chosen) => "was chosen to be killed",
                    Some(Fate::AlreadyExiting) => "was to be killed, but was already exiting,",
                    _ => "was killed",
                };
                write!(out, "{} {became}", victim.as_deref().unwrap_or("a process"))?;
                if let Some(resident) = resident {
                    write!(out, " holding {}", format_bytes(*resident))?;
                }
                let whose = if *cgroup {
                    " at a cgroup's limit, not that of the whole machine; whose it was (its container's, its Pod's, that of all Pods of the node, a service's)"
                } else {
                    ", but the log does not say whose limit it was: that"
                };
                // A report without a victim breaks off; what it lacks comes after what is left of it.
                let place = if victim.is_some() { "just before" } else { "around it" };
                write!(
                    out,
                    "{whose} is in the lines {place}: in dmesg or journalctl -k of that node, look for oom-kill:constraint= or Task in"
                )
            }
        }
    }
}
