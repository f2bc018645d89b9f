//! `memlint capacity snapshot`: the file says of nodes what the list said that it was made of.
//!
//! The clusters are those that a real kube-scheduler was asked about. Left out are candidates about which a capacity file
//! cannot say the same: they ask for a node by name, for neighbours, or for a host port.

use std::sync::Arc;

use memlint::fit;
use memlint::project::corpus;
use memlint_capacity::{Capacity, CapacityFile};
use memlint_files::capacity_files;
use memlint_files::held::Asked;
use memlint_tests::conformance;
use memlint_tests::folder::Folder;
use serde_json::{Value, json};

const FILES: [&str; 4] =
    ["scheduler.jsonl.gz", "scheduler-pods.jsonl.gz", "extra-scheduler.jsonl.gz", "extra-scheduler-pods.jsonl.gz"];

#[test]
fn gives_the_same_verdicts_as_its_list() {
    let (mut same, mut left_out, mut wrong) = (0, 0, Vec::new());
    for file in FILES {
        for case in conformance(file) {
            let listed = list(&case);
            let snapshot = snapshot(&listed);
            let candidates = items(&case, "candidates");
            let found = verdicts(&listed, candidates).into_iter().zip(verdicts(&snapshot, candidates));
            for (index, (listed, found)) in found.enumerate() {
                let said = cannot_say(&candidates[index], &case);
                match (listed == found, said) {
                    (true, _) => same += 1,
                    (false, true) => left_out += 1,
                    (false, false) => {
                        wrong.push(format!("{file} {} candidate {index}: {found}, not {listed}", case["id"]));
                    }
                }
            }
        }
    }
    println!("snapshot: {same} verdicts agree, {left_out} that a file cannot give differ");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
    assert!(same > 3000, "only {same}");
}

#[test]
fn is_read_again_as_the_same() {
    for case in conformance(FILES[0]).into_iter().take(40) {
        let first = snapshot(&list(&case));
        let (again, first) = (CapacityFile::snapshot(&first), CapacityFile::snapshot(&first));
        assert_eq!(again.to_yaml(), first.to_yaml());
        assert_eq!(CapacityFile::snapshot(&load(&first.to_yaml())).to_yaml(), first.to_yaml(), "{}", case["id"]);
    }
}

/// Everything of a cluster as `kubectl get -o json` prints it.
fn list(case: &Value) -> Arc<Capacity> {
    const KINDS: [&str; 6] = ["nodes", "runtimeClasses", "limitRanges", "resourceQuotas", "daemonSetPods", "pods"];
    let items: Vec<&Value> = KINDS.iter().flat_map(|kind| items(case, kind)).collect();
    load(&json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string())
}

fn snapshot(capacity: &Capacity) -> Arc<Capacity> {
    load(&CapacityFile::snapshot(capacity).to_yaml())
}

fn load(text: &str) -> Arc<Capacity> {
    let folder = Folder::new();
    folder.write("capacity.yaml".as_ref(), text);
    let loaded = capacity_files::load(&[folder.at("capacity.yaml")]);
    loaded.unwrap_or_else(|problems| panic!("{problems:?}\n{text}")).capacity.expect("a capacity")
}

fn verdicts(capacity: &Arc<Capacity>, candidates: &[Value]) -> Vec<Value> {
    let candidates = json!({"apiVersion": "v1", "kind": "List", "items": candidates});
    let corpus = corpus::from_memory([("candidates.json", candidates.to_string().as_bytes())], Asked::Named);
    let report = fit::fit(&corpus, capacity, "default");
    let root: Value = serde_json::from_str(&fit::json::render(&report)).expect("JSON");
    let verdict = |result: &Value| {
        let (empty, now) = (&result["empty"], &result["now"]);
        let count = |view: &Value| view["nodes"].as_array().map_or(0, Vec::len);
        json!({
            "admission": result["admission"], "effective": result["effective"],
            "empty": [empty["fits"], count(empty)],
            "now": [now["admitted"], now["errors"], now["fits"], count(now)],
        })
    };
    items(&root, "results").iter().map(verdict).collect()
}

/// Whether the Pod, or one that is there, asks for what a capacity file does not hold.
fn cannot_say(candidate: &Value, case: &Value) -> bool {
    let asks = |pod: &Value| {
        let text = pod.to_string();
        ["podAffinity", "podAntiAffinity", "topologySpreadConstraints", "hostPort", "hostNetwork"]
            .iter()
            .any(|word| text.contains(word))
    };
    let text = candidate.to_string();
    asks(candidate)
        || ["nodeName", "kubernetes.io/hostname", "matchFields"].iter().any(|word| text.contains(word))
        || ["pods", "daemonSetPods"]
            .iter()
            .any(|kind| items(case, kind).iter().any(|pod| pod.to_string().contains("podAntiAffinity")))
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}
