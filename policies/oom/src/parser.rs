//! The streaming parser: lines in, finished kills out.
//!
//! State is a handful of open reports, each bounded; a log of any size is read in constant memory. A report is
//! finished when the next one begins, when the kernel has been silent about it for a while, or at the end.
use super::diagnose::diagnose;
use super::join::{Joiner, Line};
use super::journal::{Journal, Message};
use super::kill::Kill;
use super::layers::Layers;
use super::others::{self, Other};
use super::prefilter::Prefilter;
use super::prefix::Stamp;
use super::recent::Recent;
use super::record::{Record, read};
use super::report::Report;
use super::route::{fit, opens};
use super::source::{is_apart, is_of_mixed, mark_mixed, may_be_of, note_rivals};
use super::table::Row;
use super::text::{MAX_LINE, without_colours};

/// Reports that are open at once; the oldest is finished when one more begins.
const MAX_OPEN: usize = 8;
/// Lines of other things after which a report is over: once its victim is known, and before.
const SILENCE: (u32, u32) = (200, 3000);
/// Lines at a log's beginning that are all looked at: its first ones may be the rest of a table.
const HEAD: u32 = 1000;
/// Lines of a quite different time since boot after which a report is over. Other machines' lines may come between.
const APART: u32 = 60;

/// Reads a kernel log line by line.
#[derive(Debug, Clone)]
pub struct Parser {
    prefilter: Prefilter,
    /// Lines that are still of the log's beginning.
    head: u32,
    journal: Journal,
    layers: Layers,
    joiner: Joiner,
    open: Vec<Report>,
    recent: Recent,
    last: (Option<u64>, String),
    ready: Vec<Line>,
    others: Vec<Other>,
    /// The log holds more of reports than their kill lines.
    has_reports: bool,
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
            head: HEAD,
            journal: Journal::default(),
            layers: Layers::default(),
            joiner: Joiner::default(),
            open: Vec::new(),
            recent: Recent::default(),
            last: (None, String::new()),
            ready: Vec::new(),
            others: Vec::new(),
            has_reports: false,
        }
    }

    /// Takes the line with this number (from 1), with or without its line end; appends kills that it finishes to
    /// `kills`, in the order in which the log began to report them.
    ///
    /// Any bytes are fine. Only the first [`MAX_LINE`] are looked at.
    pub fn line(&mut self, number: u64, line: &[u8], kills: &mut Vec<Kill>) {
        let line = line.get(..MAX_LINE).unwrap_or(line);
        if self.head == HEAD {
            self.layers.head(line);
        }
        self.head = self.head.saturating_sub(1);
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
        if self.is_quiet() && self.head == 0 && !self.prefilter.accepts(line) {
            return;
        }
        let text = String::from_utf8_lossy(line);
        let text = if text.contains('\u{1b}') { without_colours(&text).into() } else { text };
        let text = text.trim_end_matches(['\r', '\n', '\0']);
        let (joiner, ready) = (&mut self.joiner, &mut self.ready);
        self.layers.take(number, text, stamp, &mut |line| joiner.push(line, ready));
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
        self.head == 0 && !self.journal.is_active() && self.is_quiet()
    }

    /// Whether no report is open.
    fn is_quiet(&self) -> bool {
        self.open.is_empty() && self.joiner.is_empty() && self.layers.is_empty()
    }

    /// Who else killed or told of kills.
    pub(super) fn others(&self) -> &[Other] {
        &self.others
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
        let told = read(&line.text).filter(|record| !line.stamp.foreign || matches!(record, Record::TaskOom(_)));
        let Some(record) = told else { return self.unknown_prefix(line) };
        // rsyslog with two inputs logs everything twice.
        if line.stamp.uptime.is_some() && self.last.0 == line.stamp.uptime && self.last.1 == line.text {
            return;
        }
        self.last = (line.stamp.uptime, line.text.clone());
        self.has_reports |= matches!(record, Record::Trigger(_) | Record::Group(_) | Record::Header(_));
        self.follow(&line.stamp);
        if let Some((at, score)) = self.fitting(&record, &line.stamp) {
            mark_mixed(&mut self.open, at, score, &record, &line.stamp);
            if let Some(report) = self.open.get_mut(at) {
                report.apply(record, line);
            }
            return self.drop_quotes(at);
        }
        if let Record::TaskOom(id) = record
            && !self.recent.has_container(id)
            && !self.open.iter().any(|report| report.names(id))
        {
            others::count(&mut self.others, others::witness(&line.text), line.number, &line.raw);
        }
        let rest_of_table = self.head > 0 && self.open.is_empty() && is_row(&record, &line.text);
        if !(opens(&record) || rest_of_table) || is_of_mixed(&self.open, &record, &line.stamp) {
            return self.stranger(line);
        }
        if let Record::Reaped(victim) = &record
            && self.recent.has_victim(victim.pid, &victim.name)
        {
            return;
        }
        self.begin(record, line);
    }

    /// Drops the bare kill lines above a whole report that tell what it does.
    fn drop_quotes(&mut self, at: usize) {
        let Some((earlier, [whole, ..])) = self.open.split_at_mut_checked(at) else { return };
        for report in earlier.iter_mut().filter(|report| !report.closed && report.is_quoted_in(whole)) {
            (report.closed, report.quoted) = (true, true);
        }
    }

    /// The open report that a record fits best, and how well.
    fn fitting(&self, record: &Record<'_>, stamp: &Stamp) -> Option<(usize, u32)> {
        let best = |stamp: &Stamp| {
            let open = self.open.iter().enumerate();
            let fitting = open.filter_map(|(at, report)| Some((fit(report, record, stamp)?, report.touched, at)));
            fitting.max().map(|(score, _, at)| (at, score))
        };
        // What a tool puts before a line may differ within a report.
        let is_new = || stamp.origin.is_some() && self.open.iter().all(|report| report.origin != stamp.origin);
        best(stamp).or_else(|| is_new().then(|| best(&Stamp { origin: None, ..stamp.clone() }))?)
    }

    /// A line that says nothing as it is. In a report, a table behind a prefix that memlint does not know is worth
    /// another look: its rows begin with a bracket.
    fn unknown_prefix(&mut self, line: &Line) {
        let known = |(name, pid): (&str, u64)| {
            let open = |report: &Report| report.victims.iter().any(|victim| victim.pid == pid);
            self.recent.has_victim(pid, name) || self.open.iter().any(open)
        };
        let is_known = others::victim_of_kubelet(&line.raw).is_some_and(known);
        if let Some(program) = others::read(&line.raw, &self.others).filter(|_| !is_known) {
            others::count(&mut self.others, program, line.number, &line.raw);
        }
        let brackets = line.text.match_indices('[').skip_while(|(at, _)| *at == 0).take(4);
        let table = brackets.filter_map(|(at, _)| line.text.get(at..)).find(|rest| match read(rest) {
            Some(Record::Row { .. }) => self.joiner.reads_row(rest),
            found => matches!(found, Some(Record::Header(_))),
        });
        match table.map(|rest| Line { text: rest.to_owned(), ..line.clone() }) {
            Some(line) if !self.open.is_empty() && !line.stamp.foreign => {
                self.joiner.note_header(&line.text);
                self.process(&line);
            }
            _ => self.stranger(line),
        }
    }

    /// Starts a report.
    fn begin(&mut self, record: Record<'_>, line: &Line) {
        if matches!(record, Record::Trigger(_)) {
            // A line that is quoted above its report waits for it.
            let is_over = |report: &Report| report.is_done() && !report.is_bare() || !report.is_kill();
            let over = |report: &&mut Report| is_over(report) && may_be_of(report, &line.stamp);
            self.open.iter_mut().filter(over).for_each(|report| report.closed = true);
        }
        if self.open.len() >= MAX_OPEN
            && let Some(oldest) = self.open.first_mut()
        {
            oldest.closed = true;
        }
        let mut report = Report { filtered: !self.has_reports, ..Report::default() };
        if let Some((pid, name)) = lone_victim(&record) {
            report.inherited = self
                .open
                .iter()
                .rev()
                .find_map(|open| Recent::open_cgroup_of(open, pid, name))
                .or_else(|| self.recent.cgroup_of(pid, name));
        }
        let is_first_line = matches!(record, Record::Trigger(_));
        report.apply(record, line);
        self.open.push(report);
        if is_first_line {
            note_rivals(&mut self.open, &line.stamp);
        }
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
        for report in self.open.iter_mut().filter(|report| report.is_done() && may_be_of(report, stamp)) {
            report.followed = true;
        }
    }

    /// Closes reports about which nothing more will come.
    fn expire(&mut self, stamp: &Stamp) {
        for report in &mut self.open {
            let lines = if report.is_done() { SILENCE.0 } else { SILENCE.1 };
            let same_host = report.host.is_some() && report.host == stamp.host;
            report.apart = if is_apart(report, stamp) { report.apart.saturating_add(1) } else { 0 };
            let apart = report.apart > APART || same_host && report.apart > 0;
            report.closed |= apart || report.unrelated > lines;
        }
    }

    /// Hands out closed reports, as long as no earlier one is still open.
    fn emit(&mut self, kills: &mut Vec<Kill>) {
        let full = self.open.len() > MAX_OPEN;
        let closed = self.open.iter().take_while(|report| report.closed).count().max(usize::from(full));
        for report in self.open.drain(..closed) {
            if !report.is_kill() || report.quoted {
                continue;
            }
            let kill = diagnose(&report);
            if self.recent.remember(&kill) {
                kills.push(kill);
            }
        }
    }
}

/// Whether a line without its table's header is a row of it.
fn is_row(record: &Record<'_>, text: &str) -> bool {
    matches!(record, Record::Row { .. }) && Row::read(text, None).is_some()
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
