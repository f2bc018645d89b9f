//! The cluster as it is watched: D6, R6 to R9. An API server of the tests' own answers lists and watches.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use kube::Client;
use memlint_webhook::cluster::{Nodes, follow};
use memlint_webhook::state::App;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::support::{app, ask, container, deployment, deployment_of, metric};

/// An API server with a few objects.
#[derive(Clone)]
struct Fake(Arc<Mutex<State>>);

struct State {
    objects: BTreeMap<&'static str, Vec<Value>>,
    lists: usize,
    broken: bool,
    events: broadcast::Sender<Event>,
}

#[derive(Clone)]
enum Event {
    Line(&'static str, Value),
    Cut,
}

const NODES: &str = "/api/v1/nodes";
const LIMIT_RANGES: &str = "/api/v1/limitranges";

impl Fake {
    fn new(objects: &[(&'static str, Value)]) -> Self {
        let mut all: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
        objects.iter().for_each(|(path, object)| all.entry(path).or_default().push(object.clone()));
        let events = broadcast::channel(64).0;
        Self(Arc::new(Mutex::new(State { objects: all, lists: 0, broken: false, events })))
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().expect("a lock"))
    }

    /// Tells whoever watches.
    fn event(&self, path: &'static str, kind: &str, object: &Value) {
        let line = json!({"type": kind, "object": object});
        self.with(|state| _ = state.events.send(Event::Line(path, line)));
    }

    fn client(&self) -> Client {
        let fake = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let fake = fake.clone();
            async move { Ok::<_, Infallible>(fake.answer(&request)) }
        });
        Client::new(service, "default")
    }

    fn answer(&self, request: &Request<kube::client::Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        self.with(|state| {
            if state.broken {
                let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 500, "message": "broken"});
                return Response::builder().status(500).body(Body::from(status.to_string())).expect("a response");
            }
            if watch {
                return Response::new(Body::from_stream(lines(path, state.events.subscribe())));
            }
            state.lists += 1;
            let items = state.objects.get(path.as_str()).cloned().unwrap_or_default();
            let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": "7"}, "items": items});
            Response::new(Body::from(list.to_string()))
        })
    }
}

/// The lines of one watch, until it is cut.
fn lines(
    path: String,
    events: broadcast::Receiver<Event>,
) -> impl futures::Stream<Item = Result<String, Infallible>> + Send {
    futures::stream::unfold((path, events), |(path, mut events)| async move {
        loop {
            match events.recv().await.ok()? {
                Event::Cut => return None,
                Event::Line(of, line) if of == path => return Some((Ok(format!("{line}\n")), (path, events))),
                Event::Line(..) => {}
            }
        }
    })
}

fn node(name: &str, memory: &str, labels: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": labels, "resourceVersion": "8"},
        "status": {"allocatable": {"cpu": "4", "memory": memory, "pods": "110"}, "capacity": {"cpu": "4", "memory": memory, "pods": "110"}},
    })
}

fn limit_range(memory: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "LimitRange",
        "metadata": {"name": "defaults", "namespace": "shop", "resourceVersion": "8"},
        "spec": {"limits": [{"type": "Container", "default": {"memory": memory}, "defaultRequest": {"memory": memory}}]},
    })
}

