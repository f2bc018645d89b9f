//! Pods: D2, D3, D7, D8b, P11, P12.

use serde_json::json;

use crate::support::{app, ask, container, create, metric, pod, pod_of, with};

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
    assert!(message.starts_with("Pod shop/api-7d4-* has 1 problem that is not allowed here:"), "{message}");
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
