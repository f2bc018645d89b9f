//! `memlint fit`, from files to JSON: what a real API server and a real kube-scheduler said to the same Pods.

use std::sync::Arc;

use memlint::fit;
use memlint::project::corpus;
use memlint_files::capacity_files;
use memlint_files::held::Asked;
use memlint_kubernetes::aggregate::resource_list;
use memlint_tests::conformance;
use memlint_tests::folder::Folder;
use serde_json::{Value, json};

const FILES: [&str; 4] =
    ["scheduler.jsonl.gz", "scheduler-pods.jsonl.gz", "extra-scheduler.jsonl.gz", "extra-scheduler-pods.jsonl.gz"];

#[test]
fn agrees_with_the_control_plane() {
    let (mut candidates, mut wrong) = (0, Vec::new());
    for file in FILES {
        for case in conformance(file) {
            let results = ask(&case);
            let golden = list(&case, "golden");
            assert_eq!(results.len(), golden.len(), "{file} {}", case["id"]);
            for (index, (found, golden)) in results.iter().zip(golden).enumerate() {
                candidates += 1;
                if let Err(difference) = check(found, golden) {
                    wrong.push(format!("{file} {} candidate {index}: {difference}", case["id"]));
                }
            }
        }
    }
    println!("fit: {} of {candidates} candidates agree in all", candidates - wrong.len());
    assert!(candidates > 3000, "only {candidates} candidates");
    assert!(wrong.is_empty(), "{} of {candidates} differ:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
}

/// Everything of a cluster as `kubectl get -o json` prints it, and one file of candidates.
fn ask(case: &Value) -> Vec<Value> {
    const KINDS: [&str; 6] = ["nodes", "runtimeClasses", "limitRanges", "resourceQuotas", "daemonSetPods", "pods"];
    let items: Vec<&Value> = KINDS.iter().flat_map(|kind| list(case, kind)).collect();
    let folder = Folder::new();
    let cluster = json!({"apiVersion": "v1", "kind": "List", "items": items});
    folder.write("cluster.json".as_ref(), cluster.to_string());
    let loaded = capacity_files::load(&[folder.at("cluster.json")]).expect("a capacity");
    let candidates = json!({"apiVersion": "v1", "kind": "List", "items": list(case, "candidates")});
    let corpus = corpus::from_memory([("candidates.json", candidates.to_string().as_bytes())], Asked::Named);
    let capacity: Arc<_> = loaded.capacity.expect("a capacity");
    let report = fit::fit(&corpus, &capacity, "default");
    let root: Value = serde_json::from_str(&fit::json::render(&report)).expect("JSON");
    list(&root, "results").to_vec()
}

fn check(found: &Value, golden: &Value) -> Result<(), String> {
    let same = |what: &str, found: &Value, golden: &Value| {
        if found == golden { Ok(()) } else { Err(format!("{what}: {found}, not {golden}")) }
    };
    same("admitted", &found["admission"]["admitted"], &golden["admitted"])?;
    if golden["admitted"] == false {
        let reject = golden["reject"].as_str().unwrap_or_default();
        // What the LimitRanger and the RuntimeClass say is word for word; validation is in our own words.
        return if golden["code"] == 403 {
            same("errors", &found["admission"]["errors"], &json!([reject]))
        } else {
            Ok(())
        };
    }
    let stored = &golden["stored"];
    same("qosClass", &found["qosClass"], &stored["qosClass"])?;
    for key in ["containers", "initContainers", "resources", "overhead"] {
        same_amounts(key, &found["stored"][key], &stored[key])?;
    }
    same_verdict("empty", &found["empty"], &golden["empty"])?;
    let now = &golden["now"];
    same("now.admitted", &found["now"]["admitted"], &json!(now["admitted"] != false))?;
    if now["admitted"] == false {
        return same("now.errors", &found["now"]["errors"], &json!([now["reject"]]));
    }
    same_verdict("now", &found["now"], now)
}

fn same_verdict(what: &str, found: &Value, golden: &Value) -> Result<(), String> {
    if golden["scheduled"].is_null() {
        // The scheduler gave no answer in time.
        return Ok(());
    }
    let agrees = if golden["scheduled"] == true {
        let nodes = list(found, "nodes");
        found["fits"] == true && (golden["node"].is_null() || nodes.contains(&golden["node"]))
    } else {
        let said = golden["message"].as_str().map(|text| text.split_once(". ").map_or(text, |(first, _)| first));
        found["fits"] == false
            && found["message"].as_str().map(|text| text.trim_end_matches('.'))
                == said.map(|text| text.trim_end_matches('.'))
    };
    if agrees { Ok(()) } else { Err(format!("{what}: {found}, not {golden}")) }
}

/// Compares lists of resources at any depth by value, however they are written; empty ones are as good as none.
fn same_amounts(what: &str, found: &Value, golden: &Value) -> Result<(), String> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    amounts(found, String::new(), &mut ours);
    amounts(golden, String::new(), &mut theirs);
    if ours == theirs { Ok(()) } else { Err(format!("{what}: {found}, not {golden}")) }
}

fn amounts(value: &Value, at: String, out: &mut Vec<(String, i128)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| amounts(value, format!("{at}/{key}"), out)),
        Value::String(_) => {
            let list = serde_json::from_value(json!({ "x": value })).expect("a list of resources");
            out.extend(resource_list(&list).into_values().map(|amount| (at.clone(), amount.nanos())));
            out.sort();
        }
        _ => {}
    }
}

fn list<'a>(case: &'a Value, key: &str) -> &'a [Value] {
    case[key].as_array().map(Vec::as_slice).unwrap_or_default()
}
