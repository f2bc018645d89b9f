//! From a field of a rendered object to the value that it comes from, or else to the line of the template.

use std::sync::Arc;

use memlint_files::held::Held;
use memlint_files::place;
use memlint_files::yaml::{self, OwnedDocument};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;

use super::charts::Chart;
use super::marks::Marks;
use super::template::Template;
use super::values::{Place, in_document};
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
    /// The value that a field comes from, and the line of the template that renders it: of both what is known.
    pub(in crate::render) fn find(
        &self,
        documents: &[Held],
        (text, rendered): (&str, &Value<'_>),
        asked: &Asked<'_>,
    ) -> (Option<Token>, Option<Token>) {
        let source = text.lines().find_map(|line| self.chart.source(line));
        let template =
            Template { held: documents, documents: source.map_or(&[][..], |path| self.files.documents(&path)) };
        match self.in_values(documents, asked) {
            Some((token, path)) => (Some(token), template.of_value(&path)),
            None => (None, template.of_field(rendered, asked.at)),
        }
    }

    /// Whether this is what a document asks for.
    pub(in crate::render) fn is_of(&self, document: usize) -> bool {
        self.fallback == document
    }

    /// Whether nothing is known of the values, since the output has another shape with marked ones.
    pub(in crate::render) fn is_unmarked(&self) -> bool {
        self.marked.is_none()
    }

    /// What to point at where nothing is known.
    pub(in crate::render) fn fallback(&self, documents: &[Held]) -> Option<Token> {
        let document = yaml::parse(documents.get(self.fallback)?.document.raw()).ok()?;
        let root = FieldPath::root();
        let name = ["name", "metadata"].map(|key| root.key(key));
        let at = name.iter().find(|at| document.value().at(at).is_some()).unwrap_or(&root);
        let (path, span) = place::find(&document, &root, at, false, None);
        Some(Token { document: self.fallback, path, span })
    }

    /// The value, and its path as the chart knows it.
    fn in_values(&self, documents: &[Held], asked: &Asked<'_>) -> Option<(Token, FieldPath)> {
        let (marks, marked) = self.marked.as_ref()?;
        let document = yaml::parse(marked.get(asked.ordinal)?.raw()).ok()?;
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
        let known_as = path.clone();
        let token = in_document(documents, place, |document, embedded| match embedded {
            Some((inner, embedded)) => {
                let (path, span) = place::find(inner, &FieldPath::root(), &path, on_key, None);
                Token { document: place.document, path, span: embedded.span(document, span) }
            }
            None => {
                let full = path.below(&place.at);
                let (path, span) = place::find(document, &FieldPath::root(), &full, on_key, None);
                Token { document: place.document, path, span }
            }
        })?;
        Some((token, known_as))
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
