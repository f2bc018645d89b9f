//! `memlint capacity snapshot`: a capacity file of a live cluster, or of what kubectl printed of one.

use anyhow::Context as _;
use memlint_capacity::CapacityFile;
use memlint_files::capacity_files;

use super::args::SnapshotArgs;
use super::show;
use crate::exit::Refused;
use crate::{live, output};

pub(super) fn run(args: &SnapshotArgs) -> anyhow::Result<(String, Vec<String>)> {
    let answers = if args.from.is_empty() { live::list(&args.cluster, &live::CAPACITY)? } else { Vec::new() };
    let loaded = capacity_files::load_with(&args.from, &answers).map_err(Refused)?;
    let capacity = loaded.capacity.unwrap_or_default();
    anyhow::ensure!(capacity.knows_nodes(), "there is no Node to make a capacity file of");
    let text = CapacityFile::snapshot(&capacity).to_yaml();
    let notes = loaded.notes.iter().map(|note| format!("note: {}", show::line(note)));
    let mut notes: Vec<String> = notes.collect();
    if !capacity.knows_bound_pods() {
        notes.push("note: no Pod was given, so the file does not say what is requested today".to_owned());
    }
    let Some(file) = &args.output else { return Ok((text, notes)) };
    output::file::write(file, &text).with_context(|| format!("{} cannot be written", file.display()))?;
    let (nodes, pools) = (capacity.now().nodes().len(), capacity.now().nodes().classes().len());
    notes.push(format!("{} is written: nodes {nodes}, pools {pools}", file.display()));
    Ok((String::new(), notes))
}
