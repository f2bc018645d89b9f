//! An API server of the tests' own: it answers lists, page by page, gets and watches, takes Events, and can be made to
//! fail, to refuse and to hang. Behind a client in memory, or on a port.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, Request, Response, Uri};
use http_body_util::BodyExt as _;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::broadcast;

pub(crate) const NODES: &str = "/api/v1/nodes";
pub(crate) const PODS: &str = "/api/v1/pods";
pub(crate) const NAMESPACES: &str = "/api/v1/namespaces";
pub(crate) const LIMIT_RANGES: &str = "/api/v1/limitranges";
pub(crate) const DAEMON_SETS: &str = "/apis/apps/v1/daemonsets";
pub(crate) const RUNTIME_CLASSES: &str = "/apis/node.k8s.io/v1/runtimeclasses";
pub(crate) const NODE_POOLS: &str = "/apis/karpenter.sh/v1/nodepools";
pub(crate) const AUTOSCALER_STATUS: &str = "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status";
pub(crate) const OPENSHIFT_STATUS: &str =
    "/api/v1/namespaces/openshift-machine-api/configmaps/cluster-autoscaler-status";

/// An API server with a few objects.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Mutex<State>>);

pub(crate) struct State {
    /// What a path lists, or its one object, as text.
    pub(crate) objects: BTreeMap<String, Vec<String>>,
    /// Paths that are not there, or may not be seen, and the status that says so.
    pub(crate) refused: BTreeMap<&'static str, u16>,
    /// Requests of any kind.
    pub(crate) requests: usize,
    /// Lists that have been answered to the end, by path.
    pub(crate) lists: BTreeMap<String, usize>,
    /// What was created or patched: method, path, body.
    pub(crate) written: Vec<(Method, String, Value)>,
    /// Everything is answered with 500.
    pub(crate) broken: bool,
    /// Nothing is answered at all.
    pub(crate) hung: bool,
    pub(crate) events: broadcast::Sender<Event>,
}

#[derive(Clone)]
pub(crate) enum Event {
    Line(&'static str, Arc<str>),
    Cut,
}

impl Fake {
    pub(crate) fn new(objects: &[(&str, Value)]) -> Self {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, object) in objects {
            all.entry((*path).to_owned()).or_default().push(object.to_string());
        }
        let state = State {
            objects: all,
            refused: BTreeMap::from([(NODE_POOLS, 404), ("/apis/karpenter.sh/v1beta1/nodepools", 404)]),
            requests: 0,
            lists: BTreeMap::new(),
            written: Vec::new(),
            broken: false,
            hung: false,
            events: broadcast::channel(4096).0,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().expect("a lock"))
    }

    /// Tells whoever watches.
    pub(crate) fn event(&self, path: &'static str, kind: &str, object: &Value) {
        let line = json!({"type": kind, "object": object}).to_string().into();
        self.with(|state| _ = state.events.send(Event::Line(path, line)));
    }

    /// The end of all watches.
    pub(crate) fn cut(&self) {
        self.with(|state| _ = state.events.send(Event::Cut));
    }

    /// Tells whoever watches these that they must list again.
    pub(crate) fn expire(&self, path: &'static str) {
        let gone = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old"});
        self.event(path, "ERROR", &gone);
    }

    /// A client that asks it without a network.
    pub(crate) fn client(&self) -> Client {
        let fake = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let fake = fake.clone();
            async move { Ok::<_, Infallible>(fake.answer(request).await) }
        });
        Client::new(service, "default")
    }

    /// Serves on a port of its own.
    pub(crate) async fn serve(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let fake = self.clone();
        let router = axum::Router::new().fallback(async move |request: Request<Body>| fake.answer(request).await);
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    async fn answer<B: axum::body::HttpBody<Data: Send, Error: std::fmt::Debug>>(
        &self,
        request: Request<B>,
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        self.with(|state| state.requests += 1);
        if self.with(|state| state.hung) {
            std::future::pending::<()>().await;
        }
        let path = parts.uri.path().to_owned();
        if parts.method != Method::GET {
            let body = body.collect().await.expect("a body").to_bytes();
            return self.write(parts.method, path, serde_json::from_slice(&body).expect("JSON"));
        }
        self.with(|state| state.read(&parts.uri, path))
    }

    fn write(&self, method: Method, path: String, body: Value) -> Response<Body> {
        self.with(|state| match state.broken {
            true => status(500),
            false => {
                let response = Response::new(Body::from(body.to_string()));
                state.written.push((method, path, body));
                response
            }
        })
    }
}

impl State {
    fn read(&mut self, uri: &Uri, path: String) -> Response<Body> {
        let refused = self.refused.get(path.as_str()).copied();
        if let Some(code) = if self.broken { Some(500) } else { refused } {
            return status(code);
        }
        if parameter(uri, "watch") == Some("true") {
            return Response::new(Body::from_stream(lines(path, self.events.subscribe())));
        }
        let items = self.objects.get(&path).map(Vec::as_slice).unwrap_or_default();
        if [AUTOSCALER_STATUS, OPENSHIFT_STATUS].contains(&path.as_str()) {
            return items.first().map_or_else(|| status(404), |item| Response::new(Body::from(item.clone())));
        }
        let number = |name| parameter(uri, name).and_then(|value| value.parse::<usize>().ok());
        let (from, most) = (number("continue").unwrap_or(0), number("limit").unwrap_or(usize::MAX));
        let page = items.get(from..).unwrap_or_default();
        let page = page.get(..most.min(page.len())).unwrap_or_default();
        let left = from + page.len() < items.len();
        let next = if left { format!(r#","continue":"{}""#, from + page.len()) } else { String::new() };
        let text = format!(
            r#"{{"apiVersion":"v1","kind":"List","metadata":{{"resourceVersion":"7"{next}}},"items":[{}]}}"#,
            page.join(",")
        );
        if !left {
            *self.lists.entry(path).or_default() += 1;
        }
        Response::new(Body::from(text))
    }
}

fn parameter<'u>(uri: &'u Uri, name: &str) -> Option<&'u str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn status(code: u16) -> Response<Body> {
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": "a test says so"});
    Response::builder().status(code).body(Body::from(status.to_string())).expect("a response")
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
