//! What one line of kernel text says, by its shape alone.
//!
//! No kernel version is looked at: vendors backport line formats, so a 4.18 may speak like a 5.4.

use super::kill::Victim;
use super::memory::{Gauge, Memory, pair};
use super::others;
use super::summary::{self, Path, Summary};
use super::table::{Columns, row_start};
use super::text::{after, is_digits, leading, number_after, size_after};
use super::trace;
use super::trigger::{self, Trigger};
use super::victim::{self, Chosen, Killer};

/// A line of an OOM report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record<'a> {
    /// `<name> invoked oom-killer: ..`
    Trigger(Trigger),
    /// `CPU: .. Comm: <name> Not tainted <release>`
    Cpu { name: &'a str, release: Option<&'a str> },
    /// A function of the call trace that tells whose limit it was.
    Trace(Killer),
    /// `<name> cpuset=<id> mems_allowed=..`
    Cpuset { name: &'a str, cpuset: &'a str },
    /// `Task in <task> killed as a result of limit of <oom>`; without a path the limit is the machine's.
    TaskIn { task: String, oom: Option<Path> },
    /// `Memory limit reached of cgroup <oom>`
    LimitReached(&'a str),
    /// `memory: usage ..` and its like.
    Counter(Counter),
    /// `Memory cgroup stats for <path>:`, with the values, or the first of them, if on the same line.
    Stats { path: &'a str, inline: Option<Memory>, first: Option<(&'a str, u64)> },
    /// The same, but a pager has cut the line at the screen's edge.
    CutStats(&'a str),
    /// One line of the block that follows.
    Stat { key: &'a str, value: u64 },
    /// The header of the task table.
    Header(Columns),
    /// A row of it, or what begins like one.
    Row { pid: u64 },
    /// `oom-kill:constraint=..`, whole.
    OomKill(Summary),
    /// The second half of an `oom-kill:` line that was printed in two.
    OomKillTail(Summary),
    /// `Kill process N (name) score N or sacrifice child`
    Chosen(Chosen),
    /// `Killed process ..`
    Killed(Option<Killer>, Victim),
    /// `Kill process N (name) sharing same memory`
    Sharing(Chosen),
    /// `OOM victim N (name) is already exiting`
    Exiting(Option<Killer>, Victim),
    /// `oom_reaper: reaped process ..`
    Reaped(Victim),
    /// `Tasks in <path> are going to be killed due to memory.oom.group set`
    Group(&'a str),
    /// `Out of memory and no killable processes...`
    NoVictim,
    /// The panic that the kernel was set to (`panic_on_oom`), or that follows where there is nothing to kill.
    Panic,
    /// `Node 0 hugepages_total=..`: huge pages that are set aside and free, in bytes.
    HugePages { free: u64 },
    /// `Mem-Info:` or a line of it: the machine's memory is printed, so the machine is short of it.
    MemInfo,
    /// `N pages RAM`
    Ram { pages: u64 },
    /// `N pages reserved`: never handed out, so no part of the node's capacity.
    Reserved { pages: u64 },
    /// containerd's own `TaskOOM event container_id:"<id>"`, from the journal.
    TaskOom(&'a str),
}

/// Which counter a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CounterKind {
    Memory,
    /// v1's `memory+swap`.
    MemorySwap,
    /// v1's `kmem`.
    Kernel,
    /// v2's `swap`.
    Swap,
}

/// `memory: usage 512000kB, limit 512000kB, failcnt 9`, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counter {
    pub(super) kind: CounterKind,
    pub(super) usage: u64,
    pub(super) limit: Option<u64>,
    pub(super) failcnt: Option<u64>,
}

impl Counter {
    /// Without its kind.
    pub(super) fn gauge(self) -> Gauge {
        let limit = self.limit.filter(|limit| *limit != u64::MAX);
        Gauge { usage: self.usage, limit, failcnt: self.failcnt }
    }
}

/// Reads one line without its prefix. `None` for everything that is not part of a report.
pub(super) fn read(text: &str) -> Option<Record<'_>> {
    if text.starts_with('[') {
        return table(text);
    }
    if let Some(rest) = after(text, "emory cgroup stats for ") {
        return stats(rest);
    }
    if let Some(pair) = pair(text) {
        return Some(Record::Stat { key: pair.0, value: pair.1 });
    }
    if text.contains("ill") || text.contains("OOM victim") || text.contains("Kernel panic") {
        let found = killing(text);
        if found.is_some() {
            return found;
        }
    }
    if let Some(counter) = counter(text) {
        return Some(Record::Counter(counter));
    }
    if let Some(columns) = Columns::read(text) {
        return Some(Record::Header(columns));
    }
    if let Some(summary) = summary::oom_kill(text) {
        return Some(Record::OomKillTail(summary));
    }
    if let Some((name, release)) = trigger::cpu(text) {
        return Some(Record::Cpu { name, release });
    }
    if let Some((name, cpuset)) = trigger::cpuset(text) {
        return Some(Record::Cpuset { name, cpuset });
    }
    if let Some(path) = after(text, "Memory limit reached of cgroup ") {
        return Some(Record::LimitReached(path.trim()));
    }
    if let Some(killer) = trace::trace(text) {
        return Some(Record::Trace(killer));
    }
    machine(text)
}

