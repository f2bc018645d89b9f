//! What people reported of Pods that stayed Pending, rebuilt: each case is a folder, a command line, and what must be said.

use memlint_tests::folder::Folder;
use memlint_tests::memlint;
use serde_json::{Value, json};

const HEAD: &str = "apiVersion: memlint.dev/v1alpha1\nkind: Capacity\n";

fn node(name: &str, memory: &str, labels: &Value) -> Value {
    let resources = json!({"cpu": "4", "memory": memory, "pods": "110"});
    let mut labels = labels.clone();
    labels["kubernetes.io/hostname"] = json!(name);
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": resources, "capacity": resources},
    })
}

fn workload(kind: &str, name: &str, memory: &str, replicas: u32, extra: &Value) -> Value {
    let container = json!({"name": "app", "image": "example.com/app",
        "resources": {"requests": {"memory": memory}, "limits": {"memory": memory}}});
    let mut spec = json!({"containers": [container]});
    if let (Some(spec), Some(extra)) = (spec.as_object_mut(), extra.as_object()) {
        spec.extend(extra.clone());
    }
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec}},
    });
    if kind != "DaemonSet" {
        object["spec"]["replicas"] = json!(replicas);
    }
    object
}

fn deployment(name: &str, memory: &str, extra: &Value) -> Value {
    workload("Deployment", name, memory, 1, extra)
}

/// A folder with manifests and what is known of the nodes.
fn folder(objects: &[Value], capacity: &str) -> Folder {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    Folder::new().with("k8s/all.json", list.to_string()).with("nodes.yaml", capacity)
}

fn nodes(nodes: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": nodes}).to_string()
}

/// The rules and levels that are found.
fn found(folder: &Folder, args: &[&str]) -> Vec<String> {
    let run = memlint!("k8s", "--capacity", "nodes.yaml", "--format", "json").args(args).within(folder.path()).run();
    let root = run.json();
    let text = |finding: &Value| {
        let word = |key: &str| finding[key].as_str().expect("a word").to_owned();
        format!("{} {}", word("level"), word("rule"))
    };
    let mut all: Vec<String> = root["findings"].as_array().expect("a list").iter().map(text).collect();
    all.sort();
    all
}

const NONE: [&str; 0] = [];

#[test]
fn labels_that_a_pool_does_not_state_are_unknown() {
    let pool = format!("{HEAD}pools:\n- {{name: user, provider: aks, size: Standard_D4s_v5, count: {{now: 3}}}}\n");
    let spread = json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "a"}}}]});
    let selects = |key: &str, value: &str| json!({"nodeSelector": {key: value}});
    for (extra, expected) in [
        (spread, &NONE[..]),
        (selects("topology.kubernetes.io/zone", "westeurope-1"), &NONE),
        (selects("topology.kubernetes.io/region", "westeurope"), &NONE),
        (selects("kubernetes.azure.com/mode", "user"), &NONE),
        (selects("node.kubernetes.io/instance-type", "Standard_D4s_v5"), &NONE),
        (selects("kubernetes.azure.com/agentpool", "user"), &NONE),
        (selects("kubernetes.azure.com/agentpool", "system"), &["deny no-eligible-node"]),
        (selects("node.kubernetes.io/instance-type", "Standard_D8s_v5"), &["deny no-eligible-node"]),
        (selects("team", "a"), &["deny no-eligible-node"]),
    ] {
        let folder = folder(&[deployment("a", "1Gi", &extra)], &pool);
        assert_eq!(found(&folder, &[]), expected, "{extra}");
    }
    let zone = selects("topology.kubernetes.io/zone", "westeurope-1");
    let folder = folder(&[deployment("a", "1Gi", &zone)], &pool);
    _ = memlint!("fit", "k8s", "--capacity", "nodes.yaml")
        .within(folder.path())
        .run()
        .exits(0)
        .says(&["a pool does not state topology.kubernetes.io/zone"]);
}

#[test]
fn where_nodes_may_come_nothing_is_denied_for_want_of_room() {
    let large = deployment("a", "8Gi", &json!({}));
    let karpenter = nodes(&[node("n1", "4Gi", &json!({"karpenter.sh/nodepool": "general"}))]);
    let plain = nodes(&[node("n1", "4Gi", &json!({}))]);
    for (capacity, args, expected) in [
        (&karpenter, &[][..], "warn never-fits"),
        (&karpenter, &["--nodes", "fixed"], "deny never-fits"),
        (&plain, &[], "deny never-fits"),
        (&plain, &["--nodes", "growing"], "warn never-fits"),
    ] {
        let all = found(&folder(std::slice::from_ref(&large), capacity), args);
        assert!(all.contains(&expected.to_owned()), "{args:?}: {all:?}");
    }
    let folder = folder(&[large], &karpenter);
    _ =
        memlint!("k8s", "--capacity", "nodes.yaml").within(folder.path()).run().exits(0).says(&[
            "no Pod is denied for want of room, as nodes may come: a node has the label karpenter.sh/nodepool",
        ]);
}

