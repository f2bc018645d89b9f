//! Requests without a verdict, too late or not to be read: P10, D9, O5 hold for them as for all others.

use std::sync::Arc;

use axum::http::StatusCode;
use memlint_review::{Enforcement, OnDoubt, Options, Workloads, out_of_time};
use memlint_webhook::state::{App, Limits};
use serde_json::{Value, json};

use crate::support::{Verdict, ask, container, create, deployment, deployment_of, options, pod, rulebook, with};

/// The strictest that can be set.
fn strict() -> Options {
    let (on_decode_error, on_timeout) = (OnDoubt::Deny, OnDoubt::Deny);
    Options { on_decode_error, on_timeout, ..options() }
}

/// A webhook that is late with everything, and one that is not.
fn both(options: &Options) -> [Arc<App>; 2] {
    let app = || App::new(rulebook(""), options.clone(), Limits::default());
    [Arc::new(app().with_review(out_of_time)), Arc::new(app())]
}

/// What the late one says of a request, then what the other one says of it with an object, then with a field of the
/// request, that cannot be read.
async fn doubts(options: &Options, request: &Value) -> [Verdict; 3] {
    let [late, intime] = both(options);
    let no_object = with(request.clone(), &json!({"object": "none", "oldObject": null}));
    let odd_field = with(request.clone(), &json!({"dryRun": "perhaps"}));
    [ask(&late, request).await, ask(&intime, &no_object).await, ask(&intime, &odd_field).await]
}

#[tokio::test]
async fn what_is_denied_in_doubt_is_what_would_be_judged() {
    for verdict in doubts(&strict(), &create(&pod("", ""))).await {
        assert!(!verdict.allowed && verdict.message.contains("not judged"), "{verdict:?}");
    }
}

#[tokio::test]
async fn p10_d9_what_is_not_judged_is_not_doubted() {
    let pod = create(&pod("", ""));
    let changes = [
        json!({"operation": "DELETE"}),
        json!({"operation": "CONNECT", "subResource": "exec"}),
        json!({"operation": "UPDATE"}),
        json!({"namespace": "kube-system"}),
        json!({"namespace": "memlint"}),
        json!({"namespace": "infra-cni"}),
        json!({"resource": {"group": "", "version": "v1", "resource": "secrets"}}),
    ];
    for change in changes {
        for verdict in doubts(&strict(), &with(pod.clone(), &change)).await {
            assert!(verdict.allowed && verdict.warnings.is_empty(), "{change}: {verdict:?}");
        }
    }
    let off = Options { workloads: Workloads::Off, ..strict() };
    for verdict in doubts(&off, &deployment(None, &deployment_of(&[container("api", "", "")]))).await {
        assert!(verdict.allowed && verdict.warnings.is_empty(), "{verdict:?}");
    }
}

#[tokio::test]
async fn d1_workloads_are_only_warned_of_in_doubt_too() {
    let request = deployment(None, &deployment_of(&[container("api", "", "")]));
    for verdict in doubts(&strict(), &request).await {
        assert!(verdict.allowed && verdict.warnings.len() == 1, "{verdict:?}");
    }
    for verdict in doubts(&Options { workloads: Workloads::Deny, ..strict() }, &request).await {
        assert!(!verdict.allowed, "{verdict:?}");
    }
}

#[tokio::test]
async fn o5_enforcement_goes_before_doubt() {
    let set = [("shop", Enforcement::Audit), ("lab", Enforcement::Warn)];
    let enforcement_for = set.map(|(namespace, enforcement)| (namespace.to_owned(), enforcement)).to_vec();
    let options = Options { enforcement_for, ..strict() };
    for (namespace, allowed, warnings) in [("shop", true, 0), ("lab", true, 1), ("else", false, 0)] {
        for verdict in doubts(&options, &with(create(&pod("", "")), &json!({"namespace": namespace}))).await {
            assert_eq!((verdict.allowed, verdict.warnings.len()), (allowed, warnings), "{namespace}: {verdict:?}");
            assert_eq!(verdict.audit["verdict"], "undecided");
        }
    }
}

#[tokio::test]
async fn what_may_be_none_of_its_business_is_never_denied() {
    let request = create(&pod("", ""));
    for vague in ["operation", "namespace", "resource", "subResource"] {
        for app in both(&strict()) {
            let verdict = ask(&app, &with(request.clone(), &json!({vague: 5}))).await;
            assert!(verdict.allowed && verdict.warnings.len() == 1, "{vague}: {verdict:?}");
        }
    }
}

#[tokio::test]
async fn what_must_pass_passes_in_doubt_too() {
    let [late, intime] = both(&strict());
    let leaving = with(pod("", ""), &json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": 5}));
    assert!(ask(&late, &create(&leaving)).await.allowed);
    assert!(ask(&intime, &with(create(&leaving), &json!({"dryRun": 5}))).await.allowed);
    let mirror = with(pod("", ""), &json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}}));
    assert!(!ask(&late, &create(&mirror)).await.allowed, "anyone can write the annotation");
    let kubelet = json!({"userInfo": {"username": "system:node:a", "groups": ["system:nodes"]}});
    assert!(ask(&late, &with(create(&mirror), &kubelet)).await.allowed);
}

#[tokio::test]
async fn s4_what_a_stranger_sends_is_neither_repeated_nor_logged() {
    let [_, app] = both(&strict());
    let request = |value: Value| crate::support::review(&value).to_string();
    let secret = "bearer T0KEN";
    let long = "x".repeat(1_000_000);
    for body in [
        request(json!(secret)),
        request(json!({"uid": {secret: 1}})),
        json!({"apiVersion": "admission.k8s.io/v1", "kind": [secret]}).to_string(),
        format!("{{\"{secret}\" {secret}"),
        request(json!(long)),
        json!({"apiVersion": long, "kind": long}).to_string(),
    ] {
        let reply = app_reply(&app, &body);
        assert_eq!(reply.status, StatusCode::BAD_REQUEST.as_u16());
        let told = String::from_utf8(reply.body).expect("text");
        for text in [&told, &reply.outcome.why] {
            assert!(!text.contains("T0KEN") && text.len() < 300, "{text}");
        }
    }
    for field in ["userInfo", "dryRun", "object"] {
        let reply = app_reply(&app, &request(with(create(&pod("", "")), &json!({field: secret}))));
        let told = String::from_utf8(reply.body).expect("text");
        assert!(reply.outcome.why.contains("line 1, column"), "{field}: {}", reply.outcome.why);
        assert!(!told.contains("T0KEN") && !reply.outcome.why.contains("T0KEN"), "{field}: {told}");
    }
}

/// The reply with what is logged of it.
fn app_reply(app: &App, body: &str) -> memlint_review::Reply {
    let (rulebook, cluster) = (app.rulebook.load(), app.cluster.load());
    let cx = memlint_review::ReviewCx {
        policy: &rulebook.policy,
        policy_hash: &rulebook.hash,
        inventory: &cluster.inventory,
        nodes_are_certain: false,
        options: &app.options,
        today: jiff::civil::date(2026, 1, 1),
    };
    memlint_review::review(body.as_bytes(), &cx)
}
