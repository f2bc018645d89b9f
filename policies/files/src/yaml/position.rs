//! Places in a text: from byte offsets to lines and columns, on demand.
//!
//! The tree keeps byte offsets only. Few of them are ever shown, so lines and columns are counted when asked for;
//! in long texts (a 50 MB JSON file may be one line) from the nearest of a few checkpoints.

use std::sync::OnceLock;

/// Distance of checkpoints in bytes: far enough to be few, near enough to count from one in microseconds.
const STEP: usize = 16 * 1024;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte, counted from the start of the decoded file.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// Line of the first character, from 1.
    pub line: usize,
    /// Column of the first character, from 1, in characters.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column just after the last character, from 1, in characters.
    pub end_column: usize,
}

/// Line breaks and characters counted up to a byte.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    lines: usize,
    chars: usize,
}

impl Count {
    fn advance(&mut self, bytes: &[u8]) {
        let breaks = memchr::memchr_iter(b'\n', bytes).count();
        let tail = match memchr::memrchr(b'\n', bytes) {
            Some(at) => {
                self.chars = 0;
                bytes.get(at + 1..).unwrap_or_default()
            }
            None => bytes,
        };
        self.lines += breaks;
        // Every byte but those that continue a UTF-8 character.
        self.chars += tail.iter().filter(|byte| (**byte & 0xC0) != 0x80).count();
    }
}

/// Lines and columns of one text.
#[derive(Debug, Default)]
pub(super) struct Positions {
    checkpoints: OnceLock<Vec<Count>>,
}

impl Positions {
    /// Line and column of a byte, both from 1 and relative to the text.
    pub(super) fn line_column(&self, text: &str, offset: usize) -> (usize, usize) {
        let bytes = text.as_bytes();
        let offset = offset.min(bytes.len());
        let mut from = 0;
        let mut count = Count::default();
        if offset > STEP {
            let checkpoints = self.checkpoints.get_or_init(|| checkpoints(bytes));
            let index = (offset / STEP).min(checkpoints.len()).saturating_sub(1);
            if let Some(checkpoint) = checkpoints.get(index) {
                count = *checkpoint;
                from = (index + 1) * STEP;
            }
        }
        count.advance(bytes.get(from..offset).unwrap_or_default());
        (count.lines + 1, count.chars + 1)
    }
}

fn checkpoints(bytes: &[u8]) -> Vec<Count> {
    let mut count = Count::default();
    bytes
        .chunks_exact(STEP)
        .map(|chunk| {
            count.advance(chunk);
            count
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Positions, STEP};

    #[test]
    fn counts_characters_from_any_checkpoint() {
        let text = "é€😀x\n".repeat(STEP);
        let positions = Positions::default();
        for line in [1, 2, 1500, 1637, 1638, 1639, 9000, STEP] {
            let start = (line - 1) * 11;
            for (offset, column) in [(0, 1), (2, 2), (5, 3), (9, 4), (10, 5)] {
                assert_eq!(positions.line_column(&text, start + offset), (line, column));
            }
        }
        assert_eq!(positions.line_column(&text, usize::MAX), (STEP + 1, 1));
    }

    #[test]
    fn counts_in_one_long_line() {
        let text = "é".repeat(5 * STEP);
        for chars in [0, 1, STEP / 2, STEP, 3 * STEP + 7] {
            assert_eq!(Positions::default().line_column(&text, 2 * chars), (1, chars + 1));
        }
    }
}
