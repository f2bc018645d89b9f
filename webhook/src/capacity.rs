//! Capacity files instead of a cluster: read at the start, and again whenever they change. Bad ones never take the
//! place of good ones.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use memlint_files::capacity_files;
use memlint_policies::capacity::Capacity;
use memlint_policies::inventory::Inventory;

use crate::cluster::{Nodes, autoscaled};
use crate::policy::describe;
use crate::state::{App, Cluster};
use crate::watch::{self, Contents};

/// Reads the files, and gives their contents, to tell later whether they have changed.
///
/// # Errors
/// Everything that is wrong with them, a line each.
pub fn load(app: &App, files: &[PathBuf], nodes: Nodes) -> Result<Contents, String> {
    let contents = watch::read(files)?;
    let loaded = capacity_files::load(files).map_err(|problems| describe(&problems))?;
    for note in &loaded.notes {
        tracing::warn!(file = note.file, "{}", note.message);
    }
    let doubt = doubt(loaded.capacity.as_deref(), nodes);
    if let Some(why) = &doubt {
        tracing::info!(why, "no Pod is refused for want of room");
    }
    let mut inventory = Inventory::default();
    if let Some(capacity) = loaded.capacity {
        inventory.set_capacity(capacity);
    }
    app.set_cluster(Cluster { inventory, doubt });
    app.metrics.capacity_read(true);
    Ok(contents)
}

/// Why the nodes in the files may not be all that there will be; `None` if they are.
fn doubt(capacity: Option<&Capacity>, nodes: Nodes) -> Option<String> {
    let Some(capacity) = capacity.filter(|capacity| capacity.knows_nodes()) else {
        return Some("no nodes are known".to_owned());
    };
    match nodes {
        Nodes::Fixed => None,
        Nodes::Growing => Some("--nodes growing was given".to_owned()),
        Nodes::Auto => {
            // Pools are declared with the most that they may grow to; all other nodes are what they are in a cluster.
            let declared: BTreeSet<&str> =
                capacity.pools().iter().flat_map(|pool| &pool.nodes).map(String::as_str).collect();
            let known = capacity.now().nodes();
            let mut real = (0..known.len()).filter(|node| !declared.contains(known.name(*node)));
            let label = real.find_map(|node| autoscaled(|key| known.label(node, key).is_some()));
            label.map(|label| format!("a node has the label {label}"))
        }
    }
}

/// Reads the files again whenever they change; never returns.
pub async fn follow(app: Arc<App>, files: Vec<PathBuf>, nodes: Nodes, every: Duration, first: Contents) {
    let watched = files.clone();
    let changed = |contents: Result<&Contents, &str>| match contents
        .map_err(str::to_owned)
        .and_then(|_| tokio::task::block_in_place(|| load(&app, &files, nodes)))
    {
        Ok(_) => tracing::info!("capacity has changed"),
        Err(why) => {
            tracing::error!(why, "the capacity files are bad; what was known last goes on");
            app.metrics.capacity_read(false);
        }
    };
    watch::poll(watched, every, first, changed).await;
}
