//! `--format junit`: a test case for each finding, or one that passes where there is none.

use std::fmt::Write as _;

use memlint_policies::finding::Level;
use quick_xml::escape::escape;

use super::entry::entries;
use crate::project::corpus::Corpus;
use crate::report::Report;

pub(super) fn render(report: &Report, corpus: &Corpus) -> String {
    let all = entries(report, corpus);
    let failures = all.iter().filter(|entry| entry.level == Level::Deny).count();
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", all.len().max(1));
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"memlint\" {counts}>\n");
    _ = writeln!(out, "  <testsuite name=\"memlint\" {counts}>");
    if all.is_empty() {
        out.push_str("    <testcase name=\"no findings\" classname=\"memlint\"/>\n");
    }
    for entry in all {
        let at = entry.at;
        let place = format!("{}:{}:{}", at.file, at.line, at.column);
        let name = xml(&format!("{} {place}", entry.rule));
        let text = xml(&format!("{place}: {}\n{}\n{}", entry.object.unwrap_or_default(), entry.message, entry.help));
        _ = writeln!(out, "    <testcase name=\"{name}\" classname=\"{}\">", xml(at.file));
        _ = match entry.level {
            Level::Deny => {
                let message = xml(entry.message);
                writeln!(out, "      <failure type=\"{}\" message=\"{message}\">{text}</failure>", entry.rule)
            }
            // What only warns fails nothing.
            Level::Warn => writeln!(out, "      <system-out>{text}</system-out>"),
        };
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// A text as XML has it; characters that XML cannot hold are left out.
fn xml(text: &str) -> String {
    let allowed: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    escape(allowed.as_str()).into_owned()
}
