//! `--format gitlab`: a code quality report.

use memlint_policies::finding::Level;
use serde_json::json;

use super::entry::entries;
use crate::project::corpus::Corpus;
use crate::report::Report;

pub(super) fn render(report: &Report, corpus: &Corpus) -> String {
    let all: Vec<_> = entries(report, corpus)
        .into_iter()
        .map(|entry| {
            let severity = match entry.level {
                Level::Deny => "critical",
                Level::Warn => "minor",
            };
            let about = entry.object.map(|object| format!("{object}: ")).unwrap_or_default();
            json!({
                "description": format!("{about}{}", entry.message),
                "check_name": entry.rule,
                "fingerprint": entry.fingerprint,
                "severity": severity,
                "location": {"path": entry.at.file, "lines": {"begin": entry.at.line, "end": entry.at.end_line}},
            })
        })
        .collect();
    format!("{:#}\n", json!(all))
}
