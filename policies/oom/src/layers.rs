//! From a line of a file to the lines that the kernel printed: wrappers and prefixes taken off, partial lines put
//! together, one message of several lines taken apart.

use super::join::Line;
use super::prefix::{Stamp, strip, uptime};
use super::record::{Record, read};
use super::separated::Separated;
use super::text::cut;
use super::wrapper;

/// Wrappers that are taken off one line; no tool stacks more.
const MAX_WRAPPERS: u8 = 3;
/// Bytes of a line that came in parts.
const MAX_WHOLE: usize = 1 << 16;

/// What has to be remembered between lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Layers {
    /// The parts so far of a line that a container runtime has cut, and the first one's number.
    partial: String,
    partial_line: u64,
    separated: Separated,
    /// The log is a mail whose text is encoded (quoted-printable).
    encoded: bool,
    /// What came before an encoded line's break, and its first line's number.
    broken: String,
    broken_line: u64,
}

impl Layers {
    /// Whether no part of a line is held.
    pub(super) fn is_empty(&self) -> bool {
        self.partial.is_empty() && self.broken.is_empty()
    }

    /// Takes a line; gives what the kernel printed.
    pub(super) fn take(&mut self, number: u64, text: &str, outer: &Stamp, give: &mut dyn FnMut(Line)) {
        self.encoded |= text.contains("gfp_mask=3D") || text.contains("constraint=3D");
        if !self.encoded {
            return self.decoded(number, text, outer, give);
        }
        if self.broken.is_empty() {
            self.broken_line = number;
        }
        match text.strip_suffix('=') {
            Some(part) if self.broken.len() <= MAX_WHOLE => self.broken.push_str(part),
            _ => {
                let whole = std::mem::take(&mut self.broken) + text;
                self.decoded(self.broken_line, &whole.replace("=3D", "="), outer, give);
            }
        }
    }

    /// Takes a line as it was before it was sent; one that came in parts waits for the last.
    fn decoded(&mut self, number: u64, text: &str, outer: &Stamp, give: &mut dyn FnMut(Line)) {
        let Some((head, message)) = cut_by_runtime(text) else {
            return self.unwrap(number, text, outer, MAX_WRAPPERS, give);
        };
        let is_part = head.ends_with("P ");
        if self.partial.is_empty() {
            self.partial_line = number;
        }
        if is_part && self.partial.len() <= MAX_WHOLE {
            self.partial.push_str(message);
        } else if self.partial.is_empty() {
            self.unwrap(number, text, outer, MAX_WRAPPERS, give);
        } else {
            let whole = format!("{head}{}{message}", std::mem::take(&mut self.partial));
            self.unwrap(self.partial_line, &whole, outer, MAX_WRAPPERS, give);
        }
    }

    /// Takes a log's first line, which may name columns.
    pub(super) fn head(&mut self, line: &[u8]) {
        self.separated.head(&String::from_utf8_lossy(line));
    }

    /// Takes wrappers and prefixes off; a wrapped message may hold several lines.
    fn unwrap(&mut self, number: u64, text: &str, outer: &Stamp, depth: u8, give: &mut dyn FnMut(Line)) {
        let (stamp, rest) = strip(text);
        let lines = if stamp.uptime.is_some() { glued(rest) } else { vec![rest] };
        let stamp = stamp.or(outer);
        if depth > 0
            && rest.contains('"')
            && let Some(messages) = wrapper::unwrap(rest)
        {
            for (inner, message) in messages {
                self.unwrap(number, &message, &inner.or(&stamp), depth - 1, give);
            }
            return;
        }
        if depth > 0
            && lines.len() < 2
            && let Some((inner, message)) = self.separated.message(text)
        {
            return self.unwrap(number, &message, &inner.or(&stamp), 0, give);
        }
        // The kernel prints statistics as one message of many lines; journald keeps them so, /dev/kmsg and rsyslog
        // escape the line ends.
        // A name may hold the same characters, so an escape counts only before a further line of a report.
        let more = |escape: &&str| {
            let mut parts = rest.split(*escape).skip(1);
            *escape == "\n" && rest.contains('\n')
                || parts.any(|part| read(strip(part).1).is_some_and(|record| !matches!(record, Record::Trigger(_))))
        };
        let escape = ["\n", "\\x0a", "#012", "\\n"].into_iter().find(more);
        let parts = match escape {
            Some(escape) => rest.split(escape).filter(|part| !part.trim().is_empty()).collect(),
            None => lines,
        };
        if escape.is_none() && parts.len() < 2 {
            let gap = text.ends_with(' ');
            return give(Line { number, stamp, raw: text.trim().to_owned(), text: rest.to_owned(), gap });
        }
        for part in parts {
            let (inner, part_text) = strip(part);
            let mut stamp = inner.or(&stamp);
            stamp.prefixed = true;
            let line = Line { number, stamp, raw: part.trim().to_owned(), text: part_text.to_owned(), gap: false };
            give(line);
        }
    }
}

/// The lines in a text whose line ends were lost: each further one begins with its time since boot.
fn glued(text: &str) -> Vec<&str> {
    let begins = |at: &usize| {
        let rest = text.get(at.saturating_add(1)..).map(|rest| cut(rest, 32));
        rest.and_then(|rest| rest.split_once(']')).is_some_and(|(inner, _)| uptime(inner.trim_start()).is_some())
    };
    let mut parts = Vec::new();
    let mut from = 0;
    let places = text.match_indices('[').map(|(at, _)| at).filter(|at| *at > 0).filter(begins);
    for at in places.chain([text.len()]) {
        parts.extend(text.get(from..at));
        from = at;
    }
    let is_record = |part: &&str| read(strip(part).1).is_some();
    if parts.iter().skip(1).any(is_record) { parts } else { vec![text] }
}

/// Splits a line of a container runtime's log behind `stdout F ` or `stdout P `, where P says that more follows.
fn cut_by_runtime(text: &str) -> Option<(&str, &str)> {
    let at = ["stdout F ", "stdout P ", "stderr F ", "stderr P "].iter().filter_map(|tag| text.find(tag)).min()?;
    let head = text.get(..at)?;
    // Only the time stands before it.
    (at <= 40 && head.trim_end().contains(':') && !head.trim_end().contains(' '))
        .then(|| text.split_at_checked(at + 9))?
}
