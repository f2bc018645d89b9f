//! Blocks of bytes in, kills out: splits lines, counts them, and skips in whole blocks what cannot matter.
use memchr::{memchr, memchr_iter, memrchr};

use super::kill::Kill;
use super::others::Other;
use super::parser::Parser;
use super::prefilter::Prefilter;
use super::text::MAX_LINE;

/// Reads a log in blocks of any size. Memory does not grow with the log.
///
/// Lines are counted from 1. A line longer than [`MAX_LINE`] bytes is read up to there.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    parser: Parser,
    prefilter: Prefilter,
    /// The number of complete lines so far.
    lines: u64,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
}

impl Default for Prefilter {
    fn default() -> Self {
        Self::new()
    }
}

impl Stream {
    /// A stream that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many lines have been read.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Who else killed or told of kills, besides the kernel.
    pub fn others(&self) -> &[Other] {
        self.parser.others()
    }

    /// Takes the next bytes; appends kills that they finish. Blocks of 64 KiB to 1 MiB are quickest.
    pub fn push(&mut self, block: &[u8], kills: &mut Vec<Kill>) {
        let mut block = block;
        if !self.partial.is_empty() {
            let (head, rest) = match memchr(b'\n', block) {
                Some(end) => (block.get(..end), block.get(end.saturating_add(1)..)),
                None => (Some(block), None),
            };
            self.keep(head.unwrap_or_default());
            let Some(rest) = rest else { return };
            self.end_partial(kills);
            block = rest;
        }
        let Some(end) = memrchr(b'\n', block) else { return self.keep(block) };
        let (whole, rest) = block.split_at_checked(end.saturating_add(1)).unwrap_or((block, &[]));
        self.whole_lines(whole, kills);
        self.keep(rest);
    }

    /// Takes a whole log whose newest line comes first, the other way round; lines keep their numbers.
    pub fn push_backwards(&mut self, log: &[u8], kills: &mut Vec<Kill>) {
        let log = log.strip_suffix(b"\n").unwrap_or(log);
        self.lines = count(log).saturating_add(u64::from(!log.is_empty()));
        for (number, line) in (1..=self.lines).rev().zip(log.rsplit(|byte| *byte == b'\n')) {
            self.parser.line(number, line, kills);
        }
    }

    /// The end of the log: takes a last line without a line end, and finishes what is open.
    pub fn finish(&mut self, kills: &mut Vec<Kill>) {
        if !self.partial.is_empty() {
            self.end_partial(kills);
        }
        self.parser.finish(kills);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_LINE.saturating_sub(self.partial.len());
        self.partial.extend(bytes.iter().take(room));
    }

    fn end_partial(&mut self, kills: &mut Vec<Kill>) {
        self.lines = self.lines.saturating_add(1);
        let line = std::mem::take(&mut self.partial);
        self.parser.line(self.lines, &line, kills);
        self.partial = line;
        self.partial.clear();
    }

    /// Lines that are all there. Between reports, only those with a word of the prefilter are cut out.
    fn whole_lines(&mut self, block: &[u8], kills: &mut Vec<Kill>) {
        let mut search = self.prefilter.search();
        let mut at: usize = 0;
        while at < block.len() {
            if self.parser.is_idle() {
                let hit = search.first(block, at).unwrap_or(block.len());
                let skipped = block.get(at..hit).unwrap_or_default();
                // The hit's own line begins after the last line end before it.
                let begin = memrchr(b'\n', skipped).map_or(0, |end| end.saturating_add(1));
                self.lines = self.lines.saturating_add(count(skipped));
                at = at.saturating_add(begin);
                if hit >= block.len() {
                    return;
                }
            }
            let rest = block.get(at..).unwrap_or_default();
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            self.lines = self.lines.saturating_add(1);
            self.parser.line(self.lines, rest.get(..length).unwrap_or_default(), kills);
            at = at.saturating_add(length).saturating_add(1);
        }
    }
}

fn count(bytes: &[u8]) -> u64 {
    u64::try_from(memchr_iter(b'\n', bytes).count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_any_size_give_the_same() {
        let mut log = "noise\n".repeat(300);
        log.push_str("[1.500000] Out of memory: Killed process 5 (x) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n");
        log.push_str(&"noise\n".repeat(300));
        log.push_str(
            "[99.500000] Memory cgroup out of memory: Killed process 6 (y) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
        );
        let mut expected = None;
        for size in [1, 7, 64, 1000, log.len()] {
            let (mut stream, mut kills) = (Stream::new(), Vec::new());
            for block in log.as_bytes().chunks(size) {
                stream.push(block, &mut kills);
            }
            stream.finish(&mut kills);
            assert_eq!(stream.lines(), 602);
            assert_eq!(kills.iter().map(|kill| kill.evidence.line).collect::<Vec<_>>(), [301, 602], "{size}");
            assert_eq!(expected.get_or_insert(kills.clone()), &kills);
        }
    }
}
