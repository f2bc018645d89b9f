//! `--format sarif`: the Static Analysis Results Interchange Format, version 2.1.0.

use memlint_policies::finding::Level;
use memlint_policies::rule::Rule;
use memlint_policies::rules::RULES;
use serde_json::{Value, json};

use super::entry::{At, Entry, UNREADABLE, entries};
use crate::project::corpus::Corpus;
use crate::report::Report;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const HOME: &str = "https://memlint.dev";

pub(super) fn render(report: &Report, corpus: &Corpus) -> String {
    let (unreadable, findings): (Vec<_>, Vec<_>) =
        entries(report, corpus).into_iter().partition(|entry| entry.rule == UNREADABLE);
    let notifications: Vec<Value> = unreadable.iter().map(notification).collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    let root = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "memlint",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": HOME,
                "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the folder that memlint ran in"}}},
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notifications}],
            "results": results,
        }],
    });
    format!("{root:#}\n")
}

fn rule(rule: &Rule) -> Value {
    let docs = rule.docs();
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": docs, "markdown": docs},
        "defaultConfiguration": {"level": level(rule.level)},
        "properties": {"tags": ["kubernetes", "memory", rule.group.to_string()]},
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
    }
}

fn result(entry: &Entry<'_>) -> Value {
    let related: Vec<Value> = entry
        .related
        .iter()
        .enumerate()
        .map(|(index, (at, message))| {
            json!({"id": index + 1, "message": {"text": message}, "physicalLocation": place(*at)})
        })
        .collect();
    let about = entry.object.as_deref().unwrap_or_default();
    let mut result = json!({
        "ruleId": entry.rule,
        "ruleIndex": RULES.iter().position(|rule| rule.id == entry.rule),
        "level": level(entry.level),
        "message": {"text": format!("{about}: {}. {}", entry.message, entry.help)},
        "locations": [{
            "physicalLocation": place(entry.at),
            "logicalLocations": [{"fullyQualifiedName": about, "kind": "object"}],
        }],
        "relatedLocations": related,
        "partialFingerprints": {"memlint/v1": entry.fingerprint},
    });
    if let Some(text) = &entry.replacement {
        result["fixes"] = json!([{
            "description": {"text": entry.help},
            "artifactChanges": [{
                "artifactLocation": artifact(entry.at.file),
                "replacements": [{"deletedRegion": region(entry.at), "insertedContent": {"text": text}}],
            }],
        }]);
    }
    result
}

fn notification(entry: &Entry<'_>) -> Value {
    let help = if entry.help.is_empty() { String::new() } else { format!(". {}", entry.help) };
    json!({
        "level": "error",
        "descriptor": {"id": UNREADABLE},
        "message": {"text": format!("{}{help}", entry.message)},
        "locations": [{"physicalLocation": place(entry.at)}],
    })
}

fn place(at: At<'_>) -> Value {
    json!({"artifactLocation": artifact(at.file), "region": region(at)})
}

fn region(at: At<'_>) -> Value {
    json!({"startLine": at.line, "startColumn": at.column, "endLine": at.end_line, "endColumn": at.end_column.max(at.column)})
}

/// A file by its URI: one within the folder relative to it, another one whole.
fn artifact(file: &str) -> Value {
    let uri = uri(file);
    if file.starts_with('/') {
        json!({"uri": format!("file://{uri}")})
    } else {
        json!({"uri": uri, "uriBaseId": "%SRCROOT%"})
    }
}

/// A path with all that has a meaning in a URI written as its number (RFC 3986).
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
