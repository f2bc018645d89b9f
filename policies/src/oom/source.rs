//! Whether a line comes from where a report comes from, and what to do where nothing tells.
//!
//! One machine prints one report at a time, but merged logs of several print theirs into each other. Host, printing
//! thread, what a tool put before the line, and the time since boot tell them apart. Where none is there, figures
//! may be given to the wrong report: then both are marked as mixed, and their figures are left out.

use super::kill::{Death, Kill};
use super::memory::{Counters, Memory};
use super::prefix::Stamp;
use super::record::Record;
use super::report::Report;
use super::route::{STRONG, WEAK};
use super::table::PageSize;

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
    use Record::{Counter, Header, Ram, Reserved, Row, Stat, Stats};
    matches!(record, Counter(_) | Stats { .. } | Stat { .. } | Header(_) | Row { .. } | Ram { .. } | Reserved { .. })
}

/// Marks reports that are printed into each other with nothing to tell them apart: a figure goes to the report at
/// `chosen`, with this score, although a later one is still being printed and may be from the same source.
pub(super) fn mark_mixed(open: &mut [Report], chosen: usize, score: u32, record: &Record<'_>, stamp: &Stamp) {
    if !is_figure(record) || score >= STRONG {
        return;
    }
    let Some((earlier, later)) = open.split_at_mut_checked(chosen.saturating_add(1)) else { return };
    let Some(ours) = earlier.last_mut() else { return };
    let sure = source(ours, false, stamp);
    for other in later.iter_mut().filter(|other| !other.is_done() && !other.closed && other.touched > ours.touched) {
        let theirs = source(other, false, stamp);
        if theirs.is_some() && theirs >= sure {
            (ours.mixed, other.mixed) = (true, true);
        }
    }
}

/// A kill without the figures that may be another report's. The victim's own line is certain.
pub(super) fn without_figures(kill: Kill) -> Kill {
    let death = kill.death.filter(|death| *death == Death::Group);
    Kill {
        limit: None,
        unlimited: false,
        usage: None,
        failcnt: None,
        counters: Counters::default(),
        kernel: None,
        ram: None,
        capacity: None,
        cgroup_version: None,
        death,
        death_if_single: death,
        memory: Memory::default(),
        by_cgroup: Vec::new(),
        trigger: None,
        contributors: Vec::new(),
        page_size: PageSize::ASSUMED,
        tasks: Vec::new(),
        tasks_left_out: 0,
        ..kill
    }
}
