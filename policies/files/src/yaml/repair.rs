//! Mends what the parser refuses and Kubernetes' reader takes, so that the document can be read all the same.
//!
//! - lines of a quoted string, or of a list in brackets, that are not indented, or with tabs;
//! - a comment right behind a closing quote or bracket;
//! - `\'` in double quotes;
//! - a lone `-` between brackets.
//!
//! The text is copied with a few more characters that change nothing in its meaning. Places in the copy are mapped back
//! to the source.

use granit_parser::ErrorKind;

/// How much text may be parsed in all rounds together, in bytes, before a document is given up.
const MAX_BYTES: usize = 64 << 20;

/// What to change in the source, in order.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    edits: Vec<Edit>,
    rounds: usize,
}

/// One change. It never makes the text shorter.
#[derive(Debug)]
struct Edit {
    /// Offset in the source.
    at: usize,
    /// How many bytes go away.
    removed: usize,
    added: String,
    /// How many bytes longer the copy is because of the edits before.
    shift: usize,
}

/// What the parser objected to.
pub(super) struct Objection<'k> {
    pub(super) kind: &'k ErrorKind,
    /// Where, in the source.
    pub(super) at: usize,
    /// The end of the last event before it, in the source.
    pub(super) after: usize,
}

impl Repairs {
    /// Adds the edits that answer an objection; false if there is nothing (more) to try.
    pub(super) fn mend(&mut self, source: &str, objection: &Objection<'_>) -> bool {
        self.rounds += 1;
        if self.rounds.saturating_mul(source.len()) > MAX_BYTES && self.rounds > 1 {
            return false;
        }
        let bytes = source.as_bytes();
        let Objection { kind, at, after } = *objection;
        let edits: Vec<(usize, usize, String)> = match kind {
            ErrorKind::CommentNotSeparated if bytes.get(at) == Some(&b'#') => vec![(at, 0, " ".to_owned())],
            ErrorKind::PlainScalarStartsWithDashFlowIndicator if bytes.get(at) == Some(&b'-') => {
                vec![(at, 1, "\"-\"".to_owned())]
            }
            ErrorKind::UnknownQuotedScalarEscape if bytes.get(at) == Some(&b'"') => quotes_escaped(bytes, at),
            ErrorKind::InvalidQuotedScalarIndent | ErrorKind::TabInIndentation | ErrorKind::TabInBlockIndentation => {
                indentations(source, after, at)
            }
            _ => return false,
        };
        // Mended before, and still refused: this is something else.
        let again = |at: &usize| self.edits.binary_search_by_key(at, |edit| edit.at).is_ok();
        if edits.is_empty() || edits.iter().any(|(at, ..)| again(at)) {
            return false;
        }
        self.edits.extend(edits.into_iter().map(|(at, removed, added)| Edit { at, removed, added, shift: 0 }));
        self.edits.sort_by_key(|edit| edit.at);
        let mut shift = 0;
        for edit in &mut self.edits {
            edit.shift = shift;
            shift += edit.added.len() - edit.removed;
        }
        true
    }

    /// The source with all repairs.
    pub(super) fn apply(&self, source: &str) -> String {
        let mut copy = String::with_capacity(source.len() + 1024);
        let mut from = 0;
        for edit in &self.edits {
            copy.push_str(source.get(from..edit.at).unwrap_or_default());
            copy.push_str(&edit.added);
            from = edit.at + edit.removed;
        }
        copy.push_str(source.get(from..).unwrap_or_default());
        copy
    }

    /// The place in the source of a place in the copy.
    pub(super) fn source_offset(&self, offset: usize) -> usize {
        let before = self.edits.partition_point(|edit| edit.at + edit.shift <= offset);
        match before.checked_sub(1).and_then(|last| self.edits.get(last)) {
            None => offset,
            // Inside what was added.
            Some(edit) if offset < edit.at + edit.shift + edit.added.len() => edit.at,
            Some(edit) => offset + edit.removed - edit.shift - edit.added.len(),
        }
    }
}

/// `\'` in the string that starts here: the same character as an escape that the parser knows.
fn quotes_escaped(bytes: &[u8], start: usize) -> Vec<(usize, usize, String)> {
    let end = closing_quote(bytes, start).unwrap_or(bytes.len());
    let mut edits = Vec::new();
    let mut at = start;
    while let Some(found) = bytes.get(at..end).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += found;
        if bytes.get(at + 1) == Some(&b'\'') {
            edits.push((at, 2, "\\x27".to_owned()));
        }
        at += 2;
    }
    edits
}

/// More indentation for the lines of the quoted string around `at`, or for the line of `at` alone.
fn indentations(source: &str, after: usize, at: usize) -> Vec<(usize, usize, String)> {
    let bytes = source.as_bytes();
    let line_start =
        |at: usize| bytes.get(..at).and_then(|before| memchr::memrchr(b'\n', before)).map_or(0, |at| at + 1);
    let quoted = quoted_around(bytes, after, at);
    let first = line_start(quoted.map_or(after.min(at), |(start, _)| start));
    // Further than what the string or list is a value of, wherever that starts in the line.
    let width = 2 + at.min(quoted.map_or(after, |(start, _)| start)).saturating_sub(first).min(4096);
    let lines = match quoted {
        Some((start, end)) => memchr::memchr2_iter(b'\n', b'\r', bytes.get(start..end).unwrap_or_default())
            .map(|offset| start + offset + 1)
            .filter(|line| bytes.get(line - 1..=*line) != Some(b"\r\n"))
            .collect(),
        None => vec![line_start(at)],
    };
    lines.into_iter().map(|line| (line, 0, " ".repeat(width))).collect()
}

/// The quoted string behind `after` that holds `at`: offsets of its quotes.
fn quoted_around(bytes: &[u8], after: usize, at: usize) -> Option<(usize, usize)> {
    let mut start = after;
    loop {
        start += memchr::memchr2(b'"', b'\'', bytes.get(start..at)?)?;
        // A quote that opens a string stands behind a separator.
        let opens = start.checked_sub(1).is_none_or(|before| b" \t\n,[{:".contains(bytes.get(before).unwrap_or(&b' ')));
        match closing_quote(bytes, start) {
            Some(end) if opens && end >= at => return Some((start, end)),
            Some(end) if opens => start = end + 1,
            _ => start += 1,
        }
    }
}

fn closing_quote(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = *bytes.get(start)?;
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(quote, b'\\', bytes.get(at..)?)?;
        match (bytes.get(at)?, quote) {
            (b'\\', b'"') => at += 2,
            (b'\\', _) => at += 1,
            _ if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
            _ => return Some(at),
        }
    }
}
