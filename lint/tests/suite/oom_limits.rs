//! `memlint oom` where the limit is a whole Pod's: which workload has it, what to change, and whether that has room.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// A kill at a Pod's limit of 500Mi.
const POD: &str = "pod-v2-systemd-containerd-child";
/// A kill at a container's limit of 500Mi.
const CONTAINER: &str = "container-crio-v2";

/// What memlint says of the first kill of a log, with files written for it.
fn told(fixture: &str, files: &[(&str, &str, String)]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/oom").join(fixture).join("log.txt");
    let run = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_memlint"));
        command.arg("oom").arg(&log).args(["--format", format]).env("COLUMNS", "400");
        for (flag, name, text) in files {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            command.arg(flag).arg(path);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let kills: Value = serde_json::from_str(&run("json")).unwrap();
    (kills["kills"][0].clone(), run("text"))
}

fn deployment(spec: &Value) -> String {
    let template = json!({"metadata": {"labels": {"app": "a"}}, "spec": spec});
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template}});
    serde_json::to_string_pretty(&object).unwrap()
}

fn container(name: &str, limit: Option<&str>) -> Value {
    let resources = limit.map(|limit| json!({"limits": {"memory": limit}}));
    json!({"name": name, "image": "example.com/a:1", "resources": resources})
}

fn manifest(spec: &Value) -> [(&'static str, &'static str, String); 1] {
    [("--manifests", "a.json", deployment(spec))]
}

#[test]
fn containers_limits_that_add_up_name_the_workload() {
    let two = json!({"containers": [container("a", Some("300Mi")), container("b", Some("200Mi"))]});
    let (kill, text) = told(POD, &manifest(&two));
    assert_eq!(kill["manifest"], Value::Null);
    assert!(text.contains("only Deployment a has limits that add up to this one"), "{text}");
    // Without a limit on each, the Pod has none; and one container's limit is not the Pod's.
    for other in [Some("200Mi"), None] {
        let spec = json!({"containers": [container("a", Some("500Mi")), container("b", other)]});
        assert!(told(POD, &manifest(&spec)).1.contains("no single workload"), "{other:?}");
    }
    let (kill, _) = told(POD, &manifest(&json!({"containers": [container("a", Some("500Mi"))]})));
    assert_eq!(kill["manifest"]["path"], "spec.template.spec.containers[0].resources.limits.memory");
}

#[test]
fn a_whole_pods_limit_is_matched_and_changed() {
    let whole = json!({"limits": {"memory": "500Mi"}});
    let spec = |second| json!({"resources": whole, "containers": [container("a", None), container("b", second)]});
    let (kill, _) = told(POD, &manifest(&spec(Some("400Mi"))));
    assert_eq!(kill["manifest"]["path"], "spec.template.spec.resources.limits.memory");
    // Of a container without a limit, it is the Pod's that the kernel enforces.
    for second in [Some("400Mi"), None] {
        let (kill, _) = told(CONTAINER, &manifest(&spec(second)));
        assert_eq!(kill["manifest"]["path"], "spec.template.spec.resources.limits.memory", "{second:?}");
    }
}

#[test]
fn a_whole_pods_request_is_looked_for_room() {
    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/oom").join(POD).join("expected.json");
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(log).unwrap()).unwrap();
    let kill = &expected["kills"][0];
    let id = format!("containerd://{}", kill["containerId"].as_str().unwrap());
    let room = |node: &str, requests: &Value| {
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p", "namespace": "n", "uid": kill["podUid"], "labels": {"app": "a"}},
            "spec": {"nodeName": "node-7", "resources": {"limits": {"memory": "500Mi"}, "requests": requests},
                "containers": [container("a", None), container("b", None)]},
            "status": {"phase": "Running", "containerStatuses": [{"name": "a", "containerID": id}]}});
        let size = json!({"memory": node, "cpu": "4", "pods": "110"});
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-7"},
            "status": {"capacity": size, "allocatable": size}});
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [node, pod]}).to_string();
        let files = [("--pods", "pods.json", list.clone()), ("--capacity", "nodes.json", list)];
        told(POD, &files).0["room"].as_str().unwrap_or_default().to_owned()
    };
    assert!(room("4Gi", &json!({"memory": "500Mi"})).contains("fits in its old place"));
    assert!(room("600Mi", &json!({"memory": "500Mi"})).contains("fit no node, not even an empty one"));
    // Only the limit is raised: nothing more is requested.
    assert_eq!(room("600Mi", &json!({"memory": "100Mi"})), "");
}
