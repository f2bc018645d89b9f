//! Every rule's finding points at the exact token: in a Pod, a Deployment, a CronJob, a List and a custom resource,
//! each as block YAML, flow YAML and JSON.

use std::collections::BTreeSet;

use memlint_policies::rules::RULES;
use memlint_tests::{memory, yaml};
use serde_json::{Value, json};

/// A Pod spec in which one token is wrong.
struct Case {
    rule: &'static str,
    token: &'static str,
    spec: Value,
}

/// A Pod spec with one container, of which nothing but the given fields is of interest.
fn container(fields: &Value) -> Value {
    let mut container = json!({"name": "app", "image": "registry.example.com/app", "resources": {
        "requests": {"memory": "512Mi"}, "limits": {"memory": "512Mi"}}});
    for (key, value) in fields.as_object().expect("fields") {
        container[key] = value.clone();
    }
    json!({"containers": [container], "restartPolicy": "Never"})
}

fn resources(requests: &Value, limits: &Value) -> Value {
    container(&json!({"resources": {"requests": requests, "limits": limits}}))
}

fn with_volume(volume: &Value) -> Value {
    let mut spec = container(&json!({"volumeMounts": [{"name": "shm", "mountPath": "/shm"}]}));
    spec["volumes"] = json!([{"name": "shm", "emptyDir": volume}]);
    spec
}

/// Put beside the object where a rule needs one.
const LIMIT_RANGE: &str = "{apiVersion: v1, kind: LimitRange, metadata: {name: sizes, namespace: apps}, \
    spec: {limits: [{type: Container, max: {memory: 2Gi}}]}}";

fn cases() -> Vec<Case> {
    let case = |rule, token, spec| Case { rule, token, spec };
    let memory = |value: &str| json!({"memory": value});
    let mut init = resources(&memory("64Mi"), &memory("64Mi"));
    init["initContainers"] = json!([{"name": "warm-up", "image": "registry.example.com/app"}]);
    let mut unknown = resources(&memory("64Mi"), &memory("64Mi"));
    unknown["containers"][0]["resources"]["limit"] = memory("1Gi");
    let mut pod_level = json!({"containers": [{"name": "app", "image": "registry.example.com/app"}]});
    pod_level["resources"] = json!({"requests": {"memory": "3Gi"}, "limits": {"memory": "1Gi"}});
    pod_level["restartPolicy"] = json!("Never");
    let mut elsewhere = resources(&memory("64Mi"), &memory("64Mi"));
    elsewhere["nodeSelector"] = json!({"agentpool": "usr"});
    vec![
        case("never-fits", "9Gi", resources(&memory("9Gi"), &memory("9Gi"))),
        case("no-eligible-node", "usr", elsewhere),
        case("limit-above-every-node", "16Gi", resources(&memory("1Gi"), &memory("16Gi"))),
        case("invalid-manifest", "limit", unknown),
        case("invalid-manifest", "memroy", resources(&json!({"memroy": "64Mi"}), &memory("64Mi"))),
        case("invalid-manifest", "requests", resources(&json!(["memory"]), &memory("64Mi"))),
        case("invalid-quantity", "512MB", resources(&memory("64Mi"), &memory("512MB"))),
        case("tiny-quantity", "64m", resources(&memory("64m"), &memory("1Gi"))),
        case("tiny-quantity", "512", resources(&memory("1Gi"), &json!({"memory": 512}))),
        case("request-above-limit", "2Gi", resources(&memory("2Gi"), &memory("1Gi"))),
        case("request-above-limit", "3Gi", pod_level),
        case("outside-limit-range", "5Gi", resources(&memory("1Gi"), &memory("5Gi"))),
        case("missing-memory-request", "app", json!({"containers": [{"name": "app", "image": "example.com/a"}]})),
        case("missing-memory-request", "resources", container(&json!({"resources": {}}))),
        case("missing-memory-request", "requests", resources(&json!({"cpu": "100m"}), &json!({}))),
        case("missing-memory-request", "0", resources(&json!({"memory": 0}), &memory("64Mi"))),
        case("missing-memory-request", "warm-up", init.clone()),
        case("limit-far-above-request", "4Gi", resources(&memory("1Gi"), &memory("4Gi"))),
        case("unbounded-memory-volume", "emptyDir", with_volume(&json!({"medium": "Memory"}))),
        case("unbounded-memory-volume", "0", with_volume(&json!({"medium": "Memory", "sizeLimit": 0}))),
        case("missing-memory-limit", "limits", resources(&memory("1Gi"), &json!({"cpu": "1"}))),
        case("missing-memory-limit", "warm-up", init),
        case("heap-above-limit", "-Xmx1g", container(&json!({"args": ["java", "-Xmx1g", "-jar", "app.jar"]}))),
        case(
            "heap-above-limit",
            "-Xmx2g",
            container(&json!({"env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xms256m -Xmx2g -XX:+UseG1GC"}]})),
        ),
        case("memory-volume-above-limit", "8Gi", with_volume(&json!({"medium": "Memory", "sizeLimit": "8Gi"}))),
    ]
}

