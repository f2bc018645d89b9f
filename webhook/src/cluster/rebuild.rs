//! From what is watched to what rules are given.

use std::sync::Arc;
use std::time::{Duration, Instant};

use memlint_capacity::{Capacity, CapacityBuilder};
use memlint_kubernetes::reference::Origin;
use memlint_policies::inventory::Inventory;
use memlint_review::Nodes;

use super::doubt::Signs;
use super::{KINDS, Settings, View};
use crate::state::{App, Cluster};

/// Changes come in crowds: this is waited for the rest of one.
const CROWD: Duration = Duration::from_millis(100);
/// For each second of work, this many are rested: whatever changes, a tenth of one core is the most that it takes.
const REST: u32 = 9;
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// Puts capacity together whenever something has changed; never returns.
pub(super) async fn follow(app: Arc<App>, view: Arc<View>, settings: Settings) {
    let mut was_stale = Vec::new();
    let mut last_doubt = None;
    loop {
        // Staleness is looked at even when nothing happens.
        let waited = tokio::time::timeout(settings.stale.div_f32(4.0).max(CROWD), view.changed.notified()).await;
        if !view.is_synced(settings) {
            continue;
        }
        let stale = view.stale(settings);
        if waited.is_err() && stale == was_stale {
            continue;
        }
        was_stale.clone_from(&stale);
        tokio::time::sleep(CROWD).await;
        let started = Instant::now();
        let (work, app_of_work) = (view.clone(), app.clone());
        // A task, so that its panic is no one else's.
        let built = tokio::spawn(async move {
            let cluster = cluster(&work, settings, stale)?;
            let doubt = cluster.doubt.clone();
            // What was known before is dropped here, too: it takes its time.
            app_of_work.set_cluster(cluster);
            Ok::<_, String>(doubt)
        });
        let built = built.await;
        let took = started.elapsed();
        app.metrics.rebuilt(took);
        match built {
            Ok(Ok(doubt)) => {
                tell(last_doubt.as_ref(), &doubt);
                last_doubt = Some(doubt);
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
        Some(why) => {
            tracing::warn!(why, "what is known of the nodes is not certain: no Pod is refused for want of room");
        }
        None => tracing::info!("the nodes are known: Pods that none of them can hold are refused"),
    }
}

fn cluster(view: &View, settings: Settings, stale: Vec<&'static str>) -> Result<Cluster, String> {
    let (unreadable, traces) = (view.nodes.unreadable(), view.traces().unwrap_or_default());
    let mut signs = Signs { stale, unreadable, has_nodes: false, label: None, traces };
    let mut inventory = Inventory::default();
    inventory.set_capacity(Arc::new(capacity(view, &mut signs)?));
    Ok(Cluster { inventory, doubt: signs.doubt(settings.nodes) })
}

fn capacity(view: &View, signs: &mut Signs) -> Result<Capacity, String> {
    // Nothing points into these objects: the webhook has no text of them.
    let origin = Origin::default();
    let mut builder = CapacityBuilder::default();
    view.nodes.each(|node| {
        signs.see(&node);
        builder.add_node(&node, origin);
    })?;
    view.pods.each(|pod| builder.add_pod(&pod))?;
    view.daemon_sets.each(|set| builder.add_daemon_set(set))?;
    view.limit_ranges.each(|object| builder.add_limit_range(object, origin))?;
    view.runtime_classes.each(|object| builder.add_runtime_class(object, origin))?;
    view.namespaces.each(|namespace| builder.add_namespace(&namespace))?;
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

    /// The kinds of which nothing has been heard for too long. What a Namespace exempts and what a LimitRange sets may
    /// have changed as well, so each kind counts.
    fn stale(&self, settings: Settings) -> Vec<&'static str> {
        let ages = [
            self.nodes.failing_for(),
            self.daemon_sets.failing_for(),
            self.limit_ranges.failing_for(),
            self.runtime_classes.failing_for(),
            self.namespaces.failing_for(),
            self.pods.failing_for(),
        ];
        KINDS.into_iter().zip(ages).filter(|(_, age)| *age > settings.stale).map(|(kind, _)| kind).collect()
    }
}
