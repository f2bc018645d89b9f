//! `memlint fit` as a command: from its arguments to the exit code.
use anyhow::Context as _;

use crate::choices::Format;
use crate::cli::FitArgs;
use crate::progress::Progress;
use crate::project::{Project, Sources};
use crate::{exit, output};

/// Answers for every Pod in the named paths.
///
/// # Errors
/// When memlint cannot do its job.
pub fn run(args: &FitArgs) -> anyhow::Result<u8> {
    let sources = Sources {
        paths: &args.paths,
        policy: args.policy.as_deref(),
        capacity: &args.capacity,
        live: &args.live,
        threads: 0,
    };
    let Project { capacity, corpus, .. } = match Project::load(sources, &Progress::start(args.quiet))? {
        Ok(project) => project,
        Err(problems) => return Ok(exit::refuse(&problems)),
    };
    let Some(capacity) = capacity else {
        anyhow::bail!("nothing is known of the nodes: name a file with --capacity, or ask with --cluster")
    };
    let report = super::fit(&corpus, &capacity, args.namespace.as_deref().unwrap_or_default());
    let printed = match args.format {
        Format::Text => super::text::render(&report, &capacity, args.quiet),
        Format::Json => super::json::render(&report),
    };
    output::print(&printed).context("standard output cannot be written")?;
    corpus.fatal.iter().for_each(|error| exit::complain(&format!("memlint: {error}")));
    if !corpus.fatal.is_empty() {
        return Ok(exit::FAILED);
    }
    anyhow::ensure!(
        !report.results.is_empty() || !report.problems.is_empty(),
        "there is no Pod to place in what was named, nor anything that makes Pods"
    );
    let all = report.problems.is_empty() && report.results.iter().all(super::Placed::is_placed_now);
    Ok(if all { exit::CLEAN } else { exit::FOUND })
}
