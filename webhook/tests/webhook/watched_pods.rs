//! What `--watch-pods` adds, and what is kept of what is watched: R8, D4.

use std::time::Duration;

use memlint_capacity::{Capacity, CapacityBuilder};
use memlint_kubernetes::reference::Origin;
use memlint_review::Workloads;
use memlint_scheduler::View;
use memlint_webhook::cluster::Settings;
use memlint_webhook::state::App;
use serde_json::{Value, json};

use crate::cluster::{Watching, node, until, watching_with};
use crate::fake::{DAEMON_SETS, Fake, NODES, PODS, RUNTIME_CLASSES};
use crate::support::{Verdict, app, app_with, ask, create, deployment, deployment_of, metric, options, pod, resize};

const WITH_PODS: Settings = Settings {
    nodes: memlint_review::Nodes::Fixed,
    pods: true,
    stale: Duration::from_secs(60),
    patience: Duration::from_secs(30),
    look_every: Duration::from_secs(60),
};

/// A Pod on node `a`, with what real ones have besides.
fn bound(name: &str, memory: &str) -> Value {
    let mut pod = pod(memory, memory);
    pod["metadata"] = json!({
        "name": name, "namespace": "shop", "resourceVersion": "8", "labels": {"app": "api"},
        "annotations": {"note": "x".repeat(1_000)},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-7d4", "uid": "1", "controller": true}],
    });
    pod["spec"]["nodeName"] = json!("a");
    pod["status"] = json!({"phase": "Running", "podIP": "10.0.0.1"});
    pod
}

fn has(verdict: &Verdict, rule: &str) -> bool {
    verdict.warnings.iter().chain([&verdict.message]).any(|text| text.contains(rule))
}

fn pods(app: &App) -> f64 {
    metric(app, "memlint_cache_objects{kind=\"Pod\"}")
}

