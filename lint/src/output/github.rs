//! `--format github`: workflow commands, which become annotations of a pull request.

use std::fmt::Write as _;

use memlint_policies::finding::Level;

use super::entry::entries;
use crate::project::corpus::Corpus;
use crate::report::Report;

pub(super) fn render(report: &Report, corpus: &Corpus) -> String {
    let mut out = String::new();
    for entry in entries(report, corpus) {
        let command = match entry.level {
            Level::Deny => "error",
            Level::Warn => "warning",
        };
        let at = entry.at;
        let place = format!("file={},line={},col={}", property(at.file), at.line, at.column);
        let end = format!("endLine={},endColumn={}", at.end_line, at.end_column);
        let about = entry.object.map(|object| format!("{object}: ")).unwrap_or_default();
        let help = if entry.help.is_empty() { String::new() } else { format!("\n{}", entry.help) };
        let text = data(&format!("{about}{}{help}", entry.message));
        _ = writeln!(out, "::{command} {place},{end},title=memlint: {}::{text}", entry.rule);
    }
    out
}

/// A message: what ends a line is written as its number.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which ends at a comma or a colon as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
