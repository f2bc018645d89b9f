//! The streaming parser: lines in, finished kills out.
//!
//! State is a handful of open reports, each bounded; a log of any size is read in constant memory. A report is
//! finished when the next one begins, when the kernel has been silent about it for a while, or at the end.

use super::diagnose::diagnose;
use super::join::{Joiner, Line};
use super::journal::{Journal, Message};
use super::kill::Kill;
use super::others::{self, Other, Program};
use super::prefilter::Prefilter;
use super::prefix::{Stamp, strip};
use super::recent::Recent;
use super::record::{Record, read};
use super::report::Report;
use super::route::{fit, opens};
use super::wrapper;

/// Bytes of one line that are looked at: journald's JSON objects and kmsg's escaped blocks stay far below, and a
/// whole log that a tool has put into one line of JSON fits.
pub const MAX_LINE: usize = 1 << 20;

/// Reports that are open at once; the oldest is finished when one more begins.
const MAX_OPEN: usize = 8;
/// Lines of other things after which a report is over: once its victim is known, and before.
const SILENCE: (u32, u32) = (200, 3000);
/// The same in microseconds of uptime.
const SILENCE_MICROS: (u64, u64) = (10_000_000, 60_000_000);

/// Reads a kernel log line by line.
#[derive(Debug, Clone)]
pub struct Parser {
    prefilter: Prefilter,
    /// A line was seen.
    started: bool,
    journal: Journal,
    joiner: Joiner,
    open: Vec<Report>,
    recent: Recent,
    last: (Option<u64>, String),
    ready: Vec<Line>,
    others: Vec<Other>,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser that has seen nothing.
    pub fn new() -> Self {
        Self {
            prefilter: Prefilter::new(),
            started: false,
            journal: Journal::default(),
            joiner: Joiner::default(),
            open: Vec::new(),
            recent: Recent::default(),
            last: (None, String::new()),
            ready: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Takes the line with this number (from 1), with or without its line end; appends kills that it finishes to
    /// `kills`, in the order in which the log began to report them.
    ///
    /// Any bytes are fine. Only the first [`MAX_LINE`] are looked at.
    pub fn line(&mut self, number: u64, line: &[u8], kills: &mut Vec<Kill>) {
        self.started = true;
        let line = line.get(..MAX_LINE).unwrap_or(line);
        let mut messages = Vec::new();
        let taken = self.journal.take(number, line, &mut messages);
        self.journalled(messages, kills);
        if !taken {
            self.text(number, line, &Stamp::default(), kills);
        }
    }

    /// Messages of a journal's entries that have ended.
    fn journalled(&mut self, messages: Vec<Message>, kills: &mut Vec<Kill>) {
        for (number, message, stamp) in messages {
            self.text(number, message.as_bytes(), &stamp, kills);
        }
    }

    /// One line, with what is known of it from elsewhere.
    fn text(&mut self, number: u64, line: &[u8], stamp: &Stamp, kills: &mut Vec<Kill>) {
        if self.is_quiet() && !self.prefilter.accepts(line) {
            return;
        }
        let text = String::from_utf8_lossy(line);
        let text = if text.contains('\u{1b}') { without_colours(&text).into() } else { text };
        let text = text.trim_end_matches(['\r', '\n', '\0']);
        self.unwrap(number, text, stamp, 3);
        self.drain(kills);
    }

    /// The end of the log: finishes what is open.
    pub fn finish(&mut self, kills: &mut Vec<Kill>) {
        let mut messages = Vec::new();
        self.journal.end(&mut messages);
        self.journalled(messages, kills);
        self.joiner.flush(&mut self.ready);
        self.drain(kills);
        for report in &mut self.open {
            report.closed = true;
        }
        self.emit(kills);
    }

    /// Whether only lines with a word of the prefilter matter. A log's first line says of which format it is.
    pub(super) fn is_idle(&self) -> bool {
        self.started && !self.journal.is_active() && self.is_quiet()
    }

    /// Whether no report is open.
    fn is_quiet(&self) -> bool {
        self.open.is_empty() && self.joiner.is_empty()
    }

    /// Who else killed or told of kills.
    pub(super) fn others(&self) -> &[Other] {
        &self.others
    }

    /// Takes wrappers and prefixes off; a wrapped message may hold several lines.
    fn unwrap(&mut self, number: u64, text: &str, outer: &Stamp, depth: u8) {
        let (stamp, rest) = strip(text);
        let stamp = stamp.or(outer);
        if depth > 0
            && rest.contains('"')
            && let Some(messages) = wrapper::unwrap(rest)
        {
            for (inner, message) in messages {
                self.unwrap(number, &message, &inner.or(&stamp), depth - 1);
            }
            return;
        }
        // The kernel prints statistics as one message of many lines; journald keeps them so, /dev/kmsg and rsyslog
        // escape the line ends.
        // A name may hold the same characters, so an escape counts only before a further line of a report.
        let more = |escape: &&str| {
            let mut parts = rest.split(*escape).skip(1);
            *escape == "\n" && rest.contains('\n')
                || parts.any(|part| read(strip(part).1).is_some_and(|record| !matches!(record, Record::Trigger(_))))
        };
        let Some(escape) = ["\n", "\\x0a", "#012", "\\n"].into_iter().find(more) else {
            let gap = text.ends_with(' ');
            let line = Line { number, stamp, raw: text.trim().to_owned(), text: rest.to_owned(), gap };
            return self.joiner.push(line, &mut self.ready);
        };
        for part in rest.split(escape).filter(|part| !part.trim().is_empty()) {
            let (inner, part_text) = strip(part);
            let mut stamp = inner.or(&stamp);
            stamp.prefixed = true;
            let line = Line { number, stamp, raw: part.trim().to_owned(), text: part_text.to_owned(), gap: false };
            self.joiner.push(line, &mut self.ready);
        }
    }

    fn drain(&mut self, kills: &mut Vec<Kill>) {
        for line in std::mem::take(&mut self.ready) {
            self.process(&line);
            self.emit(kills);
        }
    }

    /// Gives one whole line to the report it belongs to.
    fn process(&mut self, line: &Line) {
        self.expire(&line.stamp);
        let Some(record) = read(&line.text) else { return self.unknown_prefix(line) };
        // rsyslog with two inputs logs everything twice.
        if line.stamp.uptime.is_some() && self.last.0 == line.stamp.uptime && self.last.1 == line.text {
            return;
        }
        self.last = (line.stamp.uptime, line.text.clone());
        self.follow(&line.stamp);
        let fitting = self.open.iter_mut().filter_map(|report| Some((fit(report, &record, &line.stamp)?, report)));
        if let Some((_, report)) = fitting.max_by_key(|(score, report)| (*score, report.touched)) {
            return report.apply(record, line);
        }
        if let Record::TaskOom(id) = record
            && !self.recent.has_container(id)
            && !self.open.iter().any(|report| report.names(id))
        {
            others::count(&mut self.others, Program::Runtime, line.number, &line.raw);
        }
        if !opens(&record) {
            return self.stranger(line);
        }
        if let Record::Reaped(victim) = &record
            && self.recent.has_victim(victim.pid, &victim.name)
        {
            return;
        }
        self.begin(record, line);
    }

    /// A line that says nothing as it is. In a report, a table behind a prefix that memlint does not know is worth
    /// another look: its rows begin with a bracket.
    fn unknown_prefix(&mut self, line: &Line) {
        if let Some(program) = others::read(&line.raw) {
            others::count(&mut self.others, program, line.number, &line.raw);
        }
        let brackets = line.text.match_indices('[').skip_while(|(at, _)| *at == 0).take(4);
        let table = brackets.filter_map(|(at, _)| line.text.get(at..)).find(|rest| match read(rest) {
            Some(Record::Row { .. }) => self.joiner.reads_row(rest),
            found => matches!(found, Some(Record::Header(_))),
        });
        match table.map(|rest| Line { text: rest.to_owned(), ..line.clone() }) {
            Some(line) if !self.open.is_empty() => {
                self.joiner.note_header(&line.text);
                self.process(&line);
            }
            _ => self.stranger(line),
        }
    }

    /// Starts a report.
    fn begin(&mut self, record: Record<'_>, line: &Line) {
        if matches!(record, Record::Trigger(_)) {
            let over = |report: &&mut Report| report.is_done() && report.may_be_of(&line.stamp);
            self.open.iter_mut().filter(over).for_each(|report| report.closed = true);
        }
        if self.open.len() >= MAX_OPEN
            && let Some(oldest) = self.open.first_mut()
        {
            oldest.closed = true;
        }
        let mut report = Report::default();
        if let Some((pid, name)) = lone_victim(&record) {
            report.inherited = self
                .open
                .iter()
                .rev()
                .find_map(|open| Recent::open_cgroup_of(open, pid, name))
                .or_else(|| self.recent.cgroup_of(pid, name));
        }
        report.apply(record, line);
        self.open.push(report);
    }

    /// A line that is no part of any report.
    fn stranger(&mut self, line: &Line) {
        // What closes a list or an object is no further line of a log.
        if line.text.contains(char::is_alphanumeric) {
            self.follow(&line.stamp);
        }
        for report in &mut self.open {
            report.unrelated = report.unrelated.saturating_add(1);
        }
    }

    /// Notes that the log of a report's host goes on after its victim.
    fn follow(&mut self, stamp: &Stamp) {
        for report in self.open.iter_mut().filter(|report| report.is_done() && report.may_be_of(stamp)) {
            report.followed = true;
        }
    }

    /// Closes reports about which nothing more will come.
    fn expire(&mut self, stamp: &Stamp) {
        for report in &mut self.open {
            let (lines, micros) =
                if report.is_done() { (SILENCE.0, SILENCE_MICROS.0) } else { (SILENCE.1, SILENCE_MICROS.1) };
            let apart = match (report.last_uptime, stamp.uptime) {
                (Some(then), Some(now)) if report.may_be_of(stamp) => then.abs_diff(now) > micros,
                _ => false,
            };
            report.closed |= apart || report.unrelated > lines;
        }
    }

    /// Hands out closed reports, as long as no earlier one is still open.
    fn emit(&mut self, kills: &mut Vec<Kill>) {
        let full = self.open.len() > MAX_OPEN;
        let closed = self.open.iter().take_while(|report| report.closed).count().max(usize::from(full));
        for report in self.open.drain(..closed) {
            if !report.is_kill() {
                continue;
            }
            let kill = diagnose(&report);
            if self.recent.remember(&kill) {
                kills.push(kill);
            }
        }
    }
}

/// The victim of a kill line that no open report waits for.
fn lone_victim<'a>(record: &'a Record<'_>) -> Option<(u64, &'a str)> {
    use super::victim::Killer::Global;
    match record {
        Record::Chosen(chosen) if chosen.killer != Some(Global) => Some((chosen.pid, &chosen.name)),
        Record::Killed(killer, victim) | Record::Exiting(killer, victim) if *killer != Some(Global) => {
            Some((victim.pid, &victim.name))
        }
        _ => None,
    }
}

/// Text without terminal colours (`dmesg --color=always`).
fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut clean = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let rest = part.strip_prefix('[').and_then(|rest| {
            let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
            rest.get(end.checked_add(1)?..)
        });
        clean.push_str(rest.unwrap_or(part));
    }
    clean
}
