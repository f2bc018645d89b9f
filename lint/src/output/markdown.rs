//! `--format markdown`: a summary for a comment on a pull request, or for a job's summary page.

use std::fmt::Write as _;

use memlint_policies::finding::Level;

use super::entry::{Entry, entries};
use super::text;
use crate::project::corpus::Corpus;
use crate::report::Report;

/// More findings than this are counted, not shown: comments have a longest length.
const SHOWN: usize = 50;

pub(super) fn render(report: &Report, corpus: &Corpus) -> String {
    let all = entries(report, corpus);
    let mut out = format!("### memlint: {}\n", text::headline(report));
    if !all.is_empty() {
        out.push_str("\n| | rule | where | what |\n|---|---|---|---|\n");
    }
    for entry in all.iter().take(SHOWN) {
        _ = writeln!(out, "{}", row(entry));
    }
    if let Some(more) = all.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        _ = writeln!(out, "\nand {more} more");
    }
    out
}

fn row(entry: &Entry<'_>) -> String {
    let level = match entry.level {
        Level::Deny => "deny",
        Level::Warn => "warn",
    };
    let at = entry.at;
    let about = entry.object.as_deref().map(|object| format!("{}: ", cell(object))).unwrap_or_default();
    let help = if entry.help.is_empty() { String::new() } else { format!("<br>*{}*", cell(entry.help)) };
    let place = cell(&format!("{}:{}", at.file, at.line));
    format!("| {level} | `{}` | `{place}` | {about}{}{help} |", entry.rule, cell(entry.message))
}

/// A text that stays in its cell and is no markup.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
