//! [`Embedded`]: a text that stands in a scalar of a document and is YAML itself, such as a patch written inline.

use memlint_kubernetes::path::FieldPath;

use super::document::Document;
use super::position::Span;
use super::split::split;

/// A text within a document, and where each of its lines is written.
#[derive(Debug)]
pub struct Embedded {
    /// The text, as it is read.
    pub text: String,
    /// For each line of the text its start, and the byte of the file that it is written at.
    lines: Vec<(usize, usize)>,
}

impl Embedded {
    /// The text at a path, if it is written as it is read: in a literal block (`|`), or on one line without escapes.
    #[must_use]
    pub fn find(document: &Document<'_>, at: &FieldPath) -> Option<Self> {
        let text = document.value().at(at)?.as_str()?.to_owned();
        let location = document.resolve(at);
        let raw = document.raw();
        let from = location.value.start.checked_sub(raw.start)?;
        let (before, written) = raw.text.split_at_checked(from)?;
        let lines = match block_indent(before) {
            Some(indent) => block(written, &text, indent)?,
            None => line(written, &text)?,
        };
        let lines = lines.into_iter().map(|(start, at)| (start, raw.start + from + at)).collect();
        Some(Self { text, lines })
    }

    /// The place in the document of a place in the text.
    #[must_use]
    pub fn span(&self, document: &Document<'_>, inner: Span) -> Span {
        let outer = |offset: usize| {
            let line = self.lines.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
            let (start, at) = self.lines.get(line).copied().unwrap_or_default();
            at + offset.saturating_sub(start)
        };
        document.span(outer(inner.start), outer(inner.end))
    }

    /// How many documents there are in it.
    #[must_use]
    pub fn documents(&self) -> usize {
        split(&self.text).len()
    }
}

/// By how much a literal block is indented whose first line begins after this; `None` if it is none.
fn block_indent(before: &str) -> Option<usize> {
    let (above, indent) = before.rsplit_once('\n')?;
    if !indent.bytes().all(|byte| byte == b' ') {
        return None;
    }
    let header = above.lines().rev().find(|line| !line.trim().is_empty())?;
    let header = header.split(" #").next()?.trim_end().trim_end_matches(['-', '+']);
    (header == "|" || header.ends_with(" |")).then_some(indent.len())
}

/// The lines of a literal block from the first character of its first line on.
fn block(written: &str, text: &str, indent: usize) -> Option<Vec<(usize, usize)>> {
    let (mut lines, mut start, mut at) = (Vec::new(), 0, 0);
    for (index, line) in text.lines().enumerate() {
        let here = written.get(at..)?.lines().next().unwrap_or_default();
        let skipped = if index == 0 { 0 } else { indent.min(here.len()) };
        if here.get(skipped..)? != line {
            return None;
        }
        lines.push((start, at + skipped));
        start += line.len() + 1;
        at += written.get(at..)?.find('\n').map_or(here.len(), |end| end + 1);
    }
    Some(lines)
}

/// A text of one line, plain or in quotes.
fn line(written: &str, text: &str) -> Option<Vec<(usize, usize)>> {
    let quote = usize::from(written.starts_with(['"', '\'']));
    let is_there = !text.contains('\n') && written.get(quote..)?.starts_with(text);
    is_there.then(|| vec![(0, quote)])
}

#[cfg(test)]
mod tests {
    use memlint_kubernetes::path::FieldPath;

    use super::Embedded;
    use crate::yaml::{parse, split};

    #[test]
    fn a_token_of_a_text_is_found_in_its_file() {
        for (file, key, token, place) in [
            ("# a\npatch: |-\n  kind: A\n\n  spec:\n    memory: 1Gi\nb: 1\n", "patch", "1Gi", (6, 13)),
            ("patch: |\r\n    memory: 1Gi\r\n", "patch", "1Gi", (2, 13)),
            ("patch: 'memory: 1Gi'\n", "patch", "1Gi", (1, 17)),
            ("a: 1\npatch: '[{\"op\": \"remove\"}]'\n", "patch", "remove", (2, 18)),
        ] {
            let document = parse(split(file)[0]).expect("YAML");
            let embedded = Embedded::find(&document, &FieldPath::of(&[key])).expect("a text");
            let start = embedded.text.find(token).expect("the token");
            let inner = parse(split(&embedded.text)[0]).expect("YAML").span(start, start + token.len());
            let span = embedded.span(&document, inner);
            assert_eq!(
                (span.line, span.column, file.get(span.start..span.end)),
                (place.0, place.1, Some(token)),
                "{file}"
            );
        }
        let document = parse(split("patch: >\n  a\n  b\n")[0]).expect("YAML");
        assert!(Embedded::find(&document, &FieldPath::of(&["patch"])).is_none());
    }
}
