//! From a field of a rendered object to the value that it comes from, or else to the line of the template.

use std::sync::Arc;

use memlint_files::place;
use memlint_files::yaml::{self, OwnedDocument};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::{FieldPath, Segment};

use super::charts::Chart;
use super::marks::Marks;
use super::values::{Place, in_document};
use crate::project::corpus::Corpus;
use crate::render::files::Files;
use crate::render::token::{Asked, Token};

/// What is known of where a chart's output comes from.
#[derive(Debug)]
pub(in crate::render) struct Trace {
    pub(super) chart: Chart,
    pub(super) files: Arc<Files>,
    /// Where the values are written, by the places of the sources in [`Marks`].
    pub(super) places: Vec<Place>,
    /// The output with marked values, if it has the same shape.
    pub(super) marked: Option<(Marks, Vec<OwnedDocument>)>,
    /// What to point at if nothing else is known: the chart, or the release.
    pub(super) fallback: usize,
}

impl Trace {
    /// The value that a field comes from, and the line of the template that it is rendered by: of both what is known.
    pub(in crate::render) fn find(
        &self,
        corpus: &Corpus,
        (text, rendered): (&str, &Value<'_>),
        asked: &Asked<'_>,
    ) -> (Option<Token>, Option<Token>) {
        (self.in_values(corpus, asked), self.in_template(corpus, text, rendered, asked.at))
    }

    /// What to point at where nothing is known.
    pub(in crate::render) fn fallback(&self, corpus: &Corpus) -> Option<Token> {
        let document = yaml::parse(corpus.documents.get(self.fallback)?.document.raw()).ok()?;
        let root = FieldPath::root();
        let name = ["name", "metadata"].map(|key| root.key(key));
        let at = name.iter().find(|at| document.value().at(at).is_some()).unwrap_or(&root);
        let (path, span) = place::find(&document, &root, at, false, None);
        Some(Token { document: self.fallback, path, span })
    }

    fn in_values(&self, corpus: &Corpus, asked: &Asked<'_>) -> Option<Token> {
        let (marks, documents) = self.marked.as_ref()?;
        let document = yaml::parse(documents.get(asked.ordinal)?.raw()).ok()?;
        // Where the field is absent it is about its nearest parent.
        let mut at = asked.at.clone();
        while document.value().at(&at).is_none() && at.pop().is_some() {}
        let (below, (source, path)) = first_mark(marks, document.value().at(&at)?, &FieldPath::root())?;
        // The same parent in the values, if they have the form of what is rendered there.
        let (mut path, mut below, is_parent) = (path.clone(), below.clone(), !below.segments().is_empty());
        while let Some(last) = below.pop() {
            if path.segments().last() != Some(&last) {
                return None;
            }
            path.pop();
        }
        let on_key = asked.on_key || is_parent;
        let place = self.places.get(*source)?;
        in_document(corpus, place, |document, embedded| match embedded {
            Some((inner, embedded)) => {
                let (path, span) = place::find(inner, &FieldPath::root(), &path, on_key, None);
                Token { document: place.document, path, span: embedded.span(document, span) }
            }
            None => {
                let full = path.below(&place.at);
                let (path, span) = place::find(document, &FieldPath::root(), &full, on_key, None);
                Token { document: place.document, path, span }
            }
        })
    }

    /// The line of the template that writes the field: the one that names its key and its value, or its key alone, or a
    /// key above it. Several that might be it are none.
    fn in_template(&self, corpus: &Corpus, text: &str, rendered: &Value<'_>, at: &FieldPath) -> Option<Token> {
        let source = text.lines().find_map(|line| self.chart.source(line))?;
        let indices = self.files.documents(&source);
        let value = rendered.at(at).and_then(|value| match value {
            Value::String(text) | Value::Number(text) => Some(text.as_ref()),
            _ => None,
        });
        let keys: Vec<&str> = at
            .segments()
            .iter()
            .rev()
            .filter_map(|segment| match segment {
                Segment::Key(key) => Some(key.as_str()),
                Segment::Index(_) => None,
            })
            .collect();
        let literal = keys.first().zip(value).map(|(key, value)| format!("{key}: {value}"));
        let wanted = literal.into_iter().chain(keys.iter().map(|key| format!("{key}:"))).chain(["kind:".to_owned()]);
        for wanted in wanted {
            let mut all = indices.iter().filter_map(|index| Some((*index, corpus.documents.get(*index)?)));
            let hits = all.by_ref().flat_map(|(index, held)| {
                let raw = held.document.raw();
                raw.text.match_indices(wanted.as_str()).map(move |(offset, _)| (index, raw, offset)).collect::<Vec<_>>()
            });
            let starts_a_word = |(_, raw, offset): &(usize, yaml::RawDocument<'_>, usize)| {
                raw.text
                    .get(..*offset)
                    .is_none_or(|before| before.ends_with([' ', '\n', '{', '-']) || before.is_empty())
            };
            let hits: Vec<_> = hits.filter(starts_a_word).collect();
            if let [(index, raw, offset)] = hits.as_slice() {
                let start = raw.start + offset;
                let length = wanted.trim_end_matches(':').len();
                let span = raw.span(start, start + length);
                return Some(Token { document: *index, path: at.clone(), span });
            }
        }
        None
    }
}

/// The first mark in a value, and where in it that stands.
fn first_mark<'m>(marks: &'m Marks, value: &Value<'_>, at: &FieldPath) -> Option<(FieldPath, &'m (usize, FieldPath))> {
    match value {
        Value::Map(entries) => entries.iter().find_map(|(key, value)| first_mark(marks, value, &at.key(key))),
        Value::List(items) => {
            items.iter().enumerate().find_map(|(index, item)| first_mark(marks, item, &at.index(index)))
        }
        Value::String(text) | Value::Number(text) => Some((at.clone(), marks.find(text)?)),
        _ => None,
    }
}
