//! `--format json`, version 1. The types here are the wire format; nothing else depends on them.

use std::collections::BTreeMap;

use memlint_policies::finding::{Datum, Level};
use serde::Serialize;

use super::entry::fingerprints;
use super::wire::{Note, Object, Problem};
use crate::project::corpus::Corpus;
use crate::project::place::Place;
use crate::report::{Located, Report};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Root<'a> {
    version: u8,
    memlint: &'static str,
    summary: Summary<'a>,
    findings: Vec<Finding<'a>>,
    problems: Vec<Problem<'a>>,
    notes: Vec<Note<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    files: usize,
    documents: usize,
    workloads: usize,
    deny: usize,
    warn: usize,
    exempted: usize,
    not_run: Vec<&'a str>,
    blocks: usize,
    amounts: Amounts,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    rendered: &'a BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule: &'a str,
    group: String,
    level: String,
    message: &'a str,
    help: &'a str,
    object: Object<'a>,
    container: Option<&'a str>,
    path: String,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    related: Vec<Related<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    data: BTreeMap<&'a str, serde_json::Value>,
    fix: Option<&'a json_patch::Patch>,
    fingerprint: String,
}

/// Amounts of memory in requests and limits.
#[derive(Serialize)]
struct Amounts {
    written: usize,
    judged: usize,
    unknown: usize,
}

/// What the object is rendered from.
#[derive(Serialize)]
struct Source<'a> {
    kind: &'a str,
    /// The chart or release, with its values.
    chart: Option<&'a str>,
    /// The folder of the kustomization.
    overlay: Option<&'a str>,
    /// All that render it from this token.
    all: Vec<&'a str>,
}

#[derive(Serialize)]
struct Related<'a> {
    path: String,
    file: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
}

/// The whole report as JSON, one object, indented.
#[must_use]
pub fn render(report: &Report, corpus: &Corpus) -> String {
    let root = Root {
        version: 1,
        memlint: env!("CARGO_PKG_VERSION"),
        summary: Summary {
            files: report.counts.files,
            documents: report.counts.documents,
            workloads: report.workloads,
            deny: report.count(Level::Deny),
            warn: report.count(Level::Warn),
            exempted: report.exempted,
            not_run: report.not_run.iter().map(|(rule, _)| *rule).collect(),
            blocks: report.blocks,
            amounts: Amounts {
                written: report.amounts.written,
                judged: report.amounts.judged,
                unknown: report.amounts.unknown,
            },
            rendered: &report.rendered,
        },
        findings: report
            .findings
            .iter()
            .zip(fingerprints(report))
            .map(|(located, fingerprint)| finding(located, fingerprint, corpus))
            .collect(),
        problems: report.problems.iter().map(Problem::from).collect(),
        notes: report.notes.iter().map(Note::from).collect(),
    };
    // Maps with keys that are texts can always be written.
    serde_json::to_string_pretty(&root).unwrap_or_default() + "\n"
}

fn finding<'a>(located: &'a Located, fingerprint: String, corpus: &'a Corpus) -> Finding<'a> {
    let found = &located.finding;
    let span = located.place.span;
    let data = found.data.iter().map(|(key, value)| {
        let value = match value {
            Datum::Integer(number) => (*number).into(),
            Datum::Text(text) => text.as_str().into(),
        };
        (*key, value)
    });
    let first = located.renderings.first().map(AsRef::as_ref);
    let source = located.rendered.map(|kind| Source {
        kind,
        chart: first.filter(|_| kind == "helm"),
        overlay: first.filter(|_| kind == "kustomize"),
        all: located.renderings.iter().map(AsRef::as_ref).collect(),
    });
    let related = found.related.iter().zip(&located.related).map(|(related, place)| Related {
        path: place.path.to_string(),
        file: file(place, corpus),
        line: place.span.line,
        column: place.span.column,
        message: &related.message,
    });
    Finding {
        rule: found.rule,
        group: found.group.to_string(),
        level: found.level.to_string(),
        message: &found.message,
        help: &found.help,
        object: Object::new(&found.object, found.object.namespace.as_deref()),
        container: found.container.as_deref(),
        path: located.place.path.to_string(),
        file: file(&located.place, corpus),
        line: span.line,
        column: span.column,
        end_line: span.end_line,
        end_column: span.end_column,
        related: related.collect(),
        source,
        data: data.collect(),
        fix: found.fix.as_ref(),
        fingerprint,
    }
}

fn file<'a>(place: &Place, corpus: &'a Corpus) -> &'a str {
    corpus.held(place.document).map_or("", |held| held.file.as_ref())
}
