//! Tables of containers and what is known of their heaps.
//!
//! A container is JSON without its name; a setting is one line: runtime, bytes or `refused`, `path[range]`, the flag,
//! then what else is to say of it.

mod databases;
mod jvm;
mod other;
mod places;
mod robust;
mod runtimes;
mod scripts;
use std::fmt::Write as _;

use k8s_openapi::api::core::v1::Container;
use memlint_kubernetes::path::FieldPath;

use super::setting::{HeapSetting, Kind, Memory};
use super::settings;

const MI: u64 = 1 << 20;

/// A container of 1000 MiB, of which 500 MiB are requested.
const MEMORY: Memory = Memory { limit: Some(1000 * MI), request: Some(500 * MI) };

fn container(json: &str) -> Container {
    let json = json.trim();
    let comma = if json.is_empty() { "" } else { ", " };
    serde_json::from_str(&format!("{{\"name\": \"app\"{comma}{json}}}")).unwrap_or_else(|e| panic!("{e}: {json}"))
}

fn found(json: &str) -> Vec<HeapSetting> {
    settings(&container(json), &FieldPath::root(), &MEMORY)
}

/// `MiB` where that is exact, else bytes.
fn amount(bytes: u64) -> String {
    if bytes.is_multiple_of(MI) { format!("{} MiB", bytes / MI) } else { bytes.to_string() }
}

fn line(setting: &HeapSetting) -> String {
    let mut line = format!("{} ", setting.runtime);
    line += &if setting.invalid.is_some() { "refused".to_owned() } else { amount(setting.bytes) };
    let _ = write!(line, " {}", setting.written);
    for region in &setting.extra {
        let _ = write!(line, " + {}", amount(region.bytes));
    }
    if setting.kind == Kind::Percent {
        line += " share";
    }
    if !setting.hard {
        line += " soft";
    }
    if setting.convention {
        line += " convention";
    }
    if let Some(name) = &setting.unless {
        let _ = write!(line, " unless {name}");
    }
    line
}

/// Each row: a container, and the lines of its settings joined by `; `.
fn check(rows: &[(&str, &str)]) {
    let mut wrong = String::new();
    for (json, expected) in rows {
        let lines: Vec<String> = found(json).iter().map(line).collect();
        let lines = lines.join("; ");
        if lines != *expected {
            let _ = write!(wrong, "\n{json}\n  expected: {expected}\n  found:    {lines}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Each row: a value of the variable, and the lines of the settings.
fn check_variable(name: &str, rows: &[(&str, &str)]) {
    let rows: Vec<(String, &str)> = rows.iter().map(|(value, expected)| (variable(name, value), *expected)).collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(json, expected)| (json.as_str(), *expected)).collect();
    check(&rows);
}

fn variable(name: &str, value: &str) -> String {
    serde_json::json!({"env": [{"name": name, "value": value}]}).to_string().trim_matches(['{', '}']).to_owned()
}

/// Each row: arguments in one line, split at blanks, and the lines of the settings.
fn check_args(rest: &str, rows: &[(&str, &str)]) {
    let rows: Vec<(String, &str)> = rows
        .iter()
        .map(|(args, expected)| {
            let args: Vec<&str> = args.split(' ').collect();
            (format!("{rest}\"args\": {}", serde_json::json!(args)), *expected)
        })
        .collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(json, expected)| (json.as_str(), *expected)).collect();
    check(&rows);
}
