//! Text that goes through headers, logs and terminals: what a user wrote is never let through as it is.

use serde_json::error::Category;

/// The text without control characters, which end lines and colour terminals.
#[must_use]
pub fn plain(text: &str) -> String {
    if text.contains(is_unsafe) { text.replace(is_unsafe, " ") } else { text.to_owned() }
}

/// Control characters, and those that turn the direction of text or break lines.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Where JSON is not as it should be, and how, without a word of it: anyone can send it, and it may hold secrets.
pub(crate) fn fault(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Io | Category::Syntax => "it is no JSON, or nested too deep,",
        Category::Eof => "it breaks off",
        Category::Data => "a value is not of the type that belongs there,",
    };
    format!("{what} at line {}, column {}", error.line(), error.column())
}

/// ASCII alone, as HTTP headers carry it.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => out.push(c),
            '×' => out.push('x'),
            _ if is_unsafe(c) => out.push(' '),
            _ => out.push('?'),
        }
    }
    out
}

/// At most `most` characters, with `...` where something is missing.
pub(crate) fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let end = text.char_indices().nth(most.saturating_sub(3)).map_or(0, |(end, _)| end);
            format!("{}...", text.get(..end).unwrap_or_default().trim_end())
        }
    }
}

/// `1 problem`, `2 problems`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
