//! What a real API server makes of what the webhook asks and tells: O7, R8, D6.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use memlint_webhook::cluster::{Settings, follow};
use memlint_webhook::events::{self, Events};
use memlint_webhook::state::{App, Limits};
use serde_json::json;

use crate::cluster::until;
use crate::site::Site;
use crate::support::{app, ask, create, metric, options, pod, rulebook, with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o7_events_are_taken_and_counted_in_the_namespace_of_the_denied() {
    let Some(site) = Site::new("o7-events").await else { return };
    let (events, waiting) = Events::queue(Some("o7-events"), Some("memlint-0"));
    let app = Arc::new(App::new(rulebook(""), options(), Limits::default()).with_events(events));
    let task = tokio::spawn(events::follow(waiting, site.admin.clone(), {
        let app = app.clone();
        move |result| app.metrics.event(result)
    }));
    let mut owned = pod("", "1Gi");
    owned["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-7d4", "uid": "u-1", "controller": true}]);
    for pod in [&pod("", "1Gi"), &owned, &owned, &owned] {
        assert!(!ask(&app, &with(create(pod), &json!({"namespace": "o7-events"}))).await.allowed);
    }
    app.events.policy_refused("it has a mistake", &app.metrics);
    until("all are posted", || metric(&app, "memlint_events_total{result=\"posted\"}") == 5.0).await;
    let all: Api<Event> = Api::namespaced(site.admin.clone(), "o7-events");
    let mut told: Vec<(String, i32)> = Vec::new();
    for event in all.list(&ListParams::default()).await.expect("the Events").items {
        let about = event.regarding.expect("an object");
        let name = format!("{} {}", about.kind.unwrap_or_default(), about.name.unwrap_or_default());
        told.push((name, event.series.map_or(1, |series| series.count)));
    }
    told.sort();
    let expected = [("Namespace o7-events", 1), ("Pod memlint-0", 1), ("ReplicaSet api-7d4", 3)];
    assert_eq!(told, expected.map(|(name, count)| (name.to_owned(), count)));
    assert_eq!(metric(&app, "memlint_events_total{result=\"failed\"}"), 0.0);
    task.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_the_selector_of_pods_is_understood_and_no_trace_of_an_autoscaler_is_found() {
    let Some(site) = Site::new("r8-pods").await else { return };
    let pods = "/api/v1/namespaces/r8-pods/pods";
    let mut bound = pod("1Gi", "1Gi");
    bound["metadata"] = json!({"name": "bound"});
    bound["spec"]["nodeName"] = json!("r8-node");
    let mut pending = pod("1Gi", "1Gi");
    pending["metadata"] = json!({"name": "pending"});
    site.post(pods, &bound).await;
    site.post(pods, &pending).await;
    let app = app();
    let settings = Settings { pods: true, stale: Duration::from_secs(60), ..Settings::default() };
    let task = tokio::spawn(follow(app.clone(), site.admin.clone(), settings));
    until("the Pods are known", || app.metrics.is_synced("Pod") == Some(true)).await;
    until("autoscalers have been looked for", || metric(&app, "memlint_capacity_rebuilds_total") >= 1.0).await;
    // Pods of other tests may be there, but none of them has a node.
    assert_eq!(metric(&app, "memlint_cache_objects{kind=\"Pod\"}"), 1.0);
    // Their metadata alone is asked for, and can be read.
    assert!(metric(&app, "memlint_cache_objects{kind=\"Namespace\"}") >= 5.0);
    assert_eq!(metric(&app, "memlint_watch_bad_objects_total{kind=\"Namespace\"}"), 0.0);
    let capacity = app.cluster.load().inventory.capacity().expect("a capacity").clone();
    assert_eq!(capacity.namespaces()["r8-pods"]["kubernetes.io/metadata.name"], "r8-pods");
    let doubt = app.cluster.load().doubt.clone();
    assert!(doubt.as_deref().is_none_or(|doubt| doubt == "there are no nodes"), "{doubt:?}");
    task.abort();
}
