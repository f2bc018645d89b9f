//! What is known of the cluster, from watches: nodes, DaemonSets, LimitRanges, RuntimeClasses, namespaces. Never Pods.
//!
//! Objects are cut down to what rules look at as they come in. When something that matters has changed, capacity is
//! put together again, away from requests, and swapped whole. No request ever waits for the API server.

mod kept;
mod rebuild;
mod store;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::DeserializeGuard;
use kube::{Api, Client, Config};
use std::path::Path;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::state::App;
use kept::Kept;
use store::Store;

pub use rebuild::Nodes;

/// After this long without a working watch, what is known of nodes is no reason to refuse anything.
pub const STALE: Duration = Duration::from_secs(300);

/// Everything that is watched.
#[derive(Debug, Default)]
pub(crate) struct View {
    nodes: Store<k8s_openapi::api::core::v1::Node>,
    daemon_sets: Store<k8s_openapi::api::apps::v1::DaemonSet>,
    limit_ranges: Store<k8s_openapi::api::core::v1::LimitRange>,
    runtime_classes: Store<k8s_openapi::api::node::v1::RuntimeClass>,
    namespaces: Store<k8s_openapi::api::core::v1::Namespace>,
    changed: Notify,
}

/// A client: from a kubeconfig file, or as a Pod in the cluster has it.
///
/// # Errors
/// When there is none.
pub async fn client(kubeconfig: Option<&Path>) -> anyhow::Result<Client> {
    let config = match kubeconfig {
        None => Config::infer().await.context("there is no cluster to ask: give --kubeconfig or --capacity")?,
        Some(file) => {
            let kubeconfig =
                Kubeconfig::read_from(file).with_context(|| format!("{} cannot be read", file.display()))?;
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?
        }
    };
    Ok(Client::try_from(config)?)
}

/// Watches until it is dropped; never returns otherwise.
pub async fn follow(app: Arc<App>, client: Client, nodes: Nodes, stale: Duration) {
    let view = Arc::new(View::default());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch(app.clone(), client.clone(), view.clone(), |view| &view.nodes));
    tasks.spawn(watch(app.clone(), client.clone(), view.clone(), |view| &view.daemon_sets));
    tasks.spawn(watch(app.clone(), client.clone(), view.clone(), |view| &view.limit_ranges));
    tasks.spawn(watch(app.clone(), client.clone(), view.clone(), |view| &view.runtime_classes));
    tasks.spawn(watch(app.clone(), client, view.clone(), |view| &view.namespaces));
    tasks.spawn(rebuild::follow(app, view, nodes, stale));
    while tasks.join_next().await.is_some() {}
}

async fn watch<K: Kept>(app: Arc<App>, client: Client, view: Arc<View>, store: fn(&View) -> &Store<K>) {
    let api: Api<DeserializeGuard<K>> = Api::all(client);
    store(&view).follow(api, &view.changed, &app.metrics).await;
}
