//! Linting through the library, without files or a process.

use jiff::civil::{Date, date};
use memlint::corpus::{self, Corpus};
use memlint::linting::{self, Settings};
use memlint::report::Report;
use memlint::yaml::Span;
use memlint_policies::policy::Policy;

/// The day on which tests take place.
pub const TODAY: Date = date(2026, 1, 1);

/// Lints files that are given by name and content.
#[must_use]
pub fn lint(files: &[(&str, &[u8])], policy: &Policy) -> (Corpus, Report) {
    let corpus = corpus::from_memory(files.iter().copied(), corpus::Asked::Met);
    let report = linting::lint(&corpus, Settings { policy, namespace: "", capacity: None, today: TODAY });
    (corpus, report)
}

/// The default policy with only one rule on.
#[must_use]
pub fn only(rule: &str) -> Policy {
    let mut policy = Policy::default();
    policy.retain_rules(|id| id == rule);
    policy
}

/// The text between a span's lines and columns, as a reader of the output would find it; `None` if it is not there.
#[must_use]
pub fn text_at(text: &str, span: Span) -> Option<String> {
    let from = offset(text, span.line, span.column)?;
    let to = offset(text, span.end_line, span.end_column)?;
    text.get(from..to).map(str::to_owned)
}

/// The byte at a line and a column in characters, both from 1; the column behind the last character counts.
#[must_use]
pub fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let mut start = 0;
    for _ in 1..line {
        start += text.get(start..)?.find('\n')? + 1;
    }
    let content = text.get(start..)?.split('\n').next()?;
    let mut places = content.char_indices().map(|(at, _)| at).chain([content.len()]);
    Some(start + places.nth(column.checked_sub(1)?)?)
}
