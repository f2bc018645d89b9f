//! Making inputs that no one would write out of those that someone did.

/// A small generator of numbers that gives the same sequence everywhere (`SplitMix64`).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`; 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from(mixed % limit).unwrap_or_default()
    }

    /// One of several; they must not be empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Text that has meant trouble to readers of YAML, JSON and quantities.
const NASTY: [&str; 48] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    "-",
    "? ",
    "\t",
    "\"",
    "'",
    "|",
    ">",
    "|2-",
    "&a ",
    "*a",
    "<<: *a",
    "!!binary ",
    "!!str ",
    "---\n",
    "...\n",
    "--- # c\n",
    "%YAML 1.2\n",
    "\u{feff}",
    "\r\n",
    "\u{85}",
    "\u{2028}",
    "null",
    "~",
    "yes",
    "0x1F",
    "1e999999999",
    "1e-999999999",
    "9223372036854775807",
    "-1",
    "64m",
    "512MB",
    "0",
    "1.5Gi",
    ".",
    "1Ei",
    "NaN",
    "{{ .Values.x }}",
    "\\u0000",
    "日本",
    "-Xmx99999999999999999999g",
    "$(MEM)",
];

/// Takes inputs apart and puts them together again.
#[derive(Debug)]
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    random: Random,
}

impl Mutator {
    /// A mutator of these inputs, of which there is at least one.
    #[must_use]
    pub fn new(seeds: Vec<Vec<u8>>, random: Random) -> Self {
        Self { seeds, random }
    }

    /// The next input: one of those given, changed one to eight times.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.random.pick(&self.seeds).clone();
        for _ in 0..=self.random.below(8) {
            self.change(&mut input);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        match self.random.below(10) {
            0 => self.flip_byte(input),
            1 | 2 => self.insert(input),
            3 => self.replace_token(input),
            4 | 5 => self.swap_tokens(input),
            6 => self.swap_lines(input),
            7 => self.repeat_or_drop_line(input),
            8 => self.indent_line(input),
            _ => self.splice(input),
        }
    }

    fn flip_byte(&mut self, input: &mut [u8]) {
        let at = self.random.below(input.len());
        if let Some(byte) = input.get_mut(at) {
            *byte = u8::try_from(self.random.below(256)).unwrap_or_default();
        }
    }

    fn insert(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() + 1);
        let text = self.random.pick(&NASTY).as_bytes();
        input.splice(at..at, text.iter().copied());
    }

    fn replace_token(&mut self, input: &mut Vec<u8>) {
        let tokens = tokens(input);
        if let Some((start, end)) = self.pick_span(&tokens) {
            let text = self.random.pick(&NASTY).as_bytes();
            input.splice(start..end, text.iter().copied());
        }
    }

    fn swap_tokens(&mut self, input: &mut Vec<u8>) {
        let tokens = tokens(input);
        self.swap(input, &tokens);
    }

    fn swap_lines(&mut self, input: &mut Vec<u8>) {
        let lines = lines(input);
        self.swap(input, &lines);
    }

    fn swap(&mut self, input: &mut Vec<u8>, spans: &[(usize, usize)]) {
        let (Some(one), Some(other)) = (self.pick_span(spans), self.pick_span(spans)) else { return };
        let (first, second) = (one.min(other), one.max(other));
        if first.1 > second.0 {
            return;
        }
        let mut swapped = input[..first.0].to_vec();
        swapped.extend_from_slice(&input[second.0..second.1]);
        swapped.extend_from_slice(&input[first.1..second.0]);
        swapped.extend_from_slice(&input[first.0..first.1]);
        swapped.extend_from_slice(&input[second.1..]);
        *input = swapped;
    }

    fn repeat_or_drop_line(&mut self, input: &mut Vec<u8>) {
        let lines = lines(input);
        let Some((start, end)) = self.pick_span(&lines) else { return };
        let line = input[start..end].to_vec();
        match self.random.below(3) {
            0 => _ = input.drain(start..end),
            1 => _ = input.splice(start..start, line),
            _ => _ = input.splice(start..start, line.repeat(self.random.below(20))),
        }
    }

    fn indent_line(&mut self, input: &mut Vec<u8>) {
        let lines = lines(input);
        let Some((start, end)) = self.pick_span(&lines) else { return };
        let spaces = input[start..end].iter().take_while(|byte| **byte == b' ').count();
        let wanted = self.random.below(spaces + 4);
        input.splice(start..start + spaces, vec![b' '; wanted]);
    }

    /// Puts part of another input into this one.
    fn splice(&mut self, input: &mut Vec<u8>) {
        let other = self.random.pick(&self.seeds).clone();
        let lines = lines(&other);
        let Some((start, _)) = self.pick_span(&lines) else { return };
        let end = start + self.random.below(other.len() - start + 1);
        let at = self.random.below(input.len() + 1);
        input.splice(at..at, other[start..end].iter().copied());
    }

    fn pick_span(&mut self, spans: &[(usize, usize)]) -> Option<(usize, usize)> {
        (!spans.is_empty()).then(|| *self.random.pick(spans))
    }
}

/// The words of a text: what stands between spaces, brackets, colons and commas.
fn tokens(input: &[u8]) -> Vec<(usize, usize)> {
    spans(input, |byte| byte.is_ascii_alphanumeric() || b"-_./\"%$".contains(&byte))
}

/// The lines of a text with the line break.
fn lines(input: &[u8]) -> Vec<(usize, usize)> {
    let mut start = 0;
    let each = input.split_inclusive(|byte| *byte == b'\n').map(|line| {
        start += line.len();
        (start - line.len(), start)
    });
    each.collect()
}

fn spans(input: &[u8], belongs: impl Fn(u8) -> bool) -> Vec<(usize, usize)> {
    let (mut found, mut start) = (Vec::new(), None);
    for (at, byte) in input.iter().copied().chain([b' ']).enumerate() {
        match (belongs(byte), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    found
}
