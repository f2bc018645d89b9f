//! Whether a line comes from where a report comes from, and what to do where nothing tells.
//!
//! One machine prints one report at a time, but merged logs of several print theirs into each other. Host, printing
//! thread, what a tool put before the line, and the time since boot tell them apart. Where none is there, figures
//! may be given to the wrong report: then both are marked as mixed, and their figures are left out.
use super::memory::{Counters, MachineCounters, Memory};
use super::prefix::Stamp;
use super::record::Record;
use super::report::Report;

/// Microseconds of uptime after which a line of one machine is no part of its report: once its victim is known, and
/// before.
const SILENCE: (u64, u64) = (10_000_000, 60_000_000);
/// Microseconds between two lines of one report; only a slow console takes longer.
const AT_ONCE: u64 = 500_000;
/// Microseconds by which two CPUs' lines may be out of order.
const DISORDER: u64 = 1000;

/// How surely a line comes from a report's source; `None` if it does not. The reaper is a thread of its own.
pub(super) fn source(report: &Report, is_reaper: bool, stamp: &Stamp) -> Option<u32> {
    let mut score = 0;
    for (ours, theirs) in [(&report.host, &stamp.host), (&report.origin, &stamp.origin)] {
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            if ours != theirs {
                return None;
            }
            score += WEAK;
        }
    }
    if is_apart(report, stamp) {
        return None;
    }
    if let (Some(then), Some(now)) = (report.last_uptime, stamp.uptime)
        && now.saturating_add(DISORDER) >= then
        && now.saturating_sub(then) <= AT_ONCE
    {
        score += 3 * WEAK;
    }
    // `dmesg -T` gives a whole report one time, or two.
    if stamp.uptime.is_none() && stamp.time.is_some() && report.last_time == stamp.time {
        score += 3 * WEAK;
    }
    if is_reaper {
        return Some(score);
    }
    if let (Some(ours), Some(theirs)) = (&report.caller, &stamp.caller) {
        if ours != theirs {
            return None;
        }
        score += STRONG;
    }
    Some(score)
}

/// Whether a line with this stamp may come from the same source, time aside.
pub(super) fn may_be_of(report: &Report, stamp: &Stamp) -> bool {
    let same = |ours: &Option<String>, theirs: &Option<String>| ours.is_none() || theirs.is_none() || ours == theirs;
    same(&report.host, &stamp.host) && same(&report.origin, &stamp.origin)
}

/// Whether the times since boot are too far from each other for one report.
pub(super) fn is_apart(report: &Report, stamp: &Stamp) -> bool {
    let micros = if report.is_done() { SILENCE.0 } else { SILENCE.1 };
    let times = report.last_uptime.zip(stamp.uptime);
    times.is_some_and(|(then, now)| then.abs_diff(now) > micros)
}

/// Whether a record says how much of something there was, and every report has it once.
fn is_figure(record: &Record<'_>) -> bool {
    use Record::{Counter, Header, HugePages, Ram, Reserved, Row, Stat, Stats};
    matches!(
        record,
        HugePages { .. }
            | Counter(_)
            | Stats { .. }
            | Stat { .. }
            | Header(_)
            | Row { .. }
            | Ram { .. }
            | Reserved { .. }
    )
}

/// Notes that a report begins, at the end of `open`, while others have not come to their end. One machine prints its
/// reports one after the other; so either those were cut off, or they go on and are another machine's.
pub(super) fn note_rivals(open: &mut [Report], stamp: &Stamp) {
    let Some((begun, earlier)) = open.split_last_mut() else { return };
    for other in earlier {
        let same = |ours: &Option<String>, theirs: &Option<String>| ours.is_some() && ours == theirs;
        let one_machine = same(&other.host, &stamp.host) || same(&other.caller, &stamp.caller);
        if !other.is_done() && !other.closed && !one_machine && source(other, false, stamp).is_some() {
            (begun.rival, other.rival) = (true, true);
        }
    }
}

/// Marks reports that are printed into each other with nothing to tell them apart: a record goes to the report at
/// `chosen`, with this score, although a later one has begun that may be of the same source.
pub(super) fn mark_mixed(open: &mut [Report], chosen: usize, score: u32, record: &Record<'_>, stamp: &Stamp) {
    let Some((earlier, later)) = open.split_at_mut_checked(chosen.saturating_add(1)) else { return };
    let Some(ours) = earlier.last_mut() else { return };
    let sure = source(ours, false, stamp);
    let figure = is_figure(record);
    for other in later.iter_mut().filter(|other| !other.closed) {
        let theirs = source(other, false, stamp);
        if theirs.is_none() || theirs < sure {
            continue;
        }
        let unsure = figure && score < STRONG && !other.is_done() && other.touched > ours.touched;
        // What comes after a kill may belong to one whose own report was suppressed. And a table that lists the victim
        // had come to its end.
        let listed = pid(record).is_some_and(|pid| ours.lists(pid) && !other.lists(pid));
        let goes_on = figure || is_head(record) || !other.is_done() && !listed;
        let goes_on = goes_on && ours.rival && other.rival;
        if unsure || goes_on {
            (ours.mixed, other.mixed) = (true, true);
        }
    }
}

/// The victim that a line names.
fn pid(record: &Record<'_>) -> Option<u64> {
    match record {
        Record::OomKill(summary) | Record::OomKillTail(summary) => summary.pid,
        Record::Chosen(chosen) => Some(chosen.pid),
        Record::Killed(_, victim) => Some(victim.pid),
        _ => None,
    }
}

fn is_head(record: &Record<'_>) -> bool {
    matches!(record, Record::Cpu { .. } | Record::Cpuset { .. } | Record::Trace(_))
}

/// Whether a record that no report lacks is a figure of one of those that are mixed.
pub(super) fn is_of_mixed(open: &[Report], record: &Record<'_>, stamp: &Stamp) -> bool {
    is_figure(record) && open.iter().any(|report| report.mixed && source(report, false, stamp).is_some())
}

/// Whether a report has another's figures: those of rivals that were marked, or a table without the victim.
pub(super) fn is_mixed(report: &Report) -> bool {
    let lists_none = || !report.victims.iter().any(|victim| report.lists(victim.pid));
    report.mixed || report.rival && report.is_done() && !report.rows.is_empty() && lists_none()
}

/// A report without what may be another's. The victim's own line is certain, and the summary's, which names it too.
pub(super) fn without_figures(report: &Report) -> Report {
    let mut certain = report.clone();
    if !report.summary {
        (certain.task_path, certain.cpuset) = (None, None);
    }
    if !report.summary || report.global {
        certain.oom_path = None;
    }
    certain.trace = None;
    Report {
        trigger: None,
        kernel: None,
        memory: None,
        counters: Counters::default(),
        stats_path: None,
        cut_stats: None,
        stats: Memory::default(),
        by_cgroup: Vec::new(),
        columns: None,
        rows: Vec::new(),
        rows_left_out: 0,
        machine: MachineCounters::default(),
        meminfo: false,
        huge_free: None,
        ram_pages: None,
        reserved_pages: None,
        inherited: None,
        ..certain
    }
}

/// What makes a line likely to be a report's.
pub(super) const STRONG: u32 = 100;

/// What makes it a little more likely.
pub(super) const WEAK: u32 = 10;
