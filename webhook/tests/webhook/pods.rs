//! Pods: D2, D3, D7, D8b, P11, P12.

use std::sync::Arc;

use memlint_kubernetes::reference::Origin;
use memlint_policies::inventory::Inventory;
use memlint_review::{Options, Workloads};
use memlint_webhook::state::{App, Cluster};
use serde_json::json;

use crate::support::{
    app, app_with, ask, container, create, deployment, deployment_of, metric, options, pod, pod_of, resize, with,
};

#[tokio::test]
async fn d1_a_pod_is_denied_for_what_the_policy_denies() {
    let app = app();
    assert!(!ask(&app, &create(&pod("", ""))).await.allowed);
    assert!(!ask(&app, &create(&pod("", "512Mi"))).await.allowed, "a Pod comes defaulted: no request means none");
    let warned = ask(&app, &create(&pod("128Mi", "512Mi"))).await;
    assert!(warned.allowed && warned.warnings[0].contains("limit-far-above-request"), "{warned:?}");
    let fine = ask(&app, &create(&pod("512Mi", "512Mi"))).await;
    assert!(fine.allowed && fine.warnings.is_empty(), "{fine:?}");
}

#[tokio::test]
async fn d2_what_a_limit_range_wrote_is_told_from_what_was_written() {
    let note = "LimitRanger plugin set: memory limit for container api; memory request for container side";
    let mut pod = pod_of(&[container("api", "", "1Gi"), container("db", "", "1Gi")]);
    pod["metadata"]["annotations"] = json!({"kubernetes.io/limit-ranger": note});
    let message = ask(&app(), &create(&pod)).await.message;
    let notes: Vec<&str> = message.lines().filter(|line| line.starts_with("  note: ")).collect();
    assert_eq!(notes, ["  note: the memory limit was set by a LimitRange of the namespace"], "{message}");
}

/// A webhook that knows a LimitRange with this maximum, and whose options deny workloads too.
fn with_maximum(memory: &str) -> Arc<App> {
    let limit_range = json!({
        "metadata": {"name": "most", "namespace": "shop"},
        "spec": {"limits": [{"type": "Container", "max": {"memory": memory}}]},
    });
    let limit_range = serde_json::from_value(limit_range).expect("a LimitRange");
    let mut inventory = Inventory::default();
    inventory.add_limit_range("shop", &limit_range, Origin::default());
    let app = app_with("", Options { workloads: Workloads::Deny, ..options() });
    app.set_cluster(Cluster { inventory, doubt: None });
    app
}

#[tokio::test]
async fn d2_a_pod_that_limit_ranges_let_pass_is_not_denied_for_them() {
    let app = with_maximum("1Gi");
    let (small, large) = (pod("1Gi", "1Gi"), pod("2Gi", "2Gi"));
    for request in [create(&large), resize(&small, &large)] {
        let verdict = ask(&app, &request).await;
        assert!(verdict.allowed, "{verdict:?}");
        assert!(verdict.warnings.iter().any(|warning| warning.contains("outside-limit-range")), "{verdict:?}");
    }
    let template = deployment_of(&[container("api", "2Gi", "2Gi")]);
    let verdict = ask(&app, &deployment(None, &template)).await;
    assert!(!verdict.allowed && verdict.message.contains("[outside-limit-range]"), "{verdict:?}");
}

#[tokio::test]
async fn d3_a_pod_with_an_owner_is_judged_and_its_owner_named() {
    let owner =
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-7d4", "uid": "1", "controller": true}]);
    let mut owned = pod("", "");
    owned["metadata"]["ownerReferences"] = owner;
    let verdict = ask(&app(), &create(&owned)).await;
    assert!(!verdict.allowed);
    assert!(verdict.message.contains("made by ReplicaSet api-7d4"), "{}", verdict.message);
}

#[tokio::test]
async fn d8b_only_kubelets_make_mirror_pods() {
    let mut mirror = pod("", "");
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "abc"});
    let by_jane = create(&mirror);
    let by_kubelet =
        with(by_jane.clone(), &json!({"userInfo": {"username": "system:node:a", "groups": ["system:nodes"]}}));
    assert!(!ask(&app(), &by_jane).await.allowed);
    assert!(ask(&app(), &by_kubelet).await.allowed);
    let plain = with(by_kubelet, &json!({"object": pod("", "")}));
    assert!(!ask(&app(), &plain).await.allowed);
}

#[tokio::test]
async fn p8_what_is_being_deleted_is_allowed() {
    let mut leaving = pod("", "");
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(ask(&app(), &create(&leaving)).await.allowed);
}

#[tokio::test]
async fn p11_a_dry_run_gets_the_same_verdict_and_is_counted_apart() {
    let app = app();
    let wet = create(&pod("", ""));
    let dry = with(wet.clone(), &json!({"dryRun": true}));
    assert_eq!(ask(&app, &wet).await.response, ask(&app, &dry).await.response);
    for dry_run in ["true", "false"] {
        let labels = format!("{{operation=\"CREATE\",kind=\"Pod\",verdict=\"deny\",dry_run=\"{dry_run}\"}}");
        assert_eq!(metric(&app, &format!("memlint_admission_requests_total{labels}")), 1.0);
    }
}

#[tokio::test]
async fn p12_a_name_to_be_made_up_is_shown_as_one() {
    let mut unnamed = pod("", "");
    unnamed["metadata"] = json!({"generateName": "api-7d4-", "namespace": "elsewhere"});
    let message = ask(&app(), &create(&unnamed)).await.message;
    assert!(message.starts_with("Pod shop/api-7d4-* is not allowed: "), "{message}");
}

#[tokio::test]
async fn d4_pod_level_resources_and_overhead_count() {
    let mut pod = pod_of(&[container("api", "", ""), container("db", "", "")]);
    pod["spec"]["resources"] = json!({"requests": {"memory": "1Gi"}, "limits": {"memory": "1Gi"}});
    pod["spec"]["overhead"] = json!({"memory": "120Mi"});
    let verdict = ask(&app(), &create(&pod)).await;
    assert!(verdict.allowed && verdict.warnings.is_empty(), "{verdict:?}");
}

#[tokio::test]
async fn d7_pods_with_scheduling_gates_are_judged() {
    let mut gated = pod("", "");
    gated["spec"]["schedulingGates"] = json!([{"name": "example.com/wait"}]);
    assert!(!ask(&app(), &create(&gated)).await.allowed);
}
