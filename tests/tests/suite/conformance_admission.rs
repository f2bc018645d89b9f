//! Admission through `memlint fit`: what a real API server stored of a Pod under LimitRanges and RuntimeClasses, its
//! QoS class, or why it refused the Pod.

use std::collections::BTreeSet;

use memlint::fit;
use memlint::project::corpus;
use memlint_files::capacity_files;
use memlint_files::held::Asked;
use memlint_kubernetes::quantity::Quantity;
use memlint_tests::conformance;
use memlint_tests::folder::Folder;
use serde_json::{Value, json};

#[test]
fn completes_and_refuses_pods_as_the_api_server_under_limit_ranges() {
    assert_agrees("extra-limitranges.jsonl.gz", "l", 1600);
}

#[test]
fn knows_the_qos_class() {
    assert_agrees("extra-qos.jsonl.gz", "q", 1700);
}

fn assert_agrees(file: &str, name: &str, least: usize) {
    let cases = conformance(file);
    let mut wrong = Vec::new();
    for case in &cases {
        // Several LimitRanges come in no particular order there, in that of their names here.
        let orders = [ask(case, name, false), ask(case, name, true)];
        if let (Err(difference), Err(_)) = (check(&orders[0], case), check(&orders[1], case)) {
            wrong.push(format!("{case}\n  {difference}"));
        }
    }
    println!("{file}: {} of {} Pods agree", cases.len() - wrong.len(), cases.len());
    assert!(cases.len() >= least, "only {} cases", cases.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(10)].join("\n"));
}

fn ask(case: &Value, name: &str, reversed: bool) -> Value {
    let kata = json!({"metadata": {"name": "kata"}, "overhead": {"podFixed": {"cpu": "250m", "memory": "130Mi"}}});
    let mut classes = case["runtimeClasses"].as_array().cloned().unwrap_or_else(|| vec![kata]);
    for class in &mut classes {
        class["apiVersion"] = json!("node.k8s.io/v1");
        class["kind"] = json!("RuntimeClass");
        class["handler"] = json!("h");
    }
    let mut limit_ranges = case["limitRanges"].as_array().cloned().unwrap_or_default();
    limit_ranges.sort_by_key(|limit_range| limit_range["metadata"]["name"].to_string());
    if reversed {
        for (index, limit_range) in limit_ranges.iter_mut().enumerate() {
            limit_range["metadata"]["name"] = json!(format!("r{}", 9 - index));
        }
    }
    let items: Vec<Value> = limit_ranges.into_iter().chain(classes).collect();
    let folder = Folder::new();
    let cluster = json!({"apiVersion": "v1", "kind": "List", "items": items});
    folder.write("cluster.json".as_ref(), cluster.to_string());
    let loaded = capacity_files::load(&[folder.at("cluster.json")]).expect("a capacity");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": case["pod"]});
    let corpus = corpus::from_memory([("pod.json", pod.to_string().as_bytes())], Asked::Named);
    let report = fit::fit(&corpus, &loaded.capacity.expect("a capacity"), "default");
    let root: Value = serde_json::from_str(&fit::json::render(&report)).expect("JSON");
    root["results"][0].clone()
}

fn check(found: &Value, case: &Value) -> Result<(), String> {
    let errors = &found["admission"]["errors"];
    if case["error"].is_string() {
        let error = case["error"].as_str().unwrap_or_default();
        return match errors.as_array().map(Vec::as_slice) {
            None | Some([]) => Err("was admitted".to_owned()),
            // The order is random there, and that of several LimitRanges decides who speaks.
            Some([only]) if case["code"] == 403 && case["limitRanges"].as_array().is_some_and(|all| all.len() == 1) => {
                let said = only.as_str().unwrap_or_default();
                if parts(said) == parts(error) { Ok(()) } else { Err(said.to_owned()) }
            }
            _ => Ok(()),
        };
    }
    if found["admission"]["admitted"] != true {
        return Err(format!("was refused: {errors}"));
    }
    if found["qosClass"] != case["qosClass"] {
        return Err(format!("is {}", found["qosClass"]));
    }
    for key in ["containers", "initContainers"] {
        let ours = found["stored"][key].as_object().map(|map| map.values().collect::<Vec<_>>()).unwrap_or_default();
        let theirs = case["stored"][key].as_array().map(|list| list.iter().collect::<Vec<_>>()).unwrap_or_default();
        if amounts_of(&ours) != amounts_of(&theirs) {
            return Err(format!("{key}: {}", found["stored"][key]));
        }
    }
    for key in ["resources", "overhead"] {
        if amounts_of(&[&found["stored"][key]]) != amounts_of(&[&case["stored"][key]]) {
            return Err(format!("{key}: {}", found["stored"][key]));
        }
    }
    Ok(())
}

/// The texts of an error, in any order, and its quantities in any spelling: the API server prints some as they were
/// written.
fn parts(error: &str) -> BTreeSet<String> {
    let text = error.replace("is forbidden: [", "is forbidden: ").replace("is forbidden: ", "is forbidden: \0");
    let text = text.trim_end_matches(']').split_once('\0').map_or(String::new(), |(_, rest)| rest.to_owned());
    let marked = ["minimum", "maximum", "cpu max", "memory max", "ephemeral-storage max"]
        .iter()
        .fold(text, |text, start| text.replace(&format!(", {start}"), &format!("\0{start}")));
    marked.split('\0').map(|part| part.split(' ').map(plain).collect::<Vec<_>>().join(" ")).collect()
}

fn plain(word: &str) -> String {
    Quantity::parse(word.trim_end_matches('.')).map_or(word.to_owned(), |quantity| quantity.nanos().to_string())
}

/// Each list as its paths and values, however they are written; what is empty is as good as absent.
fn amounts_of(blocks: &[&Value]) -> Vec<BTreeSet<(String, i128)>> {
    let list = |block: &&Value| {
        let mut out = BTreeSet::new();
        collect(block, String::new(), &mut out);
        out
    };
    blocks.iter().map(list).collect()
}

fn collect(value: &Value, at: String, out: &mut BTreeSet<(String, i128)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| collect(value, format!("{at}/{key}"), out)),
        Value::String(text) => _ = out.insert((at, Quantity::parse(text).expect("a quantity").nanos())),
        _ => {}
    }
}
