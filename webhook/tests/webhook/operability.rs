//! What operators see: O1, O3, S4, S5.

use serde_json::json;

use crate::server::get;
use crate::support::{app, ask, create, http, pod, send, through, with};

#[tokio::test]
async fn o1_metrics_have_the_promised_names() {
    let app = app();
    ask(&app, &create(&pod("", ""))).await;
    let answer = send(&app, get("/metrics")).await;
    assert!(answer.content_type.starts_with("application/openmetrics-text"), "{}", answer.content_type);
    for series in [
        "memlint_admission_requests_total{operation=\"CREATE\",kind=\"Pod\",verdict=\"deny\",dry_run=\"false\"} 1",
        "memlint_admission_duration_seconds_bucket{le=\"0.0005\"}",
        "memlint_admission_duration_seconds_bucket{le=\"2.5\"}",
        "memlint_findings_total{rule=\"missing-memory-request\",action=\"deny\"} 1",
        "memlint_inflight_requests 0",
        "memlint_shed_total 0",
        "memlint_panics_total 0",
        "memlint_decode_errors_total 0",
        "memlint_policy_info{hash=\"",
        "memlint_policy_reload_total{result=\"success\"} 1",
        "memlint_ca_errors_total 0",
        "memlint_build_info{version=\"",
    ] {
        assert!(answer.text.contains(series), "{series} is missing in\n{}", answer.text);
    }
    assert!(answer.text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn o1_metrics_and_health_are_served_without_tls_too_but_no_verdicts() {
    let app = app();
    let open = || memlint_webhook::router::open(app.clone());
    assert_eq!(through(open(), get("/metrics")).await.status, 200);
    assert_eq!(through(open(), get("/livez")).await.status, 200);
    assert_eq!(through(open(), http("/validate", "{}")).await.status, 404);
}

#[tokio::test]
async fn s5_labels_are_few_whatever_is_sent() {
    let app = app();
    for index in 0..20 {
        let odd = json!({
            "operation": format!("OP{index}"),
            "kind": {"group": "x", "version": "v1", "kind": format!("Kind{index}")},
            "namespace": format!("ns{index}"),
        });
        ask(&app, &with(create(&pod("", "")), &odd)).await;
    }
    let rendered = app.metrics.render();
    let series = rendered.lines().filter(|line| line.starts_with("memlint_admission_requests_total")).count();
    assert_eq!(series, 1, "{rendered}");
    assert!(!rendered.contains("ns1"), "{rendered}");
}

#[tokio::test]
async fn s4_what_is_logged_of_a_user_is_short_and_plain() {
    let mut evil = pod("", "");
    evil["metadata"]["name"] = json!(format!("a\nFAKE LINE\u{1b}[2J{}", "x".repeat(10_000)));
    evil["spec"]["containers"][0]["env"] = json!([{"name": "TOKEN", "value": "s3cr3t"}]);
    let request = with(create(&evil), &json!({"userInfo": {"username": "eve\r\nadmin", "groups": null}}));
    let body = crate::support::review(&request).to_string();
    let app = app();
    let rulebook = app.rulebook.load();
    let reply = memlint_review::review(
        body.as_bytes(),
        &memlint_review::ReviewCx {
            policy: &rulebook.policy,
            policy_hash: &rulebook.hash,
            inventory: &Default::default(),
            nodes_are_certain: false,
            options: &app.options,
            today: "2026-11-22".parse().expect("a day"),
        },
    );
    let logged = format!("{:?}", reply.outcome);
    assert!(logged.len() < 2_000 && !logged.contains("s3cr3t"), "{logged}");
    for text in [&reply.outcome.object, &reply.outcome.user, &reply.outcome.uid, &reply.outcome.why] {
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}
