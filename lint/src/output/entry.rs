//! [`Entry`]: one thing that a report says, as all formats for other tools have it.

use std::collections::HashMap;
use std::fmt::Write as _;

use memlint_kubernetes::path::Segment;
use memlint_policies::finding::Level;
use sha2::{Digest as _, Sha256};

use crate::project::corpus::Corpus;
use crate::project::place::Place;
use crate::report::{Located, Report};

/// What is said of a document that cannot be read, in place of a rule.
pub(super) const UNREADABLE: &str = "unreadable";

/// A finding, or a document that cannot be read.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// The rule, or [`UNREADABLE`].
    pub(super) rule: &'a str,
    pub(super) level: Level,
    pub(super) message: &'a str,
    pub(super) help: &'a str,
    pub(super) at: At<'a>,
    /// The object, and the container if it is about one.
    pub(super) object: Option<String>,
    pub(super) related: Vec<(At<'a>, &'a str)>,
    pub(super) fingerprint: String,
    /// What to put in the place of the token, where that surely mends it.
    pub(super) replacement: Option<String>,
}

/// A region of a file. Lines and columns are counted from 1, columns in characters; the end is behind the last one.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) file: &'a str,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

/// All that a report has to say of files.
pub(super) fn entries<'a>(report: &'a Report, corpus: &'a Corpus) -> Vec<Entry<'a>> {
    let findings = report.findings.iter().zip(fingerprints(report)).map(|(located, fingerprint)| {
        let finding = &located.finding;
        let object = match finding.container.as_deref().filter(|container| !container.is_empty()) {
            Some(container) => format!("{}, container {container}", finding.object),
            None => finding.object.to_string(),
        };
        let related = finding.related.iter().zip(&located.related);
        Entry {
            rule: finding.rule,
            level: finding.level,
            message: &finding.message,
            help: &finding.help,
            at: at(&located.place, corpus),
            object: Some(object),
            related: related.map(|(related, place)| (at(place, corpus), related.message.as_str())).collect(),
            fingerprint,
            replacement: replacement(located),
        }
    });
    let problems = report.problems.iter().map(|problem| Entry {
        rule: UNREADABLE,
        level: Level::Deny,
        message: &problem.message,
        help: problem.help.as_deref().unwrap_or_default(),
        at: At {
            file: &problem.file,
            line: problem.line.max(1),
            column: problem.column.max(1),
            end_line: problem.line.max(1),
            end_column: problem.column.max(1),
        },
        object: None,
        related: Vec::new(),
        fingerprint: hash(&[UNREADABLE, &problem.file, &problem.message]),
        replacement: None,
    });
    findings.chain(problems).collect()
}

fn at<'a>(place: &Place, corpus: &'a Corpus) -> At<'a> {
    let span = place.span;
    At {
        file: corpus.held(place.document).map_or("", |held| held.file.as_ref()),
        line: span.line,
        column: span.column,
        end_line: span.end_line,
        end_column: span.end_column,
    }
}

/// The text that mends a finding by taking the place of its token: of a fix that replaces just that.
fn replacement(located: &Located) -> Option<String> {
    let finding = &located.finding;
    let [json_patch::PatchOperation::Replace(replace)] = finding.fix.as_ref()?.0.as_slice() else { return None };
    let is_it = replace.path.as_str() == finding.at.to_pointer() && located.place.path == finding.at;
    let value = replace.value.as_str().filter(|_| is_it && located.rendered.is_none() && finding.part.is_none())?;
    Some(value.to_owned())
}

/// What tells each finding of a report from the others, however the files change around it: the rule, the object, the
/// container, the field, and which of these it is.
pub(crate) fn fingerprints(report: &Report) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let one = |located: &Located| {
        let finding = &located.finding;
        let field: Vec<&str> = finding
            .at
            .segments()
            .iter()
            .rev()
            .map_while(|segment| match segment {
                Segment::Key(key) => Some(key.as_str()),
                Segment::Index(_) => None,
            })
            .collect();
        let object = finding.object.as_ref();
        let (namespace, name) = (object.namespace.as_deref(), object.name.as_deref());
        let container = finding.container.as_deref();
        let key = [Some(finding.rule), Some(&object.kind), namespace, name, container].map(Option::unwrap_or_default);
        let key = format!("{} {}", key.join(" "), field.join("."));
        let count = seen.entry(key.clone()).or_default();
        *count += 1;
        hash(&[&key, &count.to_string()])
    };
    report.findings.iter().map(one).collect()
}

/// The first half of a SHA-256.
fn hash(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().take(16).fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}