fn table(text: &str) -> Option<Record<'_>> {
    match row_start(text) {
        Some((pid, _)) => Some(Record::Row { pid }),
        None => Columns::read(text).map(Record::Header),
    }
}

/// The lines with `kill` in them.
fn killing(text: &str) -> Option<Record<'_>> {
    if let Some(trigger) = trigger::invoked(text) {
        return Some(Record::Trigger(trigger));
    }
    if text.contains("oom-kill:constraint=") {
        return summary::oom_kill(text).map(Record::OomKill);
    }
    if let Some((killer, victim)) = victim::killed(text) {
        return Some(Record::Killed(killer, victim));
    }
    if let Some(chosen) = victim::chosen(text) {
        let sharing = text.contains("sharing same memory");
        return Some(if sharing { Record::Sharing(chosen) } else { Record::Chosen(chosen) });
    }
    if let Some((killer, victim)) = victim::exiting(text) {
        return Some(Record::Exiting(killer, victim));
    }
    if let Some((task, oom)) = summary::task_in(text) {
        return Some(Record::TaskIn { task, oom });
    }
    if let Some(path) = summary::group(text) {
        return Some(Record::Group(path));
    }
    let panics = text.contains("Kernel panic") && (text.contains("Out of memory") || text.contains("on memory"));
    let none = text.contains("no killable processes").then_some(Record::NoVictim);
    if panics { Some(Record::Panic) } else { none }
}

fn stats(text: &str) -> Option<Record<'_>> {
    // Inline values follow the first `: `; a bare header ends in `:`. Paths may hold colons, but no blank.
    let (path, rest) = match text.find(":cache:") {
        // The blank after the path was lost where a wrapped line was joined.
        Some(at) => text.split_at_checked(at.saturating_add(1))?,
        None => text.split_once(' ').unwrap_or((text, "")),
    };
    if let Some(path) = path.strip_suffix(['>', '…']).filter(|path| rest.is_empty() && path.starts_with('/')) {
        return Some(Record::CutStats(path));
    }
    let path = path.strip_suffix(':').or((!rest.is_empty()).then_some(path))?;
    path.starts_with('/').then(|| Record::Stats { path, inline: Memory::inline(rest), first: pair(rest) })
}

/// The four counter lines. Their limit is unlimited from 2^52 kB on: the kernel prints its largest page count,
/// which is 9007199254740988 kB with 4 KiB pages, and somewhat other numbers elsewhere.
fn counter(text: &str) -> Option<Counter> {
    const UNLIMITED: u64 = (1 << 52) * 1024;
    let (before, rest) = text.split_once(": usage ")?;
    let kind = match before.rsplit([' ', '\t', ']']).next()? {
        "memory" => CounterKind::Memory,
        "memory+swap" => CounterKind::MemorySwap,
        "kmem" => CounterKind::Kernel,
        "swap" => CounterKind::Swap,
        _ => return None,
    };
    let (usage, unit) = leading(rest)?;
    let usage = unit.starts_with('k').then(|| super::text::kib(usage))?;
    let failcnt = super::text::number_after(rest, "failcnt ");
    let limit = match after(rest, "limit ").and_then(leading) {
        // 2^64 kB and more does not fit; the unit says that the number is whole.
        None if failcnt.is_some() => Some(u64::MAX),
        _ => size_after(rest, "limit "),
    };
    Some(Counter { kind, usage, limit, failcnt }).map(|mut counter| {
        if counter.limit.is_some_and(|limit| limit >= UNLIMITED) {
            counter.limit = Some(u64::MAX);
        }
        counter
    })
}

