//! `memlint fit` as a command: from its arguments to the exit code.

use super::args::FitArgs;
use crate::choices::Format;
use crate::progress::Progress;
use crate::project::Project;
use crate::{exit, output};

/// Answers for every Pod in the named paths.
///
/// # Errors
/// When memlint cannot do its job.
pub(crate) fn run(args: &FitArgs) -> anyhow::Result<u8> {
    let project = Project::load(&args.paths, &args.project, 0, &Progress::start(args.quiet))?;
    let Project { capacity, corpus, .. } = project;
    let Some(capacity) = capacity.filter(|capacity| capacity.knows_nodes()) else {
        anyhow::bail!("nothing is known of the nodes: name a file with --capacity, or ask with --cluster")
    };
    let mut report = super::fit(&corpus, &capacity, args.project.namespace.as_deref().unwrap_or_default());
    if !args.alone {
        super::place_together(&mut report, &capacity);
    }
    let printed = match args.format {
        Format::Text => super::text::render(&report, &capacity, args.quiet),
        Format::Json => super::json::render(&report),
    };
    output::print(&printed)?;
    corpus.fatal.iter().for_each(|error| exit::complain(&format!("memlint: {error}")));
    if !corpus.fatal.is_empty() {
        return Ok(exit::FAILED);
    }
    anyhow::ensure!(
        !report.results.is_empty() || !report.problems.is_empty(),
        "there is no Pod to place in what was named, nor anything that makes Pods"
    );
    let all = report.problems.is_empty() && report.results.iter().all(super::Placed::is_placed_with_the_others);
    Ok(if all { exit::CLEAN } else { exit::FOUND })
}