#[test]
fn a_daemon_set_among_the_manifests_takes_its_room() {
    let n4 = nodes(&[node("n4", "4Gi", &json!({}))]);
    let agent = |memory: &str| workload("DaemonSet", "agent", memory, 1, &json!({}));
    let api = deployment("api", "3Gi", &json!({}));
    let only = ["--only", "never-fits"];
    assert_eq!(found(&folder(&[agent("2Gi"), api.clone()], &n4), &only), ["deny never-fits"]);
    assert_eq!(found(&folder(&[agent("512Mi"), api.clone()], &n4), &only), NONE);
    // One that is there already is taken as it will be.
    let there = nodes(&[node("n4", "4Gi", &json!({})), agent("2Gi")]);
    assert_eq!(found(&folder(&[agent("512Mi"), api.clone()], &there), &only), NONE);
    assert_eq!(found(&folder(&[api], &there), &only), ["deny never-fits"]);
}

#[test]
fn kinds_of_other_groups_are_not_kubernetes_own() {
    let volcano = json!({
        "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "train", "namespace": "ml"},
        "spec": {"minAvailable": 1, "schedulerName": "volcano", "tasks": [{"name": "worker", "replicas": 2, "template":
            {"spec": {"containers": [{"name": "w", "image": "x", "resources":
                {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}}]}}}]},
    });
    let n4 = nodes(&[node("n4", "4Gi", &json!({}))]);
    assert_eq!(found(&folder(&[volcano], &n4), &[]), ["deny request-above-limit"]);
}

#[test]
fn an_operators_template_is_a_patch_where_a_container_has_no_image() {
    let elasticsearch = json!({
        "apiVersion": "elasticsearch.k8s.elastic.co/v1", "kind": "Elasticsearch",
        "metadata": {"name": "logs", "namespace": "logs"},
        "spec": {"version": "8.15.0", "nodeSets": [{"name": "default", "count": 3, "podTemplate": {"spec": {"containers":
            [{"name": "elasticsearch", "env": [{"name": "ES_JAVA_OPTS", "value": "-Xms1g -Xmx1g"}]}]}}}]},
    });
    let n4 = nodes(&[node("n4", "4Gi", &json!({}))]);
    assert_eq!(found(&folder(std::slice::from_ref(&elasticsearch), &n4), &[]), NONE);
    let mut wrong = elasticsearch;
    wrong["spec"]["nodeSets"][0]["podTemplate"]["spec"]["containers"][0]["resources"] =
        json!({"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}});
    assert!(found(&folder(&[wrong], &n4), &[]).contains(&"deny request-above-limit".to_owned()));
}

#[test]
fn fit_says_so_where_nothing_is_known_of_nodes_and_leaves_out_own_pods() {
    let limits = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l", "namespace": "shop"},
        "spec": {"limits": []}});
    let unknown = folder(&[deployment("a", "1Gi", &json!({}))], &limits.to_string());
    _ = memlint!("fit", "k8s", "--capacity", "nodes.yaml")
        .within(unknown.path())
        .run()
        .exits(2)
        .complains(&["nothing is known of the nodes"]);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a-5d4f-x", "namespace": "shop", "labels": {"app": "a"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a-5d4f", "uid": "1", "controller": true}]},
        "spec": {"nodeName": "n4", "containers": [{"name": "app", "image": "x", "resources": {"requests": {"memory": "3Gi"}}}]},
        "status": {"phase": "Running"},
    });
    let there = folder(&[deployment("a", "3Gi", &json!({}))], &nodes(&[node("n4", "4Gi", &json!({})), pod]));
    let run = memlint!("fit", "k8s", "--capacity", "nodes.yaml").within(there.path()).run();
    _ = run.exits(0).says(&["its own Pods that run already are left out"]);
}

#[test]
fn fit_places_all_of_them_together() {
    let n4 = nodes(&[node("n4", "4Gi", &json!({}))]);
    let five: Vec<Value> = (0..5).map(|index| deployment(&format!("d{index}"), "1536Mi", &json!({}))).collect();
    let fit = |objects: &[Value], args: &[&str]| {
        memlint!("fit", "k8s", "--capacity", "nodes.yaml").args(args).within(folder(objects, &n4).path()).run()
    };
    _ = fit(&five, &[]).exits(1).says(&["together, in the order of the files: 2 of 5 placed", "0 of 1 placed"]);
    _ = fit(&five, &["--alone"]).exits(0).says(&["5 placed now"]);
    let nine = [workload("Deployment", "nine", "1Gi", 9, &json!({}))];
    _ = fit(&nine, &[]).exits(1).says(&["4 of 9 placed"]);
    _ = fit(&nine[..1], &["--alone"]).exits(0);
    let apart = json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "a"}}}]}}});
    let both = [deployment("a", "1Gi", &json!({})), deployment("b", "1Gi", &apart)];
    _ = fit(&both, &[]).exits(1).says(&["1 of 2 placed"]);
    let answer = fit(&nine, &["--format", "json"]).json();
    assert_eq!(answer["results"][0]["together"]["placed"], 4);
}
