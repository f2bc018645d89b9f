//! What operators can look into: O1, O3, O6, S4.

use std::io::Write;
use std::sync::{Arc, Mutex};

use clap::{CommandFactory as _, Parser as _};
use memlint_review::{Enforcement, Nodes};
use memlint_webhook::args::{Args, LogFormat};
use memlint_webhook::cluster::{KINDS, Settings};
use memlint_webhook::{log, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tracing::instrument::WithSubscriber as _;

use crate::cluster::{node, until, watching_with};
use crate::fake::{Fake, NODES};
use crate::server::get;
use crate::support::{UID, app, ask, create, http, metric, pod, review, send, through, with};

/// Every name that O1 promises, with its type, as Prometheus is told.
const PROMISED: [(&str, &str); 17] = [
    ("memlint_admission_requests", "counter"),
    ("memlint_admission_duration_seconds", "histogram"),
    ("memlint_findings", "counter"),
    ("memlint_exemptions", "counter"),
    ("memlint_inflight_requests", "gauge"),
    ("memlint_shed", "counter"),
    ("memlint_panics", "counter"),
    ("memlint_refused_requests", "counter"),
    ("memlint_decode_errors", "counter"),
    ("memlint_cache_objects", "gauge"),
    ("memlint_cache_synced", "gauge"),
    ("memlint_cache_last_sync_timestamp_seconds", "gauge"),
    ("memlint_watch_errors", "counter"),
    ("memlint_cert_not_after_timestamp_seconds", "gauge"),
    ("memlint_policy_reload", "counter"),
    ("memlint_policy_info", "gauge"),
    ("memlint_build", "info"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o1_every_promised_metric_is_there_with_its_type_and_suffix() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let settings = Settings { nodes: Nodes::Fixed, pods: true, ..Settings::default() };
    let watching = watching_with(&fake, app(), settings).await;
    let app = &watching.app;
    app.metrics.watch_error("Node");
    app.metrics.certs.loaded("leaf", 1);
    app.metrics.refused(415);
    let mut annotated = pod("", "");
    annotated["metadata"]["annotations"] = json!({"memlint.dev/allow": "missing-memory-request: OPS-412"});
    ask(app, &create(&annotated)).await;
    let text = app.metrics.render();
    for (name, kind) in PROMISED {
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name} is no {kind} in\n{text}");
        let suffix = match kind {
            "counter" => "_total",
            "histogram" => "_bucket",
            "info" => "_info",
            _ => "",
        };
        let series = format!("{name}{suffix}");
        let has = |line: &str| line.strip_prefix(&series).is_some_and(|rest| rest.starts_with(['{', ' ']));
        assert!(text.lines().any(has), "there is no series {series} in\n{text}");
    }
    for kind in KINDS {
        until(kind, || app.metrics.is_synced(kind) == Some(true)).await;
    }
    assert!(app.metrics.render().contains("memlint_cache_synced{kind=\"Pod\"} 1\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o6_what_holds_is_told_on_the_listener_for_operators_alone() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({"karpenter.sh/nodepool": "x"})))]);
    let watching = watching_with(&fake, app(), Settings::default()).await;
    let answer = through(router::open(watching.app.clone()), get("/debug/policy")).await;
    assert_eq!((answer.status.as_u16(), answer.content_type.as_str()), (200, "application/json"));
    let told: Value = serde_json::from_str(&answer.text).expect("JSON");
    assert_eq!(told["policy"]["hash"].as_str().map(str::len), Some(32));
    let ratio = json!({"level": "warn", "params": {"maxRatio": "2"}});
    assert_eq!(told["policy"]["rules"]["limit-far-above-request"], ratio);
    assert_eq!(told["policy"]["exemptions"], 0);
    let nodes = &told["nodes"];
    assert_eq!((&nodes["count"], &nodes["certain"], &nodes["knowsPods"]), (&json!(1), &json!(false), &json!(false)));
    assert!(nodes["doubt"].as_str().expect("a doubt").contains("karpenter.sh/nodepool"), "{nodes}");
    assert_eq!(nodes["classes"][0]["count"], 1);
    assert_eq!(nodes["classes"][0]["allocatable"]["memory"], "8Gi");
    assert_eq!(told["synced"]["Node"], true);
    assert_eq!(told["synced"].get("Pod"), None, "Pods are not watched");
    assert_eq!(send(&watching.app, get("/debug/policy")).await.status, 404);
}

/// A log that can be read.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn o3_a_denial_is_one_line_within_the_span_of_its_request_and_its_trace() {
    let lines = Lines::default();
    let writer = lines.clone();
    let dispatch = log::dispatch(LogFormat::Json, "info", move || writer.clone(), false).expect("a log");
    let mut secret = pod("", "1Gi");
    secret["spec"]["containers"][0]["env"] = json!([{"name": "TOKEN", "value": "s3cr3t"}]);
    let evil = format!("shop\n{}", "x".repeat(1_000));
    let denied = review(&with(create(&secret), &json!({"namespace": evil}))).to_string();
    let mut request = http("/validate", denied);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01").parse().expect("a header");
    request.headers_mut().insert("traceparent", parent);
    let allowed = http("/validate", review(&create(&pod("1Gi", "1Gi"))).to_string());
    let app = app();
    async {
        send(&app, request).await;
        send(&app, allowed).await;
    }
    .with_subscriber(dispatch)
    .await;
    let text = String::from_utf8(lines.0.lock().expect("a lock").clone()).expect("UTF-8");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.len() < 2_000 && !text.contains("s3cr3t"), "{text}");
    let line: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&line["message"], &line["rules"]), (&json!("denied"), &json!("missing-memory-request=deny")));
    let span = &line["span"];
    assert_eq!((&span["trace"], &span["uid"]), (&json!(trace), &json!(UID)));
    assert_eq!((&span["operation"], &span["kind"]), (&json!("CREATE"), &json!("Pod")));
    let namespace = span["namespace"].as_str().expect("a namespace");
    assert!(namespace.len() <= 256 && !namespace.contains(char::is_control), "{namespace:?}");
}

