//! What memory was used for: the kernel's statistics blocks, in bytes.
//!
//! cgroup v2 and newer v1 kernels print `key value` lines in bytes, older v1 kernels one line for each cgroup
//! with `key:valueKB` pairs (mm/memcontrol.c). The words differ, the meaning is brought together here:
//! `file` is the page cache *including* shared memory, as in both hierarchies' `memory.stat`.

use super::text::{kib, leading};

/// Memory by kind, in bytes. `None` where the kernel printed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// Anonymous memory: heaps and stacks. (v1: `rss`.)
    pub anon: Option<u64>,
    /// Page cache, shared memory included. (v1: `cache`.)
    pub file: Option<u64>,
    /// Shared memory and tmpfs: in-memory volumes, `/dev/shm`.
    pub shmem: Option<u64>,
    /// All kernel memory (printed since 5.18).
    pub kernel: Option<u64>,
    /// Kernel objects, such as directory entries and inodes.
    pub slab: Option<u64>,
    /// Kernel stacks.
    pub kernel_stack: Option<u64>,
    /// Page tables.
    pub pagetables: Option<u64>,
    /// Network buffers.
    pub sock: Option<u64>,
    /// Swapped out, or compressed swap's source size.
    pub swap: Option<u64>,
    /// Page cache that the kernel could drop soonest.
    pub inactive_file: Option<u64>,
    /// Page cache in use.
    pub active_file: Option<u64>,
    /// Memory that cannot be reclaimed (`mlock`, ramfs).
    pub unevictable: Option<u64>,
    /// Page cache that was changed and has yet to be written to disk. (v1: `dirty`.)
    pub dirty: Option<u64>,
    /// Page cache that is being written to disk. (v1: `writeback`.)
    pub writeback: Option<u64>,
    /// Huge pages of the machine that are set aside and that nobody uses: no other memory can be had from them.
    pub free_huge_pages: Option<u64>,
}

/// One of the counters that are printed beside the memory's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauge {
    /// In use, in bytes.
    pub usage: u64,
    /// Its limit in bytes; `None` if it has none, or it was not printed.
    pub limit: Option<u64>,
    /// How often the limit had been reached.
    pub failcnt: Option<u64>,
}

/// The counters besides the memory's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Swap alone (cgroup v2).
    pub swap: Option<Gauge>,
    /// Memory and swap together (cgroup v1).
    pub memory_swap: Option<Gauge>,
    /// The kernel's own memory (cgroup v1).
    pub kernel: Option<Gauge>,
}

impl Counters {
    /// Memory and swap together, if it was they that reached their limit, not memory alone.
    pub fn both_full(&self, usage: Option<u64>, limit: Option<u64>) -> Option<Gauge> {
        let memory_full = usage? >= limit.unwrap_or(u64::MAX);
        self.memory_swap.filter(|both| !memory_full && both.limit.is_some_and(|limit| both.usage >= limit))
    }
}

/// One cgroup's own share in an old v1 report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CgroupMemory {
    /// The cgroup's path.
    pub path: String,
    /// Memory charged to it and not to a cgroup below it.
    pub memory: Memory,
}

impl Memory {
    /// Page cache that cannot be dropped before a disk has taken it, in bytes.
    pub fn unwritten(&self) -> Option<u64> {
        let parts = [self.dirty, self.writeback];
        parts.iter().any(Option::is_some).then(|| parts.into_iter().flatten().fold(0, u64::saturating_add))
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The field for a statistics key, if memlint keeps that one.
    fn field(&mut self, key: &str) -> Option<&mut Option<u64>> {
        Some(match key {
            "anon" | "rss" => &mut self.anon,
            "file" | "cache" => &mut self.file,
            "shmem" => &mut self.shmem,
            "kernel" => &mut self.kernel,
            "slab" => &mut self.slab,
            "kernel_stack" => &mut self.kernel_stack,
            "pagetables" => &mut self.pagetables,
            "sock" => &mut self.sock,
            "swap" => &mut self.swap,
            "inactive_file" => &mut self.inactive_file,
            "active_file" => &mut self.active_file,
            "unevictable" => &mut self.unevictable,
            "file_dirty" | "dirty" => &mut self.dirty,
            "file_writeback" | "writeback" => &mut self.writeback,
            _ => return None,
        })
    }

    /// Takes one `key value` line, the value in bytes.
    ///
    /// v1 prints a cgroup's own values first and the subtree's with `total_` after: the subtree's is what
    /// counts against the limit, so it wins. `slab` is the sum of its two halves where it is not printed.
    pub(super) fn set(&mut self, key: &str, value: u64) {
        let half = matches!(key, "slab_reclaimable" | "slab_unreclaimable");
        if half {
            self.slab = Some(self.slab.unwrap_or(0).saturating_add(value));
        } else if let Some(field) = self.field(key.strip_prefix("total_").unwrap_or(key)) {
            *field = Some(value);
        }
    }

    /// Adds another cgroup's share.
    pub(super) fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.anon, other.anon),
            (&mut self.file, other.file),
            (&mut self.shmem, other.shmem),
            (&mut self.kernel, other.kernel),
            (&mut self.slab, other.slab),
            (&mut self.kernel_stack, other.kernel_stack),
            (&mut self.pagetables, other.pagetables),
            (&mut self.sock, other.sock),
            (&mut self.swap, other.swap),
            (&mut self.inactive_file, other.inactive_file),
            (&mut self.active_file, other.active_file),
            (&mut self.unevictable, other.unevictable),
            (&mut self.dirty, other.dirty),
            (&mut self.writeback, other.writeback),
        ];
        for (sum, more) in pairs {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0).saturating_add(more));
            }
        }
    }

    /// The old v1 form: ` cache:8KB rss:16KB ...`. `None` when no known key is there.
    pub(super) fn inline(text: &str) -> Option<Self> {
        let mut memory = Self::default();
        for pair in text.split_whitespace() {
            let Some((key, value)) = pair.split_once(':') else { continue };
            if let Some((number, unit)) = leading(value)
                && unit.eq_ignore_ascii_case("kb")
            {
                memory.set(key, kib(number));
            }
        }
        (!memory.is_empty()).then_some(memory)
    }
}

