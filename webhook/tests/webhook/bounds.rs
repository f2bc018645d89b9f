//! Bounds of size, depth, number and time: R4, R5, P15.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use memlint_review::{OnDoubt, Options, Reply, ReviewCx};
use memlint_webhook::state::{App, Limits, ReviewFn};
use serde_json::json;

use crate::support::{
    UID, app, ask, container, create, http, metric, options, pod, pod_of, resize, review, rulebook, send,
};

fn app_of(options: Options, limits: Limits, review: ReviewFn) -> Arc<App> {
    Arc::new(App::new(rulebook(""), options, limits).with_review(review))
}

/// A Pod that is this large.
fn large(bytes: usize) -> serde_json::Value {
    let mut pod = pod("1Gi", "1Gi");
    pod["metadata"]["annotations"] = json!({"example.com/large": "x".repeat(bytes)});
    pod
}

const MI: usize = 1024 * 1024;

#[tokio::test]
async fn r4_two_objects_of_3_mib_get_a_verdict() {
    let pod = large(3 * MI);
    let started = Instant::now();
    let verdict = ask(&app(), &resize(&pod, &pod)).await;
    assert!(verdict.allowed && verdict.warnings.is_empty());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn r4_a_body_over_7_mib_is_refused_announced_or_not() {
    let text = review(&create(&large(7 * MI))).to_string();
    let announced =
        Request::post("/validate").header("content-type", "application/json").header("content-length", 8 * MI);
    let announced = send(&app(), announced.body(Body::from("{")).expect("a request")).await;
    assert_eq!(announced.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send(&app(), http("/validate", text)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn r4_bodies_together_have_a_bound() {
    let limits = Limits { bodies: 64 * 1024, ..Limits::default() };
    let app = app_of(options(), limits, memlint_review::review);
    let refused = send(&app, http("/validate", review(&create(&large(100 * 1024))).to_string())).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(metric(&app, "memlint_shed_total"), 1.0);
    assert!(ask(&app, &create(&large(10 * 1024))).await.allowed, "the room is given back");
}

#[tokio::test]
async fn r5_a_json_bomb_is_not_followed() {
    let app = app();
    for bomb in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        let closing: String = bomb
            .chars()
            .rev()
            .filter_map(|c| match c {
                '[' => Some(']'),
                '{' => Some('}'),
                _ => None,
            })
            .collect();
        let value = if bomb.starts_with('{') { format!("{bomb}1{closing}") } else { format!("{bomb}{closing}") };
        let pod = format!("{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{value}}}");
        let started = Instant::now();
        let text = review(&create(&json!("OBJECT"))).to_string().replace("\"OBJECT\"", &pod);
        let verdict = send(&app, http("/validate", text)).await.verdict(UID);
        assert!(verdict.allowed && verdict.warnings[0].contains("not judged"), "{verdict:?}");
        let around =
            review(&create(&json!("X"))).to_string().replace("\"userInfo\"", &format!("\"bomb\":{value},\"userInfo\""));
        assert_eq!(send(&app, http("/validate", around)).await.status, StatusCode::OK);
        assert_eq!(send(&app, http("/validate", value)).await.status, StatusCode::BAD_REQUEST);
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn r5_10_000_containers_get_a_short_answer() {
    let containers: Vec<_> = (0..10_000).map(|index| container(&format!("c{index}"), "", "")).collect();
    let started = Instant::now();
    let verdict = ask(&app(), &create(&pod_of(&containers))).await;
    let took = started.elapsed();
    assert!(!verdict.allowed, "{:?}", verdict.warnings);
    assert!(
        verdict.message.contains("; and 9999 more problems\n") && verdict.message.contains("9980 more"),
        "{}",
        verdict.message
    );
    assert!(verdict.message.len() < 16 * 1024, "{}", verdict.message.len());
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test]
async fn r5_8_000_items_that_cannot_be_read_get_an_answer_in_time() {
    for item in [json!(0), json!(""), json!([]), json!({}), json!({"resources": {"requests": {"memory": "x"}}})] {
        let mut pod = pod("1Gi", "1Gi");
        pod["spec"]["containers"] = vec![item.clone(); 8_000].into();
        let started = Instant::now();
        let verdict = ask(&app(), &create(&pod)).await;
        let took = started.elapsed();
        println!("8,000 times {item}: {took:?}");
        assert!(!verdict.warnings.is_empty() || !verdict.allowed, "{verdict:?}");
        assert!(took < Duration::from_secs(3), "{item}: {took:?}");
    }
}

#[tokio::test]
async fn r5_names_of_a_user_make_no_answer_long() {
    let name = "n".repeat(MI);
    let mut pod = pod_of(&[container(&name, "", "")]);
    pod["metadata"]["name"] = json!(name);
    let verdict = ask(&app(), &create(&pod)).await;
    assert!(!verdict.allowed);
    assert!(verdict.response.to_string().len() < 16 * 1024);
}

fn panics(_: &[u8], _: &ReviewCx<'_>) -> Reply {
    panic!("a bug")
}

#[tokio::test]
async fn r5_a_panic_fails_one_request_and_is_counted() {
    let app = app_of(options(), Limits::default(), panics);
    let small = send(&app, http("/validate", review(&create(&pod("", ""))).to_string())).await;
    let large = send(&app, http("/validate", review(&create(&large(MI))).to_string())).await;
    assert_eq!((small.status, large.status), (StatusCode::INTERNAL_SERVER_ERROR, StatusCode::INTERNAL_SERVER_ERROR));
    assert_eq!(metric(&app, "memlint_panics_total"), 2.0);
    assert_eq!(metric(&app, "memlint_inflight_requests"), 0.0);
}

fn slow(body: &[u8], cx: &ReviewCx<'_>) -> Reply {
    std::thread::sleep(Duration::from_millis(1_500));
    memlint_review::review(body, cx)
}

/// Limits under which a Pod of some kilobytes is a large one.
fn inline(bytes: usize) -> Limits {
    Limits { inline: bytes, ..Limits::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p15_an_answer_comes_before_the_api_server_stops_waiting() {
    for (on_timeout, allowed) in [(OnDoubt::Allow, true), (OnDoubt::Deny, false)] {
        let app = app_of(Options { on_timeout, ..options() }, inline(16 * 1024), slow);
        let started = Instant::now();
        let body = review(&create(&large(100 * 1024))).to_string();
        let verdict = send(&app, http("/validate?timeout=1s", body)).await.verdict(UID);
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        assert_eq!(verdict.allowed, allowed);
        let said = if allowed { &verdict.warnings[0] } else { &verdict.message };
        assert!(said.contains("no time"), "{said}");
        assert_eq!(metric(&app, "memlint_late_total"), 1.0);
    }
}

#[tokio::test]
async fn r2_r4_others_are_answered_while_a_large_pod_takes_its_time() {
    // One thread serves everyone here.
    let app = app_of(options(), inline(16 * 1024), slow);
    let ask = |app: &Arc<App>| {
        let (app, body) = (app.clone(), review(&create(&large(20 * 1024))).to_string());
        tokio::spawn(async move { send(&app, http("/validate?timeout=1s", body)).await.verdict(UID) })
    };
    let asked: Vec<_> = (0..6).map(|_| ask(&app)).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    assert_eq!(send(&app, crate::server::get("/livez")).await.status, StatusCode::OK);
    assert!(started.elapsed() < Duration::from_millis(300), "{:?}", started.elapsed());
    for verdict in asked {
        let verdict = verdict.await.expect("a task");
        assert!(verdict.warnings[0].contains("no time"), "{verdict:?}");
    }
}

#[tokio::test]
async fn r5_a_pod_that_keeps_away_from_much_is_answered_in_time() {
    let nodes: Vec<_> = (0..1_000).map(|_| json!({})).collect();
    let app = crate::fits::knowing(&nodes, true);
    let mut pod = pod("64Gi", "64Gi");
    let term = |index: usize| {
        let selector = json!({"matchLabels": {"app": format!("app-{index}")}});
        json!({"topologyKey": format!("zone-{}", index % 10), "labelSelector": selector})
    };
    let terms: Vec<_> = (0..450).map(term).collect();
    pod["spec"]["affinity"] = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}});
    let started = Instant::now();
    let verdict = ask(&app, &create(&pod)).await;
    println!("450 terms, 1,000 nodes: {:?}", started.elapsed());
    assert!(!verdict.allowed && verdict.message.contains("[never-fits]"), "{verdict:?}");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn r5_an_object_of_too_many_values_is_not_judged_and_that_is_said() {
    let mut many = pod("", "");
    many["spec"]["containers"][0]["args"] = vec![""; 1_000_000].into();
    let verdict = ask(&app(), &create(&many)).await;
    assert!(verdict.allowed && verdict.warnings[0].contains("more than 64000 values"), "{verdict:?}");
    let strict = Options { on_decode_error: OnDoubt::Deny, ..options() };
    assert!(!ask(&app_of(strict, Limits::default(), memlint_review::review), &create(&many)).await.allowed);
    many["spec"]["containers"][0]["args"] = vec![""; 50_000].into();
    assert!(!ask(&app(), &create(&many)).await.allowed, "what has fewer is judged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_more_reviews_than_allowed_are_turned_away_at_once() {
    let app = app_of(options(), Limits { reviews: 1, ..Limits::default() }, slow);
    let body = || http("/validate", review(&create(&large(100 * 1024))).to_string());
    let (busy, request) = (app.clone(), body());
    let first = tokio::spawn(async move { send(&busy, request).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    assert_eq!(send(&app, body()).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    assert_eq!(metric(&app, "memlint_shed_total"), 1.0);
    assert_eq!(first.await.expect("a task").status, StatusCode::OK);
}
