//! The JSON of `memlint policy explain`, version 1. The types here are the wire format; nothing else depends on them.

use std::collections::BTreeMap;

use memlint_policies::exemption;
use memlint_policies::exemption::ExemptedBy;
use memlint_policies::funnel;
use serde::Serialize;

use super::{Explained, OfRule, OfWorkload, Source};
use crate::fit::table::short;
use crate::output::wire::{Note, Object, Problem};

#[derive(Serialize)]
struct Root<'a> {
    version: u8,
    memlint: &'static str,
    results: Vec<ResultOf<'a>>,
    problems: Vec<Problem<'a>>,
    notes: Vec<Note<'a>>,
}

#[derive(Serialize)]
struct ResultOf<'a> {
    object: Object<'a>,
    file: &'a str,
    line: usize,
    /// Where the Pod template stands in the object; empty for a Pod.
    template: String,
    verdict: &'static str,
    rules: Vec<Rule<'a>>,
    notes: &'a [String],
    nodes: Option<Nodes<'a>>,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    rule: &'a str,
    level: String,
    params: BTreeMap<&'a str, &'a str>,
    set_by: SetBy<'a>,
    exempted: Vec<Exempted<'a>>,
    expired: Vec<Expired<'a>>,
    not_run: Option<&'a str>,
    findings: usize,
}

/// A shipped policy, or a line of a file.
#[derive(Serialize)]
#[serde(untagged)]
enum SetBy<'a> {
    Shipped { policy: &'a str },
    Line { file: &'a str, line: usize },
}

#[derive(Serialize)]
struct Exempted<'a> {
    by: &'static str,
    container: Option<&'a str>,
    reason: &'a str,
    at: Option<SetBy<'a>>,
}

/// An exemption that covered what is found, until that day.
#[derive(Serialize)]
struct Expired<'a> {
    at: SetBy<'a>,
    until: String,
}

#[derive(Serialize)]
struct Nodes<'a> {
    empty: Funnel<'a>,
    now: Option<Funnel<'a>>,
}

#[derive(Serialize)]
struct Funnel<'a> {
    all: Vec<Class<'a>>,
    filters: Vec<Filter<'a>>,
}

#[derive(Serialize)]
struct Filter<'a> {
    filter: &'static str,
    out: Vec<Out>,
    left: Vec<Class<'a>>,
}

#[derive(Serialize)]
struct Out {
    reasons: Vec<String>,
    nodes: usize,
}

/// Nodes of one class, by the first of them.
#[derive(Serialize)]
struct Class<'a> {
    first: &'a str,
    nodes: usize,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    level: String,
    container: Option<&'a str>,
    path: String,
    message: &'a str,
    help: &'a str,
}

/// All that is explained, as JSON, one object, indented.
pub(super) fn render(explained: &Explained) -> String {
    let root = Root {
        version: 1,
        memlint: env!("CARGO_PKG_VERSION"),
        results: explained.workloads.iter().map(result).collect(),
        problems: explained.problems.iter().map(Problem::from).collect(),
        notes: explained.notes.iter().map(Note::from).collect(),
    };
    let mut text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text.push('\n');
    text
}

fn result(workload: &OfWorkload) -> ResultOf<'_> {
    let object = &workload.object;
    ResultOf {
        object: Object::new(object, Some(&workload.namespace)),
        file: &workload.file,
        line: workload.line,
        template: workload.template_at.to_string(),
        verdict: workload.verdict_label(),
        rules: workload.rules.iter().map(rule).collect(),
        notes: &workload.notes,
        nodes: workload
            .nodes
            .as_ref()
            .ok()
            .map(|nodes| Nodes { empty: of_nodes(&nodes.ever), now: nodes.now.as_ref().map(of_nodes) }),
        findings: workload
            .findings
            .iter()
            .map(|found| Finding {
                rule: found.rule,
                level: found.level.to_string(),
                container: found.container.as_deref(),
                path: found.at.to_string(),
                message: &found.message,
                help: &found.help,
            })
            .collect(),
    }
}

fn rule(rule: &OfRule) -> Rule<'_> {
    Rule {
        rule: rule.id,
        level: rule.level.map_or_else(|| "off".to_owned(), |level| level.to_string()),
        params: rule.params.iter().map(|(name, value)| (*name, value.as_str())).collect(),
        set_by: set_by(&rule.set_by),
        exempted: rule.exempted.iter().map(|(by, source)| exempted(by, source.as_ref())).collect(),
        expired: rule
            .lapsed
            .iter()
            .map(|(source, until)| Expired { at: set_by(source), until: until.to_string() })
            .collect(),
        not_run: rule.not_run,
        findings: rule.findings,
    }
}

fn set_by(source: &Source) -> SetBy<'_> {
    match source {
        Source::Shipped(policy) => SetBy::Shipped { policy },
        Source::File(file, line) => SetBy::Line { file, line: *line },
    }
}

fn exempted<'a>(exempted: &'a exemption::Exempted, source: Option<&'a Source>) -> Exempted<'a> {
    let by = match exempted.by {
        ExemptedBy::Policy => "policy",
        ExemptedBy::Object => "object",
        ExemptedBy::Namespace => "namespace",
    };
    Exempted { by, container: exempted.container.as_deref(), reason: &exempted.reason, at: source.map(set_by) }
}

fn of_nodes(nodes: &funnel::Funnel) -> Funnel<'_> {
    let filters = nodes.steps.iter().map(|step| Filter {
        filter: step.filter.label(),
        out: step
            .out
            .iter()
            .map(|(reasons, nodes)| Out { reasons: reasons.iter().map(short).collect(), nodes: *nodes })
            .collect(),
        left: classes(&step.left),
    });
    Funnel { all: classes(&nodes.all), filters: filters.collect() }
}

fn classes(classes: &[funnel::Alike]) -> Vec<Class<'_>> {
    classes.iter().map(|class| Class { first: &class.first, nodes: class.nodes }).collect()
}
