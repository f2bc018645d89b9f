//! Which open report a line belongs to, when several are being printed at once.
//!
//! Two CPUs, or two nodes in one merged log, may print at the same time. Where a line comes from tells reports
//! apart where the log says so ([`source`](super::source)); otherwise what the line says does: a cgroup, a process
//! that the table lists, a part that this report still lacks.
use super::cgroup::{container_id, is_within};
use super::clock::within_second;
use super::kill::{Fate, Victim};
use super::prefix::Stamp;
use super::record::{CounterKind, Record};
use super::report::Report;
use super::source::{STRONG, WEAK, source};
use super::summary::{Summary, agrees};
use super::victim::Killer;

/// How well a record fits a report; `None` if it cannot be part of it.
pub(super) fn fit(report: &Report, record: &Record<'_>, stamp: &Stamp) -> Option<u32> {
    if report.closed {
        return None;
    }
    let source = source(report, matches!(record, Record::Reaped(_)), stamp)?;
    Some(source + content(report, record, stamp)?)
}

/// Whether a record can be the first line of a report, or the first that is left of one.
pub(super) fn opens(record: &Record<'_>) -> bool {
    match record {
        Record::Counter(counter) => counter.failcnt.is_some(),
        Record::OomKillTail(summary) => summary.task.is_some(),
        Record::Trigger(_)
        | Record::TaskIn { .. }
        | Record::LimitReached(_)
        | Record::Stats { .. }
        | Record::CutStats(_)
        | Record::Header(_)
        | Record::OomKill(_)
        | Record::Chosen(_)
        | Record::Killed(..)
        | Record::Exiting(..)
        | Record::Reaped(_)
        | Record::Panic => true,
        Record::Group(path) => !path.is_empty(),
        _ => false,
    }
}

