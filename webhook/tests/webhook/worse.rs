//! P8: what an update makes worse is told, what it makes better is not, for every rule that has a figure.

use std::sync::Arc;

use memlint_kubernetes::reference::Origin;
use memlint_policies::inventory::Inventory;
use memlint_policies::rules::RULES;
use memlint_review::{Options, Workloads};
use memlint_webhook::state::{App, Cluster};
use serde_json::{Value, json};

use crate::fits::inventory;
use crate::support::{app_with, ask, container, deployment, deployment_of, options};

/// What is known besides the nodes: of 1Gi each, of which DaemonSets take half.
fn surroundings() -> Inventory {
    let mut known = inventory(&[json!({"memory": "1Gi"}), json!({"memory": "1Gi"})]);
    let limits = json!([
        {"type": "Container", "max": {"memory": "256Mi"}, "min": {"memory": "64Mi"}},
        {"type": "Container", "maxLimitRequestRatio": {"memory": "2"}},
        {"type": "Pod", "max": {"cpu": "2"}},
    ]);
    let limit_range = json!({"metadata": {"name": "bounds"}, "spec": {"limits": limits}});
    known.add_limit_range("bounded", &serde_json::from_value(limit_range).expect("a LimitRange"), Origin::default());
    let hard = json!({"requests.memory": "300Mi", "requests.cpu": "1"});
    let quota = json!({"metadata": {"name": "team"}, "spec": {"hard": hard}});
    known.add_resource_quota("counted", &serde_json::from_value(quota).expect("a quota"), Origin::default());
    known
}

fn asking(rule: &str) -> Arc<App> {
    let policy = format!("rules: {{{rule}: deny}}");
    let app = app_with(&policy, Options { workloads: Workloads::Deny, ..options() });
    app.set_cluster(Cluster { inventory: surroundings(), doubt: None });
    app
}

fn of(request: &str, limit: &str) -> Value {
    deployment_of(&[container("api", request, limit)])
}

fn within(namespace: &str, mut object: Value) -> Value {
    object["metadata"]["namespace"] = json!(namespace);
    object
}

fn at(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    object.pointer_mut(parent).expect("its parent")[key] = value;
    object
}

fn bounded(request: &str, limit: &str) -> Value {
    within("bounded", of(request, limit))
}

/// This memory and CPU, in the namespace that has a quota.
fn counted(memory: &str, cpu: &str) -> Value {
    let requests = json!({"memory": memory, "cpu": cpu});
    within("counted", at(of(memory, ""), "/spec/template/spec/containers/0/resources/requests", requests))
}

fn replicas(count: u32) -> Value {
    at(of("300Mi", "300Mi"), "/spec/replicas", json!(count))
}

/// Both nodes hold one replica each, and the update wants more Pods at a time than that.
fn surging(count: u32) -> Value {
    let strategy = json!({"rollingUpdate": {"maxSurge": count, "maxUnavailable": 0}});
    at(replicas(2), "/spec/strategy", strategy)
}

fn daemon(memory: &str) -> Value {
    let mut object = of(memory, memory);
    object["kind"] = json!("DaemonSet");
    object["spec"].as_object_mut().expect("a spec").remove("replicas");
    object
}

fn java(heap: &str, limit: &str) -> Value {
    let env = json!([{"name": "JAVA_TOOL_OPTIONS", "value": heap}]);
    at(of(limit, limit), "/spec/template/spec/containers/0/env", env)
}

fn volume(size: &str) -> Value {
    let mount = json!([{"name": "cache", "mountPath": "/cache"}]);
    let volumes = json!([{"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": size}}]);
    let object = at(of("256Mi", "256Mi"), "/spec/template/spec/containers/0/volumeMounts", mount);
    at(object, "/spec/template/spec/volumes", volumes)
}

