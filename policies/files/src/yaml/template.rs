//! Templates (Helm, Jinja): told from broken YAML, since they need to be rendered, not corrected.

use super::problem::Problem;

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It is a template and has to be rendered first.
    Templated,
    /// It is broken.
    Broken(Problem),
}

/// Tells templates from broken documents, for a document that could not be read.
#[must_use]
pub fn classify(text: &str, problem: Problem) -> Failure {
    if looks_templated(text) { Failure::Templated } else { Failure::Broken(problem) }
}

/// Whether a text has template actions (`{{ .. }}`, `{% .. %}`) where YAML would read them as YAML: outside of
/// comments, quoted strings and block scalars, in which they are ordinary text.
#[must_use]
pub fn looks_templated(text: &str) -> bool {
    if !text.contains("{{") && !text.contains("{%") {
        return false;
    }
    let mut block: Option<usize> = None;
    let mut quote: Option<char> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let Some(outer) = block {
            if indent > outer || line.trim_ascii().is_empty() {
                continue;
            }
            block = None;
        }
        let bare = bare_text(line, &mut quote);
        if bare.contains("{{") || bare.contains("{%") {
            return true;
        }
        if quote.is_none() && starts_block(&bare) {
            block = Some(block_indent(line, indent));
        }
    }
    false
}

/// The line without comments and quoted strings. `quote` is the quote that is open at its start and end.
fn bare_text(line: &str, quote: &mut Option<char>) -> String {
    let mut bare = String::new();
    let mut before = ' ';
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match *quote {
            Some('"') if character == '\\' => {
                characters.next();
            }
            Some(open) if character == open => *quote = None,
            Some(_) => {}
            None if matches!(character, '"' | '\'') && " \t[{,:(".contains(before) && !in_action(&bare) => {
                *quote = Some(character);
            }
            None if character == '#' && before.is_ascii_whitespace() => break,
            None => bare.push(character),
        }
        before = character;
    }
    bare
}

/// Whether a template action is open: its quotes are its own.
fn in_action(bare: &str) -> bool {
    bare.rfind("{{").is_some_and(|open| bare.rfind("}}").is_none_or(|close| close < open))
}

/// Whether a line ends in the header of a block scalar (`|`, `>-`, `|2+`).
fn starts_block(bare: &str) -> bool {
    let header = bare.trim_ascii_end().rsplit([' ', '\t']).next().unwrap_or_default();
    let mut characters = header.chars();
    matches!(characters.next(), Some('|' | '>'))
        && header.len() <= 3
        && characters.all(|c| matches!(c, '+' | '-' | '1'..='9'))
}

/// The text of a block scalar is indented further than the key, or the innermost `-`, that it belongs to.
fn block_indent(line: &str, indent: usize) -> usize {
    let mut content = line.get(indent..).unwrap_or_default();
    let mut column = indent;
    while let Some(rest) = content.strip_prefix("- ") {
        let next = rest.trim_start_matches(' ');
        // `- |`: the item itself is the text.
        if next.starts_with(['|', '>']) {
            break;
        }
        column += content.len() - next.len();
        content = next;
    }
    column
}
