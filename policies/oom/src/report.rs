//! One report being collected: what its lines have said so far.
//!
//! Everything kept is bounded, whatever the log holds: tasks, victims and cgroups by number, text by length.

use super::join::Line;
use super::kill::{Evidence, Victim};
use super::memory::{CgroupMemory, Counters, Gauge, MachineCounters, Memory};
use super::record::{Counter, CounterKind, Record};
use super::summary::{Path, Summary};
use super::table::{Columns, Row};
use super::text::cut;
use super::trigger::{Constraint, Trigger};
use super::victim::{Chosen, Killer, bare};

/// Tasks kept of one report; beyond it the smallest are dropped.
const MAX_TASKS: usize = 4096;
/// Victims kept of one report.
const MAX_VICTIMS: usize = 4096;
/// Cgroups kept of one report.
const MAX_CGROUPS: usize = 256;
/// Bytes kept of a line as evidence.
const MAX_EVIDENCE: usize = 2048;
/// Bytes kept of a name or path; the kernel's own bound on paths is 4096.
const MAX_TEXT: usize = 4096;

/// The cgroup of an earlier report, for a kill that comes without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inherited {
    pub(super) oom_cgroup: String,
    pub(super) limit: Option<u64>,
    pub(super) line: u64,
}

/// How much a line proves about the limit that was hit; the line with the most becomes the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Proof {
    #[default]
    None,
    Trigger,
    Figures,
    Victim,
    KillerNamed,
    CgroupNamed,
}

/// A report in progress.
#[derive(Debug, Clone, Default)]
pub(super) struct Report {
    pub(super) host: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) caller: Option<String>,
    pub(super) last_uptime: Option<u64>,
    pub(super) last_time: Option<String>,
    pub(super) touched: u64,
    pub(super) unrelated: u32,
    /// Lines in a row of a quite different time since boot.
    pub(super) apart: u32,
    pub(super) closed: bool,
    /// A kill line of a log in which somebody has looked for such lines: it holds nothing else of any report.
    pub(super) filtered: bool,
    /// A whole report tells the same kill.
    pub(super) quoted: bool,
    /// Another machine's report is printed into it, and its figures may be the other's.
    pub(super) mixed: bool,
    /// Another report began before this one was through, or this one before another was.
    pub(super) rival: bool,
    pub(super) proof: Proof,
    pub(super) evidence: Evidence,
    pub(super) time: Option<String>,
    pub(super) first_time: Option<String>,
    pub(super) uptime: Option<u64>,
    pub(super) trigger: Option<Trigger>,
    pub(super) kernel: Option<String>,
    pub(super) cpu_seen: bool,
    /// Whose limit it was, by the call trace.
    pub(super) trace: Option<Killer>,
    pub(super) cpuset: Option<String>,
    pub(super) constraint: Option<Constraint>,
    pub(super) global: bool,
    pub(super) killer: Option<Killer>,
    pub(super) half: bool,
    pub(super) summary: bool,
    pub(super) oom_path: Option<Path>,
    pub(super) task_path: Option<Path>,
    pub(super) named: Option<(Option<u64>, String, Option<u64>)>,
    pub(super) memory: Option<Counter>,
    pub(super) counters: Counters,
    pub(super) stats_path: Option<String>,
    pub(super) cut_stats: Option<String>,
    pub(super) stats: Memory,
    pub(super) stats_open: bool,
    pub(super) stats_uptime: Option<u64>,
    pub(super) by_cgroup: Vec<CgroupMemory>,
    pub(super) columns: Option<Columns>,
    pub(super) rows: Vec<Row>,
    pub(super) rows_left_out: u64,
    pub(super) machine: MachineCounters,
    pub(super) meminfo: bool,
    pub(super) ram_pages: Option<u64>,
    pub(super) reserved_pages: Option<u64>,
    pub(super) chosen: Option<Chosen>,
    pub(super) victims: Vec<Victim>,
    pub(super) group: Option<String>,
    pub(super) no_victim: bool,
    pub(super) panic: bool,
    /// Huge pages that nobody uses, in bytes.
    pub(super) huge_free: Option<u64>,
    /// The log goes on after the victim's line, so a group's line would be there.
    pub(super) followed: bool,
    pub(super) inherited: Option<Inherited>,
    pub(super) task_oom: Option<String>,
}

impl Report {
    /// Whether the kernel has said who dies, so that only a group's other members can follow.
    pub(super) fn is_done(&self) -> bool {
        !self.victims.is_empty() || self.no_victim
    }

    /// Whether there is anything in it that only a kill prints.
    pub(super) fn is_kill(&self) -> bool {
        self.is_done() || self.proof >= Proof::Trigger
    }

    /// Whether it is a kill line, or a part of one, and nothing around it.
    pub(super) fn is_bare(&self) -> bool {
        self.trigger.is_none() && !self.summary && self.rows.is_empty() && self.memory.is_none() && !self.meminfo
    }

