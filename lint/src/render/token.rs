//! What is asked of a rendering, and what it answers.

use memlint_files::yaml::Span;
use memlint_kubernetes::path::FieldPath;

/// A field of a rendered object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Which of the rendered documents it is in.
    pub(crate) ordinal: usize,
    /// The field.
    pub(crate) at: &'a FieldPath,
    /// Whether its key is meant.
    pub(crate) on_key: bool,
    /// The part of a string that is meant, in bytes.
    pub(crate) part: Option<(usize, usize)>,
}

/// Where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Index of a document of the corpus.
    pub(crate) document: usize,
    /// The field there, as far as it exists.
    pub(crate) path: FieldPath,
    /// The token itself.
    pub(crate) span: Span,
}
