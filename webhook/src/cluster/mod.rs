//! What is known of the cluster, from watches: nodes, DaemonSets, LimitRanges, RuntimeClasses, namespaces; Pods only
//! where that is asked for.
//!
//! Objects are cut down to what rules look at as they come in. When something that matters has changed, capacity is
//! put together again, away from requests, and swapped whole. No request ever waits for the API server.

mod autoscalers;
mod doubt;
mod heard;
mod kept;
mod pods;
mod rebuild;
mod seen;
mod store;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use std::path::Path;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

use crate::state::App;
use kept::Kept;
use memlint_review::Nodes;
use memlint_review::nodes::Traces;
use seen::Seen;
use store::Store;

/// The kinds that may be watched, as metrics name them.
pub const KINDS: [&str; 6] = ["Node", "DaemonSet", "LimitRange", "RuntimeClass", "Namespace", "Pod"];

/// How a cluster is watched.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Whether the nodes that are there are all that there can be.
    pub nodes: Nodes,
    /// Whether Pods are watched too.
    pub pods: bool,
    /// After this long without a word from the API server, what is known of nodes is no reason to refuse anything.
    pub stale: Duration,
    /// How long an answer of the API server may take.
    pub patience: Duration,
    /// How often autoscalers are looked for.
    pub look_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let [stale, patience, look_every] = [300, 30, 300].map(Duration::from_secs);
        Self { nodes: Nodes::Auto, pods: false, stale, patience, look_every }
    }
}

/// Everything that is watched.
#[derive(Debug, Default)]
pub(crate) struct View {
    nodes: Store<k8s_openapi::api::core::v1::Node>,
    daemon_sets: Store<k8s_openapi::api::apps::v1::DaemonSet>,
    limit_ranges: Store<k8s_openapi::api::core::v1::LimitRange>,
    runtime_classes: Store<k8s_openapi::api::node::v1::RuntimeClass>,
    namespaces: Store<k8s_openapi::api::core::v1::Namespace>,
    pods: Store<k8s_openapi::api::core::v1::Pod>,
    /// `None` until someone has looked.
    traces: Mutex<Option<Traces>>,
    changed: Notify,
}

impl View {
    /// What was seen of autoscalers; `None` until someone has looked.
    fn traces(&self) -> Option<Traces> {
        *self.traces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Someone has looked, and could not see if there is nothing given; then what was seen before goes on.
    fn set_traces(&self, seen: Option<Traces>) {
        let mut traces = self.traces.lock().unwrap_or_else(PoisonError::into_inner);
        let now = seen.or(*traces).unwrap_or_default();
        if traces.replace(now) != Some(now) {
            self.changed.notify_one();
        }
    }
}

/// Where kubelet tells a Pod of its namespace.
const OWN_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Whether this is a Pod in a cluster.
#[must_use]
pub fn is_around() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}

/// The namespace of this Pod, if it is one and has a ServiceAccount.
#[must_use]
pub fn own_namespace() -> Option<String> {
    let text = is_around().then(|| std::fs::read_to_string(OWN_NAMESPACE).ok())??;
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// A client: from a kubeconfig file, or as a Pod in the cluster has it.
///
/// # Errors
/// When there is none.
pub async fn client(kubeconfig: Option<&Path>) -> anyhow::Result<Client> {
    let config = match kubeconfig {
        // What kubectl would take is never guessed: the webhook writes to the cluster.
        None => {
            Config::incluster().context("this is no Pod in a cluster: give --kubeconfig, in place of --capacity")?
        }
        Some(file) => of_file(file).await.with_context(|| format!("--kubeconfig {}", file.display()))?,
    };
    tracing::info!(server = %config.cluster_url, "the cluster");
    Ok(Client::try_from(config)?)
}

async fn of_file(file: &Path) -> anyhow::Result<Config> {
    // Read here: kube's own errors say everything twice, and the file's name never.
    let text = std::fs::read_to_string(file)?;
    let kubeconfig = Kubeconfig::from_yaml(&text).map_err(|error| anyhow::anyhow!(innermost(&error)))?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    config.map_err(|error| anyhow::anyhow!(innermost(&error)))
}

/// What was wrong at the bottom of it; those above repeat it.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Watches until it is dropped; returns only when a part of it has ended, which none should.
///
/// It has a thread of its own. What comes and what is kept of it lies in that thread's memory, where the next list finds
/// the place that this one leaves; and the reading of long lists holds up no request.
pub async fn follow(app: Arc<App>, client: Client, settings: Settings) {
    let (dropped, until_dropped) = oneshot::channel::<()>();
    let (ending, ended) = oneshot::channel::<()>();
    let work = move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "the cluster cannot be watched"),
        };
        runtime.block_on(async {
            tokio::select! {
                () = follow_here(app, client, settings) => {}
                _ = until_dropped => {}
            }
        });
        drop(ending);
    };
    if let Err(error) = std::thread::Builder::new().name("cluster".to_owned()).spawn(work) {
        return tracing::error!(%error, "the cluster cannot be watched");
    }
    _ = ended.await;
    drop(dropped);
}

async fn follow_here(app: Arc<App>, client: Client, settings: Settings) {
    let view = Arc::new(View::default());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch(app.clone(), client.clone(), view.clone(), settings, |view| &view.nodes));
    tasks.spawn(watch(app.clone(), client.clone(), view.clone(), settings, |view| &view.daemon_sets));
    tasks.spawn(watch(app.clone(), client.clone(), view.clone(), settings, |view| &view.limit_ranges));
    tasks.spawn(watch(app.clone(), client.clone(), view.clone(), settings, |view| &view.runtime_classes));
    tasks.spawn(watch(app.clone(), client.clone(), view.clone(), settings, |view| &view.namespaces));
    if settings.pods {
        tasks.spawn(watch(app.clone(), client.clone(), view.clone(), settings, |view| &view.pods));
    }
    if settings.nodes == Nodes::Auto {
        tasks.spawn(autoscalers::follow(client, view.clone(), settings.look_every));
    }
    tasks.spawn(rebuild::follow(app, view, settings));
    _ = tasks.join_next().await;
}

async fn watch<K: Kept>(
    app: Arc<App>,
    client: Client,
    view: Arc<View>,
    settings: Settings,
    store: fn(&View) -> &Store<K>,
) {
    app.metrics.synced(K::KIND, false);
    let client = heard::client(client, app.clone(), view.clone(), settings.patience, store);
    let api: Api<Seen<K>> = Api::all(client);
    store(&view).follow(api, &view.changed, &app.metrics).await;
}
