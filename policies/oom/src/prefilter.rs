//! The fast reject: almost every line of a large log has nothing to do with memory.
//!
//! Outside a report only a line with one of these words can matter. They are searched in whole blocks, not line
//! by line, and each word's next place is remembered, so that a word that is everywhere costs no more than its own
//! hits.

use memchr::memmem::Finder;

/// What only an OOM report's first line, or the first line left of it, can hold; and who else kills.
const WORDS: [&[u8]; 13] = [
    b"oom-kill",
    b"Kill",
    b"cgroup stats for ",
    b"y: usage ",
    b"as a result of limit of ",
    b"total_vm",
    b"oom_reaper",
    b"OOM",
    b"memory.oom.group",
    b"systemd-oomd",
    b"earlyoom",
    b"nel panic",
    b"viction manager: ",
];

/// The compiled words.
#[derive(Debug, Clone)]
pub(super) struct Prefilter(Vec<Finder<'static>>);

impl Prefilter {
    pub(super) fn new() -> Self {
        Self(WORDS.iter().map(Finder::new).collect())
    }

    /// Whether one line can start a report.
    pub(super) fn accepts(&self, line: &[u8]) -> bool {
        self.0.iter().any(|finder| find(finder, line).is_some())
    }

    /// A search over one block.
    pub(super) fn search(&self) -> Search<'_> {
        Search { prefilter: self, next: [Next::Unknown; WORDS.len()] }
    }
}

/// The first place of a word. `Killing` is the kubelet's, all over its log, never the kernel's.
fn find(finder: &Finder<'_>, text: &[u8]) -> Option<usize> {
    let mut from: usize = 0;
    loop {
        let at = from.saturating_add(finder.find(text.get(from..)?)?);
        let after = at.saturating_add(finder.needle().len());
        if !text.get(at..)?.starts_with(b"Killing") {
            return Some(at);
        }
        from = after;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Unknown,
    At(usize),
    Nowhere,
}

/// Remembers where each word comes next in one block.
pub(super) struct Search<'a> {
    prefilter: &'a Prefilter,
    next: [Next; WORDS.len()],
}

impl Search<'_> {
    /// The first word at or after `from`.
    pub(super) fn first(&mut self, block: &[u8], from: usize) -> Option<usize> {
        let rest = block.get(from..)?;
        for (next, finder) in self.next.iter_mut().zip(&self.prefilter.0) {
            let stale = match next {
                Next::Unknown => true,
                Next::At(at) => *at < from,
                Next::Nowhere => false,
            };
            if stale {
                *next = find(finder, rest).map_or(Next::Nowhere, |at| Next::At(from.saturating_add(at)));
            }
        }
        self.next.iter().filter_map(|next| if let Next::At(at) = next { Some(*at) } else { None }).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_word_from_any_place() {
        let prefilter = Prefilter::new();
        let block = b"nothing\nKilled process 1\nnothing\nx invoked oom-killer\nKilled";
        let mut search = prefilter.search();
        assert_eq!(search.first(block, 0), Some(8));
        assert_eq!(search.first(block, 9), Some(43));
        assert_eq!(search.first(block, 44), Some(54));
        assert_eq!(search.first(block, 55), None);
        assert!(!prefilter.accepts(b"Killing container") && prefilter.accepts(b"Killing container, Kill process 7"));
        assert!(!prefilter.accepts(b"memory is fine") && prefilter.accepts(b"memory: usage 4kB"));
    }
}
