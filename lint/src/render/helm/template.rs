//! [`Template`]: the line of a template that renders a field, found by what is written there. A line that may be another
//! field's is none.

use memlint_files::held::Held;
use memlint_files::yaml::RawDocument;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::{FieldPath, Segment};

use crate::render::token::Token;

/// A template of a chart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Template<'t> {
    pub(super) held: &'t [Held],
    /// Its documents in the corpus.
    pub(super) documents: &'t [usize],
}

/// A word of the template: in which document, and at which byte of that.
type Hit<'t> = (usize, RawDocument<'t>, usize);

impl<'t> Template<'t> {
    /// The line that names a value, or a map that it is in.
    pub(super) fn of_value(&self, path: &FieldPath) -> Option<Token> {
        let mut above = path.clone();
        while !above.segments().is_empty() {
            let keys: Option<Vec<&str>> = above.segments().iter().map(key).collect();
            if let Some(keys) = keys {
                let wanted = format!(".Values.{}", keys.join("."));
                let ends = |hit: &Hit<'_>| {
                    let after = hit.1.text.get(hit.2 + wanted.len()..).and_then(|rest| rest.chars().next());
                    after.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == '.'))
                };
                let hits: Vec<Hit<'_>> = self.hits(&wanted).filter(ends).collect();
                match hits.as_slice() {
                    [] => {}
                    [hit] => return Some(token(hit, wanted.len(), path)),
                    _ => return None,
                }
            }
            above.pop();
        }
        None
    }

    /// The line that writes a field: its key with its value, or its key within the list item whose name is written
    /// there, or a key above all list items.
    pub(super) fn of_field(&self, rendered: &Value<'_>, at: &FieldPath) -> Option<Token> {
        let scalar = |value: &Value<'_>| match value {
            Value::String(text) | Value::Number(text) => Some(text.to_string()),
            _ => None,
        };
        let name = at.last_key().zip(rendered.at(at).and_then(scalar));
        if let Some(literal) = name.map(|(key, value)| format!("{key}: {value}"))
            && let Some(token) = self.only(&literal, at)
        {
            return Some(token);
        }
        let indices = at.segments().iter().enumerate().filter(|(_, segment)| matches!(segment, Segment::Index(_)));
        let items: Vec<usize> = indices.map(|(depth, _)| depth).collect();
        if let Some(depth) = items.last() {
            let item = FieldPath::from_segments(at.segments().get(..=*depth)?);
            let name = rendered.at(&item.key("name")).and_then(scalar);
            if let Some(token) = name.and_then(|name| self.within(&name, at.segments().get(depth + 1..)?, at)) {
                return Some(token);
            }
        }
        let above = at.segments().get(..items.first().copied().unwrap_or(at.segments().len()))?;
        above
            .iter()
            .rev()
            .filter_map(key)
            .find_map(|key| self.only(&format!("{key}:"), at))
            .or_else(|| self.only("kind:", at))
    }

    /// The deepest key that is written in the list item of a name, or the name itself.
    fn within(&self, name: &str, below: &[Segment], at: &FieldPath) -> Option<Token> {
        let wanted = format!("name: {name}");
        let mut all = self.hits(&wanted).filter(|hit| ends_line(hit, wanted.len()));
        let (hit, None) = (all.next()?, all.next()) else { return None };
        let (index, raw, offset) = hit;
        let start = raw.text.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
        let indent = raw.text.get(start..)?.find(|c: char| c != ' ').unwrap_or(0);
        // The item ends where another begins, or where its parent does.
        let rest = raw.text.get(offset + wanted.len()..)?;
        let mut end = offset + wanted.len();
        for line in rest.split_inclusive('\n').skip(1) {
            let own = line.find(|c: char| c != ' ').unwrap_or(line.len());
            let is_code = line.trim_start().starts_with("{{") || line.trim().is_empty();
            if !is_code && (own < indent || (own == indent && line.trim_start().starts_with('-'))) {
                break;
            }
            end += line.len();
        }
        let region = raw.text.get(offset..end.min(raw.text.len()))?;
        let found = below.iter().rev().filter_map(key).find_map(|key| {
            let wanted = format!("{key}:");
            let mut hits = region.match_indices(wanted.as_str()).filter(|(at, _)| begins_word(region, *at));
            let (found, None) = (hits.next()?, hits.next()) else { return None };
            Some(token(&(index, raw, offset + found.0), key.len(), at))
        });
        found.or_else(|| Some(token(&(index, raw, offset), wanted.len(), at)))
    }

    /// A word that stands in the template once.
    fn only(&self, wanted: &str, at: &FieldPath) -> Option<Token> {
        let mut all = self.hits(wanted).filter(|(_, raw, offset)| begins_word(raw.text, *offset));
        let (hit, None) = (all.next()?, all.next()) else { return None };
        Some(token(&hit, wanted.trim_end_matches(':').len(), at))
    }

    fn hits<'w>(&self, wanted: &'w str) -> impl Iterator<Item = Hit<'t>> + use<'w, 't> {
        let held = self.held;
        self.documents
            .iter()
            .filter_map(move |index| Some((*index, held.get(*index)?.document.raw())))
            .flat_map(move |(index, raw)| raw.text.match_indices(wanted).map(move |(offset, _)| (index, raw, offset)))
    }
}

fn key(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) => None,
    }
}

fn begins_word(text: &str, offset: usize) -> bool {
    text.get(..offset).is_none_or(|before| before.is_empty() || before.ends_with([' ', '\n', '{', '-', ',']))
}

fn ends_line(hit: &Hit<'_>, length: usize) -> bool {
    hit.1.text.get(hit.2 + length..).is_none_or(|after| after.is_empty() || after.starts_with(['\n', '\r', ' ']))
}

fn token((index, raw, offset): &Hit<'_>, length: usize, at: &FieldPath) -> Token {
    let start = raw.start + offset;
    Token { document: *index, path: at.clone(), span: raw.span(start, start + length) }
}
