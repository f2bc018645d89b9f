//! Events about denials: O7, O4, P11.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use kube::Client;
use memlint_webhook::events::{Events, Waiting, follow};
use memlint_webhook::policy;
use memlint_webhook::state::{App, Limits};
use serde_json::{Value, json};

use crate::cluster::until;
use crate::fake::Fake;
use crate::support::{ask, container, create, deployment, deployment_of, metric, options, pod, rulebook, with};

struct Telling {
    app: Arc<App>,
    fake: Fake,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn posting(app: &Arc<App>, waiting: Waiting, client: Client) -> impl Future<Output = ()> + use<> {
    let app = app.clone();
    follow(waiting, client, move |result| app.metrics.event(result))
}

fn telling() -> Telling {
    let fake = Fake::new(&[]);
    let (events, waiting) = Events::queue(Some("memlint"), Some("memlint-webhook-0"));
    let app = Arc::new(App::new(rulebook(""), options(), Limits::default()).with_events(events));
    let task = tokio::spawn(posting(&app, waiting, fake.client()));
    Telling { app, fake, task }
}

impl Telling {
    fn written(&self) -> Vec<(Method, String, Value)> {
        self.fake.with(|state| state.written.clone())
    }

    async fn wait_for(&self, count: usize) -> Vec<(Method, String, Value)> {
        until("the Events are there", || self.written().len() >= count).await;
        self.written()
    }
}

const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/shop/events";

fn owned(name: &str) -> Value {
    let mut pod = pod("", "1Gi");
    pod["metadata"]["name"] = json!(name);
    pod["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-7d4", "uid": "u-1", "controller": true}]);
    pod
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o7_a_denial_is_told_of_what_made_the_pod_and_counted_when_it_comes_again() {
    let telling = telling();
    ask(&telling.app, &create(&owned("api-7d4-a"))).await;
    let (method, path, event) = telling.wait_for(1).await.remove(0);
    assert_eq!((method, path.as_str()), (Method::POST, EVENTS));
    let regarding =
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-7d4", "namespace": "shop", "uid": "u-1"});
    assert_eq!(event["regarding"], regarding);
    assert_eq!((&event["type"], &event["reason"]), (&json!("Warning"), &json!("DeniedByMemlint")));
    assert_eq!(event["action"], "Deny:missing-memory-request");
    assert_eq!(event["metadata"]["namespace"], "shop");
    let note = event["note"].as_str().expect("a note");
    assert!(note.starts_with("Pod shop/api-7d4-a is refused: ") && note.contains("[missing-memory-request]"), "{note}");
    for key in ["eventTime", "reportingController", "reportingInstance"] {
        assert!(event[key].is_string(), "the API asks for {key}");
    }
    // The next Pod of the same ReplicaSet, for the same reason.
    ask(&telling.app, &create(&owned("api-7d4-b"))).await;
    let (method, path, again) = telling.wait_for(2).await.remove(1);
    let name = event["metadata"]["name"].as_str().expect("a name");
    assert_eq!((method, path), (Method::PATCH, format!("{EVENTS}/{name}")));
    assert_eq!(again["series"]["count"], 2);
    // For another reason it is another Event.
    let mut other = owned("api-7d4-c");
    other["spec"]["containers"] = json!([container("api", "2Gi", "1Gi")]);
    ask(&telling.app, &create(&other)).await;
    assert_eq!(telling.wait_for(3).await[2].0, Method::POST);
    assert_eq!(metric(&telling.app, "memlint_events_total{result=\"posted\"}"), 3.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o7_a_bare_pod_is_told_of_its_namespace_and_an_update_of_its_object() {
    let telling = telling();
    ask(&telling.app, &create(&pod("", "1Gi"))).await;
    let event = telling.wait_for(1).await.remove(0).2;
    assert_eq!(
        event["regarding"],
        json!({"apiVersion": "v1", "kind": "Namespace", "name": "shop", "namespace": "shop"})
    );
    let (events, waiting) = Events::queue(None, None);
    let strict = memlint_review::Options { workloads: memlint_review::Workloads::Deny, ..options() };
    let app = Arc::new(App::new(rulebook(""), strict, Limits::default()).with_events(events));
    let task = tokio::spawn(posting(&app, waiting, telling.fake.client()));
    let mut old = deployment_of(&[container("api", "1Gi", "1Gi")]);
    old["metadata"]["uid"] = json!("u-2");
    let mut new = old.clone();
    new["spec"]["template"]["spec"]["containers"] = json!([container("api", "2Gi", "1Gi")]);
    assert!(!ask(&app, &deployment(Some(&old), &new)).await.allowed);
    let event = telling.wait_for(2).await.remove(1).2;
    let regarding =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "api", "namespace": "shop", "uid": "u-2"});
    assert_eq!(event["regarding"], regarding);
    task.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p11_nothing_is_told_of_a_dry_run_of_what_is_allowed_or_of_a_namespace_that_cannot_be() {
    let telling = telling();
    ask(&telling.app, &with(create(&owned("a")), &json!({"dryRun": true}))).await;
    ask(&telling.app, &create(&pod("1Gi", "1Gi"))).await;
    let evil = with(create(&owned("b")), &json!({"namespace": "shop/../../../nodes"}));
    assert!(!ask(&telling.app, &evil).await.allowed);
    ask(&telling.app, &create(&owned("c"))).await;
    assert_eq!(telling.wait_for(1).await.len(), 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let written = telling.written();
    assert!(written.len() == 1 && written[0].2["note"].as_str().expect("a note").contains("shop/c"), "{written:?}");
    assert_eq!(metric(&telling.app, "memlint_events_total{result=\"failed\"}"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o7_a_flood_is_dropped_and_counted_while_the_api_server_hangs() {
    let telling = telling();
    telling.fake.with(|state| state.hung = true);
    for index in 0..400 {
        assert!(!ask(&telling.app, &create(&owned(&format!("p{index}")))).await.allowed);
    }
    // 256 wait, and one or two are on their way.
    let dropped = metric(&telling.app, "memlint_events_total{result=\"dropped\"}");
    assert!((142.0..=144.0).contains(&dropped), "{dropped}");
    assert!(telling.written().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o4_a_bad_policy_file_is_told_of_the_webhooks_own_pod() {
    let telling = telling();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("memlint.yaml");
    std::fs::write(&file, "apiVersion: memlint.dev/v1alpha1\nkind: Policy\nrules: {no-such-rule: deny}\n")
        .expect("written");
    let task = tokio::spawn(policy::follow(telling.app.clone(), file, Duration::from_millis(20), vec![Vec::new()]));
    let (_, path, event) = telling.wait_for(1).await.remove(0);
    assert_eq!(path, "/apis/events.k8s.io/v1/namespaces/memlint/events");
    assert_eq!(
        (&event["regarding"]["kind"], &event["regarding"]["name"]),
        (&json!("Pod"), &json!("memlint-webhook-0"))
    );
    assert_eq!(event["reason"], "PolicyRefused");
    assert!(event["note"].as_str().expect("a note").contains("no-such-rule"), "{event}");
    task.abort();
}
