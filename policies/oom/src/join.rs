//! Putting broken lines together again.
//!
//! Terminals, tickets and chats wrap long lines, in the middle of a path or between words, so that a part of a
//! record arrives on a line of its own without a prefix. One line is held back; lines without a prefix that follow
//! it are tried as its continuation, with and without a blank, and taken only if the record then says more.

use super::cgroup::locate;
use super::prefix::Stamp;
use super::record::{Record, read};
use super::summary::Summary;
use super::table::{Columns, Row, row_start};
use super::text::is_digits;

/// More parts than this are not one line any more.
const MAX_PARTS: usize = 8;
/// A joined line's length bound, in bytes. printk's own is near 1024.
const MAX_JOINED: usize = 8192;

/// One line of the log, its prefix taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u64,
    pub(super) stamp: Stamp,
    /// As written, for evidence.
    pub(super) raw: String,
    /// What the kernel printed.
    pub(super) text: String,
    /// A blank ended the line: if it was broken there, the blank belongs to it.
    pub(super) gap: bool,
}

/// Holds one line and what may continue it.
#[derive(Debug, Clone, Default)]
pub(super) struct Joiner {
    held: Option<Line>,
    parts: Vec<Line>,
    columns: Option<Columns>,
}

impl Joiner {
    /// Whether no line is held.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_none()
    }

    /// Takes the next line; appends to `ready` what is certain now.
    pub(super) fn push(&mut self, line: Line, ready: &mut Vec<Line>) {
        if line.text.is_empty() && self.held.is_some() {
            return;
        }
        if self.continues(&line) {
            self.parts.push(line);
            return;
        }
        self.flush(ready);
        self.start(line, ready);
    }

    /// Gives up everything that is held.
    pub(super) fn flush(&mut self, ready: &mut Vec<Line>) {
        // Each round uses up at least the held line, so this ends.
        while let Some(mut line) = self.held.take() {
            let parts = std::mem::take(&mut self.parts);
            let used = join(&mut line, &parts, self.columns.as_ref());
            self.release(line, ready);
            let mut left = parts.into_iter().skip(used);
            if let Some(next) = left.next() {
                self.start(next, ready);
            }
            for part in left {
                if self.continues(&part) {
                    self.parts.push(part);
                } else if self.held.is_none() {
                    self.start(part, ready);
                } else {
                    let mut rest = Vec::new();
                    std::mem::swap(&mut rest, &mut self.parts);
                    if let Some(mut held) = self.held.take() {
                        let used = join(&mut held, &rest, self.columns.as_ref());
                        self.release(held, ready);
                        for unused in rest.into_iter().skip(used) {
                            self.release(unused, ready);
                        }
                    }
                    self.start(part, ready);
                }
            }
        }
    }

    /// Whether `text` is a whole row of the table being printed.
    pub(super) fn reads_row(&self, text: &str) -> bool {
        Row::read(text, self.columns.as_ref()).is_some()
    }

    /// Remembers the columns of a header; any other line is no matter.
    pub(super) fn note_header(&mut self, text: &str) {
        if let Some(columns) = Columns::read(text) {
            self.columns = Some(columns);
        }
    }

    /// Holds a line that may be continued, lets any other through.
    fn start(&mut self, line: Line, ready: &mut Vec<Line>) {
        if weigh(&line.text, self.columns.as_ref()) > 0 {
            self.held = Some(line);
        } else {
            self.release(line, ready);
        }
    }

    fn release(&mut self, line: Line, ready: &mut Vec<Line>) {
        self.note_header(&line.text);
        ready.push(line);
    }

    /// Whether a line can be a part of the held one.
    fn continues(&self, line: &Line) -> bool {
        let Some(held) = &self.held else { return false };
        let length = self.parts.iter().fold(held.text.len(), |sum, part| sum.saturating_add(part.text.len()));
        // After a record that stands for itself, another record is no part of it.
        let whole = read(&held.text).is_some() && !matches!(read(&held.text), Some(Record::Row { .. }));
        !line.stamp.prefixed
            && self.parts.len() < MAX_PARTS
            && length.saturating_add(line.text.len()) <= MAX_JOINED
            && (read(&line.text).is_none() || (!whole && self.parts.is_empty() && !starts_record(&line.text)))
    }
}

/// Shapes that always start a line of their own.
fn starts_record(text: &str) -> bool {
    row_start(text).is_some()
        || matches!(read(text), Some(Record::Trigger(_) | Record::OomKill(_) | Record::Stat { .. }))
}

/// Appends as many parts as make the record say most; answers how many.
fn join(line: &mut Line, parts: &[Line], columns: Option<&Columns>) -> usize {
    let mut best = weigh(&line.text, columns);
    let mut taken = 0;
    let (mut tight, mut spaced, mut mixed) = (line.text.clone(), line.text.clone(), line.text.clone());
    let mut text = None;
    // A number broken in two reads well either way: digits alone on a line are the rest of it.
    if let Some(part) = parts.first().filter(|part| is_digits(&part.text))
        && line.text.ends_with(|c: char| c.is_ascii_digit())
    {
        taken = 1;
        text = Some(format!("{}{}", line.text, part.text));
    }
    let mut gap = line.gap;
    for (index, part) in parts.iter().enumerate() {
        if std::mem::replace(&mut gap, part.gap) {
            tight.push(' ');
            mixed.push(' ');
        }
        best = best.max(weigh(&part.text, columns));
        tight.push_str(&part.text);
        spaced.push(' ');
        spaced.push_str(&part.text);
        let blank = format!("{mixed} {}", part.text);
        mixed.push_str(&part.text);
        if weigh(&blank, columns) > weigh(&mixed, columns) {
            mixed = blank;
        }
        for candidate in [&tight, &mixed, &spaced] {
            let weight = weigh(candidate, columns);
            if weight > best {
                best = weight;
                taken = index.saturating_add(1);
                text = Some(candidate.clone());
            }
        }
    }
    if let Some(text) = text {
        line.text = text;
        for part in parts.iter().take(taken) {
            line.raw.push_str(&part.raw);
        }
    }
    taken
}