    /// Whether it is a bare kill line about the same process as another report, which says all that it does.
    pub(super) fn is_quoted_in(&self, whole: &Self) -> bool {
        let [victim] = self.victims.as_slice() else { return false };
        let same = |other: &Victim| {
            let figures = victim.anon.is_none() || (victim.anon, victim.total_vm) == (other.anon, other.total_vm);
            other.pid == victim.pid && other.name == victim.name && figures
        };
        self.is_bare() && !whole.is_bare() && whole.victims.iter().any(same)
    }

    /// Whether a cgroup of it is this container's.
    pub(super) fn names(&self, container: &str) -> bool {
        let paths = [&self.task_path, &self.oom_path].into_iter().flatten().map(|path| path.text.as_str());
        paths.chain(self.task_oom.as_deref()).chain(self.cpuset.as_deref()).any(|path| path.contains(container))
    }

    /// Whether the table lists this process.
    pub(super) fn lists(&self, pid: u64) -> bool {
        self.rows.iter().any(|row| row.pid == pid)
    }

    /// Takes a record that was found to belong here.
    pub(super) fn apply(&mut self, record: Record<'_>, line: &Line) {
        self.touch(line);
        if !matches!(record, Record::Stat { .. }) {
            self.stats_open = false;
        }
        match record {
            Record::Trigger(trigger) => {
                self.prove(Proof::Trigger, line);
                self.trigger = Some(trigger);
            }
            Record::Cpu { release, .. } => {
                self.cpu_seen = true;
                self.kernel = release.map(|release| cut(release, 128).to_owned());
            }
            // A charge to a cgroup may come from within the allocation of a page.
            Record::Trace(killer) => {
                if self.trace != Some(Killer::Memcg) {
                    self.trace = Some(killer);
                }
            }
            Record::Cpuset { cpuset, .. } => self.cpuset = Some(cut(cpuset, MAX_TEXT).to_owned()),
            Record::TaskIn { task, oom } => {
                self.prove(Proof::CgroupNamed, line);
                self.task_path = Some(Path::whole(cut(&task, MAX_TEXT)));
                self.global |= oom.is_none();
                self.oom_path = oom.map(|oom| Path { text: cut(&oom.text, MAX_TEXT).to_owned(), ..oom });
            }
            Record::LimitReached(path) => {
                self.prove(Proof::CgroupNamed, line);
                self.oom_path = Some(Path::whole(cut(path, MAX_TEXT)));
            }
            Record::Counter(counter) => {
                self.prove(Proof::Figures, line);
                match counter.kind {
                    CounterKind::Memory => self.memory = Some(counter),
                    kind => *self.gauge(kind) = Some(counter.gauge()),
                }
            }
            Record::Stats { path, inline, first } => {
                self.open_stats(path, inline, line);
                if let Some((key, value)) = first {
                    self.stats.set(key, value);
                }
            }
            Record::CutStats(path) => {
                self.prove(Proof::Figures, line);
                (self.cut_stats, self.stats_open) = (Some(cut(path, MAX_TEXT).to_owned()), true);
            }
            Record::Stat { key, value } => self.stats.set(key, value),
            Record::Header(columns) => self.columns = Some(columns),
            Record::Row { .. } => self.take_row(line),
            Record::OomKill(summary) | Record::OomKillTail(summary) => {
                self.prove(Proof::CgroupNamed, line);
                self.take_summary(summary);
            }
            Record::Chosen(chosen) => {
                self.prove(proof(chosen.killer), line);
                self.killer = self.killer.or(chosen.killer);
                self.chosen = Some(chosen);
            }
            Record::Killed(killer, victim) | Record::Exiting(killer, victim) => {
                self.prove(proof(killer), line);
                self.killer = self.killer.or(killer);
                let is_further = !self.victims.is_empty() && self.victims.iter().all(|known| known.pid != victim.pid);
                if self.filtered && is_further {
                    // The group's own line has another wording.
                    self.group.get_or_insert_default();
                }
                self.take_victim(Victim { line: line.number, ..victim });
            }
            Record::Sharing(chosen) => {
                let victim = bare(chosen.pid, &chosen.name, super::kill::Fate::Killed);
                self.take_victim(Victim { line: line.number, ..victim });
            }
            Record::Reaped(victim) => {
                self.prove(Proof::Victim, line);
                self.take_victim(Victim { line: line.number, ..victim });
            }
            Record::Group(path) => {
                self.prove(Proof::KillerNamed, line);
                self.group = Some(cut(path, MAX_TEXT).to_owned());
            }
            Record::NoVictim => {
                self.prove(Proof::Trigger, line);
                self.no_victim = true;
            }
            Record::Panic => {
                self.prove(Proof::Trigger, line);
                // A cgroup's limit makes no kernel panic.
                (self.no_victim, self.panic, self.global) = (true, true, true);
            }
            Record::HugePages { free } => self.huge_free = Some(self.huge_free.unwrap_or(0).saturating_add(free)),
            Record::MemInfo => {
                self.prove(Proof::Figures, line);
                self.meminfo = true;
                self.machine.take(&line.text);
            }
            Record::Ram { pages } => self.ram_pages = Some(pages),
            Record::Reserved { pages } => self.reserved_pages = Some(pages),
            Record::TaskOom(id) => self.task_oom = Some(id.to_owned()),
        }
    }