#[tokio::test]
async fn s4_strangers_fill_no_log() {
    let lines = Lines::default();
    let writer = lines.clone();
    let dispatch = log::dispatch(LogFormat::Json, "info", move || writer.clone(), false).expect("a log");
    let app = app();
    let started = std::time::Instant::now();
    async {
        for _ in 0..200 {
            assert_eq!(send(&app, http("/validate", "{\"kind\": \"T0KEN\"")).await.status, 400);
        }
    }
    .with_subscriber(dispatch)
    .await;
    let text = String::from_utf8(lines.0.lock().expect("a lock").clone()).expect("UTF-8");
    let seconds = usize::try_from(started.elapsed().as_secs()).expect("few") + 2;
    assert!((1..=seconds).contains(&text.lines().count()) && !text.contains("T0KEN"), "{text}");
    let series = "{operation=\"other\",kind=\"other\",verdict=\"invalid\",dry_run=\"false\"}";
    assert_eq!(metric(&app, &format!("memlint_admission_requests_total{series}")), 200.0, "all of them are counted");
}

#[tokio::test]
async fn o1_what_is_turned_away_by_its_form_is_counted_by_status() {
    let app = app();
    let mut text = http("/validate", "x");
    text.headers_mut().insert("content-type", "text/plain".parse().expect("a header"));
    let mut large = http("/validate", "x");
    large.headers_mut().insert("content-length", "99000000".parse().expect("a header"));
    for (request, status) in [(get("/validate"), 405), (text, 415), (large, 413)] {
        assert_eq!(send(&app, request).await.status, status);
        assert_eq!(metric(&app, &format!("memlint_refused_requests_total{{status=\"{status}\"}}")), 1.0);
    }
    let answer = router::all(app).oneshot(get("/validate")).await.expect("the router cannot fail");
    assert_eq!(answer.headers().get("allow").and_then(|allow| allow.to_str().ok()), Some("POST"));
}

#[test]
fn the_options_that_readme_names_are_there() {
    let readme = std::fs::read_to_string(crate::support::repository().join("README.md")).expect("README");
    let help = Args::command().render_long_help().to_string();
    let rows = readme.lines().filter(|line| line.starts_with("| `--"));
    let cells = rows.filter_map(|line| line.split('|').nth(1));
    let options: Vec<&str> =
        cells.flat_map(|cell| cell.split(['`', ' '])).filter(|word| word.starts_with("--")).collect();
    assert!(options.len() >= 6, "{options:?}");
    for option in options {
        assert!(help.contains(option), "{option} is in README and not in\n{help}");
    }
    assert!(help.contains("NoneOnDryRun"), "{help}");
}

#[test]
fn o5_an_enforcement_of_a_namespace_is_read_or_refused_with_a_reason() {
    let parse = |value: &str| {
        Args::try_parse_from([
            "memlint-webhook",
            "--self-signed",
            "x",
            "--enforcement",
            "warn",
            "--enforcement-for",
            value,
        ])
    };
    let options = parse("team-*=deny").expect("options").review.options();
    assert_eq!(options.enforcement_in("team-a"), Enforcement::Deny);
    assert_eq!(options.enforcement_in("shop"), Enforcement::Warn);
    for (value, why) in [
        ("team-a", "NAMESPACE=LEVEL"),
        ("team-a=strict", "audit, warn or deny"),
        ("=deny", "is no namespace"),
        ("te*am=deny", "is no namespace"),
        ("Team=deny", "is no namespace"),
    ] {
        let error = parse(value).expect_err(value).to_string();
        assert!(error.contains(why), "{error}");
    }
}
