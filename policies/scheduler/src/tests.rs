//! Cases that the recorded clusters do not have, or that deserve a name.

use memlint_kubernetes::aggregate::pod_requests;
use serde_json::{Value, json};

use super::*;
use crate::node::Node;

fn node(name: &str, memory: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "pool": "user"}}, "spec": {},
        "status": {"allocatable": {"cpu": "2", "memory": memory, "pods": "110"}}})
}

fn pod(name: &str, node: &str, memory: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "apps", "labels": {"app": "a"}},
        "spec": {"nodeName": node, "containers": [{"name": "c", "resources": {"requests": {"memory": memory}}}]}})
}

fn of_daemon_set(mut pod: Value) -> Value {
    pod["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "ds", "uid": "u", "controller": true}]);
    pod
}

fn builder(nodes: &[Value], pods: &[Value]) -> ClusterBuilder {
    let mut builder = ClusterBuilder::default();
    for node in nodes {
        builder.node(Node::read(&serde_json::from_value(node.clone()).expect("a Node")).0);
    }
    for pod in pods {
        builder.pod(&serde_json::from_value(pod.clone()).expect("a Pod"));
    }
    builder
}

fn candidate(memory: &str, more: Value) -> Candidate {
    let mut spec = more;
    spec["containers"] = json!([{"name": "c", "resources": {"requests": {"memory": memory}}}]);
    let spec = serde_json::from_value(spec).expect("a Pod spec");
    Candidate::new(&spec, &[("app".to_owned(), "a".to_owned())].into(), "apps", &pod_requests(&spec, None))
}

fn message(cluster: &Cluster, candidate: &Candidate, view: View) -> Option<String> {
    filter(cluster, candidate, view).message(Release::default())
}

/// Three small nodes, each with 310Mi requested, and a Pod of 2Gi: the case of the field report.
#[test]
fn two_gibibytes_that_fit_only_an_empty_node() {
    let nodes = ["n0", "n1", "n2"].map(|name| node(name, "2209268Ki"));
    let pods = ["n0", "n1", "n2"].map(|node| pod(node, node, "310Mi"));
    let big = candidate("2Gi", json!({}));
    let cluster = builder(&nodes, &pods).build();
    assert_eq!(message(&cluster, &big, View::Empty), None);
    assert_eq!(message(&cluster, &big, View::Now).as_deref(), Some("0/3 nodes are available: 3 Insufficient memory."));
    let best = offers(&cluster, &big, View::Now, "memory")[0];
    assert_eq!((best.left() / 1024, best.short_otherwise), (1_891_828, false));
    assert_eq!(cluster.nodes().classes().len(), 1);

    let cluster = builder(&nodes, &pods.map(of_daemon_set)).build();
    assert!(!filter(&cluster, &big, View::Empty).fits());
    assert_eq!(cluster.nodes().classes()[0].overhead.pods, 1);
}

#[test]
fn the_words_are_those_of_the_release() {
    let mut tainted = node("n0", "1Gi");
    tainted["spec"]["taints"] = json!([{"key": "soft", "effect": "PreferNoSchedule"},
        {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}, {"key": "b", "effect": "NoExecute"}]);
    let cluster = builder(&[tainted, node("n1", "1Gi")], &[]).build();
    let big = candidate("2Gi", json!({}));
    let verdict = filter(&cluster, &big, View::Empty);
    let said = |minor| verdict.message(Release(minor)).expect("a message");
    assert_eq!(said(36), "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s).");
    assert_eq!(
        said(30),
        "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint {dedicated: gpu}."
    );
    assert_eq!(
        said(22),
        "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had taint {dedicated: gpu}, that the pod didn't tolerate."
    );
}

#[test]
fn some_pods_are_refused_before_any_node_is_looked_at() {
    let cluster = builder(&[node("n0", "1Gi")], &[]).build();
    let gated = candidate("1Mi", json!({"schedulingGates": [{"name": "g"}]}));
    let said = message(&cluster, &gated, View::Now);
    assert_eq!(said.as_deref(), Some("Scheduling is blocked due to non-empty scheduling gates"));
    let name = |name: &str| json!({"key": "metadata.name", "operator": "In", "values": [name]});
    let affinity = |fields: Value| {
        let terms = json!({"nodeSelectorTerms": [{"matchFields": fields}]});
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}})
    };
    let torn = candidate("1Mi", affinity(json!([name("n0"), name("n1")])));
    let said = message(&cluster, &torn, View::Now);
    assert_eq!(said.as_deref(), Some("0/1 nodes are available: pod affinity terms conflict."));
    let absent = candidate("1Mi", affinity(json!([name("n1")])));
    let said = message(&cluster, &absent, View::Now);
    assert_eq!(said.as_deref(), Some("0/1 nodes are available: 1 node(s) didn't satisfy plugin(s) [NodeAffinity]."));
    let none = ClusterBuilder::default().build();
    assert_eq!(message(&none, &absent, View::Now).as_deref(), Some("no nodes available to schedule pods"));
}