    /// Where a counter beside the memory's own is kept.
    fn gauge(&mut self, kind: CounterKind) -> &mut Option<Gauge> {
        match kind {
            CounterKind::MemorySwap => &mut self.counters.memory_swap,
            CounterKind::Kernel => &mut self.counters.kernel,
            CounterKind::Memory | CounterKind::Swap => &mut self.counters.swap,
        }
    }

    fn touch(&mut self, line: &Line) {
        self.touched = line.number;
        self.unrelated = 0;
        self.last_uptime = line.stamp.uptime.or(self.last_uptime);
        self.last_time.clone_from(&line.stamp.time);
        if self.first_time.is_none() {
            self.first_time.clone_from(&line.stamp.time);
        }
        if self.host.is_none() {
            self.host.clone_from(&line.stamp.host);
        }
        if self.origin.is_none() {
            self.origin.clone_from(&line.stamp.origin);
        }
        if self.caller.is_none() {
            self.caller.clone_from(&line.stamp.caller);
        }
    }

    fn prove(&mut self, proof: Proof, line: &Line) {
        if proof > self.proof {
            self.proof = proof;
            self.evidence = Evidence { line: line.number, text: cut(line.raw.trim(), MAX_EVIDENCE).to_owned() };
            self.time.clone_from(&line.stamp.time);
            self.uptime = line.stamp.uptime;
        }
    }

    fn open_stats(&mut self, path: &str, inline: Option<Memory>, line: &Line) {
        self.prove(Proof::Figures, line);
        let path = cut(path, MAX_TEXT).to_owned();
        match inline {
            // Old v1 kernels print a line for each cgroup below; together they are the whole.
            Some(memory) => {
                self.stats.add(&memory);
                if self.by_cgroup.len() < MAX_CGROUPS {
                    self.by_cgroup.push(CgroupMemory { path: path.clone(), memory });
                }
            }
            None => {
                self.stats_open = true;
                self.stats_uptime = line.stamp.uptime;
            }
        }
        self.stats_path.get_or_insert(path);
    }

    fn take_row(&mut self, line: &Line) {
        let Some(mut row) = Row::read(&line.text, self.columns.as_ref()) else { return };
        row.name = cut(&row.name, 64).to_owned();
        self.rows.push(row);
        if self.rows.len() > MAX_TASKS {
            // Half of them at once, so that dropping stays cheap; the kernel's order is kept.
            let mut sizes: Vec<u64> = self.rows.iter().map(Row::rss_pages).collect();
            sizes.sort_unstable();
            let median = sizes.get(MAX_TASKS / 2).copied().unwrap_or(0);
            let before = self.rows.len();
            let mut room = MAX_TASKS / 2;
            self.rows.retain(|row| {
                let keep = row.rss_pages() > median || (row.rss_pages() == median && room > 0);
                room = room.saturating_sub(usize::from(keep));
                keep
            });
            let dropped = u64::try_from(before.saturating_sub(self.rows.len())).unwrap_or(0);
            self.rows_left_out = self.rows_left_out.saturating_add(dropped);
        }
    }

    fn take_summary(&mut self, summary: Summary) {
        self.half = summary.is_head;
        self.summary = true;
        self.constraint = summary.constraint.or(self.constraint);
        self.global |= summary.global;
        self.cpuset = summary.cpuset.map(|cpuset| cut(&cpuset, MAX_TEXT).to_owned()).or(self.cpuset.take());
        self.oom_path = summary.oom_cgroup.or(self.oom_path.take());
        self.task_path = summary.task_cgroup.or(self.task_path.take());
        if let Some(task) = summary.task {
            self.named = Some((summary.pid, cut(&task, 64).to_owned(), summary.uid));
        }
    }

    /// Adds a victim. A group kill may name one twice; what the second line adds is taken.
    fn take_victim(&mut self, victim: Victim) {
        if let Some(known) = self.victims.iter_mut().find(|known| known.pid == victim.pid) {
            known.reaped |= victim.reaped;
            if known.anon.is_none() && victim.anon.is_some() {
                *known = Victim { reaped: known.reaped, ..victim };
            }
        } else if self.victims.len() < MAX_VICTIMS {
            self.victims.push(victim);
        }
    }
}

fn proof(killer: Option<Killer>) -> Proof {
    if killer.is_some() { Proof::KillerNamed } else { Proof::Victim }
}
