//! `memlint review` as a command: from its arguments to the exit code.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use memlint_files::capacity_files;

use super::Bench;
use super::args::ReviewArgs;
use crate::exit::Refused;
use crate::project::{capacity_of, load_policy};
use crate::{exit, output};

/// Answers the AdmissionReview in a file.
///
/// # Errors
/// When memlint cannot do its job, or the file holds no AdmissionReview that could be answered.
pub(crate) fn run(args: &ReviewArgs) -> anyhow::Result<u8> {
    let policy_file = load_policy(args.policy.as_deref())?;
    let files = if args.capacity.is_empty() { &capacity_of(&policy_file) } else { &args.capacity };
    let loaded = capacity_files::load(files).map_err(Refused)?;
    let bench = Bench::new(policy_file, loaded.capacity, None, &args.options, exit::today());
    let name = args.file.display();
    let reply = bench.review(&read(&args.file).with_context(|| format!("{name} cannot be read"))?);
    let text = String::from_utf8_lossy(&reply.body);
    anyhow::ensure!(reply.status == 200, "{name}: {text}");
    output::print(&format!("{text}\n"))?;
    Ok(if reply.outcome.allowed { exit::CLEAN } else { exit::FOUND })
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file);
    }
    let mut body = Vec::new();
    std::io::stdin().lock().read_to_end(&mut body)?;
    Ok(body)
}
