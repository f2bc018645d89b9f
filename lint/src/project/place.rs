//! [`Place`]: where something stands in what was read.

use memlint_files::yaml::Span;
use memlint_kubernetes::path::FieldPath;

/// A place in a document of the corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Index into the corpus' documents, then its sources: see [`super::corpus::Corpus::held`].
    pub document: usize,
    /// The field, as far as it exists, relative to its object.
    pub path: FieldPath,
    /// The token to point at.
    pub span: Span,
}

/// A field that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The field, relative to its object.
    pub at: &'a FieldPath,
    /// Whether its key is meant, and not its value.
    pub on_key: bool,
    /// The part of a string that is meant, in bytes.
    pub part: Option<(usize, usize)>,
}

impl<'a> Wanted<'a> {
    /// The value of a field, whole.
    #[must_use]
    pub fn value(at: &'a FieldPath) -> Self {
        Self { at, on_key: false, part: None }
    }
}