/// How much a line says: 0 for no part of a report, 1 for the beginning of a record, more for each thing it names.
fn weigh(text: &str, columns: Option<&Columns>) -> u32 {
    if row_start(text).is_some() {
        return if Row::read(text, columns).is_some() { 3 } else { 1 };
    }
    let paths = |path: &str| {
        let place = locate(path);
        u32::from(place.pod.is_some()) + u32::from(place.container.is_some_and(|id| id.len() == 64))
    };
    match read(text) {
        None => u32::from(begins_record(text)),
        Some(Record::Trigger(trigger)) => {
            1 + u32::from(trigger.order.is_some()) + u32::from(trigger.oom_score_adj.is_some())
        }
        Some(Record::OomKill(summary) | Record::OomKillTail(summary)) => weigh_summary(&summary, paths),
        Some(Record::Killed(killer, victim)) => {
            let known = [victim.total_vm, victim.anon, victim.file, victim.shmem, victim.uid, victim.pgtables];
            let known = known.iter().filter(|value| value.is_some()).count();
            3 + u32::from(killer.is_some())
                + u32::from(victim.oom_score_adj.is_some())
                + u32::try_from(known).unwrap_or(0)
        }
        Some(Record::Chosen(chosen)) => {
            2 + u32::from(chosen.killer.is_some()) + u32::from(text.contains("sacrifice child"))
        }
        Some(Record::TaskIn { task, oom }) => 2 + paths(&task) + oom.map_or(0, |oom| paths(&oom.text)),
        Some(Record::Group(path)) => 2 + paths(path),
        Some(Record::Stats { path, .. }) => {
            let values = text.split("KB").count().saturating_sub(1);
            2 + paths(path) + u32::try_from(values).unwrap_or(0)
        }
        Some(Record::Counter(counter)) => 1 + u32::from(counter.limit.is_some()) + u32::from(counter.failcnt.is_some()),
        Some(Record::Header(columns)) => 1 + u32::try_from(columns.known()).unwrap_or(0),
        Some(Record::Exiting(..) | Record::Reaped(_) | Record::Cpuset { .. }) => 2,
        Some(_) => 1,
    }
}

fn weigh_summary(summary: &Summary, paths: impl Fn(&str) -> u32) -> u32 {
    let whole = |path: &super::summary::Path| if path.is_cut { paths(&path.text) } else { 2 + paths(&path.text) };
    1 + summary.oom_cgroup.as_ref().map_or(0, whole)
        + summary.task_cgroup.as_ref().map_or(0, whole)
        + u32::from(summary.global)
        + u32::from(summary.task.is_some())
        + u32::from(summary.pid.is_some())
        + u32::from(summary.uid.is_some())
}

/// The beginning of a record that was broken before it could be read.
fn begins_record(text: &str) -> bool {
    const STARTS: [&str; 11] = [
        "Task in /",
        "Tasks in /",
        "Memory cgroup",
        "Memory limit reached",
        "Out of memory",
        "oom-kill:",
        "oom_reaper:",
        "Kill process",
        "Killed process",
        "memory: usage",
        "[ ",
    ];
    STARTS.iter().any(|start| text.starts_with(start)) || text.contains(" cpuset=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(lines: &[&str]) -> Vec<String> {
        let mut joiner = Joiner::default();
        let mut ready = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let (stamp, text) = super::super::prefix::strip(line);
            let number = u64::try_from(index).unwrap() + 1;
            let gap = line.ends_with(' ');
            joiner.push(Line { number, stamp, raw: (*line).to_owned(), text: text.to_owned(), gap }, &mut ready);
        }
        joiner.flush(&mut ready);
        ready.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn parts_come_together() {
        let whole = "Memory cgroup out of memory: Killed process 716580 (a b) total-vm:1234kB, anon-rss:473048kB, file-rss:644kB, shmem-rss:64kB, UID:0 pgtables:996kB oom_score_adj:1000";
        for at in 1..whole.len() {
            let (head, tail) = whole.split_at(at);
            if at < "Memory cgroup".len() || tail.len() < "oom_score_adj:1000".len() {
                continue;
            }
            let lines = joined(&[&format!("[12.345678] {head}"), tail, "[12.345679] other"]);
            let squeeze = |text: &str| text.replace(' ', "");
            assert_eq!(squeeze(&lines[0]), squeeze(whole), "{at}");
        }
        assert_eq!(joined(&["[1.5] Memory cgroup out", "of memory: Killed", "process 5 (x) total-vm:8kB"]).len(), 1);
    }

    #[test]
    fn strangers_stay_apart() {
        let kill =
            "[12.345678] Out of memory: Killed process 5 (x) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB";
        assert_eq!(joined(&[kill, "$ exit", "anon 12", "junk"]).len(), 4);
        assert_eq!(joined(&["anon 1", "", "file 2", "slab 3"]).len(), 3);
        assert_eq!(
            joined(&["[1.5] [  5]  0  5  1  1  4096  0  -998", "pause"]),
            ["[  5]  0  5  1  1  4096  0  -998 pause"]
        );
    }
}