#[test]
fn a_pod_that_names_its_node_asks_only_the_kubelet() {
    let mut nodes = [node("n0", "1Gi"), node("n1", "1Gi")];
    nodes[0]["spec"] = json!({"unschedulable": true, "taints": [{"key": "t", "effect": "NoSchedule"}]});
    let cluster = builder(&nodes, &[]).build();
    let bold = candidate("2Gi", json!({"nodeName": "n0", "nodeSelector": {"pool": "gpu"}}));
    assert_eq!(filter(&cluster, &bold, View::Now).feasible_names(), ["n0"]);
    let refused = refused_by_kubelet(&cluster, &bold, View::Now, 0);
    assert_eq!(refused, [Reason::Insufficient("memory".into()), Reason::NodeAffinity]);
    let lost = candidate("1Mi", json!({"nodeName": "gone"}));
    assert!(!filter(&cluster, &lost, View::Now).fits());
}

#[test]
fn pods_that_are_over_do_not_count_and_those_that_are_going_do() {
    let mut over = pod("a", "n0", "1Gi");
    over["status"] = json!({"phase": "Succeeded"});
    let mut going = pod("b", "n1", "1Gi");
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let cluster = builder(&[node("n0", "1Gi"), node("n1", "1Gi")], &[over, going, pod("c", "gone", "1Gi")]).build();
    assert_eq!(filter(&cluster, &candidate("1Gi", json!({})), View::Now).feasible_names(), ["n0"]);
}