/// The objects that a Pod spec is put into.
fn objects(spec: &Value) -> Vec<Value> {
    let template = json!({"metadata": {"labels": {"app": "app"}}, "spec": spec});
    let selector = json!({"matchLabels": {"app": "app"}});
    let metadata = json!({"name": "app", "namespace": "apps"});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
        "spec": {"selector": selector, "template": with_policy(&template, "Always")}});
    vec![
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}),
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": {
            "schedule": "@daily", "jobTemplate": {"spec": {"template": with_policy(&template, "Never")}}}}),
        json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}},
            deployment]}),
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": {
            "strategy": {"canary": {"steps": [{"setWeight": 20}]}}, "selector": selector, "template": template}}),
        deployment,
    ]
}

fn with_policy(template: &Value, policy: &str) -> Value {
    let mut template = template.clone();
    template["spec"]["restartPolicy"] = policy.into();
    template
}

fn spellings(object: &Value) -> Vec<(&'static str, String)> {
    vec![
        ("block.yaml", format!("# a comment: with é and 日本 before the object\n---\n{}", yaml::block(object))),
        ("flow.yaml", yaml::flow(object)),
        ("pretty.json", serde_json::to_string_pretty(object).expect("JSON")),
        ("one-line.json", object.to_string()),
        ("crlf.yaml", yaml::block(object).replace('\n', "\r\n")),
    ]
}

#[test]
fn every_finding_points_at_the_exact_token() {
    let mut wrong = Vec::new();
    let nodes = memory::three_nodes("8Gi");
    for Case { rule, token, spec } in cases() {
        for object in objects(&spec) {
            for (file, text) in spellings(&object) {
                let beside = if rule == "outside-limit-range" { LIMIT_RANGE } else { "" };
                let files = [(file, text.as_bytes()), ("limit-range.yaml", beside.as_bytes())];
                let (_, report) = memory::lint_on(&files, &memory::only(rule), Some(&nodes));
                let what = format!("{rule} {token:?} in {} as {file}", object["kind"]);
                if !report.problems.is_empty() {
                    wrong.push(format!("{what}: {:?}", report.problems));
                    continue;
                }
                let tokens: Vec<_> = report
                    .findings
                    .iter()
                    .map(|found| memory::text_at(&text, found.place.span).unwrap_or_default())
                    .collect();
                let quoted = format!("\"{token}\"");
                if tokens.len() != 1 || (tokens[0] != token && tokens[0] != quoted) {
                    wrong.push(format!("{what}: {tokens:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_token_here() {
    let covered: BTreeSet<_> = cases().iter().map(|case| case.rule).collect();
    // These are about bound Pods, replicas or quotas: a snippet of one Pod cannot show them, their fixtures do.
    const BY_FIXTURE: [&str; 5] =
        ["does-not-fit-now", "replicas-do-not-fit", "rollout-does-not-fit", "daemonset-does-not-fit", "quota-exceeded"];
    let all: BTreeSet<_> = RULES.iter().map(|rule| rule.id).filter(|id| !BY_FIXTURE.contains(id)).collect();
    assert_eq!(covered, all);
}
