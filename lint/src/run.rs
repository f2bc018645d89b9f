//! From the command line to the exit code.
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anstream::ColorChoice;
use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};
use memlint_files::{capacity_files, policy_file};
use memlint_policies::rules;

use crate::capacity::{self, CapacityCommand};
use crate::choices::{Color, FailOn, Format};
use crate::cli::{Cli, Command, LintArgs, OomArgs, ReviewArgs};
use crate::exit::{CLEAN, FAILED, FOUND, complain, is_coloured, refuse, today};
use crate::linting::{self, Settings};
use crate::output::{self, json, text};
use crate::policy::{self, PolicyCommand};
use crate::progress::Progress;
use crate::project::{Project, Sources, beside};
use crate::report::Report;
use crate::review::{self, Bench};
use crate::{audit, explain, fit, oom};

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        None => lint(&cli.lint),
        Some(Command::Fit(args)) => fit::command::run(&args),
        Some(Command::Explain { rule }) => match explain::explain(&rule) {
            Ok(page) => output::print(&page).map(|()| CLEAN).context("standard output cannot be written"),
            Err(why) => Err(anyhow::anyhow!(why)),
        },
        Some(Command::Rules { format: Format::Text }) => show(&explain::table()),
        Some(Command::Rules { format: Format::Json }) => show(&explain::json()),
        Some(Command::Oom(args)) => oom(&args),
        Some(Command::Capacity { command }) => capacity(&command),
        Some(Command::Policy { command: PolicyCommand::Check { files } }) => check(&files),
        Some(Command::Policy { command: PolicyCommand::Explain(args) }) => policy::explain::run(&args),
        Some(Command::Review(args)) => answer(&args),
        Some(Command::Audit(args)) => audit::command::run(&args),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "memlint", &mut script);
            show(&String::from_utf8_lossy(&script))
        }
    };
    ExitCode::from(result.unwrap_or_else(|error| {
        complain(&format!("memlint: {error:#}"));
        FAILED
    }))
}

fn show(text: &str) -> anyhow::Result<u8> {
    output::print(text).context("standard output cannot be written")?;
    Ok(CLEAN)
}

fn capacity(command: &CapacityCommand) -> anyhow::Result<u8> {
    let color = match command {
        CapacityCommand::Node(args) => args.color,
        CapacityCommand::Show(args) => args.color,
        CapacityCommand::Sizes(_) | CapacityCommand::Snapshot(_) | CapacityCommand::Schema => Color::Auto,
    };
    let terminal = std::io::stdout().is_terminal();
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = terminal_size::terminal_size().filter(|_| terminal).map(|(width, _)| usize::from(width.0));
    let width = columns.or(measured).unwrap_or(100).clamp(60, 200);
    let screen = capacity::Screen { width, color: wants_color(color), unicode: terminal };
    match capacity::run(command, screen) {
        Ok((text, notes)) => {
            notes.iter().for_each(|note| complain(note));
            show(&text)
        }
        Err(capacity::Failure::Usage(message)) => Err(anyhow::anyhow!(message)),
        Err(capacity::Failure::Files(problems)) => Ok(refuse(&problems)),
    }
}

fn check(files: &[PathBuf]) -> anyhow::Result<u8> {
    let (good, bad) = policy::check(files)?;
    output::print(&good).context("standard output cannot be written")?;
    if bad.is_empty() {
        return Ok(CLEAN);
    }
    Ok(refuse(&bad))
}

fn answer(args: &ReviewArgs) -> anyhow::Result<u8> {
    let file = policy_file::locate(args.policy.as_deref());
    let known = policy_file::load(file.as_deref()).and_then(|policy| {
        let named = beside(file.as_deref(), &policy);
        let capacity = capacity_files::load(if args.capacity.is_empty() { &named } else { &args.capacity })?;
        Ok((policy, capacity.capacity))
    });
    let (policy, capacity) = match known {
        Ok(known) => known,
        Err(problems) => {
            return Ok(refuse(&problems));
        }
    };
    let bench = Bench::new((file.as_deref(), policy), capacity, None, (&args.options, today()));
    let answer = review::answer(&args.file, &bench)?;
    output::print(&answer.text).context("standard output cannot be written")?;
    Ok(if answer.allowed { CLEAN } else { FOUND })
}

fn lint(args: &LintArgs) -> anyhow::Result<u8> {
    let started = Instant::now();
    let color = wants_color(args.color);
    for id in args.only.iter().chain(&args.skip) {
        anyhow::ensure!(rules::find(id).is_some(), "{}; memlint rules lists them all", rules::unknown(id));
    }
    let threads = args.threads.unwrap_or(0);
    // Fails only if the pool is there already; then that one serves.
    _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    let progress = Progress::start(args.quiet);
    let sources = Sources {
        paths: &args.paths,
        policy: args.policy.as_deref(),
        capacity: &args.capacity,
        live: &args.live,
        threads,
    };
    let Project { mut traced, capacity, corpus, .. } = match Project::load(sources, &progress)? {
        Ok(project) => project,
        Err(problems) => {
            drop(progress);
            return Ok(refuse(&problems));
        }
    };
    let only = |id: &str| args.only.is_empty() || args.only.iter().any(|wanted| wanted == id);
    traced.policy.retain_rules(|id| only(id) && !args.skip.iter().any(|unwanted| unwanted == id));
    let namespace = args.namespace.as_deref().unwrap_or_default();
    let settings = Settings { policy: &traced.policy, capacity: capacity.as_ref(), namespace, today: today() };
    let report = linting::lint(&corpus, settings);
    drop(progress);
    match args.format {
        Format::Text => output::print(&text::render(&report, &corpus, text::Style { color, quiet: args.quiet })),
        Format::Json => output::to_stdout(|out| json::write(&report, &corpus, out)),
    }
    .context("standard output cannot be written")?;
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
    Ok(if corpus.fatal.is_empty() { exit_code(&report, args.fail_on) } else { FAILED })
}

fn oom(args: &OomArgs) -> anyhow::Result<u8> {
    let complaints = oom::run(args, wants_color(args.color))?;
    complaints.iter().for_each(|complaint| complain(&format!("memlint: {complaint}")));
    Ok(if complaints.is_empty() { CLEAN } else { FAILED })
}

fn exit_code(report: &Report, fail_on: FailOn) -> u8 {
    let found = report.findings.iter().any(|located| fail_on.includes(located.finding.level));
    if found || !report.problems.is_empty() { FOUND } else { CLEAN }
}

/// Sets when to colour, for every stream, and says whether standard output is coloured.
fn wants_color(color: Color) -> bool {
    let choice = match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    choice.write_global();
    is_coloured(&std::io::stdout())
}
