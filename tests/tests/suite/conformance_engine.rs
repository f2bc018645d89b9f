//! The whole engine, through the linter: a Pod gets a finding at level deny from one of the three rules of group
//! valid exactly when a real API server refuses it.

use memlint::linting::{self, Settings};
use memlint_files::held::Asked;
use memlint_policies::finding::{Group, Level};
use memlint_policies::policy::Policy;
use memlint_tests::conformance;
use serde_json::{Value, json};

const FILES: [&str; 4] =
    ["manifests.jsonl.gz", "extra-manifests.jsonl.gz", "extra-matrix.jsonl.gz", "extra-templates.jsonl.gz"];

#[test]
fn denies_what_the_api_server_refuses() {
    let (mut cases, mut wrong) = (0, Vec::new());
    // Templates that the API server stores although it will refuse every Pod that is made of them.
    let mut hopeless = Vec::new();
    for file in FILES {
        for case in conformance(file) {
            let Some((text, accepted)) = manifest(&case) else { continue };
            cases += 1;
            let denied = denied(&text);
            if file == "extra-templates.jsonl.gz" && accepted && !denied.is_empty() {
                hopeless.push(case["class"].as_str().unwrap_or_default().to_owned());
            } else if denied.is_empty() != accepted {
                wrong.push(format!("{file}: {case}\n  memlint: {denied:?}"));
            }
        }
    }
    println!("engine: {} of {cases} manifests agree", cases - wrong.len());
    assert!(cases > 2000, "only {cases} cases");
    assert_eq!(hopeless, ["StatefulSet:specfields", "StatefulSet:contnames", "CronJob:podlevel"]);
    wrong.truncate(20);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text of a case's object, and whether it was accepted; none for what is no question of the manifest.
fn manifest(case: &Value) -> Option<(String, bool)> {
    let accepted = case["accepted"].as_bool()?;
    if !accepted && !matches!(case["code"].as_u64(), Some(400 | 422)) {
        return None;
    }
    let error = case["error"].as_str().unwrap_or_default();
    if error.contains("couldn't get version/kind") || error.contains("does not match the namespace") {
        return None;
    }
    if let Some(raw) = case["raw"].as_str() {
        return Some((raw.to_owned(), accepted));
    }
    let spec = |spec: &Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "m"}, "spec": spec});
    let object = if case["object"].is_object() { case["object"].clone() } else { spec(&case["spec"]) };
    // Over REST the address says what an object is; a file has to.
    let names = |key: &str| object[key].as_str().is_some_and(|text| !text.is_empty());
    (names("apiVersion") && names("kind")).then(|| (object.to_string(), accepted))
}

fn denied(text: &str) -> Vec<String> {
    let corpus = memlint::project::corpus::from_memory([("case.json", text.as_bytes())], Asked::Named);
    let policy = Policy::default();
    let report = linting::lint(
        &corpus,
        Settings { policy: &policy, namespace: "", capacity: None, today: jiff::civil::date(2026, 1, 1) },
    );
    let valid = report.findings.iter().map(|located| &located.finding).filter(|finding| {
        finding.group == Group::Valid && finding.level == Level::Deny && finding.rule != "tiny-quantity"
    });
    let problems = report.problems.iter().map(|problem| problem.message.clone());
    valid.map(|finding| format!("{}: {}", finding.at, finding.message)).chain(problems).collect()
}
