//! `memlint fit` as it is typed: exit codes, text, and the shape of the JSON.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

fn memlint(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_memlint")).current_dir(folder).args(arguments).output().expect("memlint runs")
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

fn node(index: usize) -> Value {
    let name = format!("aks-user-{index}");
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "agentpool": "user"}},
        "status": {"allocatable": {"cpu": "1900m", "memory": "2209268Ki", "pods": "30", "ephemeral-storage": "100Gi"}}})
}

fn bound(index: usize, daemon: bool) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("other-{index}"), "namespace": "kube-system"},
        "spec": {"nodeName": format!("aks-user-{index}"),
            "containers": [{"name": "c", "image": "i", "resources": {"requests": {"memory": "310Mi"}}}]},
        "status": {"phase": "Running"}});
    if daemon {
        pod["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "u", "controller": true}]);
    }
    pod
}

/// Three nodes of the field report, 310Mi of each requested.
fn cluster(daemon: bool) -> String {
    let items: Vec<Value> = (0..3).map(node).chain((0..3).map(|index| bound(index, daemon))).collect();
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

fn pod(name: &str, memory: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "apps"},
        "spec": {"containers": [{"name": "api", "image": "i", "resources": {"requests": {"memory": memory}}}]}})
}

fn folder(files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

#[test]
fn all_placed_is_zero_and_pending_is_one() {
    let folder = folder(&[
        ("nodes.json", cluster(false)),
        ("small.json", pod("small", "1Gi").to_string()),
        ("large.json", pod("large", "2Gi").to_string()),
    ]);
    let fits = memlint(folder.path(), &["fit", "--capacity", "nodes.json", "small.json"]);
    assert_eq!(fits.status.code(), Some(0), "{}", text(&fits.stdout));
    assert!(text(&fits.stdout).contains("fits on 3 of 3 nodes"));
    let pending = memlint(folder.path(), &["fit", "--capacity", "nodes.json", "small.json", "large.json"]);
    assert_eq!(pending.status.code(), Some(1));
    let said = text(&pending.stdout);
    assert!(said.contains("now       pending: 0/3 nodes are available: 3 Insufficient memory."), "{said}");
    assert!(said.contains("memory 1891828Ki of 2209268Ki"), "{said}");
    assert!(said.ends_with("2 Pods: 1 placed now, 1 pending, 0 refused\n"), "{said}");
}

#[test]
fn the_json_has_every_key_of_its_version() {
    let folder = folder(&[("nodes.json", cluster(true)), ("pods.json", pod("large", "2Gi").to_string())]);
    let output = memlint(folder.path(), &["fit", "--capacity", "nodes.json", "--format", "json", "pods.json"]);
    assert_eq!(output.status.code(), Some(1));
    let root: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(root["version"], 1);
    let result = &root["results"][0];
    let object = json!({"apiVersion": "v1", "kind": "Pod", "namespace": "apps", "name": "large"});
    assert_eq!(result["object"], object);
    assert_eq!((&result["file"], &result["line"]), (&json!("pods.json"), &json!(1)));
    assert_eq!(result["admission"], json!({"admitted": true, "errors": []}));
    assert_eq!(result["effective"], json!({"requests": {"memory": "2Gi"}}));
    assert_eq!(result["qosClass"], "Burstable");
    let full = "0/3 nodes are available: 3 Insufficient memory.";
    assert_eq!(result["empty"], json!({"fits": false, "nodes": [], "message": full}));
    assert_eq!(result["now"], json!({"admitted": true, "errors": [], "fits": false, "nodes": [], "message": full}));
}

#[test]
fn what_the_api_server_refuses_comes_before_no_scheduler() {
    let limit_range = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "sizes", "namespace": "apps"},
        "spec": {"limits": [{"type": "Container", "max": {"memory": "1Gi"}}]}});
    let mut broken = pod("broken", "1 Gi");
    broken["spec"]["containers"][0]["limit"] = json!({});
    let mut large = pod("large", "1Gi");
    large["spec"]["containers"][0]["resources"] = json!({"limits": {"memory": "2Gi"}});
    let files = [
        ("nodes.json", cluster(false)),
        ("limits.json", limit_range.to_string()),
        ("pods.yaml", format!("{broken}\n---\n{large}\n")),
    ];
    let folder = folder(&files);
    let arguments = ["fit", "--capacity", "nodes.json", "--capacity", "limits.json", "--format", "json", "pods.yaml"];
    let output = memlint(folder.path(), &arguments);
    let root: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let errors = |index: usize| root["results"][index]["admission"]["errors"].as_array().expect("a list").len();
    assert_eq!((errors(0), errors(1)), (2, 1));
    let forbidden = "pods \"large\" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi";
    assert_eq!(root["results"][1]["admission"]["errors"][0], forbidden);
    assert_eq!(root["results"][1]["empty"]["fits"], false);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn bound_pods_of_the_same_file_are_not_asked_about() {
    let mut list: Value = serde_json::from_str(&cluster(false)).expect("a List");
    list["items"].as_array_mut().expect("a list").push(pod("new", "1Gi"));
    let folder = folder(&[("all.json", list.to_string())]);
    let output = memlint(folder.path(), &["fit", "--capacity", "all.json", "all.json"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("1 Pod: 1 placed now, 0 pending, 0 refused; 3 that have their node already"), "{said}");
}

#[test]
fn what_is_not_judged_is_named() {
    let mut claim = pod("claim", "1Gi");
    claim["spec"]["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "d"}}]);
    claim["spec"]["runtimeClassName"] = json!("kata");
    let folder = folder(&[("nodes.json", cluster(false)), ("pod.json", claim.to_string())]);
    let said = text(&memlint(folder.path(), &["fit", "--capacity", "nodes.json", "pod.json"]).stdout);
    assert!(said.contains("unknown   volume \"data\" is a PersistentVolumeClaim"), "{said}");
    assert!(said.contains("unknown   RuntimeClass kata is not known"), "{said}");
}

#[test]
fn two_is_for_what_cannot_be_done() {
    let folder = folder(&[
        ("nodes.json", cluster(false)),
        ("bad.yaml", "kind: Capacity\npools: 3\n".to_owned()),
        ("pod.json", pod("p", "1Gi").to_string()),
        ("map.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}".to_owned()),
    ]);
    for arguments in [
        &["fit", "pod.json"][..],
        &["fit", "--capacity", "absent.json", "pod.json"],
        &["fit", "--capacity", "bad.yaml", "pod.json"],
        &["fit", "--capacity", "nodes.json", "absent.json"],
        &["fit", "--capacity", "nodes.json", "map.yaml"],
        &["fit", "--capacity", "nodes.json"],
    ] {
        let output = memlint(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stdout));
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn many_nodes_are_shown_in_a_few_lines() {
    let items: Vec<Value> = (0..500).map(node).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let folder = folder(&[("nodes.json", list.to_string()), ("pod.json", pod("p", "1Gi").to_string())]);
    let said = text(&memlint(folder.path(), &["fit", "--capacity", "nodes.json", "pod.json"]).stdout);
    assert!(said.contains("and 498 more") && said.lines().count() < 15, "{said}");
}
