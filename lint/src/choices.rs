//! Choices that several commands offer: how to print, in colour or not, what fails a run.

use clap::ValueEnum;
use memlint_policies::finding::Level;

/// The output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For machines; the format has a version
    Json,
}

/// The formats of what linting finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people
    Text,
    /// For machines; the format has a version
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// GitHub's workflow commands: annotations of a pull request
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// JUnit's XML, for Jenkins, Azure DevOps and others
    Junit,
    /// Markdown, for a comment or a job's summary
    Markdown,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// From which level on findings make the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any finding
    Warn,
    /// Findings at level deny
    Deny,
    /// No finding; only what cannot be read
    Never,
}

impl FailOn {
    /// Whether a finding of this level fails the run.
    #[must_use]
    pub fn includes(self, level: Level) -> bool {
        match self {
            FailOn::Warn => true,
            FailOn::Deny => level == Level::Deny,
            FailOn::Never => false,
        }
    }
}
