//! P13 on a real API server: what a user is told in `Warning` headers, which it makes of the webhook's warnings and
//! loses without a word where they are too long or odd.

use std::time::Duration;

use axum::http::Request;
use kube::client::Body;
use memlint_review::{MAX_WARNING, MAX_WARNINGS};
use serde_json::{Value, json};

use crate::authority::{quick, until};
use crate::site::Site;
use crate::support::{container, pod_of};

/// The texts of the `Warning` headers of an answer to a Pod that is only tried.
async fn warned(site: &Site, pod: &Value) -> (u16, Vec<String>) {
    let path = format!("/api/v1/namespaces/{}/pods?dryRun=All", site.names.namespace);
    let request = Request::post(path).header("content-type", "application/json");
    let request = request.body(Body::from(pod.to_string().into_bytes())).expect("a request");
    let answer = site.admin.send(request).await.expect("an answer");
    let headers = answer.headers().get_all("warning").iter().map(|value| value.to_str().expect("ASCII").to_owned());
    (answer.status().as_u16(), headers.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_every_warning_reaches_the_user_whole() {
    let Some(site) = Site::new("p13-warned").await else { return };
    let replica = site.replica(quick()).await;
    site.configure(&[replica.port()]).await;
    until("the webhook is ready", async || replica.is_ready()).await;
    until("the API server trusts the webhook", async || site.create("64Mi").await.is_ok()).await;
    let longest = |index: usize| format!("{}-{index:02}", "x".repeat(60));
    let containers: Vec<_> = (0..50).map(|index| container(&longest(index), "128Mi", "512Mi")).collect();
    let mut pod = pod_of(&containers);
    pod["metadata"]["namespace"] = json!(site.names.namespace);
    let started = std::time::Instant::now();
    let (status, told) = warned(&site, &pod).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(status, 201, "{told:?}");
    // What the webhook itself says of the same Pod.
    let request = crate::support::with(crate::support::create(&pod), &json!({"namespace": site.names.namespace}));
    let said = crate::support::ask(&replica.app, &request).await.warnings;
    assert_eq!(said.len(), MAX_WARNINGS);
    for warning in &said {
        assert!(warning.len() <= MAX_WARNING, "{warning}");
        let quoted = format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\""));
        assert!(told.contains(&quoted), "{quoted} is not in {told:#?}");
    }
    let ours = told.iter().filter(|header| header.contains("memlint: ")).count();
    assert_eq!(ours, said.len(), "{told:#?}");
    pod["spec"]["containers"] = json!([container("api", "256Mi", "256Mi")]);
    let (status, told) = warned(&site, &pod).await;
    assert_eq!((status, told.iter().filter(|header| header.contains("memlint")).count()), (201, 0), "{told:?}");
}