fn content(report: &Report, record: &Record<'_>, stamp: &Stamp) -> Option<u32> {
    let collecting = |free: bool| (free && !report.is_done()).then_some(0);
    let prefer = |likely: bool| if likely { STRONG } else { 0 };
    match record {
        Record::Trigger(_) => None,
        Record::Cpu { name, .. } => {
            let same = report.trigger.as_ref().map(|trigger| trigger.name == *name);
            (!report.cpu_seen && same != Some(false)).then_some(prefer(same == Some(true)))
        }
        Record::Cpuset { name, .. } => {
            let same = report.trigger.as_ref().map(|trigger| trigger.name == *name);
            (report.cpuset.is_none() && same != Some(false)).then_some(prefer(same == Some(true)))
        }
        // Printed between the first line and the figures.
        Record::Trace(_) => collecting(report.trigger.is_some() && report.memory.is_none() && report.rows.is_empty()),
        Record::TaskIn { task, .. } => {
            collecting(report.oom_path.is_none() && !report.summary)?;
            let id = report.cpuset.as_deref().and_then(container_id).map(|(id, _)| id);
            Some(prefer(id.is_some_and(|id| task.contains(id))))
        }
        Record::LimitReached(_) => collecting(report.oom_path.is_none()),
        Record::Counter(counter) => collecting(match counter.kind {
            CounterKind::Memory => report.memory.is_none(),
            CounterKind::MemorySwap => report.counters.memory_swap.is_none(),
            CounterKind::Kernel => report.counters.kernel.is_none(),
            CounterKind::Swap => report.counters.swap.is_none(),
        }),
        Record::CutStats(_) => collecting(report.stats_path.is_none() && report.cut_stats.is_none()),
        Record::Stats { path, inline, .. } => stats(report, path, inline.is_some()),
        Record::Stat { .. } => {
            let same_print = report.stats_uptime.is_some() && report.stats_uptime == stamp.uptime;
            (report.stats_open && !report.is_done()).then_some(prefer(same_print))
        }
        Record::Header(_) => collecting(report.columns.is_none() && report.rows.is_empty()),
        Record::Row { pid } => {
            let open = report.columns.is_some() || !report.rows.is_empty() || report.is_kill();
            collecting(open && report.rows.last().is_none_or(|row| row.pid != *pid))
                .map(|_| if report.columns.is_some() { WEAK } else { 0 })
        }
        Record::OomKill(summary) => {
            if report.summary || report.is_done() && !names_victim(report, summary) {
                return None;
            }
            summary_fits(report, summary)
        }
        Record::OomKillTail(summary) => {
            collecting(report.half)?;
            summary_fits(report, summary)
        }
        Record::Chosen(chosen) => {
            collecting(report.chosen.is_none())?;
            victim(report, chosen.killer, chosen.pid)
        }
        Record::Killed(killer, found) => {
            if report.is_done() && !joins(report, found, stamp) && !is_member(report, *killer, found, stamp) {
                return None;
            }
            victim(report, *killer, found.pid).map(|score| score + if report.is_done() { 0 } else { WEAK })
        }
        Record::Exiting(killer, found) => {
            if report.is_done() && !(report.group.is_some() && joins(report, found, stamp)) {
                return None;
            }
            victim(report, *killer, found.pid)
        }
        Record::Sharing(_) => report.is_done().then_some(0),
        Record::Reaped(found) => {
            let known = report.victims.iter().any(|known| known.pid == found.pid && known.name == found.name);
            let expected = report.victims.is_empty()
                && report.named.as_ref().is_some_and(|(pid, name, _)| *pid == Some(found.pid) || *name == found.name);
            (known || expected).then_some(STRONG)
        }
        Record::Group(path) => group(report, path),
        // Of use only where the kernel's own lines name no cgroup.
        Record::TaskOom(_) => {
            let unknown = report.oom_path.is_none() && report.task_path.is_none() && report.stats_path.is_none();
            (report.is_done() && unknown && report.task_oom.is_none()).then_some(0)
        }
        Record::NoVictim => collecting(true),
        // It follows the line that there is nothing to kill.
        Record::Panic => (!report.panic && report.victims.is_empty()).then_some(0),
        Record::HugePages { .. } => collecting(report.meminfo),
        Record::MemInfo => collecting(report.memory.is_none() && report.oom_path.is_none()),
        Record::Reserved { .. } => collecting(report.ram_pages.is_some() && report.reserved_pages.is_none()),
        Record::Ram { .. } => collecting(report.ram_pages.is_none() && report.memory.is_none()),
    }
}

/// Old v1 kernels print many statistics lines for one report, all below the first one's cgroup.
fn stats(report: &Report, path: &str, inline: bool) -> Option<u32> {
    if report.is_done() {
        return None;
    }
    if let Some(oom) = &report.oom_path
        && !oom.is_cut
    {
        return is_within(path, &oom.text).then_some(STRONG).filter(|_| inline || report.stats_path.is_none());
    }
    match &report.stats_path {
        Some(first) => (inline && is_within(path, first)).then_some(STRONG),
        None => Some(0),
    }
}

/// Whether a summary is of the report that ended just before it: a log database that sorts by seconds may have
/// turned the two lines round.
fn names_victim(report: &Report, summary: &Summary) -> bool {
    let same = |victim: &Victim| Some(victim.pid) == summary.pid && Some(&victim.name) == summary.task.as_ref();
    report.oom_path.is_none() && report.victims.iter().any(same)
}

fn summary_fits(report: &Report, summary: &Summary) -> Option<u32> {
    let mut score = 0;
    if let (Some(path), Some(stats)) = (&summary.oom_cgroup, &report.stats_path) {
        match !path.is_cut && !agrees(&path.text, stats) {
            true if !report.mixed => return None,
            true => {}
            false => score += STRONG,
        }
    }
    let other = (summary.global && report.memory.is_some()) || (summary.oom_cgroup.is_some() && report.meminfo);
    if other && !report.mixed {
        return None;
    }
    if let Some(pid) = summary.pid {
        if report.lists(pid) {
            score += STRONG;
        } else if !report.rows.is_empty() && report.rows_left_out == 0 {
            // The table was cut, or this is another report's.
            score = score.saturating_sub(WEAK);
        }
    }
    Some(score)
}

