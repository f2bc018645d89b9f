//! [`Report`]: everything that a run has to say, with places, ready to be printed in any format.

use memlint_policies::finding::{Finding, Level};
use memlint_policies::path::FieldPath;

use crate::corpus::Counts;
use crate::yaml::{self, Span};

/// What came of linting.
#[derive(Debug, Default)]
pub struct Report {
    /// What the rules found, by file and place.
    pub findings: Vec<Located>,
    /// Documents and files that could not be read.
    pub problems: Vec<Problem>,
    /// What was left out, or does not count, and should be known.
    pub notes: Vec<Note>,
    /// What was read.
    pub counts: Counts,
    /// How many Pod templates were checked.
    pub workloads: usize,
    /// How many documents hold no Kubernetes object.
    pub foreign: usize,
    /// How many findings were exempted.
    pub exempted: usize,
    /// How many documents were skipped as templates to be rendered.
    pub templates: usize,
    /// How many documents were skipped as kustomize patches.
    pub patches: usize,
    /// The rules that could not run, and why.
    pub not_run: Vec<(&'static str, &'static str)>,
}

/// A finding and its place.
#[derive(Debug)]
pub struct Located {
    /// The finding.
    pub finding: Finding,
    /// The offending field, or its nearest parent that exists.
    pub place: Place,
    /// The other places, in the order of [`Finding::related`].
    pub related: Vec<Place>,
}

/// A place in a document of the corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Index into the corpus' documents, then its sources: see [`crate::corpus::Corpus::held`].
    pub document: usize,
    /// The field, as far as it exists, relative to its object.
    pub path: FieldPath,
    /// The token to point at.
    pub span: Span,
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with a file as a whole.
    #[must_use]
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, message: message.into(), help: None }
    }

    /// A problem of the reader.
    #[must_use]
    pub fn of_document(file: &str, problem: yaml::Problem) -> Self {
        let yaml::Problem { line, column, message, help, .. } = problem;
        Self { file: file.to_owned(), line, column, message, help }
    }
}

/// Something the user should know that is no finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The file, if it is about one.
    pub file: Option<String>,
    /// The line and column in it, from 1.
    pub at: Option<(usize, usize)>,
    /// What to know.
    pub message: String,
}

impl Report {
    /// How many findings have a level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|located| located.finding.level == level).count()
    }
}
