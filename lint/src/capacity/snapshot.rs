//! `memlint capacity snapshot`: a capacity file of a live cluster, or of what kubectl printed of one.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use memlint_capacity::CapacityFile;
use memlint_files::capacity_files;

use super::args::SnapshotArgs;
use super::show;
use crate::exit::Refused;
use crate::live;

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
    write(file, &text).with_context(|| format!("{} cannot be written", file.display()))?;
    let (nodes, pools) = (capacity.now().nodes().len(), capacity.now().nodes().classes().len());
    notes.push(format!("{} is written: nodes {nodes}, pools {pools}", file.display()));
    Ok((String::new(), notes))
}

/// Writes a file whole or not at all: what was there stays until all is written. A link goes on pointing where it did,
/// and what is no file (`/dev/stdout`) is written to as it is.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let known = std::fs::metadata(file).ok();
    if known.as_ref().is_some_and(|known| !known.is_file()) {
        return std::fs::OpenOptions::new().write(true).open(file)?.write_all(text.as_bytes());
    }
    let file = &std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().ok_or_else(|| std::io::Error::other("it names no file"))?);
    name.push(format!(".{}", std::process::id()));
    let partial = folder.join(name);
    let written = std::fs::File::create_new(&partial).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        if let Some(known) = known {
            out.set_permissions(known.permissions())?;
        }
        out.sync_all()
    });
    let result = written.and_then(|()| std::fs::rename(&partial, file));
    if result.is_err() {
        // What is left of it is of no use; that it cannot be removed says nothing new.
        _ = std::fs::remove_file(&partial);
    }
    result
}
