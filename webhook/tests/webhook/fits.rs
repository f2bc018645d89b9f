//! Pods that fit nowhere: D4 to D7, P9.

use std::sync::Arc;

use memlint_capacity::{Capacity, CapacityBuilder};
use memlint_kubernetes::reference::Origin;
use memlint_policies::inventory::Inventory;
use memlint_webhook::state::{App, Cluster};
use serde_json::{Value, json};

use crate::support::{Verdict, app, ask, container, create, deployment, deployment_of, pod, pod_of, resize, with};

/// A webhook that knows these nodes, each with 4Gi and what else its spec says.
pub(crate) fn knowing(specs: &[Value], certain: bool) -> Arc<App> {
    let nodes: Vec<Value> = specs.iter().map(|spec| json!({"spec": spec})).collect();
    serving(inventory(&nodes), certain)
}

fn serving(inventory: Inventory, certain: bool) -> Arc<App> {
    let app = app();
    app.set_cluster(Cluster { inventory, doubt: (!certain).then(|| "a test says so".to_owned()) });
    app
}

/// These nodes, by memory (4Gi if none is given), labels and spec, and DaemonSets that take 512Mi of each: `agent`, of
/// the system, and where nodes are labelled `logs`, `logs` of the namespace `shop`.
pub(crate) fn capacity(nodes: &[Value]) -> Arc<Capacity> {
    let mut builder = CapacityBuilder::default();
    for (index, given) in nodes.iter().enumerate() {
        let name = format!("node-{index}");
        let list = json!({"cpu": "4", "memory": given["memory"].as_str().unwrap_or("4Gi"), "pods": "110"});
        let mut labels = json!({"kubernetes.io/hostname": name});
        for (key, value) in given["labels"].as_object().into_iter().flatten() {
            labels[key] = value.clone();
        }
        let spec = given.get("spec").cloned().unwrap_or_else(|| json!({}));
        let node = json!({
            "metadata": {"name": name, "labels": labels},
            "spec": spec,
            "status": {"allocatable": list, "capacity": list},
        });
        builder.add_node(&serde_json::from_value(node).expect("a node"), Origin::default());
    }
    for (name, namespace, selector) in [("agent", "kube-system", json!({})), ("logs", "shop", json!({"logs": "yes"}))] {
        builder.add_daemon_set(serde_json::from_value(daemon_set(name, namespace, &selector, "512Mi")).expect("one"));
    }
    Arc::new(builder.build().expect("a capacity"))
}

/// All that is known where these nodes are.
pub(crate) fn inventory(nodes: &[Value]) -> Inventory {
    let mut inventory = Inventory::default();
    inventory.set_capacity(capacity(nodes));
    inventory
}

fn daemon_set(name: &str, namespace: &str, node_selector: &Value, memory: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {
                "tolerations": [{"operator": "Exists"}],
                "nodeSelector": node_selector,
                "containers": [container("agent", memory, memory)],
            }},
        },
    })
}

async fn wants(app: &Arc<App>, memory: &str) -> Verdict {
    ask(app, &create(&pod(memory, memory))).await
}

#[tokio::test]
async fn d4_a_pod_that_fits_beside_no_daemon_set_is_denied_with_numbers() {
    let app = knowing(&[json!({})], true);
    assert!(wants(&app, "3Gi").await.allowed);
    let verdict = wants(&app, "3600Mi").await;
    assert!(!verdict.allowed && verdict.message.contains("[never-fits]"), "{verdict:?}");
    assert!(verdict.message.contains("3600Mi") && verdict.message.contains("3584Mi"), "{}", verdict.message);
}

