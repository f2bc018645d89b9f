//! A live cluster as a source: `capacity snapshot`, `audit`, and `--cluster` of lint, fit and oom, against a real API
//! server.

mod audit;
mod control_plane;

use control_plane::ControlPlane;
use memlint_tests::command::Memlint;
use memlint_tests::folder::Folder;
use memlint_tests::{fixtures, memlint};
use serde_json::{Value, json};

/// The UID in the log of this fixture's Pod is the one that the test gives.
const LOG: &str = "pod-v2-systemd-containerd-child";

fn node(name: &str, memory: &str) -> Value {
    let resources = json!({"cpu": "4", "memory": memory, "pods": "110", "ephemeral-storage": "100Gi"});
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"agentpool": "user", "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux"},
            "annotations": {"note": "not-to-be-kept"}},
        "status": {"capacity": resources, "allocatable": resources},
    })
}

fn pod(name: &str, memory: &str, node: &str) -> Value {
    let resources = json!({"requests": {"memory": memory}, "limits": {"memory": memory}});
    let container =
        json!({"name": "web", "image": "i", "resources": resources, "env": [{"name": "PASSWORD", "value": "hush"}]});
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
        // No kubelet says that these nodes are ready.
        "spec": {"containers": [container], "nodeName": node, "tolerations": [{"operator": "Exists"}]},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_as_good_as_its_files() {
    let Some(plane) = ControlPlane::start("a live cluster as a source").await else { return };
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "default"},
        "spec": {"hard": {"requests.memory": "64Gi"}},
    });
    let (pods, nodes) = ("/api/v1/namespaces/default/pods", "/api/v1/nodes");
    plane
        .create(&[
            ("/api/v1/namespaces/default/serviceaccounts", account),
            (nodes, node("node-a", "8Gi")),
            (nodes, node("node-b", "8Gi")),
            (pods, pod("one", "6Gi", "node-a")),
            (pods, pod("two", "5Gi", "node-b")),
            ("/api/v1/namespaces/default/resourcequotas", quota),
        ])
        .await;
    let kubeconfig = plane.kubeconfig("admin-token");
    let kubeconfig = kubeconfig.to_str().expect("UTF-8");

    let folder = Folder::new();
    let file = folder.at("capacity.yaml");
    let file = file.to_str().expect("UTF-8");
    let snapshot = memlint!("capacity", "snapshot", "--kubeconfig", kubeconfig, "-o", file).run().exits(0);
    assert!(snapshot.stdout.is_empty());
    let text = std::fs::read_to_string(file).expect("the file");
    for word in ["name: user", "now: 2", "memory: 6Gi", "memory: 5Gi", "requests.memory"] {
        assert!(text.contains(word), "{word:?} is not in\n{text}");
    }
    for word in ["node-a", "hush", "not-to-be-kept", "managedFields", "uid"] {
        assert!(!text.contains(word), "{word:?} is in\n{text}");
    }

    // The same verdicts: what fits on an empty node only, and what has room now.
    for (memory, code) in [("7Gi", 1), ("3Gi", 0), ("9Gi", 1)] {
        let mut candidate = pod("new", memory, "");
        candidate["spec"].as_object_mut().expect("a spec").remove("nodeName");
        folder.write("pod.json".as_ref(), candidate.to_string());
        let path = folder.at("pod.json");
        let fit = || memlint!("fit", "--format", "json", &path);
        let live = fit().args(&["--cluster", "--kubeconfig", kubeconfig]).run().exits(code).json();
        let file = fit().args(&["--capacity", file]).run().exits(code).json();
        for view in ["empty", "now"] {
            assert_eq!(live["results"][0][view]["fits"], file["results"][0][view]["fits"], "{memory} {view}");
        }
        let lint = memlint!("--cluster", "--kubeconfig", kubeconfig, "--only", "never-fits", &path);
        _ = lint.run().exits(u8::from(memory == "9Gi").into());
    }

    pods_are_named(&plane, kubeconfig).await;
    the_right_to_list_pods_is_enough(&plane).await;
    refusals_say_what_to_do(&plane, kubeconfig);
}

