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
}