/// A `key value` line of a statistics block: the last two words of `text`, so that an unknown prefix does no harm.
pub(super) fn pair(text: &str) -> Option<(&str, u64)> {
    let mut words = text.split_whitespace().rev();
    let (value, key) = (words.next()?, words.next()?);
    let bare = words.next().is_none();
    let shaped = key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let (value, rest) = leading(value)?;
    (rest.is_empty() && shaped && (bare || Memory::default().field(key).is_some())).then_some((key, value))
}

/// The counters of the whole machine (`active_anon:12 inactive_anon:34 ...`, in pages), summed by kind.
///
/// The kernel keeps shared memory on the anonymous lists; it is moved to `file` here, as cgroups count it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct MachineCounters {
    pub(super) anon: u64,
    pub(super) file: u64,
    pub(super) shmem: u64,
    pub(super) slab: u64,
    pub(super) pagetables: u64,
    pub(super) unevictable: u64,
    pub(super) seen: bool,
}

impl MachineCounters {
    /// Takes a line of counters; `false` if it holds none. Lines of one NUMA node carry units and are not taken.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let before = self.seen;
        let mut taken = false;
        for pair in text.split_whitespace() {
            let Some((key, value)) = pair.split_once(':') else { continue };
            let Some((pages, "")) = leading(value) else { continue };
            let field = match key {
                "active_anon" | "inactive_anon" | "isolated_anon" => &mut self.anon,
                "active_file" | "inactive_file" | "isolated_file" => &mut self.file,
                "shmem" => &mut self.shmem,
                "slab_reclaimable" | "slab_unreclaimable" => &mut self.slab,
                "pagetables" => &mut self.pagetables,
                "unevictable" => &mut self.unevictable,
                _ => continue,
            };
            *field = field.saturating_add(pages);
            taken = true;
        }
        self.seen = before || taken;
        taken
    }

    /// In bytes.
    pub(super) fn memory(&self, page: u64) -> Memory {
        if !self.seen {
            return Memory::default();
        }
        let bytes = |pages: u64| Some(pages.saturating_mul(page));
        Memory {
            anon: bytes(self.anon.saturating_sub(self.shmem)),
            file: bytes(self.file.saturating_add(self.shmem)),
            shmem: bytes(self.shmem),
            slab: bytes(self.slab),
            pagetables: bytes(self.pagetables),
            unevictable: bytes(self.unevictable),
            ..Memory::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_shapes() {
        let old = Memory::inline(" cache:8KB rss:16KB rss_huge:0KB shmem:4KB swap:0KB").unwrap();
        assert_eq!((old.anon, old.file, old.shmem, old.kernel), (Some(16384), Some(8192), Some(4096), None));
        let mut new = Memory::default();
        for line in ["anon 10", "slab_reclaimable 3", "slab_unreclaimable 4", "slab 7", "pgfault 9"] {
            let (key, value) = pair(line).unwrap();
            new.set(key, value);
        }
        assert_eq!((new.anon, new.slab), (Some(10), Some(7)));
        assert_eq!(pair("some words 12"), None);
        assert_eq!(pair("node-1 | anon 12"), Some(("anon", 12)));
        assert_eq!(pair("Node 0"), None);
    }
}
