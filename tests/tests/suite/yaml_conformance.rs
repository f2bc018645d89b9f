//! The YAML reader against the answers of Kubernetes' own: the same values, the same refusals.

use std::fmt::Write as _;

use memlint_files::yaml::{self, Document};
use memlint_kubernetes::object::Value;

/// Reads the first document of a text as kubectl does; the parser's message if it cannot.
fn read(text: &str) -> Result<(String, Vec<String>), String> {
    let documents = yaml::split(text);
    let Some(raw) = documents.first() else {
        return Ok(("null".to_owned(), Vec::new()));
    };
    let document: Document<'_> = yaml::parse(*raw).map_err(|problem| problem.to_string())?;
    let duplicates = document.duplicates().into_iter().map(|duplicate| duplicate.key).collect();
    Ok((to_json(document.value()), duplicates))
}

/// JSON as Go prints it: keys in order, and `<`, `>`, `&` escaped.
fn to_json(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) => text.to_string(),
        Value::String(text) => quote(text),
        Value::List(items) => format!("[{}]", items.iter().map(to_json).collect::<Vec<_>>().join(",")),
        Value::Map(entries) => {
            let last: std::collections::BTreeMap<&str, &Value<'_>> =
                entries.iter().map(|(key, value)| (key.as_ref(), value)).collect();
            let entries: Vec<String> =
                last.into_iter().map(|(key, value)| format!("{}:{}", quote(key), to_json(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}

fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                write!(quoted, "\\u{:04x}", u32::from(character)).expect("a string takes everything");
            }
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}

/// `expected` is JSON, or `None` where Kubernetes refuses.
fn check(failures: &mut Vec<String>, text: &str, expected: Option<&str>) {
    match (read(text), expected) {
        (Ok((json, _)), Some(expected)) if json == expected => {}
        (Err(_), None) => {}
        (answer, _) => failures.push(format!("{text:?}: expected {expected:?}, got {answer:?}")),
    }
}

#[test]
fn scalars_and_documents_mean_what_they_mean_to_kubernetes() {
    let table = include_str!("../../fixtures/yaml/scalars.txt");
    let mut failures = Vec::new();
    let mut seen = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        if let Some((text, answer)) = line.split_once(" => ") {
            let text: String = serde_json::from_str(&text.replace("\\x", "\\u00")).expect("a JSON string");
            let json = answer.split(" err=").next().expect("a value");
            check(&mut failures, &text, (answer.contains("err=<nil>")).then_some(json));
            seen += 1;
        } else if !line.starts_with(' ') || line.trim_start().starts_with('{') {
            let (scalar, answer) = line.split_at(25);
            check(
                &mut failures,
                &format!("v: {}\n", scalar.trim_end()),
                (!answer.starts_with("ERR")).then_some(answer),
            );
            seen += 1;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(seen, 71, "every line of the table is checked");
}

#[test]
fn small_documents_mean_what_they_mean_to_kubernetes() {
    let mut failures = Vec::new();
    for line in include_str!("../../fixtures/yaml/answers.jsonl").lines().skip(1) {
        let (text, answer): (String, Option<String>) = serde_json::from_str(line).expect("a document and its answer");
        check(&mut failures, &text, answer.as_deref());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
