//! The servers. All are the same but for what they do with a body.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::ChildStdout;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::post;
use memlint_review::Options;
use memlint_webhook::args::TlsVersion;
use memlint_webhook::server::{Phase, Server, Timeouts};
use memlint_webhook::state::{App, Cluster, Limits};
use memlint_webhook::tls::{self, Certificate};
use memlint_webhook::{cluster, policy, router};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::corpus;

/// The variable with the address of the API server to watch.
pub(crate) const API: &str = "MEMLINT_BENCH_API";

/// What a client must know of a server.
pub(crate) struct Ready {
    pub(crate) port: u16,
    pub(crate) ca: String,
}

/// Reads what a server says when it is ready.
pub(crate) fn read_ready(output: ChildStdout) -> Ready {
    let mut lines = BufReader::new(output).lines().map(|line| line.expect("a line"));
    let port = lines.next().expect("a port").parse().expect("a number");
    let ca = lines.take_while(|line| line != ".").collect::<Vec<_>>().join("\n");
    Ready { port, ca }
}

/// Serves until it is killed.
pub(crate) fn run(kind: &str) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(serve(kind));
}

async fn serve(kind: &str) {
    let app = Arc::new(App::new(policy::shipped().expect("a policy"), Options::default(), Limits::default()));
    let router = match kind {
        "fixed" => echo(|_| "705ab4f5-6393-11e8-b7cc-42010a800002".to_owned()),
        "envelope" => echo(|body| uid::<&RawValue>(&body)),
        "value" => echo(|body| uid::<serde_json::Value>(&body)),
        "watching" => {
            watch(&app).await;
            router::all(app.clone())
        }
        _ => {
            app.cluster.store(Arc::new(Cluster { inventory: corpus::cluster(), doubt: None }));
            router::all(app.clone())
        }
    };
    let folder = tempfile::tempdir().expect("a folder");
    let made = tls::make(folder.path()).expect("files");
    let [certificate, key, ca] =
        [&made.certificate, &made.key, &made.ca].map(|path| std::fs::read(path).expect("a file"));
    let certificate = Certificate::new(tls::parse(&certificate, &key).expect("a pair"));
    let config = tls::config(certificate, None, TlsVersion::V1_2).expect("a configuration");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    println!("{port}\n{}\n.", String::from_utf8_lossy(&ca).trim());
    std::io::stdout().flush().expect("written");
    let (_phases, phase) = tokio::sync::watch::channel(Phase::Serving);
    let timeouts = Timeouts { header: std::time::Duration::from_secs(120), ..Timeouts::default() };
    Server { listener, tls: Some(Arc::new(config)), router, app, timeouts, max_connections: 64 }.run(phase).await;
}

/// Watches a cluster, and returns once it is known.
async fn watch(app: &Arc<App>) {
    let api = std::env::var(API).expect("an API server").parse().expect("an address");
    let client = kube::Client::try_from(kube::Config::new(api)).expect("a client");
    let settings = cluster::Settings { nodes: memlint_review::Nodes::Fixed, ..cluster::Settings::default() };
    tokio::spawn(cluster::follow(app.clone(), client, settings));
    while app.cluster.load().inventory.capacity().is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A server that does one thing with a body, and answers with a uid.
fn echo(uid: fn(Bytes) -> String) -> Router {
    let answer = async move |body: Bytes| {
        let body = format!(
            "{{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\
             \"response\":{{\"uid\":\"{}\",\"allowed\":true}}}}",
            uid(body)
        );
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    Router::new().route("/validate", post(answer)).layer(DefaultBodyLimit::max(Limits::default().body))
}

#[derive(Deserialize)]
struct Review<T> {
    request: Request<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<T> {
    uid: String,
    #[serde(rename = "object")]
    _object: Option<T>,
    #[serde(rename = "oldObject")]
    _old_object: Option<T>,
}

fn uid<'a, T: Deserialize<'a>>(body: &'a [u8]) -> String {
    let review: Review<T> = serde_json::from_slice(body).expect("a review");
    review.request.uid
}
