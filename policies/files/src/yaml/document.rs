//! [`Document`]: one parsed document, its value, and the way from a field to its place in the text.

use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;

use super::convert::{Repeated, convert};
use super::position::{Positions, Span};
use super::problem::{Fault, Problem};
use super::resolve::resolve;
use super::split::RawDocument;
use super::tree::{Node, Tree};
use super::{events, json};

/// A document that was read.
#[derive(Debug)]
pub struct Document<'a> {
    raw: RawDocument<'a>,
    tree: Tree<'a>,
    value: Value<'a>,
    repeated: Vec<Repeated>,
    positions: Positions,
}

/// Where a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The key, if the value has one.
    pub key: Option<Span>,
    /// The value. Of a value that is not written (`memory:`) the empty place where it would stand.
    pub value: Span,
    /// The alias or merge through which the object comes by this value, if it is written elsewhere.
    pub used_at: Option<Span>,
    /// How many steps of the path exist; the spans are those of the last that does.
    pub depth_found: usize,
}

/// A key that stands twice in the same map. Kubernetes takes the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The key.
    pub key: String,
    /// Where it stands first.
    pub first: Span,
    /// Where it stands again.
    pub again: Span,
}

/// Reads one document.
///
/// # Errors
/// What is wrong and where, in the words of this crate, if Kubernetes could not read the document either (or, for
/// nesting of more than 512 levels and for more than six million values, should not have to).
pub fn parse(raw: RawDocument<'_>) -> Result<Document<'_>, Problem> {
    let positions = Positions::default();
    match read(&raw) {
        Ok((tree, value, repeated)) => Ok(Document { raw, tree, value, repeated, positions }),
        Err(fault) => Err(problem(&raw, &positions, fault)),
    }
}

type Parts<'a> = (Tree<'a>, Value<'a>, Vec<Repeated>);

fn read<'a>(raw: &RawDocument<'a>) -> Result<Parts<'a>, Fault> {
    if let Some(refusal) = raw.refusal {
        return Err(refusal.fault());
    }
    let tree = match json::read(raw.text) {
        json::Outcome::Read(tree) => tree,
        json::Outcome::NotJson => events::read(raw.text)?,
        // As kubectl does: JSON that fails may still be YAML; if not, the JSON error says more.
        json::Outcome::Broken(fault) => events::read(raw.text).map_err(|_| fault)?,
    };
    let (value, repeated) = convert(&tree)?;
    Ok((tree, value, repeated))
}

fn problem(raw: &RawDocument<'_>, positions: &Positions, fault: Fault) -> Problem {
    let (line, column) = positions.line_column(raw.text, fault.at);
    let line = line + raw.line - 1;
    Problem { offset: raw.start + fault.at, line, column, message: fault.message, help: fault.help }
}

impl RawDocument<'_> {
    /// The span between two bytes of the file, whatever the text is.
    #[must_use]
    pub fn span(&self, start: usize, end: usize) -> Span {
        span(self, &Positions::default(), start, end)
    }
}

fn span(raw: &RawDocument<'_>, positions: &Positions, start: usize, end: usize) -> Span {
    let place = |offset: usize| {
        let (line, column) = positions.line_column(raw.text, offset.saturating_sub(raw.start));
        (line + raw.line - 1, column)
    };
    let ((line, column), (end_line, end_column)) = (place(start), place(end));
    Span { start, end, line, column, end_line, end_column }
}

impl<'a> Document<'a> {
    /// The document as it was before it was read.
    #[must_use]
    pub fn raw(&self) -> RawDocument<'a> {
        self.raw
    }

    /// What Kubernetes would make of it. A key that stands twice is there twice; what a merge key brings, once.
    #[must_use]
    pub fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// The place of a field: of the deepest part of the path that exists.
    #[must_use]
    pub fn resolve(&self, path: &FieldPath) -> Location {
        let found = resolve(&self.tree, path);
        Location {
            key: found.key.map(|key| self.span_of(key)),
            value: self.span_of(found.value),
            used_at: found.used_at.map(|node| self.span_of(node)),
            depth_found: found.depth,
        }
    }

    /// The keys that stand twice in one map, in the order of the text.
    #[must_use]
    pub fn duplicates(&self) -> Vec<Duplicate> {
        let duplicate = |repeated: &Repeated| Duplicate {
            key: self.tree.text(self.tree.target(repeated.again)).into_owned(),
            first: self.span_of(repeated.first),
            again: self.span_of(repeated.again),
        };
        self.repeated.iter().map(duplicate).collect()
    }

    /// The span between two bytes of the file.
    #[must_use]
    pub fn span(&self, start: usize, end: usize) -> Span {
        span(&self.raw, &self.positions, start, end)
    }

    fn span_of(&self, index: usize) -> Span {
        let (start, end) = self.tree.node(index).map_or((0, 0), |node: &Node| (node.start(), node.end()));
        self.span(self.raw.start + start, self.raw.start + end)
    }
}
