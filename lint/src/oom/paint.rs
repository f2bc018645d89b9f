//! Colours, widths and wrapping of the text output.

use std::fmt::Write as _;

/// The width where there is no terminal to ask.
const WIDTH: usize = 100;
/// Nothing is made wider, however wide the terminal is: long lines read badly.
const WIDEST: usize = 120;
const NARROWEST: usize = 40;

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Loud,
    Strong,
    Faint,
    Plain,
}

/// Where the text goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    color: bool,
    pub(super) width: usize,
}

impl Paint {
    /// For standard output: as wide as its terminal, or as `COLUMNS` says.
    pub(super) fn new(color: bool) -> Self {
        let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        Self { color, width: named.or(terminal).unwrap_or(WIDTH).clamp(NARROWEST, WIDEST) }
    }

    #[cfg(test)]
    pub(super) fn plain(width: usize) -> Self {
        Self { color: false, width }
    }

    /// The text in its tone.
    pub(super) fn tone(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Loud => "1;31",
            Tone::Strong => "1",
            Tone::Faint => "2",
            Tone::Plain => return text.to_owned(),
        };
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// The text broken at blanks, later lines indented. A word longer than a line stays whole: a path that is cut
    /// in two cannot be copied.
    pub(super) fn wrapped(&self, tone: Tone, text: &str, used: usize, indent: usize) -> String {
        let mut lines = vec![String::new()];
        let mut column = used;
        for word in text.split(' ') {
            let length = word.chars().count();
            let Some(line) = lines.last_mut() else { break };
            if line.is_empty() {
                column += length;
                line.push_str(word);
            } else if column + 1 + length <= self.width {
                column += 1 + length;
                line.push(' ');
                line.push_str(word);
            } else {
                column = indent + length;
                lines.push(word.to_owned());
            }
        }
        let lines: Vec<String> = lines.iter().map(|line| self.tone(tone, line)).collect();
        lines.join(&format!("\n{:indent$}", ""))
    }
}

/// A text from a log without what a terminal would act on.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}

/// The text cut to a number of characters; what is cut from the middle of a log line is its least telling part.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most || most < 8 {
        return text.to_owned();
    }
    let tail = (most - 3) / 3;
    let head = most - 3 - tail;
    let mut short: String = text.chars().take(head).collect();
    short.push_str("...");
    short.extend(text.chars().skip(length - tail));
    short
}

/// `1 time`, `1,234 times`.
pub(super) fn plural(count: u64, what: &str) -> String {
    format!("{} {what}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// Digits in groups of three.
pub(super) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        _ = write!(text, "{digit}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_and_shortens() {
        let paint = Paint::plain(20);
        assert_eq!(paint.wrapped(Tone::Plain, "one two three four five", 4, 4), "one two three\n    four five");
        assert_eq!(shortened("abcdefghijklmnopqrstuvwxyz", 12), "abcdef...xyz");
        assert_eq!((thousands(7), thousands(1_234_567)), ("7".to_owned(), "1,234,567".to_owned()));
        assert_eq!(clean("a\u{1b}[2Jb"), "a?[2Jb");
    }
}
