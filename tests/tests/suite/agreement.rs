//! Linting, `memlint fit`, `memlint policy explain` and `memlint review` say the same of one folder. Each folder
//! `fixtures/agreement/CASE` has an `expected.json`; the folders of the rules have none and are only held against each
//! other. (The webhook answers as `memlint review` does, byte for byte: see `parity` of its own tests.)

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use memlint_files::yaml;
use memlint_kubernetes::decode::from_value;
use memlint_kubernetes::workload;
use memlint_tests::command::Memlint;
use memlint_tests::folder::Folder;
use memlint_tests::{fixtures, memlint, repository, walk};
use serde_json::{Value, json};

/// What the three commands say of one folder.
struct Answers {
    case: String,
    lint: Value,
    fit: Value,
    explain: Value,
    expected: Value,
}

fn answers(case: &Path) -> Answers {
    let folder = Folder::copy(case);
    let expected = std::fs::read(folder.at("expected.json")).map(|bytes| serde_json::from_slice(&bytes).expect("JSON"));
    for file in ["expected.json", "expected.txt"] {
        _ = std::fs::remove_file(folder.at(file));
    }
    let run = |command: Memlint| command.args(&["--format", "json"]).within(folder.path()).run();
    let demo = repository().join("tests/demo/capacity.yaml");
    let mut capacity: Vec<String> = Vec::new();
    if run(memlint!("fit", ".")).stderr.contains("nothing is known of the nodes") {
        capacity = vec!["--capacity".to_owned(), demo.display().to_string()];
    }
    let capacity: Vec<&str> = capacity.iter().map(String::as_str).collect();
    let json = |command: Memlint| run(command.args(&capacity)).json();
    Answers {
        case: case.display().to_string(),
        lint: json(memlint!(".")),
        fit: json(memlint!("fit", ".")),
        explain: json(memlint!("policy", "explain", "-f", ".")),
        expected: expected.unwrap_or_default(),
    }
}

fn cases(of: &str) -> Vec<PathBuf> {
    walk::folders(&fixtures().join(of))
}

fn all() -> Vec<Answers> {
    let rules = cases("rules").into_iter().flat_map(|rule| walk::folders(&rule));
    cases("agreement").into_iter().chain(rules).map(|case| answers(&case)).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}

/// The Pods that are answered for, and where they stand.
fn objects(answer: &Value) -> BTreeSet<String> {
    let each =
        |result: &Value| json!([result["object"], result["file"], result["line"], result["template"]]).to_string();
    list(&answer["results"]).map(each).collect()
}

/// A finding without its place: linting gives the nearest parent that exists.
fn finding(finding: &Value) -> String {
    ["rule", "level", "message", "container"].map(|key| finding[key].to_string()).join(" ")
}

/// What an object is called, whatever the command says of its namespace.
fn identity(object: &Value) -> (Value, Value) {
    (object["kind"].clone(), object["name"].clone())
}

#[test]
fn every_command_answers_as_expected() {
    for Answers { case, lint, fit, explain, expected } in cases("agreement").iter().map(|case| answers(case)) {
        let found = list(&fit["results"]).map(|result| {
            let limit = &result["stored"]["containers"]["app"]["limits"]["memory"];
            json!({"name": result["object"]["name"], "namespace": result["object"]["namespace"],
                "limit": limit, "admitted": result["admission"]["admitted"]})
        });
        assert_eq!(found.collect::<Vec<_>>(), *expected["objects"].as_array().expect("a list"), "{case}");
        let refused = |findings: &Value| list(findings).any(|finding| finding["rule"] == "outside-limit-range");
        let is_refused = list(&expected["objects"]).any(|object| object["admitted"] == false);
        assert_eq!(refused(&lint["findings"]), is_refused, "lint: {case}");
        let explained = list(&explain["results"]).any(|result| refused(&result["findings"]));
        assert_eq!(explained, is_refused, "explain: {case}");
        assert_eq!(lint["summary"]["workloads"], list(&expected["objects"]).count(), "{case}");
        for answer in [&fit, &explain] {
            let notes: Vec<&str> = list(&answer["notes"]).map(|note| note["message"].as_str().expect("text")).collect();
            let wanted: Vec<&str> = list(&expected["skipped"]).map(|text| text.as_str().expect("text")).collect();
            assert_eq!(notes.len(), wanted.len(), "{case}: {notes:?}");
            assert!(wanted.iter().all(|wanted| notes.iter().any(|note| note.starts_with(wanted))), "{case}: {notes:?}");
        }
    }
}

