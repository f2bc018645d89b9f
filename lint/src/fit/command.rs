//! `memlint fit` as a command: from its arguments to the exit code.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use memlint_files::problem::Problem;
use memlint_files::{capacity_files, policy_file};

use crate::cli::{FitArgs, Format};
use crate::output::{self, text};
use crate::progress::Progress;
use crate::{corpus, live, run};

/// Answers for every Pod in the named paths.
///
/// # Errors
/// When memlint cannot do its job.
pub fn run(args: &FitArgs) -> anyhow::Result<u8> {
    let color = std::io::stderr().is_terminal();
    let refuse = |problems: &[Problem]| {
        run::complain(&text::problems(problems, color));
        Ok(run::FAILED)
    };
    let files = match (args.capacity.as_slice(), policy_file::locate(args.policy.as_deref())) {
        ([], file) if !args.live.cluster => match policy_file::load(file.as_deref()) {
            Ok(policy) => run::beside(file.as_deref(), &policy),
            Err(problems) => return refuse(&problems),
        },
        (named, _) => named.to_vec(),
    };
    anyhow::ensure!(
        !files.is_empty() || args.live.cluster,
        "nothing is known of the nodes: name a file with --capacity, or ask with --cluster"
    );
    let mut loaded = match capacity_files::load_with(&files, &args.live.list(&live::CAPACITY)?) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems),
    };
    let Some(capacity) = loaded.capacity else { anyhow::bail!("nothing is known of the nodes") };
    let mut corpus = corpus::read(&args.paths, 0, &Progress::start(args.quiet));
    corpus.leave_out(&files);
    corpus.sources = loaded.sources;
    corpus.notes.append(&mut loaded.notes);
    let report = super::fit(&corpus, &capacity, &args.namespace);
    let printed = match args.format {
        Format::Text => super::text::render(&report, &capacity, args.quiet),
        Format::Json => super::json::render(&report),
    };
    output::print(&printed).context("standard output cannot be written")?;
    corpus.fatal.iter().for_each(|error| run::complain(&format!("memlint: {error}")));
    if !corpus.fatal.is_empty() {
        return Ok(run::FAILED);
    }
    anyhow::ensure!(
        !report.results.is_empty() || !report.problems.is_empty(),
        "there is no Pod to place in what was named, nor anything that makes Pods"
    );
    let all = report.problems.is_empty() && report.results.iter().all(super::Placed::is_placed_now);
    Ok(if all { run::CLEAN } else { run::FOUND })
}