#[tokio::test]
async fn d4_a_daemon_set_does_not_stand_in_its_own_way() {
    let app = serving(inventory(&[json!({"labels": {"logs": "yes"}})]), true);
    for (name, memory, fits) in [("logs", "3584Mi", true), ("logs", "3585Mi", false), ("other", "3584Mi", false)] {
        let set = daemon_set(name, "shop", &json!({"logs": "yes"}), memory);
        let kind = json!({"group": "apps", "version": "v1", "kind": "DaemonSet"});
        let resource = json!({"group": "apps", "version": "v1", "resource": "daemonsets"});
        let verdict = ask(&app, &with(create(&set), &json!({"kind": kind, "resource": resource}))).await;
        assert_eq!(verdict.warnings.is_empty(), fits, "{name} with {memory}: {verdict:?}");
    }
}

#[tokio::test]
async fn d4_sidecars_run_beside_and_other_init_containers_before() {
    let app = knowing(&[json!({})], true);
    for (policy, fits) in [("Always", false), ("", true)] {
        let mut pod = pod_of(&[container("api", "2Gi", "2Gi")]);
        let mut first = container("first", "2Gi", "2Gi");
        if !policy.is_empty() {
            first["restartPolicy"] = json!(policy);
        }
        pod["spec"]["initContainers"] = json!([first]);
        let verdict = ask(&app, &create(&pod)).await;
        assert_eq!(verdict.allowed, fits, "{policy:?}: {verdict:?}");
    }
}

#[tokio::test]
async fn d4_overhead_takes_room_too() {
    let app = knowing(&[json!({})], true);
    for (overhead, fits) in [("512Mi", true), ("513Mi", false)] {
        let mut pod = pod("3Gi", "3Gi");
        pod["spec"]["overhead"] = json!({"memory": overhead});
        assert_eq!(ask(&app, &create(&pod)).await.allowed, fits, "{overhead}");
    }
}

#[tokio::test]
async fn d2_overhead_of_a_runtime_class_counts_for_a_template_and_not_twice_for_a_pod() {
    let mut inventory = inventory(&[json!({})]);
    let class = json!({"metadata": {"name": "vm"}, "handler": "vm", "overhead": {"podFixed": {"memory": "512Mi"}}});
    inventory.add_runtime_class(&serde_json::from_value(class).expect("a RuntimeClass"));
    let app = serving(inventory, true);
    for (memory, fits) in [("3Gi", true), ("3073Mi", false)] {
        let mut template = deployment_of(&[container("api", memory, memory)]);
        template["spec"]["template"]["spec"]["runtimeClassName"] = json!("vm");
        let verdict = ask(&app, &deployment(None, &template)).await;
        let never = verdict.warnings.iter().any(|warning| warning.contains("never-fits"));
        assert_eq!(never, !fits, "a template of {memory}: {verdict:?}");
        let mut pod = pod(memory, memory);
        pod["spec"]["runtimeClassName"] = json!("vm");
        pod["spec"]["overhead"] = json!({"memory": "512Mi"});
        let verdict = ask(&app, &create(&pod)).await;
        assert_eq!(verdict.allowed, fits, "a Pod of {memory}: {verdict:?}");
    }
}

#[tokio::test]
async fn d4_only_nodes_that_selectors_and_affinity_let_count() {
    let nodes = [json!({"labels": {"disk": "ssd"}}), json!({"memory": "64Gi", "labels": {"disk": "tape"}})];
    let app = serving(inventory(&nodes), true);
    assert!(wants(&app, "32Gi").await.allowed);
    let affinity = |disk: &str| {
        let term = json!({"matchExpressions": [{"key": "disk", "operator": "In", "values": [disk]}]});
        json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}})
    };
    for (disk, rule) in [("tape", ""), ("ssd", "[never-fits]"), ("drum", "[no-eligible-node]")] {
        for (key, value) in [("nodeSelector", json!({"disk": disk})), ("affinity", affinity(disk))] {
            let mut pod = pod("32Gi", "32Gi");
            pod["spec"][key] = value;
            let verdict = ask(&app, &create(&pod)).await;
            assert_eq!(verdict.allowed, rule.is_empty(), "{key} {disk}: {verdict:?}");
            assert!(verdict.message.contains(rule), "{key} {disk}: {}", verdict.message);
        }
    }
}

