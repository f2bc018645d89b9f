//! The JSON of `memlint audit`, version 1. The types here are the wire format; nothing else depends on them.

use std::collections::BTreeMap;

use memlint_policies::exemption::ExemptedBy;
use serde::Serialize;
use serde_json::value::RawValue;

use super::report::{Audited, Counts, Report};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Root<'a> {
    version: u8,
    memlint: &'static str,
    totals: Totals<'a>,
    nodes: Nodes<'a>,
    by_rule: BTreeMap<&'a str, Sums>,
    by_namespace: BTreeMap<&'a str, Sums>,
    objects: Vec<Object<'a>>,
    not_audited: Vec<Gap<'a>>,
    not_run: Vec<NotRun<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals<'a> {
    #[serde(flatten)]
    sums: Sums,
    /// Objects that count with their maker.
    made: usize,
    /// Pods and Jobs that have ended, and their like.
    over: usize,
    not_judged: &'a BTreeMap<String, usize>,
}

#[derive(Serialize)]
struct Sums {
    objects: usize,
    denied: usize,
    warned: usize,
    exempted: usize,
}

#[derive(Serialize)]
struct Nodes<'a> {
    count: usize,
    certain: bool,
    doubt: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    verdict: &'a str,
    findings: Vec<Finding<'a>>,
    as_they_run: Vec<Running<'a>>,
    exempted: Vec<Exempted<'a>>,
    notes: &'a [String],
    undecided: Option<&'a str>,
    /// The AdmissionReview that the webhook would answer with.
    review: &'a RawValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule: &'a str,
    action: &'a str,
    action_in_pods: &'a str,
    container: Option<&'a str>,
    path: String,
    message: &'a str,
    help: &'a str,
}

/// What would be denied of what the object has made, and not of itself.
#[derive(Serialize)]
struct Running<'a> {
    #[serde(flatten)]
    finding: Finding<'a>,
    objects: &'a [String],
}

#[derive(Serialize)]
struct Exempted<'a> {
    rule: &'a str,
    container: Option<&'a str>,
    by: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Gap<'a> {
    what: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct NotRun<'a> {
    rule: &'a str,
    why: &'a str,
}

/// The whole report as JSON, one object, indented.
pub(super) fn render(report: &Report) -> String {
    let sums = |Counts { objects, denied, warned, exempted }| Sums { objects, denied, warned, exempted };
    let of_all = |counts: BTreeMap<_, Counts>| counts.into_iter().map(|(name, counts)| (name, sums(counts))).collect();
    let root = Root {
        version: 1,
        memlint: env!("CARGO_PKG_VERSION"),
        totals: Totals {
            sums: sums(report.totals()),
            made: report.made,
            over: report.over,
            not_judged: &report.untouched,
        },
        nodes: Nodes { count: report.nodes, certain: report.doubt.is_none(), doubt: report.doubt.as_deref() },
        by_rule: of_all(report.by_rule()),
        by_namespace: of_all(report.by_namespace()),
        objects: report.shown().map(object).collect(),
        not_audited: report.gaps.iter().map(|gap| Gap { what: &gap.what, why: &gap.why }).collect(),
        not_run: report.not_run.iter().map(|(rule, why)| NotRun { rule, why }).collect(),
        notes: &report.notes,
    };
    let mut text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text.push('\n');
    text
}

fn object(audited: &Audited) -> Object<'_> {
    Object {
        api_version: &audited.api_version,
        kind: audited.kind,
        namespace: &audited.namespace,
        name: &audited.name,
        verdict: audited.verdict.label(),
        findings: audited.findings.iter().map(finding).collect(),
        as_they_run: audited.running.iter().map(running).collect(),
        exempted: audited.exemptions.iter().map(exempted).collect(),
        notes: &audited.notes,
        undecided: audited.undecided.as_deref(),
        review: &audited.review,
    }
}

fn finding(told: &memlint_review::Told) -> Finding<'_> {
    let finding = &told.finding;
    Finding {
        rule: finding.rule,
        action: told.action.label(),
        action_in_pods: told.in_pods.label(),
        container: finding.container.as_deref(),
        path: finding.at.to_string(),
        message: &finding.message,
        help: &finding.help,
    }
}

fn running(running: &super::report::Running) -> Running<'_> {
    Running { finding: finding(&running.told), objects: &running.names }
}

fn exempted(exempted: &memlint_policies::exemption::Exempted) -> Exempted<'_> {
    let by = match exempted.by {
        ExemptedBy::Policy => "policy",
        ExemptedBy::Object => "object",
        ExemptedBy::Namespace => "namespace",
    };
    Exempted { rule: exempted.rule, container: exempted.container.as_deref(), by, reason: &exempted.reason }
}