/// A rule, an object that it finds something in, and one in which that is worse.
fn cases() -> Vec<(&'static str, Value, Value)> {
    vec![
        ("limit-above-every-node", of("512Mi", "2Gi"), of("512Mi", "100Gi")),
        ("limit-far-above-request", of("100Mi", "300Mi"), of("100Mi", "400Mi")),
        ("limit-far-above-request", of("100Mi", "300Mi"), of("50Mi", "200Mi")),
        ("request-above-limit", of("300Mi", "256Mi"), of("900Mi", "256Mi")),
        ("request-above-limit", of("300Mi", "256Mi"), of("300Mi", "64Mi")),
        ("outside-limit-range", bounded("200Mi", "300Mi"), bounded("200Mi", "900Mi")),
        ("outside-limit-range", bounded("32Mi", "64Mi"), bounded("16Mi", "64Mi")),
        ("outside-limit-range", bounded("70Mi", "200Mi"), bounded("70Mi", "250Mi")),
        ("quota-exceeded", counted("200Mi", "100m"), counted("250Mi", "100m")),
        ("quota-exceeded", counted("200Mi", "100m"), counted("200Mi", "2")),
        ("replicas-do-not-fit", replicas(5), replicas(500)),
        ("rollout-does-not-fit", surging(1), surging(2)),
        ("daemonset-does-not-fit", daemon("2Gi"), daemon("3Gi")),
        ("never-fits", of("2Gi", "2Gi"), of("3Gi", "3Gi")),
        ("heap-above-limit", java("-Xmx1g", "512Mi"), java("-Xmx2g", "512Mi")),
        ("heap-above-limit", java("-Xmx1g", "512Mi"), java("-Xmx1g", "256Mi")),
        ("memory-volume-above-limit", volume("300Mi"), volume("900Mi")),
        ("tiny-quantity", of("512", "512"), of("64", "64")),
    ]
}

/// A request to update any workload.
fn update(old: &Value, new: &Value) -> Value {
    let mut request = deployment(Some(old), new);
    request["namespace"] = new["metadata"]["namespace"].clone();
    if new["kind"] == "DaemonSet" {
        request["kind"]["kind"] = json!("DaemonSet");
        request["resource"]["resource"] = json!("daemonsets");
    }
    request
}

#[tokio::test]
async fn p8_worse_is_told_and_better_is_not() {
    for (rule, better, worse) in cases() {
        let app = asking(rule);
        let tag = format!("[{rule}]");
        for (old, new, told) in
            [(&better, &worse, true), (&worse, &better, false), (&better, &better, false), (&worse, &worse, false)]
        {
            let verdict = ask(&app, &update(old, new)).await;
            let said = verdict.message.contains(&tag) || verdict.warnings.iter().any(|warning| warning.contains(rule));
            assert_eq!(said, told, "{rule}: {} to {}: {verdict:?}", old["spec"], new["spec"]);
        }
    }
}

#[tokio::test]
async fn p8_the_figures_of_the_policy_decide() {
    let policy = "rules: {limit-above-every-node: deny, limit-far-above-request: off}";
    let app = app_with(policy, Options { workloads: Workloads::Deny, ..options() });
    app.set_cluster(Cluster { inventory: inventory(&[json!({"memory": "1Gi"})]), doubt: None });
    for (old, new, allowed) in [("100Gi", "2Gi", true), ("2Gi", "100Gi", false), ("2Gi", "2Gi", true)] {
        let verdict = ask(&app, &update(&of("512Mi", old), &of("512Mi", new))).await;
        assert_eq!(verdict.allowed, allowed, "{old} to {new}: {verdict:?}");
    }
}

#[tokio::test]
async fn p8_one_resource_mended_is_no_news_of_another() {
    let app = asking("never-fits");
    let both = |memory: &str, cpu: &str| {
        let requests = json!({"memory": memory, "cpu": cpu});
        at(of(memory, memory), "/spec/template/spec/containers/0/resources/requests", requests)
    };
    for (old, new, told) in [
        (("2Gi", "64"), ("256Mi", "64"), false),
        (("2Gi", "64"), ("256Mi", "65"), true),
        (("2Gi", "1"), ("256Mi", "64"), true),
    ] {
        let verdict = ask(&app, &update(&both(old.0, old.1), &both(new.0, new.1))).await;
        assert_eq!(verdict.message.contains("[never-fits]"), told, "{old:?} to {new:?}: {verdict:?}");
    }
}

/// Rules without a case above, and why there is none.
const WITHOUT: [(&str, &str); 7] = [
    ("invalid-manifest", "it is there or not"),
    ("invalid-quantity", "it is there or not"),
    ("no-eligible-node", "none is none"),
    ("does-not-fit-now", "it takes Pods on the nodes; it is measured as never-fits is"),
    ("missing-memory-request", "it is there or not"),
    ("missing-memory-limit", "it is there or not"),
    ("unbounded-memory-volume", "it is there or not"),
];

#[test]
fn every_rule_is_compared_or_says_why_not() {
    let compared: Vec<&str> = cases().iter().map(|(rule, ..)| *rule).collect();
    for rule in &RULES {
        let excused = WITHOUT.iter().any(|(without, _)| *without == rule.id);
        assert!(compared.contains(&rule.id) != excused, "{}", rule.id);
    }
}
