//! What tests have in common: a webhook in memory, requests, and what came back.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use memlint_review::Options;
use memlint_webhook::state::{App, Limits, Rulebook};
use memlint_webhook::{policy, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Says that a test was skipped, and why. What macros print is only seen when a test fails.
pub(crate) fn skipped(why: &str) {
    std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes()).expect("standard error");
}

/// What an administrator would set, with a namespace of the webhook's own.
pub(crate) fn options() -> Options {
    Options { exclude_namespaces: vec!["memlint".to_owned(), "infra-*".to_owned()], ..Options::default() }
}

pub(crate) fn rulebook(text: &str) -> Rulebook {
    if text.is_empty() { policy::shipped().expect("the default policy") } else { parse(text) }
}

fn parse(text: &str) -> Rulebook {
    let head = "apiVersion: memlint.dev/v1alpha1\nkind: Policy\n";
    policy::parse("memlint.yaml", format!("{head}{text}").as_bytes()).expect("a policy")
}

/// A webhook with the default policy.
pub(crate) fn app() -> Arc<App> {
    app_with("", options())
}

/// A webhook with a policy (without its head) and options.
pub(crate) fn app_with(policy: &str, options: Options) -> Arc<App> {
    Arc::new(App::new(rulebook(policy), options, Limits::default()))
}

/// What came back over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

/// What came back as an AdmissionReview.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) message: String,
    pub(crate) warnings: Vec<String>,
    pub(crate) audit: Value,
    pub(crate) response: Value,
}

impl Answer {
    /// The AdmissionReview, held against what an API server asks of one.
    pub(crate) fn verdict(&self, uid: &str) -> Verdict {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        assert_eq!(self.content_type, "application/json");
        let review: Value = serde_json::from_str(&self.text).expect("JSON");
        assert_eq!(review["apiVersion"], "admission.k8s.io/v1");
        assert_eq!(review["kind"], "AdmissionReview");
        let response = review["response"].clone();
        assert_eq!(response["uid"], uid, "the uid must come back");
        let keys = ["uid", "allowed", "status", "warnings", "auditAnnotations"];
        for key in response.as_object().expect("a map").keys() {
            assert!(keys.contains(&key.as_str()), "{key} has no place in the answer of a validating webhook");
        }
        let allowed = response["allowed"].as_bool().expect("a boolean");
        let message = response["status"]["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!(allowed, message.is_empty(), "a denial has a reason, and nothing else");
        let warnings = response["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let warnings = warnings.iter().map(|warning| warning.as_str().expect("a string").to_owned()).collect();
        Verdict { allowed, message, warnings, audit: response["auditAnnotations"].clone(), response }
    }
}

/// Sends a request through the router.
pub(crate) async fn send(app: &Arc<App>, request: Request<Body>) -> Answer {
    through(router::all(app.clone()), request).await
}

pub(crate) async fn through(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.expect("the router cannot fail");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    let content_type = parts.headers.get("content-type").map(|value| value.to_str().expect("text").to_owned());
    Answer {
        status: parts.status,
        content_type: content_type.unwrap_or_default(),
        text: String::from_utf8(bytes.to_vec()).expect("UTF-8"),
    }
}

pub(crate) fn http(path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/json");
    request.body(body.into()).expect("a request")
}

/// Sends an AdmissionReview.
pub(crate) async fn ask(app: &Arc<App>, request: &Value) -> Verdict {
    let answer = send(app, http("/validate", review(request).to_string())).await;
    answer.verdict(request["uid"].as_str().expect("a uid"))
}

/// What the metrics say of one series, by the beginning of its line.
pub(crate) fn metric(app: &App, series: &str) -> f64 {
    let rendered = app.metrics.render();
    let lines = rendered.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    lines.map(|value| value.parse::<f64>().expect("a number")).sum()
}

pub(crate) fn review(request: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

/// A request to make a Pod.
pub(crate) fn create(pod: &Value) -> Value {
    json!({
        "uid": UID,
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "name": pod["metadata"]["name"].as_str().unwrap_or_default(),
        "namespace": "shop",
        "operation": "CREATE",
        "userInfo": {"username": "jane", "groups": ["system:authenticated"]},
        "object": pod,
        "oldObject": null,
        "dryRun": false,
    })
}

/// A request to resize a Pod.
pub(crate) fn resize(old: &Value, new: &Value) -> Value {
    with(create(new), &json!({"operation": "UPDATE", "subResource": "resize", "oldObject": old}))
}

/// A request about a Deployment.
pub(crate) fn deployment(old: Option<&Value>, new: &Value) -> Value {
    let operation = if old.is_some() { "UPDATE" } else { "CREATE" };
    with(
        create(new),
        &json!({
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
            "operation": operation,
            "oldObject": old,
        }),
    )
}

/// A Pod with one container that has this memory request and limit; empty means none.
pub(crate) fn pod(request: &str, limit: &str) -> Value {
    pod_of(&[container("api", request, limit)])
}

pub(crate) fn pod_of(containers: &[Value]) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"containers": containers},
    })
}

pub(crate) fn container(name: &str, request: &str, limit: &str) -> Value {
    let mut container = json!({"name": name, "image": "registry.example/api:1", "resources": {}});
    for (list, amount) in [("requests", request), ("limits", limit)] {
        if !amount.is_empty() {
            container["resources"][list] = json!({"memory": amount});
        }
    }
    container
}

/// A Deployment of such Pods.
pub(crate) fn deployment_of(containers: &[Value]) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "api"}},
            "template": {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": containers}},
        },
    })
}

/// A value with some keys replaced.
pub(crate) fn with(mut value: Value, changes: &Value) -> Value {
    for (key, change) in changes.as_object().expect("a map") {
        value[key] = change.clone();
    }
    value
}
