//! Every fixture log, with the whole of its expected diagnosis.

use serde_json::Value;

use super::common;

/// The places where two values differ.
fn differences(path: &str, expected: &Value, found: &Value, all: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let none = Value::Null;
                let (a, b) = (a.get(key).unwrap_or(&none), b.get(key).unwrap_or(&none));
                differences(&format!("{path}.{key}"), a, b, all);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{index}]"), a, b, all);
            }
        }
        _ if expected != found => all.push(format!("{path}: expected {expected}, found {found}")),
        _ => {}
    }
}

#[test]
fn every_log_gets_its_diagnosis() {
    let mut wrong = String::new();
    let fixtures = common::fixtures();
    assert!(fixtures.len() >= 45);
    for (name, path) in fixtures {
        let log = std::fs::read(path.join("log.txt")).unwrap();
        let mut expected: Value = serde_json::from_slice(&std::fs::read(path.join("expected.json")).unwrap()).unwrap();
        let mut found = common::diagnosis(&log);
        for value in [&mut expected, &mut found] {
            value.as_object_mut().unwrap().entry("kills").or_insert_with(|| Value::Array(Vec::new()));
        }
        let mut all = Vec::new();
        differences("", &expected, &found, &mut all);
        if !all.is_empty() {
            wrong.push_str(&format!("{name}\n  {}\n", all.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn evidence_is_a_line_of_the_log() {
    for (name, path) in common::fixtures() {
        let bytes = std::fs::read(path.join("log.txt")).unwrap();
        let log = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = log.lines().collect();
        for kill in common::kills(&bytes) {
            let line = lines[usize::try_from(kill.evidence.line).unwrap() - 1];
            let start = kill.evidence.text.split_whitespace().last().unwrap();
            let start: String = start.chars().take(12).collect();
            let following: String =
                lines.iter().skip(usize::try_from(kill.evidence.line).unwrap() - 1).take(9).copied().collect();
            assert!(!line.is_empty() && following.contains(&start), "{name}: {:?}", kill.evidence);
        }
    }
}

#[test]
fn figures_do_not_depend_on_blocks() {
    use memlint_oom::Stream;
    for (name, path) in common::fixtures() {
        let log = std::fs::read(path.join("log.txt")).unwrap();
        let whole = common::kills(&log);
        for size in [1, 100, 4096] {
            let (mut stream, mut kills) = (Stream::new(), Vec::new());
            for block in log.chunks(size) {
                stream.push(block, &mut kills);
            }
            stream.finish(&mut kills);
            assert_eq!(kills, whole, "{name} in blocks of {size}");
        }
    }
}