async fn one_full_node() -> (Fake, Watching) {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({}))), (PODS, bound("api-7d4-1", "6Gi"))]);
    let watching = watching_with(&fake, app(), WITH_PODS).await;
    (fake, watching)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_pods_are_watched_only_where_that_is_asked_for() {
    let (fake, watching) = one_full_node().await;
    assert_eq!(fake.with(|state| state.lists.get(PODS).copied()), Some(1));
    assert!(has(&ask(&watching.app, &create(&pod("4Gi", "4Gi"))).await, "does-not-fit-now"));
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({}))), (PODS, bound("api-7d4-1", "6Gi"))]);
    let without = watching_with(&fake, app(), Settings { pods: false, ..WITH_PODS }).await;
    assert_eq!(fake.with(|state| state.lists.get(PODS).copied()), None);
    let verdict = ask(&without.app, &create(&pod("4Gi", "4Gi"))).await;
    assert!(verdict.allowed && verdict.warnings.is_empty(), "{verdict:?}");
    assert!(!without.app.metrics.render().contains("memlint_cache_synced{kind=\"Pod\"}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn want_of_room_today_is_a_warning_whatever_the_policy_says() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({}))), (PODS, bound("api-7d4-1", "6Gi"))]);
    let app = app_with(
        "rules: {does-not-fit-now: deny}",
        memlint_review::Options { workloads: Workloads::Deny, ..options() },
    );
    let watching = watching_with(&fake, app, WITH_PODS).await;
    let verdict = ask(&watching.app, &create(&pod("4Gi", "4Gi"))).await;
    assert!(verdict.allowed && has(&verdict, "does-not-fit-now"), "{verdict:?}");
    let template = deployment_of(&[crate::support::container("api", "4Gi", "4Gi")]);
    let mut other = template.clone();
    other["metadata"]["name"] = json!("other");
    let verdict = ask(&watching.app, &deployment(None, &other)).await;
    assert!(verdict.allowed && has(&verdict, "does-not-fit-now"), "{verdict:?}");
    // An update of what runs there replaces it.
    let verdict = ask(&watching.app, &deployment(None, &template)).await;
    assert!(!has(&verdict, "does-not-fit-now"), "{verdict:?}");
    let verdict = ask(&watching.app, &create(&pod("9Gi", "9Gi"))).await;
    assert!(!verdict.allowed && has(&verdict, "never-fits"), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_is_resized_is_not_held_against_itself() {
    let (_fake, watching) = one_full_node().await;
    let verdict = ask(&watching.app, &resize(&bound("api-7d4-1", "6Gi"), &bound("api-7d4-1", "7Gi"))).await;
    assert!(verdict.allowed && !has(&verdict, "does-not-fit-now"), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pods_count_while_they_are_bound_and_not_over() {
    let (fake, watching) = one_full_node().await;
    let mut pending = bound("pending", "6Gi");
    pending["spec"]["nodeName"] = Value::Null;
    fake.event(PODS, "ADDED", &pending);
    fake.event(PODS, "ADDED", &bound("api-7d4-2", "1Gi"));
    until("the bound one is known", || pods(&watching.app) == 2.0).await;
    let mut over = bound("api-7d4-1", "6Gi");
    over["metadata"]["resourceVersion"] = json!("9");
    over["status"]["phase"] = json!("Succeeded");
    fake.event(PODS, "MODIFIED", &over);
    until("the one that is over is forgotten", || pods(&watching.app) == 1.0).await;
    for _ in 0..400 {
        if !has(&ask(&watching.app, &create(&pod("4Gi", "4Gi"))).await, "does-not-fit-now") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("its room was never given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r9_churn_of_pods_takes_a_bounded_share_of_time() {
    let nodes: Vec<(&str, Value)> =
        (0..2_000).map(|index| (NODES, node(&format!("n{index}"), "8Gi", &json!({})))).collect();
    let fake = Fake::new(&nodes);
    let watching = watching_with(&fake, app(), WITH_PODS).await;
    let rebuilds = || metric(&watching.app, "memlint_capacity_rebuilds_total");
    let spent = || metric(&watching.app, "memlint_capacity_rebuild_seconds_total");
    let (before, spent_before, started) = (rebuilds(), spent(), std::time::Instant::now());
    for index in 0..400 {
        let kind = if index < 200 { "ADDED" } else { "DELETED" };
        fake.event(PODS, kind, &bound(&format!("p{}", index % 200), "1Gi"));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = started.elapsed().as_secs_f64();
    let (rebuilds, spent) = (rebuilds() - before, spent() - spent_before);
    // A tenth, and what was begun at either end of this time.
    assert!(
        rebuilds >= 1.0 && spent <= took / 10.0 + 2.0 * spent / rebuilds,
        "{spent} s of {took} s, {rebuilds} times"
    );
    until("all are gone in the end", || pods(&watching.app) == 0.0).await;
}

/// What the engine makes of objects that nobody trimmed.
fn untrimmed(objects: &[(&str, Value)]) -> Capacity {
    let mut builder = CapacityBuilder::default();
    for (path, object) in objects {
        let object = object.clone();
        match *path {
            NODES => builder.add_node(&serde_json::from_value(object).expect("a node"), Origin::default()),
            PODS => builder.add_pod(&serde_json::from_value(object).expect("a Pod")),
            DAEMON_SETS => builder.add_daemon_set(serde_json::from_value(object).expect("a DaemonSet")),
            _ => builder.add_runtime_class(serde_json::from_value(object).expect("a class"), Origin::default()),
        }
    }
    builder.build().expect("a capacity")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_what_is_kept_of_objects_is_all_that_counts() {
    let image = "registry.example/agent:1";
    let set = |name: &str, spec: Value| {
        let template = json!({"metadata": {"labels": {"app": name}, "annotations": {"a": "b"}}, "spec": spec});
        let spec = json!({"selector": {"matchLabels": {"app": name}}, "template": template});
        let metadata = json!({"name": name, "namespace": "kube-system", "resourceVersion": "8"});
        (DAEMON_SETS, json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec}))
    };
    let requests =
        |name: &str, memory: &str| json!({"name": name, "image": image, "resources": {"requests": {"memory": memory}}});
    let mut sidecar = requests("sidecar", "100Mi");
    sidecar["restartPolicy"] = json!("Always");
    let term = json!({"matchExpressions": [{"key": "zone", "operator": "In", "values": ["z1"]}]});
    let affinity =
        json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}});
    let mut tainted = node("b", "8Gi", &json!({"zone": "z1"}));
    tainted["spec"] = json!({"taints": [{"key": "gpu", "effect": "NoSchedule"}]});
    let gvisor = json!({
        "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "handler": "runsc",
        "metadata": {"name": "gvisor", "resourceVersion": "8"}, "overhead": {"podFixed": {"memory": "33Mi"}},
    });
    let mut resized = bound("resized", "1Gi");
    let used = json!([{"name": "api", "ready": true, "image": image, "imageID": "", "restartCount": 0, "resources": {"requests": {"memory": "2Gi"}}}]);
    resized["status"]["containerStatuses"] = used;
    let mut grown = bound("grown", "1Gi");
    grown["spec"]["resources"] = json!({"requests": {"memory": "1Gi"}});
    grown["status"]["resources"] = json!({"requests": {"memory": "3Gi"}});
    let tolerations = json!([{"operator": "Exists"}]);
    let objects = [
        (NODES, node("a", "8Gi", &json!({"disk": "ssd"}))),
        (NODES, tainted),
        (RUNTIME_CLASSES, gvisor),
        (PODS, resized),
        (PODS, grown),
        set("plain", json!({"containers": [requests("c", "10Mi")]})),
        set("tolerant", json!({"tolerations": tolerations, "containers": [requests("c", "20Mi")]})),
        set("picky", json!({"nodeSelector": {"disk": "ssd"}, "containers": [requests("c", "40Mi")]})),
        set("zonal", json!({"affinity": affinity, "tolerations": tolerations, "containers": [requests("c", "80Mi")]})),
        set(
            "sidecars",
            json!({"initContainers": [sidecar, requests("i", "300Mi")], "containers": [requests("c", "7Mi")]}),
        ),
        set("as-a-pod", json!({"resources": {"requests": {"memory": "500Mi"}}, "containers": [requests("c", "9Mi")]})),
        set("sandboxed", json!({"runtimeClassName": "gvisor", "containers": [requests("c", "1Mi")]})),
        set("heavier", json!({"overhead": {"memory": "3Mi"}, "containers": [requests("c", "1Mi")]})),
    ];
    let fake = Fake::new(&objects);
    let watching = watching_with(&fake, app(), WITH_PODS).await;
    let cluster = watching.app.cluster.load_full();
    let (kept, whole) = (cluster.inventory.capacity().expect("a capacity"), untrimmed(&objects));
    assert_eq!(format!("{:?}", kept.now()), format!("{:?}", whole.now()));
    let a = whole.now().nodes().find("a").expect("the node");
    assert_eq!(whole.now().room(a, "memory", View::Now).1 >> 20, 1008 + 5 * 1024, "what resizes use counts");
    let memory = |class: usize| kept.now().nodes().classes()[class].overhead.requests["memory"].value() >> 20;
    let overheads: Vec<i64> = (0..2).map(memory).collect();
    // a: plain, tolerant, picky, sidecars (100 + 300), as-a-pod, sandboxed (1 + 33), heavier (1 + 3); b: tolerant, zonal.
    assert_eq!(overheads, [10 + 20 + 40 + 400 + 500 + 34 + 4, 20 + 80]);
}
