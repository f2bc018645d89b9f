//! [`Held`]: a document of a file, kept in memory.

use std::sync::Arc;

use crate::yaml::OwnedDocument;

/// How a file came to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It was met in a folder.
    Met,
    /// It was named on the command line.
    Named,
    /// It is standard input.
    Stdin,
}

/// A document that may matter.
#[derive(Debug)]
pub struct Held {
    /// The file's name, as shown.
    pub file: Arc<str>,
    /// How the file came to be read.
    pub asked: Asked,
    /// The document, not parsed yet.
    pub document: OwnedDocument,
    /// Which rendering it comes from, if it is in no file as it stands; then `file` is what it is rendered from.
    pub rendering: Option<Rendering>,
}

/// A document of what a chart or a kustomization renders to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rendering {
    /// Which chart or kustomization of the run.
    pub index: usize,
    /// Which of its documents.
    pub ordinal: usize,
}
