//! Splitting the value of an options variable (`JAVA_TOOL_OPTIONS`, `NODE_OPTIONS`) into words.
//!
//! Not for shell commands: those are in [`super::shell`].

use super::text::{Glyph, Word};

/// Whose rules of quoting hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// White space between words; `'` and `"` quote, nothing escapes (HotSpot's `parse_options_buffer`, and near
    /// enough to what start scripts do with `JAVA_OPTS`).
    Jvm,
    /// Spaces between words; `"` quotes, `\` escapes inside quotes (Node.js' `ParseNodeOptionsEnvVar`; checked on
    /// Node.js 20, where `'` is an ordinary character).
    Node,
}

pub(crate) fn split(text: &[Glyph], quotes: Quotes) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut open = None;
    let mut glyphs = text.iter();
    while let Some(glyph) = glyphs.next() {
        match (glyph.ch(), open) {
            (Some('\\'), Some(_)) if quotes == Quotes::Node => {
                word.get_or_insert_default().0.extend(glyphs.next().cloned());
            }
            (Some(c), Some(quote)) if c == quote => open = None,
            (Some(c @ ('"' | '\'')), None) if c == '"' || quotes == Quotes::Jvm => {
                open = Some(c);
                word.get_or_insert_default();
            }
            (Some(c), None) if c == ' ' || (c.is_ascii_whitespace() && quotes == Quotes::Jvm) => {
                words.extend(word.take());
            }
            _ => word.get_or_insert_default().0.push(glyph.clone()),
        }
    }
    words.extend(word);
    words
}
