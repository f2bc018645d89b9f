//! Mends what the parser refuses and Kubernetes' reader takes: lines of a quoted string that are not indented.
//!
//! White space at the start of such lines means nothing, so a copy of the text with more of it says the same. Places
//! in the copy are mapped back to the source.

/// How often a document is mended before it is given up.
const MAX_ROUNDS: usize = 40;
/// How much text may be parsed in all rounds together, in bytes.
const MAX_BYTES: usize = 256 << 20;

/// Spaces to insert into the source, in order.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    inserted: Vec<Insert>,
    rounds: usize,
}

#[derive(Debug)]
struct Insert {
    /// Offset in the source, at the start of a line.
    at: usize,
    /// How many spaces go there.
    width: usize,
    /// How many went into the lines before.
    shift: usize,
}

impl Repairs {
    /// Indents the lines of the quoted string around `at`, which starts somewhere behind `after`.
    /// False if there is nothing more to try.
    pub(super) fn mend(&mut self, source: &str, at: usize, after: usize) -> bool {
        self.rounds += 1;
        if self.rounds > MAX_ROUNDS || self.rounds.saturating_mul(source.len()) > MAX_BYTES {
            return false;
        }
        let Some((start, end)) = quoted_around(source.as_bytes(), after, at) else { return false };
        let width = 2 + source.get(..start).and_then(|before| before.rsplit('\n').next()).map_or(0, str::len);
        let lines: Vec<usize> = memchr::memchr_iter(b'\n', source.as_bytes().get(start..end).unwrap_or_default())
            .map(|offset| start + offset + 1)
            .collect();
        // Mended before, and still refused: this is something else.
        if lines.is_empty()
            || lines.iter().any(|line| self.inserted.binary_search_by_key(line, |insert| insert.at).is_ok())
        {
            return false;
        }
        self.inserted.extend(lines.into_iter().map(|at| Insert { at, width, shift: 0 }));
        self.inserted.sort_unstable_by_key(|insert| insert.at);
        let mut shift = 0;
        for insert in &mut self.inserted {
            insert.shift = shift;
            shift += insert.width;
        }
        true
    }

    /// The source with all repairs.
    pub(super) fn apply(&self, source: &str) -> String {
        let mut copy =
            String::with_capacity(source.len() + self.inserted.last().map_or(0, |last| last.shift + last.width));
        let mut from = 0;
        for insert in &self.inserted {
            copy.push_str(source.get(from..insert.at).unwrap_or_default());
            copy.extend(std::iter::repeat_n(' ', insert.width));
            from = insert.at;
        }
        copy.push_str(source.get(from..).unwrap_or_default());
        copy
    }

    /// The place in the source of a place in the copy.
    pub(super) fn source_offset(&self, offset: usize) -> usize {
        let before = self.inserted.partition_point(|insert| insert.at + insert.shift <= offset);
        match before.checked_sub(1).and_then(|last| self.inserted.get(last)) {
            // Inside the inserted spaces: the start of the line.
            Some(insert) => (offset - insert.shift).saturating_sub(insert.width).max(insert.at),
            None => offset,
        }
    }
}

/// The quoted string behind `after` that holds `at`: offsets of its quotes.
fn quoted_around(bytes: &[u8], after: usize, at: usize) -> Option<(usize, usize)> {
    let mut start = after;
    loop {
        start += memchr::memchr2(b'"', b'\'', bytes.get(start..at)?)?;
        // A quote that opens a string stands behind a separator.
        let opens = start.checked_sub(1).is_none_or(|before| b" \t\n,[{:".contains(bytes.get(before).unwrap_or(&b' ')));
        let end = closing_quote(bytes, start);
        match end {
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
