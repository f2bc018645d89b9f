//! The text of `memlint policy explain`.

use std::fmt::Write as _;

use memlint_files::problem::Note;
use memlint_policies::exemption;
use memlint_policies::exemption::ExemptedBy;
use memlint_policies::funnel::{Alike, Funnel};
use memlint_review::plain;

use super::{Explained, OfRule, OfWorkload, Source};
use crate::fit::table::{align, short};

/// More classes than this are not named.
const CLASSES: usize = 3;

/// All that is explained, as text.
pub(super) fn render(explained: &Explained) -> String {
    let mut out = String::new();
    for workload in &explained.workloads {
        out.push_str(&of_workload(workload));
        out.push('\n');
    }
    for problem in &explained.problems {
        _ = writeln!(out, "unreadable: {}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message);
    }
    for Note { message, .. } in &explained.notes {
        _ = writeln!(out, "note: {message}");
    }
    // Names and reasons are a user's own words.
    out.lines().map(|line| format!("{}\n", plain(line))).collect()
}

fn of_workload(workload: &OfWorkload) -> String {
    let object = &workload.object;
    let name = object.name.as_deref().unwrap_or("(no name)");
    let mut out = format!("{} {}/{name}  {}:{}", object.kind, workload.namespace, workload.file, workload.line);
    if !matches!(workload.template_at.last_key(), None | Some("template")) {
        _ = write!(out, "  {}", workload.template_at);
    }
    out.push_str("\n\n");
    let head = ["RULE", "LEVEL", "SET BY", "FINDS"].map(str::to_owned).to_vec();
    out.push_str(&align(&std::iter::once(head).chain(workload.rules.iter().map(of_rule)).collect::<Vec<_>>()));
    for note in &workload.notes {
        _ = writeln!(out, "  note: {note}");
    }
    match &workload.nodes {
        Ok(nodes) => {
            out.push_str("\n  nodes, empty but for DaemonSets; cordons and passing taints aside\n");
            out.push_str(&of_nodes(&nodes.ever));
            if let Some(now) = &nodes.now {
                out.push_str("\n  nodes, as they are now\n");
                out.push_str(&of_nodes(now));
            }
        }
        Err(why) => _ = writeln!(out, "\n  nodes: {why}"),
    }
    _ = writeln!(out, "\n  verdict: {}", workload.verdict_label());
    for finding in &workload.findings {
        _ = writeln!(out, "  {}[{}]: {}", finding.level, finding.rule, finding.message);
        _ = writeln!(out, "    at {}", finding.at);
        _ = writeln!(out, "    help: {}", finding.help);
    }
    out
}

fn of_rule(rule: &OfRule) -> Vec<String> {
    let level = rule.level.map_or_else(|| "off".to_owned(), |level| level.to_string());
    let params = rule.params.iter().map(|(name, value)| format!(", {name} {value}"));
    let level = std::iter::once(level).chain(params).collect::<String>();
    let mut finds = match (rule.level, rule.not_run, rule.findings) {
        (None, ..) => Vec::new(),
        (_, Some(why), _) => vec![format!("not run: {why}")],
        (_, None, 0) => Vec::new(),
        (_, None, 1) => vec!["1 problem".to_owned()],
        (_, None, many) => vec![format!("{many} problems")],
    };
    let exempted = rule.exempted.iter().filter(|_| rule.level.is_some());
    finds.extend(exempted.map(|(exempted, source)| exempt(exempted, source.as_ref())));
    finds.extend(rule.lapsed.iter().map(|(source, until)| format!("{} exempted it until {until}", shown(source))));
    vec![rule.id.to_owned(), level, shown(&rule.set_by), finds.join("; ")]
}

fn exempt(exempted: &exemption::Exempted, source: Option<&Source>) -> String {
    let whose = exempted.container.as_deref().map(|name| format!(" in container {name}")).unwrap_or_default();
    let who = match (exempted.by, source) {
        (ExemptedBy::Policy, Some(source)) => shown(source),
        (ExemptedBy::Policy, None) => "the policy".to_owned(),
        (ExemptedBy::Object, _) => "its own annotation".to_owned(),
        (ExemptedBy::Namespace, _) => "an annotation of its namespace".to_owned(),
    };
    format!("exempt{whose} by {who}: {}", exempted.reason)
}

fn shown(source: &Source) -> String {
    match source {
        Source::Shipped(name) => (*name).to_owned(),
        Source::File(file, line) => format!("{file}:{line}"),
    }
}

fn of_nodes(funnel: &Funnel) -> String {
    let mut lines = vec![["FILTER", "LEFT", "CLASSES LEFT", "OUT"].map(str::to_owned).to_vec()];
    lines.push(vec!["all".to_owned(), count(&funnel.all), classes(&funnel.all), String::new()]);
    for step in &funnel.steps {
        let reason = |(reasons, nodes): &(Vec<_>, usize)| {
            format!("{nodes} for {}", reasons.iter().map(short).collect::<Vec<_>>().join(" and "))
        };
        let out = step.out.iter().map(reason).collect::<Vec<_>>().join(", ");
        lines.push(vec![step.filter.label().to_owned(), count(&step.left), classes(&step.left), out]);
    }
    align(&lines)
}

fn count(left: &[Alike]) -> String {
    left.iter().map(|class| class.nodes).sum::<usize>().to_string()
}

/// Each class by its first node.
fn classes(left: &[Alike]) -> String {
    let named = left.iter().take(CLASSES).map(|class| match class.nodes {
        1 => class.first.clone(),
        many => format!("{many} like {}", class.first),
    });
    let named = named.collect::<Vec<_>>().join(", ");
    match left.len().saturating_sub(CLASSES) {
        0 if left.is_empty() => "none".to_owned(),
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
