//! `memlint audit` as a command: from its arguments to the exit code.

use memlint_files::policy_file::PolicyFile;
use memlint_review::Nodes;
use memlint_review::nodes::Traces;

use super::args::AuditArgs;
use super::auditor::Auditor;
use super::files::{self, Contents};
use super::report::{Audited, Gap, Report};
use super::surroundings::{Known, Surroundings};
use super::{cluster, json, text};
use crate::choices::Format;
use crate::live::{self, Session};
use crate::project::{capacity_of, load_policy};
use crate::review::Bench;
use crate::{exit, output};

/// Audits a cluster, or what was printed of one.
///
/// # Errors
/// When memlint cannot do its job.
pub(crate) fn run(args: &AuditArgs) -> anyhow::Result<u8> {
    let policy_file = load_policy(args.policy.as_deref())?;
    let report = match args.from.as_slice() {
        [] => live::wait(of_cluster(args, policy_file))?,
        _ => of_files(args, policy_file)?,
    };
    let printed = match args.format {
        Format::Text => text::render(&report),
        Format::Json => json::render(&report),
    };
    output::print(&printed)?;
    if !report.gaps.is_empty() {
        let what: Vec<&str> = report.gaps.iter().map(|gap| gap.what.as_str()).collect();
        exit::complain(&format!("memlint: not audited: {}", what.join(", ")));
    }
    let denied = |object: &Audited| object.verdict.is_denial();
    Ok(match (report.gaps.is_empty(), report.objects.iter().any(denied)) {
        (false, _) => exit::FAILED,
        (true, true) => exit::FOUND,
        (true, false) => exit::CLEAN,
    })
}

async fn of_cluster(args: &AuditArgs, policy_file: PolicyFile) -> anyhow::Result<Report> {
    let session = Session::open(&args.cluster).await?;
    let known =
        cluster::surroundings(&session, &args.namespace, Surroundings::new(&args.capacity), args.chunk_size).await?;
    let mut known = known.know()?;
    if known.doubt.is_none() && args.capacity.is_empty() && args.options.nodes == Nodes::Auto {
        let traces = cluster::traces(&session).await?;
        known.doubt = traces.describe();
        if let (Traces::Forbidden(_), Some(why)) = (traces, &known.doubt) {
            known.gaps.insert(Gap { what: "autoscalers".to_owned(), why: why.clone() });
        }
    }
    let (bench, rest) = bench(args, policy_file, known);
    let mut auditor = Auditor::new(&bench);
    cluster::audit(&session, &args.namespace, args.chunk_size, &mut auditor).await;
    Ok(finish(args, auditor, rest))
}

fn of_files(args: &AuditArgs, policy_file: PolicyFile) -> anyhow::Result<Report> {
    let mut known = Surroundings::new(&args.capacity);
    let files = files::read(&args.from, &mut known);
    let contents = Contents::find(&files, &args.namespace, &mut known);
    anyhow::ensure!(
        !contents.is_empty() || !known.gaps.is_empty(),
        "there is nothing to audit in what was named: no Pod, and nothing that makes Pods, but {}",
        contents.others()
    );
    known.settle(capacity_of(&policy_file));
    let (no_daemon_set, no_namespace) = (known.lacks("DaemonSet"), known.lacks("Namespace"));
    let asks_namespaces = policy_file.policy.lets_any_namespace_allow();
    let known = known.know()?;
    let (bench, rest) = bench(args, policy_file, known);
    let mut auditor = Auditor::new(&bench);
    contents.audit(&mut auditor);
    let mut missing = Vec::new();
    if no_daemon_set && auditor.names_daemon_sets() {
        missing.push("no DaemonSet in what was given, though Pods name some: what they take of each node is not known; print them, too");
    }
    if no_namespace && asks_namespaces {
        missing.push("no Namespace in what was given: what they exempt is not known; print them, too");
    }
    let mut report = finish(args, auditor, rest);
    report.notes.extend(missing.into_iter().map(str::to_owned));
    Ok(report)
}

fn bench(args: &AuditArgs, policy_file: PolicyFile, mut known: Known) -> (Bench, Known) {
    let (capacity, doubt) = (known.capacity.take(), known.doubt.take());
    (Bench::new(policy_file, capacity, doubt, &args.options, exit::today()), known)
}

fn finish(args: &AuditArgs, auditor: Auditor<'_>, known: Known) -> Report {
    let mut report = auditor.finish(known.gaps);
    report.denied_only = args.denied_only;
    report.notes = known.notes;
    report.twice.extend(known.twice);
    if let Some(first) = report.twice.first() {
        let more = report.twice.len() - 1;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        report.notes.push(format!("given more than once, and counted once, as first given: {first}{more}"));
    }
    report
}
