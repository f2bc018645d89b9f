//! [`Problem`] and [`Note`]: what is to be said of a file that is no finding.

use crate::yaml;

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
