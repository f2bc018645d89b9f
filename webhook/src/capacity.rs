//! Capacity files instead of a cluster: read at the start, and again whenever they change. Bad ones never take the
//! place of good ones.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use memlint_files::capacity_files;
use memlint_policies::inventory::Inventory;
use memlint_review::nodes::doubt;

use crate::policy::describe;
use crate::state::{App, Cluster};
use crate::watch::{self, Contents};
use memlint_review::Nodes;

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