/// `memlint oom --cluster` finds the Pod by the UID that the API server gave it.
async fn pods_are_named(plane: &ControlPlane, kubeconfig: &str) {
    let log = std::fs::read_to_string(fixtures().join("oom").join(LOG).join("log.txt")).expect("a fixture");
    let expected = std::fs::read_to_string(fixtures().join("oom").join(LOG).join("expected.json")).expect("a fixture");
    let expected: Value = serde_json::from_str(&expected).expect("JSON");
    let known = expected["kills"][0]["podUid"].as_str().expect("a UID");
    let uid = plane.uid("default", "one").await;
    let log = log.replace(&known.replace('-', "_"), &uid.replace('-', "_"));
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "default"},
        "involvedObject": {"kind": "Node", "name": "node-a"}, "reason": "SystemOOM",
        "message": "System OOM encountered, victim process: java, pid: 7", "type": "Warning",
    });
    plane.create(&[("/api/v1/namespaces/default/events", event)]).await;
    let oom = memlint!("oom", "-", "--cluster", "--cluster-events", "--kubeconfig", kubeconfig, "--format", "json");
    let found = oom.stdin(log).run().exits(0).json();
    let pod = &found["kills"][0]["pod"];
    assert_eq!((&pod["namespace"], &pod["name"]), (&json!("default"), &json!("one")));
    assert_eq!(found["events"]["kinds"][0]["reason"], "SystemOOM");
}

/// Who may list Pods and nothing else has them named, and is told what was missing.
async fn the_right_to_list_pods_is_enough(plane: &ControlPlane) {
    let rule = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]});
    let named =
        |kind: &str| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "pods"}});
    let (mut role, mut binding) = (named("ClusterRole"), named("ClusterRoleBinding"));
    role["rules"] = json!([rule]);
    binding["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pods"});
    binding["subjects"] = json!([{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "reader"}]);
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let (roles, bindings) = (format!("{rbac}/clusterroles"), format!("{rbac}/clusterrolebindings"));
    plane.create(&[(&roles, role), (&bindings, binding)]).await;
    let kubeconfig = plane.kubeconfig("reader-token");
    let log = fixtures().join("oom").join(LOG).join("log.txt");
    let ask = || memlint!("oom", &log, "--cluster", "--kubeconfig", &kubeconfig, "--format", "json").run();
    // The API server learns of new rights a moment later.
    let started = std::time::Instant::now();
    while ask().stderr.contains("list pods") && started.elapsed().as_secs() < 10 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let told = ask().exits(0);
    assert!(!told.stderr.contains("list pods"), "{}", told.stderr);
    _ = told.complains(&["done without", "does not let you list nodes", "list namespaces"]);
}

fn refusals_say_what_to_do(plane: &ControlPlane, kubeconfig: &str) {
    let ask = |args: &[&str]| -> Memlint { memlint!("capacity", "snapshot").args(args) };
    let elsewhere = ask(&["--kubeconfig", kubeconfig, "--context", "elsewhere"]).run().exits(2);
    _ = elsewhere.complains(&["cannot be reached", "--context"]);
    let unknown = ask(&["--kubeconfig", kubeconfig, "--context", "nowhere"]).run().exits(2);
    _ = unknown.complains(&["nowhere", "kubectl config get-contexts"]);
    let (nobody, wrong) = (plane.kubeconfig("nobody-token"), plane.kubeconfig("wrong-token"));
    let refused = ask(&["--kubeconfig", nobody.to_str().expect("UTF-8")]).run().exits(2);
    _ = refused.complains(&["does not let you list nodes", "kubectl get nodes"]);
    let unauthorized = ask(&["--kubeconfig", wrong.to_str().expect("UTF-8")]).run().exits(2);
    _ = unauthorized.complains(&["log in again"]);
}

#[test]
fn without_a_kubeconfig_there_is_a_next_step() {
    let missing = memlint!("capacity", "snapshot").run().exits(2);
    _ = missing.complains(&["no kubeconfig was found", "--kubeconfig"]);
    let named = memlint!("fit", "--cluster", "--kubeconfig", "missing.yaml", "-").run().exits(2);
    _ = named.complains(&["missing.yaml", "--kubeconfig"]);
    let alone = memlint!("fit", "--kubeconfig", "missing.yaml", "-").run().exits(2);
    _ = alone.complains(&["--cluster"]);
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = Folder::new();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [node("a", "1Gi")]}).to_string();
    folder.write("capacity.yaml".as_ref(), "old");
    let output = folder.at("capacity.yaml");
    let broken = memlint!("capacity", "snapshot", "--from", "-", "-o", &output).stdin("a: [").run().exits(2);
    assert!(broken.stdout.is_empty());
    assert_eq!(std::fs::read_to_string(&output).expect("the file"), "old");
    let nowhere = folder.at("missing/capacity.yaml");
    let refused = memlint!("capacity", "snapshot", "--from", "-", "-o", &nowhere).stdin(list.clone()).run().exits(2);
    _ = refused.complains(&["cannot be written"]);
    _ = memlint!("capacity", "snapshot", "--from", "-", "-o", &output).stdin(list).run().exits(0);
    let text = std::fs::read_to_string(&output).expect("the file");
    assert!(text.contains("kind: Capacity") && !text.contains("requested"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing else is left there");
}
