//! The text of `memlint audit`: a block for each object of which there is something to say, then sums.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use memlint_policies::exemption::{Exempted, ExemptedBy};
use memlint_review::{Action, Told, plain};

use super::report::{Audited, Counts, Report, Running, Verdict, worst};

/// How many Pods are named of those that run.
const NAMED: usize = 3;

/// The whole report as text.
pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    for object in report.shown().filter(|object| object.verdict <= Verdict::Warned) {
        block(&mut out, object);
        out.push('\n');
    }
    let (rules, namespaces) = (report.by_rule(), report.by_namespace());
    if !rules.is_empty() {
        table(&mut out, "rule", &rules);
        table(&mut out, "namespace", &namespaces);
    }
    if report.nodes == 0 {
        let mut not_run: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        report.not_run.iter().for_each(|(rule, why)| not_run.entry(why).or_default().push(rule));
        for (why, rules) in not_run {
            _ = writeln!(out, "not run: {}: {why}", rules.join(", "));
        }
    }
    for note in &report.notes {
        _ = writeln!(out, "note: {}", plain(note));
    }
    if let Some(why) = &report.doubt {
        _ = writeln!(out, "note: no Pod would be denied for want of room, as nodes may come: {}", plain(why));
    }
    for gap in &report.gaps {
        _ = writeln!(out, "not audited: {}: {}", plain(&gap.what), plain(&gap.why));
    }
    out.push_str(&summary(report));
    out
}

fn block(out: &mut String, object: &Audited) {
    let is_denied = object.findings.iter().any(|told| worst(told) == Action::Deny);
    let verdict = match object.verdict {
        Verdict::Denied => "would be denied",
        Verdict::PodsDenied if is_denied => "its Pods would be denied",
        Verdict::PodsDenied => "its Pods as they run would be denied",
        Verdict::Warned | Verdict::Noted | Verdict::Good => "would warn",
    };
    let title = format!("{} {}/{}", object.kind, object.namespace, object.name);
    _ = writeln!(out, "{}: {verdict}", plain(&title));
    let mut findings: Vec<_> = object.findings.iter().collect();
    findings.sort_by_key(|told| std::cmp::Reverse(worst(told)));
    findings.into_iter().for_each(|told| finding(out, told));
    for Running { told, names } in &object.running {
        finding(out, told);
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named: Vec<String> = names.iter().take(NAMED).map(|name| plain(name)).collect();
        _ = writeln!(out, "    as it runs: {}{more}", named.join(", "));
    }
    for exempted in &object.exemptions {
        _ = writeln!(out, "  exempt[{}]: {}", exempted.rule, plain(&reason(exempted)));
    }
    for note in &object.notes {
        _ = writeln!(out, "  note: {}", plain(note));
    }
    if let Some(why) = &object.undecided {
        _ = writeln!(out, "  not judged: {}", plain(why));
    }
}

fn finding(out: &mut String, told: &Told) {
    let word = if worst(told) == Action::Deny { "deny" } else { "warn" };
    let finding = &told.finding;
    _ = writeln!(out, "  {word}[{}]: {}", finding.rule, plain(&finding.message));
    _ = writeln!(out, "    at {}", plain(&finding.at.to_string()));
    _ = writeln!(out, "    help: {}", plain(&finding.help));
}

/// Who exempts, and why.
pub(super) fn reason(exempted: &Exempted) -> String {
    let who = match exempted.by {
        ExemptedBy::Policy => "by the policy",
        ExemptedBy::Object => "by its own annotation",
        ExemptedBy::Namespace => "by an annotation of its namespace",
    };
    let whose = exempted.container.as_deref().map(|name| format!("container {name}, ")).unwrap_or_default();
    format!("{whose}{who}: {}", exempted.reason)
}

fn table(out: &mut String, head: &str, counts: &BTreeMap<&str, Counts>) {
    let width = counts.keys().map(|name| name.chars().count()).chain([head.len()]).max().unwrap_or_default();
    _ = writeln!(out, "{head:width$}  objects  denied  warned  exempt");
    for (name, Counts { objects, denied, warned, exempted }) in counts {
        let name = plain(name);
        _ = writeln!(out, "{name:width$}  {objects:7}  {denied:6}  {warned:6}  {exempted:6}");
    }
    out.push('\n');
}

fn summary(report: &Report) -> String {
    let Counts { objects, denied, warned, .. } = report.totals();
    let count = |number: usize, noun: &str| if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") };
    let (objects, nodes) = (count(objects, "object"), count(report.nodes, "node"));
    let mut line = format!("{objects} audited, {nodes} known: {denied} would be denied, {warned} would warn");
    if report.made > 0 {
        let verb = if report.made == 1 { "counts" } else { "count" };
        _ = write!(line, "; {} made by these {verb} with them", report.made);
    }
    if report.over > 0 {
        let verb = if report.over == 1 { "is" } else { "are" };
        _ = write!(line, "; {} {verb} over", report.over);
    }
    for (why, count) in &report.untouched {
        _ = write!(line, "; {count} not judged ({})", plain(why));
    }
    if !report.gaps.is_empty() {
        _ = write!(line, "; not all could be audited");
    }
    line.push('\n');
    line
}
