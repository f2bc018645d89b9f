//! From what is watched to what rules are given.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1 as core;
use memlint_policies::capacity::{Capacity, CapacityBuilder};
use memlint_policies::finding::Origin;
use memlint_policies::inventory::Inventory;

use super::View;
use crate::state::{App, Cluster};

/// Changes come in crowds: this is waited for the rest of one.
const CROWD: Duration = Duration::from_millis(100);

/// Whether the nodes that are there are all that there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Nodes {
    /// They are, unless there are traces of an autoscaler
    Auto,
    /// They are
    Fixed,
    /// They are not: no Pod is refused for want of room
    Growing,
}

/// Labels that tools put on nodes which they add when Pods wait for room.
const AUTOSCALED: [&str; 8] = [
    "karpenter.sh/nodepool",
    "karpenter.sh/provisioner-name",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "kops.k8s.io/instancegroup",
    "cluster.x-k8s.io/deployment-name",
];

/// Puts capacity together whenever something has changed; never returns.
pub(super) async fn follow(app: Arc<App>, view: Arc<View>, nodes: Nodes, stale: Duration) {
    let mut was_stale = false;
    loop {
        // Staleness is looked at even when nothing happens.
        let waited = tokio::time::timeout(stale.div_f32(4.0).max(CROWD), view.changed.notified()).await;
        if !view.is_synced() {
            continue;
        }
        let is_stale = view.nodes.failing_for() > stale || view.daemon_sets.failing_for() > stale;
        if waited.is_err() && is_stale == was_stale {
            continue;
        }
        if is_stale && !was_stale {
            tracing::warn!("nodes have not been seen for too long; nothing is refused for want of room");
        }
        was_stale = is_stale;
        tokio::time::sleep(CROWD).await;
        let (work, seen) = (view.clone(), nodes);
        let built = tokio::task::spawn_blocking(move || cluster(&work, seen, is_stale)).await;
        match built {
            Ok(Ok(cluster)) => app.set_cluster(cluster),
            Ok(Err(why)) => tracing::error!(why, "capacity cannot be put together; what was known last goes on"),
            Err(_) => tracing::error!("putting capacity together panicked; please report it"),
        }
    }
}

fn cluster(view: &View, nodes: Nodes, is_stale: bool) -> Result<Cluster, String> {
    let all = view.nodes.objects();
    let certain = !is_stale
        && !all.is_empty()
        && match nodes {
            Nodes::Fixed => true,
            Nodes::Growing => false,
            Nodes::Auto => !all.iter().any(is_autoscaled),
        };
    let mut inventory = Inventory::default();
    inventory.set_capacity(Arc::new(capacity(view, &all)?));
    Ok(Cluster { inventory, nodes_are_certain: certain })
}

fn capacity(view: &View, nodes: &[core::Node]) -> Result<Capacity, String> {
    // Nothing points into these objects: the webhook has no text of them.
    let origin = Origin::default();
    let mut builder = CapacityBuilder::default();
    nodes.iter().for_each(|node| builder.add_node(node, origin));
    view.daemon_sets.objects().into_iter().for_each(|set| builder.add_daemon_set(set));
    view.limit_ranges.objects().into_iter().for_each(|object| builder.add_limit_range(object, origin));
    view.runtime_classes.objects().into_iter().for_each(|object| builder.add_runtime_class(object, origin));
    view.namespaces.objects().iter().for_each(|namespace| builder.add_namespace(namespace));
    builder.build().map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

fn is_autoscaled(node: &core::Node) -> bool {
    let labels = node.metadata.labels.iter().flatten();
    labels.into_iter().any(|(key, _)| AUTOSCALED.contains(&key.as_str()))
}

impl View {
    fn is_synced(&self) -> bool {
        self.nodes.is_synced()
            && self.daemon_sets.is_synced()
            && self.limit_ranges.is_synced()
            && self.runtime_classes.is_synced()
            && self.namespaces.is_synced()
    }
}
