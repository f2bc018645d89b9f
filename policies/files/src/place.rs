//! From a field to the token to point at.

use memlint_kubernetes::path::{FieldPath, Segment};

use crate::yaml::{Document, Span};

/// The place of a field of the object at `object_at`: how much of its path exists, relative to the object, and the
/// token to point at.
///
/// A value is pointed at itself, a map or list by its key, an item of a list by its `name`. Where the field is absent
/// it is its nearest parent. With `on_key` it is the key, with `part` the part of a string that is given in bytes.
#[must_use]
pub fn find(
    document: &Document<'_>,
    object_at: &FieldPath,
    at: &FieldPath,
    on_key: bool,
    part: Option<(usize, usize)>,
) -> (FieldPath, Span) {
    let full = at.below(object_at);
    let location = document.resolve(&full);
    let mut found = full.clone();
    while found.segments().len() > location.depth_found {
        found.pop();
    }
    let path = found.relative_to(object_at).unwrap_or_default();
    let complete = found == full;
    let value = document.value().at(&found);
    let is_scalar = value.is_some_and(|value| {
        !matches!(value, memlint_kubernetes::object::Value::Map(_) | memlint_kubernetes::object::Value::List(_))
    });
    let span = match location.key {
        Some(key) if on_key || !is_scalar || !complete => key,
        Some(key) if location.value.start == location.value.end => key,
        None if !is_scalar => {
            let name = document.resolve(&found.key("name"));
            match found.segments().last() {
                Some(Segment::Index(_)) if name.depth_found > location.depth_found => name.value,
                _ => first_line(document, location.value),
            }
        }
        _ => narrow(document, location.value, value.and_then(|value| value.as_str()), part).unwrap_or(location.value),
    };
    (path, span)
}

/// The alias or merge key through which the object at `object_at` comes by a field that is written elsewhere.
#[must_use]
pub fn used_at(document: &Document<'_>, object_at: &FieldPath, at: &FieldPath) -> Option<Span> {
    document.resolve(&at.below(object_at)).used_at
}

/// The part of a scalar, if it stands in the text as it is in the value, once.
fn narrow(document: &Document<'_>, span: Span, text: Option<&str>, part: Option<(usize, usize)>) -> Option<Span> {
    let (start, end) = part?;
    let wanted = text?.get(start..end).filter(|wanted| !wanted.is_empty())?;
    let raw = document.raw();
    let written = raw.text.get(span.start.checked_sub(raw.start)?..span.end.checked_sub(raw.start)?)?;
    let mut matches = written.match_indices(wanted);
    let (offset, _) = matches.next()?;
    if matches.next().is_some() {
        return None;
    }
    Some(document.span(span.start + offset, span.start + offset + wanted.len()))
}

/// Of a span of many lines, the first.
fn first_line(document: &Document<'_>, span: Span) -> Span {
    if span.line == span.end_line {
        return span;
    }
    let raw = document.raw();
    let from = span.start.saturating_sub(raw.start);
    let line = raw.text.get(from..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
    document.span(span.start, span.start + line)
}
