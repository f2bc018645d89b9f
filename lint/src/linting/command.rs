//! Linting as a command: from its arguments to the exit code.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use memlint_files::problem::Note;
use memlint_kubernetes::spelling::nearest;

use super::args::LintArgs;
use super::baseline::{Baseline, Rested};
use super::{Settings, lint};
use crate::choices::{FailOn, ReportFormat};
use crate::exit::{CLEAN, FAILED, FOUND, complain, is_coloured, today};
use crate::output::{self, text};
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
    let mut report = lint(&corpus, Settings { policy, capacity: capacity.as_ref(), namespace, today: today() });
    drop(progress);
    if let Some(file) = &args.write_baseline {
        let baseline = Baseline::of(&report);
        baseline.write(file)?;
        complain(&format!("{}: findings that rest from now on: {}", file.display(), baseline.len()));
        return Ok(CLEAN);
    }
    if let Some(file) = &args.baseline {
        rest(file, args.prune, &mut report)?;
    }
    let color = is_coloured(&std::io::stdout());
    for (format, file) in &args.output {
        let style = text::Style { color: false, quiet: args.quiet };
        let printed = output::render(*format, &report, &corpus, style);
        output::file::write(file, &printed).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    // What could not begin has no summary that reads like success.
    let has_failed = !corpus.fatal.is_empty() && report.findings.is_empty() && args.format == ReportFormat::Text;
    if has_failed {
        corpus.fatal.iter().for_each(|error| complain(&format!("memlint: {error}")));
        args.paths.iter().filter_map(|path| meant(path)).for_each(|hint| complain(&hint));
        return Ok(FAILED);
    }
    output::print(&output::render(args.format, &report, &corpus, text::Style { color, quiet: args.quiet }))?;
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

/// Lets the findings of a baseline rest, and says how many do, and how many are gone.
fn rest(file: &Path, prune: bool, report: &mut Report) -> anyhow::Result<()> {
    let mut baseline = Baseline::read(file)?;
    let Rested { resting, gone } = baseline.apply(report);
    let name = file.display();
    let note = |message: String| Note { file: None, at: None, message };
    report.notes.push(note(format!("{name}: findings that rest: {resting}")));
    if prune && gone > 0 {
        baseline.write(file)?;
        report.notes.push(note(format!("{name}: findings that are gone, and were taken out: {gone}")));
    } else if gone > 0 {
        report.notes.push(note(format!("{name}: findings that are gone: {gone}; --prune takes them out")));
    }
    Ok(())
}

/// What was probably meant by a word that is no file.
fn meant(path: &Path) -> Option<String> {
    const COMMANDS: [&str; 8] = ["fit", "explain", "rules", "oom", "capacity", "policy", "audit", "review"];
    const LINT: [&str; 5] = ["lint", "check", "scan", "validate", "test"];
    let word = path.to_str().filter(|word| !path.exists() && word.chars().all(char::is_alphabetic))?;
    if LINT.contains(&word) {
        return Some("memlint takes paths directly: memlint .".to_owned());
    }
    nearest(word, COMMANDS).map(|command| format!("did you mean memlint {command}?"))
}

fn exit_code(report: &Report, fail_on: FailOn) -> u8 {
    let found = report.findings.iter().any(|located| fail_on.includes(located.finding.level));
    if found || !report.problems.is_empty() { FOUND } else { CLEAN }
}
