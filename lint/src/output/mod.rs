//! Printing a report.

mod entry;
pub mod file;
mod github;
mod gitlab;
pub mod json;
mod junit;
mod markdown;
mod sarif;
pub mod text;
pub(crate) mod wire;

use std::io::{self, BufWriter, StdoutLock, Write};

use anyhow::Context as _;

use crate::choices::ReportFormat;
use crate::project::corpus::Corpus;
use crate::report::Report;

pub(crate) use entry::fingerprints;

/// A report in a format.
#[must_use]
pub fn render(format: ReportFormat, report: &Report, corpus: &Corpus, style: text::Style) -> String {
    match format {
        ReportFormat::Text => text::render(report, corpus, style),
        ReportFormat::Json => json::render(report, corpus),
        ReportFormat::Sarif => sarif::render(report, corpus),
        ReportFormat::Github => github::render(report, corpus),
        ReportFormat::Gitlab => gitlab::render(report, corpus),
        ReportFormat::Junit => junit::render(report, corpus),
        ReportFormat::Markdown => markdown::render(report, corpus),
    }
}

/// Writes all of a text to standard output.
///
/// # Errors
/// As [`to_stdout`].
pub fn print(text: &str) -> anyhow::Result<()> {
    to_stdout(|out| out.write_all(text.as_bytes()))
}

/// Writes to standard output, buffered; a closed pipe is no error, the reader has seen enough.
///
/// # Errors
/// When standard output cannot be written for any other reason.
pub fn to_stdout(write: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("standard output cannot be written"),
    }
}