/// The machine's memory, printed when no cgroup's limit was hit.
fn machine(text: &str) -> Option<Record<'_>> {
    if let Some(reaped) = victim::reaped(text) {
        return Some(Record::Reaped(reaped));
    }
    if let Some((free, size)) = number_after(text, " hugepages_free=").zip(size_after(text, " hugepages_size=")) {
        return Some(Record::HugePages { free: free.saturating_mul(size) });
    }
    if let Some(id) = others::task_oom(text) {
        return Some(Record::TaskOom(id));
    }
    if let Some((pages, what @ ("RAM" | "reserved"))) = text.split_once(" pages ") {
        let pages = pages.rsplit(' ').next().filter(|pages| is_digits(pages))?.parse().ok()?;
        return Some(if what == "RAM" { Record::Ram { pages } } else { Record::Reserved { pages } });
    }
    let counters = ["active_anon:", "active_file:", "unevictable:", "slab_reclaimable:", "mapped:"];
    (text.starts_with("Mem-Info:") || counters.iter().any(|start| text.starts_with(start))).then_some(Record::MemInfo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        assert!(matches!(read("x invoked oom-killer: gfp_mask=0x0, order=0"), Some(Record::Trigger(_))));
        assert!(matches!(read("Out of memory: Killed process 1 (a) total-vm:1kB"), Some(Record::Killed(..))));
        assert!(matches!(read("anon 12"), Some(Record::Stat { key: "anon", value: 12 })));
        assert!(matches!(read("[    1]     0     1  2 3 4 5 6 init"), Some(Record::Row { pid: 1 })));
        assert!(matches!(read("2097033 pages RAM"), Some(Record::Ram { pages: 2_097_033 })));
        assert!(matches!(read("46445 pages reserved"), Some(Record::Reserved { pages: 46445 })));
        assert_eq!(read("12 pages cma reserved"), None);
        assert!(matches!(read("Out of memory and no killable processes..."), Some(Record::NoVictim)));
        let panic = "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled";
        assert!(matches!(read(panic), Some(Record::Panic)));
        let huge = read("Node 0 hugepages_total=512 hugepages_free=500 hugepages_surp=0 hugepages_size=2048kB");
        assert_eq!(huge, Some(Record::HugePages { free: 500 << 21 }));
        assert_eq!(read("Kernel panic - not syncing: Fatal exception"), None);
        assert!(matches!(
            read("Memory cgroup stats for /a/b:"),
            Some(Record::Stats { path: "/a/b", inline: None, .. })
        ));
        assert!(matches!(
            read("Memory cgroup stats for /a: cache:4KB"),
            Some(Record::Stats { path: "/a", inline: Some(_), .. })
        ));
        let same_line = read("Memory cgroup stats for /a: anon 7");
        assert!(matches!(same_line, Some(Record::Stats { inline: None, first: Some(("anon", 7)), .. })));
        let cut = read("Memory cgroup stats for /kubepods/burstable/pod7e>");
        assert_eq!(cut, Some(Record::CutStats("/kubepods/burstable/pod7e")));
        for line in ["Call Trace:", "RIP: 0033:0x7f", "Killing container with id x", "", "Memory cgroup stats for /a/b"]
        {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn counters_and_no_limit() {
        let Some(Record::Counter(counter)) = read("memory: usage 100kB, limit 9007199254740988kB, failcnt 3") else {
            panic!()
        };
        assert_eq!((counter.usage, counter.limit, counter.failcnt), (102_400, Some(u64::MAX), Some(3)));
        let Some(Record::Counter(counter)) = read("memory+swap: usage 1kB, limit 2kB, failcnt 0") else { panic!() };
        assert_eq!((counter.kind, counter.limit), (CounterKind::MemorySwap, Some(2048)));
        assert_eq!(read("memory: usage 100k of"), read("memory: usage 100kB"));
    }
}
