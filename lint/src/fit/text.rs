//! The text of `memlint fit`: for each Pod what it asks for, the verdicts, and a table of the nodes.

use std::fmt::Write as _;

use memlint_capacity::Capacity;
use memlint_files::problem::Note;
use memlint_kubernetes::aggregate::ResourceList;
use memlint_policies::fit::Answer;
use memlint_policies::together::Share;

use super::{FitReport, Placed, table};

/// The whole report as text.
#[must_use]
pub fn render(report: &FitReport, capacity: &Capacity, quiet: bool) -> String {
    let mut out = String::new();
    for placed in &report.results {
        out.push_str(&pod(placed, capacity));
        out.push('\n');
    }
    for problem in &report.problems {
        _ = writeln!(out, "unreadable: {}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message);
    }
    if quiet {
        return out;
    }
    report.notes.iter().for_each(|note| out.push_str(&self::note(note)));
    out.push_str(&summary(report));
    out
}

fn pod(placed: &Placed, capacity: &Capacity) -> String {
    let mut out = String::new();
    let name = placed.object.name.as_deref().unwrap_or("(no name)");
    _ = write!(out, "{} {}/{name}  {}:{}", placed.object.kind, placed.namespace, placed.file, placed.line);
    if !placed.template_at.segments().is_empty() && !is_usual(placed) {
        _ = write!(out, "  {}", placed.template_at);
    }
    out.push('\n');
    let qos = placed.pod.qos_class();
    _ = writeln!(out, "  requests  {}  ({qos})", amounts(&placed.pod.requests()));
    let limits = placed.pod.limits();
    if !limits.is_empty() {
        _ = writeln!(out, "  limits    {}", amounts(&limits));
    }
    for set in &placed.pod.defaulted {
        if let Some(container) = placed.pod.containers.get(set.container) {
            let value = container.effective.list(set.list).get(&set.resource).copied().unwrap_or_default();
            let (list, resource) = (set.list.field(), &set.resource);
            _ = writeln!(
                out,
                "            {} {list}.{resource} {value}, set by LimitRange {}",
                container.name, set.name
            );
        }
    }
    for error in &placed.errors {
        _ = writeln!(out, "  refused   {error}");
    }
    if let Some(empty) = &placed.empty {
        _ = writeln!(out, "  empty     {}", verdict(empty, capacity.ever().nodes().len()));
    }
    if let Some(error) = &placed.over_quota {
        _ = writeln!(out, "  now       refused: {error}");
    }
    if let Some(now) = &placed.now {
        _ = writeln!(out, "  now       {}", verdict(now, capacity.now().nodes().len()));
    }
    // Of one Pod that waits by itself everything is said.
    let is_news = |share: &&Share| share.placed < share.wanted && (share.wanted > 1 || placed.is_placed_now());
    if let Some(share) = placed.share.as_ref().filter(is_news) {
        let (placed, wanted) = (share.placed, share.wanted);
        let message = share.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
        _ = writeln!(out, "  together  {placed} of {wanted} placed after what comes before{message}");
    }
    for unknown in &placed.unknown {
        _ = writeln!(out, "  unknown   {unknown}");
    }
    let table = table::render(placed, capacity);
    if !table.is_empty() {
        out.push('\n');
        out.push_str(&table);
    }
    out
}

/// Whether an object of this kind has but one template.
fn is_usual(placed: &Placed) -> bool {
    placed.template_at.last_key() == Some("template") && !placed.object.api_version.contains("argoproj.io")
}

fn verdict(answer: &Answer, total: usize) -> String {
    match &answer.message {
        Some(message) if !answer.fits() => format!("pending: {message}"),
        _ => format!("fits on {} of {total} nodes", answer.nodes.len()),
    }
}

fn amounts(list: &ResourceList) -> String {
    if list.is_empty() {
        return "nothing".to_owned();
    }
    list.iter().map(|(name, amount)| format!("{name} {amount}")).collect::<Vec<_>>().join(", ")
}

fn note(note: &Note) -> String {
    match (&note.file, note.at) {
        (Some(file), Some((line, column))) => format!("note: {file}:{line}:{column}: {}\n", note.message),
        (Some(file), None) => format!("note: {file}: {}\n", note.message),
        _ => format!("note: {}\n", note.message),
    }
}

fn summary(report: &FitReport) -> String {
    let total = report.results.len();
    let fits = report.results.iter().filter(|placed| placed.is_placed_now()).count();
    let refused = report.results.iter().filter(|placed| !placed.errors.is_empty() || placed.over_quota.is_some());
    let refused = refused.count();
    let pods = if total == 1 { "1 Pod".to_owned() } else { format!("{total} Pods") };
    let mut line = format!("{pods}: {fits} placed now, {} pending, {refused} refused", total - fits - refused);
    let shares: Vec<_> = report.results.iter().filter_map(|placed| placed.share.as_ref()).collect();
    let placed_alone = |placed: &Placed| u64::from(placed.is_placed_now());
    let alone = report.results.iter().filter(|placed| placed.share.is_some()).map(placed_alone).sum::<u64>();
    let is_news = shares.iter().any(|share| share.wanted != 1) || shares.iter().map(|s| s.placed).sum::<u64>() != alone;
    if is_news {
        let (wanted, placed) = shares.iter().fold((0_u64, 0_u64), |(wanted, placed), share| {
            (wanted.saturating_add(share.wanted), placed.saturating_add(share.placed))
        });
        _ = write!(line, "; together, in the order of the files: {placed} of {wanted} placed");
    }
    if report.bound > 0 {
        _ = write!(line, "; {} that have their node already were not asked about", report.bound);
    }
    if !report.problems.is_empty() {
        _ = write!(line, "; {} unreadable", report.problems.len());
    }
    line.push('\n');
    line
}