/// Taints of what passes: a node that is ill, new, closed for a while or about to go.
const PASSING: [&str; 10] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/network-unavailable",
    "node.kubernetes.io/unschedulable",
    "node.cloudprovider.kubernetes.io/uninitialized",
    "node.cloudprovider.kubernetes.io/shutdown",
    "ToBeDeletedByClusterAutoscaler",
];

#[tokio::test]
async fn d5_what_passes_is_no_reason() {
    for effect in ["NoSchedule", "NoExecute"] {
        for key in PASSING {
            let passing = json!({"unschedulable": true, "taints": [{"key": key, "effect": effect}]});
            let verdict = wants(&knowing(&[passing], true), "3Gi").await;
            assert!(verdict.allowed && verdict.warnings.is_empty(), "{key} {effect}: {verdict:?}");
        }
        let lasting = json!({"taints": [{"key": "dedicated", "value": "gpu", "effect": effect}]});
        let verdict = wants(&knowing(&[lasting], true), "3Gi").await;
        assert!(!verdict.allowed && verdict.message.contains("[no-eligible-node]"), "{effect}: {verdict:?}");
    }
}

#[tokio::test]
async fn d6_where_nodes_may_come_or_are_unknown_nothing_is_denied_for_them() {
    let uncertain = wants(&knowing(&[json!({})], false), "64Gi").await;
    assert!(uncertain.allowed && uncertain.warnings.iter().any(|w| w.contains("never-fits")), "{uncertain:?}");
    let unknown = wants(&knowing(&[], false), "64Gi").await;
    assert!(unknown.allowed && unknown.warnings.is_empty(), "{unknown:?}");
    assert!(wants(&app(), "64Gi").await.allowed);
}

#[tokio::test]
async fn d7_a_pod_of_a_daemon_set_is_judged_for_its_node_and_only_warned_of() {
    let app = serving(inventory(&[json!({"memory": "64Gi"}), json!({})]), true);
    for (node, fits) in [("node-0", true), ("node-1", false)] {
        let mut bound = pod("32Gi", "32Gi");
        let term = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]});
        bound["spec"]["affinity"] = json!({"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]},
        }});
        let verdict = ask(&app, &create(&bound)).await;
        assert!(verdict.allowed, "{node}: {verdict:?}");
        assert_eq!(verdict.warnings.is_empty(), fits, "{node}: {verdict:?}");
    }
}

#[tokio::test]
async fn d1_a_template_that_fits_nowhere_is_warned_of() {
    let app = knowing(&[json!({})], true);
    let verdict = ask(&app, &deployment(None, &deployment_of(&[container("api", "64Gi", "64Gi")]))).await;
    assert!(verdict.allowed && verdict.warnings.iter().any(|w| w.contains("never-fits")), "{verdict:?}");
}

#[tokio::test]
async fn p9_a_resize_beyond_its_node_is_denied_and_one_that_shrinks_is_not() {
    let app = serving(inventory(&[json!({}), json!({"memory": "64Gi"})]), true);
    let on = |node: &str, memory| {
        let mut pod = pod(memory, memory);
        pod["spec"]["nodeName"] = json!(node);
        pod
    };
    let grown = ask(&app, &resize(&on("node-0", "1Gi"), &on("node-0", "32Gi"))).await;
    assert!(!grown.allowed, "another node has room, its own has none: {grown:?}");
    let grown = ask(&app, &resize(&on("node-1", "1Gi"), &on("node-1", "32Gi"))).await;
    assert!(grown.allowed && grown.warnings.is_empty(), "{grown:?}");
    assert!(!ask(&app, &resize(&on("node-0", "8Gi"), &on("node-0", "9Gi"))).await.allowed, "worse");
    assert!(ask(&app, &resize(&on("node-0", "32Gi"), &on("node-0", "16Gi"))).await.allowed, "better");
}
