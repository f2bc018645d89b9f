//! Pods that fit nowhere: D4 to D7, P9.

use std::sync::Arc;

use memlint_policies::capacity::CapacityBuilder;
use memlint_policies::finding::Origin;
use memlint_policies::inventory::Inventory;
use memlint_webhook::state::{App, Cluster};
use serde_json::{Value, json};

use crate::support::{Verdict, app, ask, container, create, deployment, deployment_of, pod, resize};

/// A webhook that knows these nodes, each with 4Gi and what else is given.
pub(crate) fn knowing(nodes: &[Value], certain: bool) -> Arc<App> {
    let mut builder = CapacityBuilder::default();
    for (index, extra) in nodes.iter().enumerate() {
        let list = json!({"cpu": "4", "memory": "4Gi", "pods": "110"});
        let node = json!({
            "metadata": {"name": format!("node-{index}"), "labels": {"kubernetes.io/hostname": format!("node-{index}")}},
            "spec": extra,
            "status": {"allocatable": list, "capacity": list},
        });
        builder.add_node(&serde_json::from_value(node).expect("a node"), Origin::default());
    }
    let agent = json!({
        "metadata": {"name": "agent", "namespace": "kube-system"},
        "spec": {"selector": {}, "template": {"spec": {
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "agent", "resources": {"requests": {"memory": "512Mi"}}}],
        }}},
    });
    builder.add_daemon_set(serde_json::from_value(agent).expect("a DaemonSet"));
    let mut inventory = Inventory::default();
    inventory.set_capacity(Arc::new(builder.build().expect("a capacity")));
    let app = app();
    app.set_cluster(Cluster { inventory, doubt: (!certain).then(|| "a test says so".to_owned()) });
    app
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
async fn d5_what_passes_is_no_reason() {
    let passing = json!({"unschedulable": true, "taints": [
        {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"},
        {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
    ]});
    let app = knowing(&[passing], true);
    assert!(wants(&app, "3Gi").await.allowed);
    let lasting = json!({"taints": [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]});
    let verdict = wants(&knowing(&[lasting], true), "3Gi").await;
    assert!(!verdict.allowed && verdict.message.contains("[no-eligible-node]"), "{verdict:?}");
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
    let app = knowing(&[json!({}), json!({})], true);
    let mut bound = pod("64Gi", "64Gi");
    let term = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]});
    bound["spec"]["affinity"] = json!({"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]},
    }});
    let verdict = ask(&app, &create(&bound)).await;
    assert!(verdict.allowed && !verdict.warnings.is_empty(), "{verdict:?}");
}

#[tokio::test]
async fn d1_a_template_that_fits_nowhere_is_warned_of() {
    let app = knowing(&[json!({})], true);
    let verdict = ask(&app, &deployment(None, &deployment_of(&[container("api", "64Gi", "64Gi")]))).await;
    assert!(verdict.allowed && verdict.warnings.iter().any(|w| w.contains("never-fits")), "{verdict:?}");
}

#[tokio::test]
async fn p9_a_resize_beyond_its_node_is_denied_and_one_that_shrinks_is_not() {
    let app = knowing(&[json!({})], true);
    let on_node = |memory| {
        let mut pod = pod(memory, memory);
        pod["spec"]["nodeName"] = json!("node-0");
        pod
    };
    let grown = ask(&app, &resize(&on_node("1Gi"), &on_node("64Gi"))).await;
    assert!(!grown.allowed, "{grown:?}");
    assert!(ask(&app, &resize(&on_node("64Gi"), &on_node("32Gi"))).await.allowed);
}