fn victim(report: &Report, killer: Option<Killer>, pid: u64) -> Option<u32> {
    // Figures that may be another report's say nothing.
    let sure = !report.mixed;
    let global = report.global || report.meminfo && sure || report.killer == Some(Killer::Global);
    let memcg = report.oom_path.is_some() || report.memory.is_some() && sure || report.killer == Some(Killer::Memcg);
    match killer {
        Some(Killer::Memcg) if global => return None,
        Some(Killer::Global) if memcg && !global => return None,
        _ => {}
    }
    let named = report.named.as_ref().is_some_and(|(named, _, _)| *named == Some(pid))
        || report.chosen.as_ref().is_some_and(|chosen| chosen.pid == pid);
    let known = if named || report.lists(pid) { STRONG } else { 0 };
    // Two merged reports' tables may have come to one; the summary is one line.
    Some(known + if named { 2 * WEAK } else { 0 } + if report.chosen.is_some() { WEAK } else { 0 })
}

/// Whether a further `Killed process` line belongs to a report whose victim is known: it names that victim again,
/// or another member of the group that dies with it. Members' lines come at once; a later line is the end of a
/// kill whose own report was suppressed.
fn joins(report: &Report, found: &Victim, stamp: &Stamp) -> bool {
    const AT_ONCE: u64 = 1_000_000;
    if report.victims.iter().any(|known| known.pid == found.pid && known.name == found.name) {
        return report.group.is_some() || report.victims.len() == 1;
    }
    let at_once = match (report.last_uptime, stamp.uptime) {
        _ if report.filtered => false,
        (Some(then), Some(now)) => then.abs_diff(now) <= AT_ONCE,
        _ => report.unrelated <= 20,
    };
    let alike = report.victims.first().is_some_and(|known| known.oom_score_adj == found.oom_score_adj);
    // The line of a member that is already exiting has no figures to compare.
    let alike = alike || found.fate == Fate::AlreadyExiting;
    report.group.is_some() && at_once && (alike || report.lists(found.pid))
}

/// Whether a kill line among nothing but kill lines (`grep 'Killed process'`) is of a member of the group that died
/// with a report's victim: the same user and bias, at once. The kernel prints a group's lines without a pause.
fn is_member(report: &Report, killer: Option<Killer>, found: &Victim, stamp: &Stamp) -> bool {
    const AT_ONCE: u64 = 20_000;
    let Some(first) = report.victims.first().filter(|_| report.filtered && report.killer == killer) else {
        return false;
    };
    let alike = first.oom_score_adj.is_some() && first.oom_score_adj == found.oom_score_adj;
    let same_user = first.uid.is_some() && first.uid == found.uid;
    let between = match (report.last_uptime, stamp.uptime) {
        (Some(then), Some(now)) => Some(then.abs_diff(now)),
        _ => report.last_time.as_deref().zip(stamp.time.as_deref()).and_then(|(then, now)| within_second(then, now)),
    };
    alike && same_user && between.is_some_and(|between| between <= AT_ONCE)
}

/// The group line follows its victim's kill line; the group lies on the victim's path.
fn group(report: &Report, path: &str) -> Option<u32> {
    if report.group.is_some() {
        return None;
    }
    if path.is_empty() {
        return report.is_done().then_some(WEAK);
    }
    if let Some(task) = &report.task_path
        && !task.is_cut
    {
        return is_within(&task.text, path).then_some(STRONG);
    }
    if let Some(oom) = &report.oom_path
        && !oom.is_cut
    {
        return agrees(path, &oom.text).then_some(STRONG);
    }
    Some(if report.is_done() { WEAK } else { 0 })
}