struct Watching {
    app: Arc<App>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watching(fake: &Fake, nodes: Nodes, stale: Duration) -> Watching {
    let app = app();
    app.health.certificate_is_there();
    let task = tokio::spawn(follow(app.clone(), fake.client(), nodes, stale));
    let watching = Watching { app, task };
    until("the cluster is known", || watching.app.health.not_ready().is_empty()).await;
    watching
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    // Long: a watch that was refused comes back with a growing delay, and machines are busy.
    for _ in 0..2400 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never happened: {what}");
}

fn nodes(app: &App) -> usize {
    app.cluster.load().inventory.capacity().map_or(0, |capacity| capacity.now().nodes().len())
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_d2_the_cluster_is_known_and_its_limit_ranges_count_for_templates() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({}))), (LIMIT_RANGES, limit_range("512Mi"))]);
    let watching = watching(&fake, Nodes::Auto, LONG).await;
    assert_eq!(nodes(&watching.app), 1);
    let bare = deployment(None, &deployment_of(&[container("api", "", "")]));
    let verdict = ask(&watching.app, &bare).await;
    assert!(verdict.allowed && verdict.warnings.is_empty(), "{verdict:?}");
    let mut gone = limit_range("512Mi");
    gone["metadata"]["resourceVersion"] = json!("9");
    fake.event(LIMIT_RANGES, "DELETED", &gone);
    until("the LimitRange is gone", || !watching.app.cluster.load().inventory.has_limit_ranges()).await;
    assert!(!ask(&watching.app, &bare).await.warnings.is_empty());
    assert_eq!(metric(&watching.app, "memlint_cache_objects{kind=\"Node\"}"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r7_one_bad_object_holds_up_no_other() {
    let mut bad = node("bad", "8Gi", &json!({}));
    bad["spec"] = json!({"taints": "none"});
    let odd = node("odd", "8GB?", &json!({}));
    let fake = Fake::new(&[(NODES, bad), (NODES, odd), (NODES, node("good", "8Gi", &json!({})))]);
    let watching = watching(&fake, Nodes::Auto, LONG).await;
    assert_eq!(nodes(&watching.app), 1);
    assert_eq!(metric(&watching.app, "memlint_watch_bad_objects_total{kind=\"Node\"}"), 2.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r7_a_watch_that_is_cut_expired_or_refused_comes_back_and_keeps_what_was_known() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let watching = watching(&fake, Nodes::Auto, LONG).await;
    let known = || nodes(&watching.app);
    // Cut: the watch goes on where it was.
    tokio::time::sleep(Duration::from_millis(200)).await;
    fake.with(|state| _ = state.events.send(Event::Cut));
    // 410: everything is listed again.
    fake.with(|state| state.objects.entry(NODES).or_default().push(node("b", "8Gi", &json!({}))));
    let expired = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old"});
    until("both nodes are known", || {
        // Who has not come back yet does not hear it.
        fake.event(NODES, "ERROR", &expired);
        known() == 2
    })
    .await;
    // 500 to everything: what was known last goes on.
    fake.with(|state| {
        state.broken = true;
        _ = state.events.send(Event::Cut);
    });
    until("errors are counted", || metric(&watching.app, "memlint_watch_errors_total{kind=\"Node\"}") >= 1.0).await;
    assert_eq!(known(), 2);
    assert!(watching.app.health.not_ready().is_empty(), "readiness stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r9_a_heartbeat_changes_nothing() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let watching = watching(&fake, Nodes::Auto, LONG).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = watching.app.cluster.load_full();
    let mut beat = node("a", "8Gi", &json!({}));
    beat["metadata"]["resourceVersion"] = json!("9");
    beat["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
    fake.event(NODES, "MODIFIED", &beat);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(Arc::ptr_eq(&before, &watching.app.cluster.load_full()));
    fake.event(NODES, "MODIFIED", &node("a", "16Gi", &json!({})));
    until("a change is a change", || !Arc::ptr_eq(&before, &watching.app.cluster.load_full())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_nodes_are_certain_only_without_an_autoscaler_and_while_they_are_seen() {
    let plain = || Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let grown = || Fake::new(&[(NODES, node("a", "8Gi", &json!({"karpenter.sh/nodepool": "default"})))]);
    for (fake, nodes, certain) in [
        (plain(), Nodes::Auto, true),
        (plain(), Nodes::Growing, false),
        (grown(), Nodes::Auto, false),
        (grown(), Nodes::Fixed, true),
        (Fake::new(&[]), Nodes::Fixed, false),
    ] {
        let watching = watching(&fake, nodes, LONG).await;
        assert_eq!(watching.app.cluster.load().nodes_are_certain, certain, "{nodes:?}");
    }
    let fake = plain();
    let watching = watching(&fake, Nodes::Fixed, Duration::from_millis(400)).await;
    assert!(watching.app.cluster.load().nodes_are_certain);
    tokio::time::sleep(Duration::from_millis(200)).await;
    fake.with(|state| {
        state.broken = true;
        _ = state.events.send(Event::Cut);
    });
    until("it is stale", || !watching.app.cluster.load().nodes_are_certain).await;
    assert_eq!(metric(&watching.app, "memlint_nodes_are_certain"), 0.0);
    assert_eq!(nodes(&watching.app), 1, "what was known last goes on");
}
