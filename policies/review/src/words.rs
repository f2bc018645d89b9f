//! The denial: one message that says everything, since a user sees only the first webhook's, and only once.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use memlint_policies::annotation::ALLOW_ANNOTATION;
use memlint_policies::policy::Policy;

use crate::judge::{Judged, Judgement};
use crate::reply::Action;
use crate::response::Cause;
use crate::scope::Scope;
use crate::text::{clip, count, plain};

/// How many findings are told in full.
const IN_FULL: usize = 20;
/// How long each part of one may be: what memlint writes is far shorter, names of users need not be.
const MAX_PART: usize = 400;

/// The message of a denial.
pub(crate) fn denial(judgement: &Judgement, scope: Scope, policy: &Policy) -> String {
    let denied: Vec<&Judged> = with(judgement, Action::Deny).collect();
    let warned: Vec<&Judged> = with(judgement, Action::Warn).collect();
    let mut text = String::new();
    // Of a Pod that a controller could not make, kubectl get events shows the first line only.
    let more = match denied.len().saturating_sub(1) {
        0 => String::new(),
        more => format!("; and {}", count(more, "more problem")),
    };
    let object = part(&judgement.object.to_string());
    for (index, judged) in denied.iter().take(IN_FULL).enumerate() {
        let finding = &judged.finding;
        let problem = format!("{} [{}]", part(&finding.message), finding.rule);
        _ = match index {
            0 => writeln!(text, "{object} is not allowed: {problem}{more}"),
            _ => writeln!(text, "- {problem}"),
        };
        _ = writeln!(text, "  at {}", part(&finding.at.to_string()));
        if let Some(note) = judged.defaulted {
            _ = writeln!(text, "  note: {note}");
        }
        _ = writeln!(text, "  help: {}", part(&finding.help));
    }
    rest(&mut text, denied.get(IN_FULL..).unwrap_or_default());
    if !warned.is_empty() {
        _ = writeln!(text, "and {}, not refused:", count(warned.len(), "warning"));
        for judged in warned.iter().take(IN_FULL) {
            _ = writeln!(text, "- {} [{}]", part(&judged.finding.message), judged.finding.rule);
        }
        rest(&mut text, warned.get(IN_FULL..).unwrap_or_default());
    }
    if let Some(controller) = &judgement.controller {
        let article = if scope == Scope::Template { "It" } else { "The Pod" };
        _ = writeln!(text, "{article} is made by {}: change it there, or in what made that.", part(controller));
    }
    text.push_str(&how_to_exempt(judgement, &denied, policy));
    text
}

/// The same for programs.
pub(crate) fn causes(judgement: &Judgement) -> Vec<Cause> {
    let cause = |judged: &Judged| Cause {
        reason: judged.finding.rule,
        message: part(&judged.finding.message),
        field: part(&judged.finding.at.to_string()),
    };
    with(judgement, Action::Deny).take(IN_FULL).map(cause).collect()
}

fn with(judgement: &Judgement, action: Action) -> impl Iterator<Item = &Judged> {
    judgement.findings.iter().filter(move |judged| judged.action == action)
}

/// What is too much to be told in full: how often which rule.
fn rest(text: &mut String, more: &[&Judged]) {
    if more.is_empty() {
        return;
    }
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    more.iter().for_each(|judged| *rules.entry(judged.finding.rule).or_default() += 1);
    let rules: Vec<String> = rules.iter().map(|(rule, times)| format!("{rule} x {times}")).collect();
    _ = writeln!(text, "- and {} more: {}", more.len(), rules.join(", "));
}

fn how_to_exempt(judgement: &Judgement, denied: &[&Judged], policy: &Policy) -> String {
    let rules: BTreeSet<&str> = denied.iter().map(|judged| judged.finding.rule).collect();
    let (own, policy_only): (Vec<&str>, Vec<&str>) =
        rules.into_iter().partition(|rule| policy.lets_objects_allow(rule));
    let mut ways = Vec::new();
    if !own.is_empty() {
        let entries: Vec<String> = own.iter().map(|rule| format!("{rule}: why")).collect();
        let place =
            if judgement.object.kind == "Pod" && judgement.controller.is_none() { "Pod" } else { "Pod template" };
        ways.push(format!("annotate the {place} with {ALLOW_ANNOTATION}: \"{}\"", entries.join("; ")));
    }
    if !policy_only.is_empty() {
        let namespace = judgement.object.namespace.as_deref().unwrap_or_default();
        ways.push(format!(
            "ask for an exemption in the cluster's policy from {} in namespace {}",
            policy_only.join(", "),
            part(namespace),
        ));
    }
    format!("To have it exempted, {}.", ways.join("; "))
}

fn part(text: &str) -> String {
    clip(&plain(text), MAX_PART)
}
