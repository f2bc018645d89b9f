//! From what is watched to what rules are given.

use std::sync::Arc;
use std::time::{Duration, Instant};

use memlint_policies::capacity::{Capacity, CapacityBuilder};
use memlint_policies::finding::Origin;
use memlint_policies::inventory::Inventory;

use super::doubt::doubt;
use super::{Nodes, Settings, View};
use crate::state::{App, Cluster};

/// Changes come in crowds: this is waited for the rest of one.
const CROWD: Duration = Duration::from_millis(100);
/// For each second of work, this many are rested: whatever changes, a tenth of one core is the most that it takes.
const REST: u32 = 9;
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// Puts capacity together whenever something has changed; never returns.
pub(super) async fn follow(app: Arc<App>, view: Arc<View>, settings: Settings) {
    let mut was_stale = false;
    let mut last_doubt = None;
    loop {
        // Staleness is looked at even when nothing happens.
        let waited = tokio::time::timeout(settings.stale.div_f32(4.0).max(CROWD), view.changed.notified()).await;
        if !view.is_synced(settings) {
            continue;
        }
        let is_stale = view.longest_failure(settings) > settings.stale;
        if waited.is_err() && is_stale == was_stale {
            continue;
        }
        was_stale = is_stale;
        tokio::time::sleep(CROWD).await;
        let started = Instant::now();
        let work = view.clone();
        let built = tokio::task::spawn_blocking(move || cluster(&work, settings, is_stale)).await;
        let took = started.elapsed();
        app.metrics.rebuilt(took);
        match built {
            Ok(Ok(cluster)) => {
                tell(last_doubt.as_ref(), &cluster.doubt);
                last_doubt = Some(cluster.doubt.clone());
                app.set_cluster(cluster);
            }
            Ok(Err(why)) => tracing::error!(why, "capacity cannot be put together; what was known last goes on"),
            Err(_) => tracing::error!("putting capacity together panicked; please report it"),
        }
        tokio::time::sleep(took.saturating_mul(REST).min(LONGEST_REST)).await;
    }
}

/// A line whenever Pods begin or cease to be refused for want of room.
fn tell(last: Option<&Option<String>>, doubt: &Option<String>) {
    match doubt {
        _ if last == Some(doubt) => {}
        Some(why) => tracing::warn!(why, "nodes may come that are not known: no Pod is refused for want of room"),
        None => tracing::info!("the nodes are known: Pods that none of them can hold are refused"),
    }
}

fn cluster(view: &View, settings: Settings, is_stale: bool) -> Result<Cluster, String> {
    let nodes = view.nodes.objects();
    let traces = view.traces().unwrap_or_default();
    let doubt = doubt(settings.nodes, nodes.iter().map(Arc::as_ref), is_stale, traces);
    drop(nodes);
    let mut inventory = Inventory::default();
    inventory.set_capacity(Arc::new(capacity(view)?));
    Ok(Cluster { inventory, doubt })
}

fn capacity(view: &View) -> Result<Capacity, String> {
    // Nothing points into these objects: the webhook has no text of them.
    let origin = Origin::default();
    let mut builder = CapacityBuilder::default();
    view.nodes.objects().iter().for_each(|node| builder.add_node(node, origin));
    view.pods.objects().iter().for_each(|pod| builder.add_pod(pod));
    view.daemon_sets.objects().iter().for_each(|set| builder.add_daemon_set(set.as_ref().clone()));
    view.limit_ranges.objects().iter().for_each(|object| builder.add_limit_range(object.as_ref().clone(), origin));
    view.runtime_classes.objects().iter().for_each(|object| builder.add_runtime_class(object.as_ref().clone(), origin));
    view.namespaces.objects().iter().for_each(|namespace| builder.add_namespace(namespace));
    builder.build().map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

impl View {
    fn is_synced(&self, settings: Settings) -> bool {
        self.nodes.is_synced()
            && self.daemon_sets.is_synced()
            && self.limit_ranges.is_synced()
            && self.runtime_classes.is_synced()
            && self.namespaces.is_synced()
            && (!settings.pods || self.pods.is_synced())
            && (settings.nodes != Nodes::Auto || self.traces().is_some())
    }

    /// How long a watch has not worked that says what room there is.
    fn longest_failure(&self, settings: Settings) -> Duration {
        let pods = if settings.pods { self.pods.failing_for() } else { Duration::ZERO };
        self.nodes.failing_for().max(self.daemon_sets.failing_for()).max(pods)
    }
}