#[test]
fn a_question_about_ever_looks_past_cordons_and_passing_taints() {
    let mut nodes = [node("n0", "1Gi"), node("n1", "1Gi"), node("n2", "1Gi")];
    nodes[0]["spec"] =
        json!({"unschedulable": true, "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]});
    nodes[1]["spec"] = json!({"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]});
    nodes[2]["spec"] = json!({"taints": [{"key": "dedicated", "effect": "NoSchedule"}]});
    let cluster = builder(&nodes, &[]).build();
    let small = candidate("1Mi", json!({}));
    assert!(!filter(&cluster, &small, View::Empty).fits());
    let ever = Look { view: View::Empty, past_cordons: true };
    assert_eq!(filter(&cluster, &small, ever).feasible_names(), ["n0", "n1"]);
}

#[test]
fn names_the_one_thing_in_the_way() {
    let mut nodes = [node("n0", "1Gi"), node("n1", "1Gi"), node("n2", "4Gi"), node("n3", "4Gi")];
    nodes[1]["metadata"]["labels"]["pool"] = json!("gpu");
    nodes[2]["spec"]["taints"] = json!([{"key": "dedicated", "effect": "NoSchedule"}]);
    nodes[3]["metadata"]["labels"]["pool"] = json!("gpu");
    let cluster = builder(&nodes, &[]).build();
    let wanting = candidate("2Gi", json!({"nodeSelector": {"pool": "user"}}));
    let sole = sole_obstacles(&cluster, &wanting, View::Empty);
    let shown: Vec<String> = sole.iter().map(|(obstacle, nodes)| format!("{obstacle:?} {nodes:?}")).collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert_eq!(sole[&Obstacle::Label("pool=user".into())], [3]);
    assert_eq!(sole[&Obstacle::Other(Reason::Insufficient("memory".into()))], [0]);
    assert!(sole.keys().any(|obstacle| matches!(obstacle, Obstacle::Taint(taint) if taint.key == "dedicated")));
    assert_eq!(obstacles(&cluster, &wanting, View::Empty).len(), 4);
}

#[test]
fn daemon_sets_without_known_pods_are_put_where_they_will_run() {
    let mut nodes = [node("n0", "1Gi"), node("n1", "1Gi"), node("n2", "1Gi")];
    nodes[1]["spec"] =
        json!({"unschedulable": true, "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]});
    nodes[2]["spec"]["taints"] = json!([{"key": "dedicated", "effect": "NoSchedule"}]);
    let template = json!({"metadata": {"labels": {"app": "ds"}},
        "spec": {"containers": [{"name": "c", "resources": {"requests": {"memory": "512Mi"}}}]}});
    let overheads = |pods: &[Value]| {
        let mut builder = builder(&nodes, pods);
        let template = serde_json::from_value(template.clone()).expect("a template");
        builder.daemon_set(
            "apps",
            "ds",
            &template,
            [("memory".to_owned(), memlint_kubernetes::quantity::Quantity::bytes(512 << 20))].into(),
        );
        let cluster = builder.build();
        (0..3).map(|node| cluster.room(node, "memory", View::Empty).1 >> 20).collect::<Vec<_>>()
    };
    assert_eq!(overheads(&[]), [512, 512, 0]);
    // One of its Pods is known: nodes with Pods but none of its own have none; nodes yet to come will have one.
    assert_eq!(overheads(&[of_daemon_set(pod("ds-0", "n0", "100Mi"))]), [100, 512, 0]);
    assert_eq!(overheads(&[of_daemon_set(pod("ds-0", "n0", "100Mi")), pod("x", "n1", "1Mi")]), [100, 0, 0]);
}

#[test]
fn the_same_pod_from_two_sources_counts_once() {
    let cluster = builder(&[node("n0", "1Gi")], &[pod("a", "n0", "600Mi"), pod("a", "n0", "600Mi")]).build();
    assert_eq!(cluster.room(0, "memory", View::Now).1, 600 << 20);
    assert_eq!(cluster.slots(0, View::Now), (110, 1));
}

#[test]
fn replicas_of_one_per_node_stop_at_the_number_of_nodes() {
    let nodes: Vec<Value> = (0..5).map(|index| node(&format!("n{index}"), "4Gi")).collect();
    let cluster = builder(&nodes, &[pod("a", "n0", "1Mi")]).build();
    let term = json!([{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "a"}}}]);
    let alone = candidate(
        "1Gi",
        json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}}),
    );
    let packing = pack(&cluster, &alone, 6, View::Now);
    assert_eq!(packing.placed, 4);
    let said = packing.next.and_then(|verdict| verdict.message(Release::default()));
    assert_eq!(said.as_deref(), Some("0/5 nodes are available: 5 node(s) didn't match pod anti-affinity rules."));
    assert_eq!(pack(&cluster, &candidate("1Gi", json!({})), 100, View::Now).placed, 19);
}

#[test]
fn what_is_not_judged_is_named() {
    let volumes =
        json!([{"name": "data", "persistentVolumeClaim": {"claimName": "x"}}, {"name": "tmp", "emptyDir": {}}]);
    let claims = candidate("1Mi", json!({"volumes": volumes, "resourceClaims": [{"name": "gpu"}]}));
    assert_eq!(claims.unmodelled().len(), 2);
    assert!(candidate("1Mi", json!({})).unmodelled().is_empty());
}

#[test]
fn absurd_amounts_do_no_harm() {
    let mut absurd = node("n0", "9999999999999999999999999E");
    absurd["status"]["allocatable"]["cpu"] = json!("-5");
    absurd["status"]["allocatable"]["pods"] = json!("99999999999999999999");
    let pods = [pod("a", "n0", "9e40"), pod("b", "n0", "9e40"), pod("c", "n0", "-9e40")];
    let cluster = builder(&[absurd], &pods).build();
    for memory in ["0", "-1", "9e40", "1n"] {
        let odd = candidate(memory, json!({}));
        _ = filter(&cluster, &odd, View::Now).message(Release::default());
        _ = pack(&cluster, &odd, u64::MAX, View::Now).placed;
        _ = offers(&cluster, &odd, View::Now, "memory");
    }
}

#[test]
fn a_workloads_own_pods_can_be_left_out() {
    let owned = |name: &str, kind: &str, owner: &str| {
        let mut pod = pod(name, "n0", "100Mi");
        pod["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "apps/v1", "kind": kind, "name": owner, "uid": "u", "controller": true}]);
        pod
    };
    let pods = [
        owned("a", "ReplicaSet", "web-5d8f7"),
        owned("b", "ReplicaSet", "web-5d8f7"),
        owned("c", "ReplicaSet", "web-admin-77c4"),
        owned("d", "StatefulSet", "web"),
        pod("web", "n0", "100Mi"),
    ];
    let cluster = builder(&[node("n0", "1Gi")], &pods).build();
    let left = |kind: &str, name: &str| {
        let namespace = pods[0]["metadata"]["namespace"].as_str().unwrap_or("default");
        let rest = cluster.without(namespace, kind, name);
        rest.map(|rest| {
            (
                cluster.pods_of(namespace, kind, name),
                rest.slots(0, View::Now).1,
                rest.room(0, "memory", View::Now).1 >> 20,
            )
        })
    };
    assert_eq!(left("Deployment", "web"), Some((2, 3, 300)));
    assert_eq!(left("Deployment", "web-admin"), Some((1, 4, 400)));
    assert_eq!(left("StatefulSet", "web"), Some((1, 4, 400)));
    assert_eq!(left("Pod", "web"), Some((1, 4, 400)));
    assert_eq!(left("Deployment", "we"), None);
}
