//! Linting as a command: from its arguments to the exit code.

use std::time::Instant;

use super::args::LintArgs;
use super::{Settings, lint};
use crate::choices::{FailOn, Format};
use crate::exit::{CLEAN, FAILED, FOUND, complain, is_coloured, today};
use crate::output::{self, json, text};
use crate::progress::Progress;
use crate::project::Project;
use crate::report::Report;
use crate::rules;

/// Lints what is in the named paths.
///
/// # Errors
/// When memlint cannot do its job.
pub(crate) fn run(args: &LintArgs) -> anyhow::Result<u8> {
    let started = Instant::now();
    for id in args.only.iter().chain(&args.skip) {
        rules::find(id)?;
    }
    let threads = args.threads.unwrap_or(0);
    // Fails only if the pool is there already; then that one serves.
    _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    let progress = Progress::start(args.quiet);
    let Project { mut policy_file, capacity, corpus } = Project::load(&args.paths, &args.project, threads, &progress)?;
    let policy = &mut policy_file.policy;
    let only = |id: &str| args.only.is_empty() || args.only.iter().any(|wanted| wanted == id);
    policy.retain_rules(|id| only(id) && !args.skip.iter().any(|unwanted| unwanted == id));
    let namespace = args.project.namespace.as_deref().unwrap_or_default();
    let report = lint(&corpus, Settings { policy, capacity: capacity.as_ref(), namespace, today: today() });
    drop(progress);
    let color = is_coloured(&std::io::stdout());
    match args.format {
        Format::Text => output::print(&text::render(&report, &corpus, text::Style { color, quiet: args.quiet })),
        Format::Json => output::to_stdout(|out| json::write(&report, &corpus, out)),
    }?;
    corpus.fatal.iter().for_each(|error| complain(&format!("memlint: {error}")));
    if args.stats {
        let counts = report.counts;
        complain(&format!(
            "files: {}, bytes: {}, documents: {} ({} passed over unparsed), workloads: {}, time: {} ms",
            counts.files,
            counts.bytes,
            counts.documents,
            counts.passed_over,
            report.workloads,
            started.elapsed().as_millis(),
        ));
    }
    if args.stats {
        for ((file, holder), count) in &report.amounts.rest {
            complain(&format!("amounts not judged: {count} in {file}, {holder}"));
        }
    }
    Ok(if corpus.fatal.is_empty() { exit_code(&report, args.fail_on) } else { FAILED })
}

fn exit_code(report: &Report, fail_on: FailOn) -> u8 {
    let found = report.findings.iter().any(|located| fail_on.includes(located.finding.level));
    if found || !report.problems.is_empty() { FOUND } else { CLEAN }
}