#[test]
fn every_command_says_the_same_of_a_folder() {
    let mut compared = 0;
    for Answers { case, lint, fit, explain, .. } in all() {
        assert_eq!(objects(&fit), objects(&explain), "{case}");
        assert_eq!(lint["problems"], explain["problems"], "{case}");
        assert_eq!(lint["problems"], fit["problems"], "{case}");
        let notes = |answer: &Value| -> BTreeSet<String> {
            let skipped = |note: &&Value| note["message"].as_str().is_some_and(|text| text.contains("skipped"));
            list(&answer["notes"]).filter(skipped).map(Value::to_string).collect()
        };
        assert_eq!(notes(&fit), notes(&explain), "{case}");
        let explained: BTreeSet<_> =
            list(&explain["results"]).map(|result| identity(&result["object"]).1.to_string()).collect();
        let told: BTreeSet<String> =
            list(&explain["results"]).flat_map(|result| list(&result["findings"])).map(finding).collect();
        let is_explained = |finding: &&Value| explained.contains(&identity(&finding["object"]).1.to_string());
        let linted: BTreeSet<String> = list(&lint["findings"]).filter(is_explained).map(finding).collect();
        assert_eq!(linted, told, "{case}");
        // Where no exemption hides it, what a LimitRange refuses is a finding of its rule, and the other way round.
        for (placed, result) in list(&fit["results"]).zip(list(&explain["results"])) {
            let rule = list(&result["rules"]).find(|rule| rule["rule"] == "outside-limit-range").expect("the rule");
            if rule["level"] == "off" || rule["exempted"] != json!([]) {
                continue;
            }
            let found = rule["findings"] != 0;
            let says = |error: &Value| error.as_str().is_some_and(|error| error.contains(" usage per "));
            if placed["admission"]["admitted"] == true || list(&placed["admission"]["errors"]).any(says) {
                assert_eq!(found, placed["admission"]["admitted"] == false, "{case}: {}", placed["admission"]);
            }
        }
        compared += objects(&fit).len();
    }
    assert!(compared > 90, "only {compared} Pods were compared");
}

/// Rules that look at no other workload, and whose messages quote no text that JSON writes otherwise.
const ALONE: [&str; 9] = [
    "heap-above-limit",
    "limit-above-every-node",
    "limit-far-above-request",
    "memory-volume-above-limit",
    "missing-memory-limit",
    "missing-memory-request",
    "no-eligible-node",
    "outside-limit-range",
    "request-above-limit",
];

/// The objects of a folder as an API server would list them, if each can be read and the cluster would take them all.
fn listed(case: &Path) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    let texts =
        walk::files(case).into_iter().filter(|file| !["expected.txt", "memlint.yaml"].contains(&&*walk::name(file)));
    for file in texts {
        let text = std::fs::read_to_string(file).ok()?;
        for raw in yaml::split(&text) {
            let document = yaml::parse(raw).ok()?;
            for object in workload::objects(document.value()) {
                all.push(from_value::<Value>(object.value).ok()?);
            }
        }
    }
    let of = |kind: &str| all.iter().filter(|object| object["kind"] == kind).count();
    // Limits of a folder are those of a namespace in a cluster.
    (of("LimitRange") <= 1).then_some(all)
}

/// What linting finds in a workload is what the webhook's review says of it when it is created.
#[test]
fn a_review_says_what_linting_says() {
    let (mut compared, mut found) = (0, 0);
    for case in cases("rules").into_iter().flat_map(|rule| walk::folders(&rule)) {
        let Some(mut all) = listed(&case) else { continue };
        for object in &mut all {
            if !["Node", "Namespace", "RuntimeClass", "PriorityClass"].contains(&object["kind"].as_str().unwrap_or(""))
            {
                let namespace = &mut object["metadata"]["namespace"];
                *namespace = namespace.as_str().unwrap_or("default").into();
            }
        }
        let folder = Folder::copy(&case);
        let as_list = json!({"apiVersion": "v1", "kind": "List", "items": all}).to_string();
        let folder = folder.with(".listed.json", as_list);
        let run = |command: Memlint| command.args(&["--format", "json"]).within(folder.path()).run();
        let (linted, audited) = (run(memlint!(".")).json(), run(memlint!("audit", "--from", ".listed.json")));
        if audited.stderr.contains("there is nothing to audit") {
            continue;
        }
        let told = |findings: &Value| -> BTreeSet<String> {
            let alone = |found: &&Value| ALONE.iter().any(|rule| found["rule"] == *rule);
            let text = |found: &Value| format!("{} {}", found["rule"], found["message"]);
            list(findings).filter(alone).map(text).filter(|text| !text.contains(" 1e3")).collect()
        };
        for object in list(&audited.json()["objects"]).filter(|object| object["kind"] != "Pod") {
            let own = |found: &&Value| ["kind", "name"].iter().all(|key| found["object"][key] == object[key]);
            let linted: Vec<Value> = list(&linted["findings"]).filter(own).cloned().collect();
            let (lint, review) = (told(&json!(linted)), told(&object["findings"]));
            assert_eq!(lint, review, "{} {}", case.display(), object["name"]);
            (compared, found) = (compared + 1, found + lint.len());
        }
    }
    assert!(compared > 40 && found > 30, "only {compared} objects with {found} findings were compared");
}
