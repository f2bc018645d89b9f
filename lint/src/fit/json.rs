//! The JSON of `memlint fit`, version 1. The types here are the wire format; nothing else depends on them.

use std::collections::BTreeMap;

use memlint_kubernetes::aggregate::{ContainerKind, ResourceList};
use memlint_kubernetes::resources::Requirements;
use memlint_policies::fit::Answer;
use serde::Serialize;

use super::{FitReport, Placed};
use crate::output::wire::{Note, Object, Problem};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Root<'a> {
    version: u8,
    results: Vec<ResultOf<'a>>,
    problems: Vec<Problem<'a>>,
    notes: Vec<Note<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultOf<'a> {
    object: Object<'a>,
    file: &'a str,
    line: usize,
    /// Where the Pod template stands in the object; empty for a Pod.
    template: String,
    admission: Admission<'a>,
    effective: Lists,
    stored: Stored<'a>,
    qos_class: String,
    empty: Verdict<'a>,
    now: Now<'a>,
    /// With all replicas, beside the others, in the order of the files; null with --alone.
    together: Option<Together<'a>>,
    not_judged: &'a [String],
}

#[derive(Serialize)]
struct Together<'a> {
    wanted: u64,
    placed: u64,
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct Admission<'a> {
    admitted: bool,
    errors: &'a [String],
}

type Amounts = BTreeMap<String, String>;

/// What the scheduler and quotas count for the Pod.
#[derive(Serialize)]
struct Lists {
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<Amounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<Amounts>,
}

/// The Pod's resources as the API server would store them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stored<'a> {
    containers: BTreeMap<&'a str, Lists>,
    init_containers: BTreeMap<&'a str, Lists>,
    resources: Option<Lists>,
    overhead: Option<Amounts>,
}

#[derive(Serialize)]
struct Verdict<'a> {
    fits: bool,
    nodes: &'a [String],
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct Now<'a> {
    admitted: bool,
    errors: Vec<&'a str>,
    fits: bool,
    nodes: &'a [String],
    message: Option<&'a str>,
}

/// The whole report as JSON, one object, indented.
#[must_use]
pub fn render(report: &FitReport) -> String {
    let root = Root {
        version: 1,
        results: report.results.iter().map(result).collect(),
        problems: report.problems.iter().map(Problem::from).collect(),
        notes: report.notes.iter().map(Note::from).collect(),
    };
    let mut text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text.push('\n');
    text
}

fn result(placed: &Placed) -> ResultOf<'_> {
    let now = verdict(placed.now.as_ref());
    let errors = placed.errors.iter().chain(&placed.over_quota).map(String::as_str).collect::<Vec<_>>();
    ResultOf {
        object: Object::new(&placed.object, Some(&placed.namespace)),
        file: &placed.file,
        line: placed.line,
        template: placed.template_at.to_string(),
        admission: Admission { admitted: placed.errors.is_empty(), errors: &placed.errors },
        effective: lists(&placed.pod.requests(), &placed.pod.limits()),
        stored: stored(placed),
        qos_class: placed.pod.qos_class().to_string(),
        empty: verdict(placed.empty.as_ref()),
        now: Now { admitted: errors.is_empty(), errors, fits: now.fits, nodes: now.nodes, message: now.message },
        together: placed.share.as_ref().map(|share| Together {
            wanted: share.wanted,
            placed: share.placed,
            message: share.message.as_deref(),
        }),
        not_judged: &placed.unknown,
    }
}

/// A Pod that was refused goes nowhere, and no scheduler says a word.
fn verdict(answer: Option<&Answer>) -> Verdict<'_> {
    match answer {
        Some(answer) => Verdict { fits: answer.fits(), nodes: &answer.nodes, message: answer.message.as_deref() },
        None => Verdict { fits: false, nodes: &[], message: None },
    }
}

fn stored(placed: &Placed) -> Stored<'_> {
    let of = |apps: bool| {
        let some = placed.pod.containers.iter().filter(move |c| (c.kind == ContainerKind::App) == apps);
        some.map(|container| (container.name.as_str(), block(&container.effective))).collect()
    };
    Stored {
        containers: of(true),
        init_containers: of(false),
        resources: placed.pod.stored_pod_level().as_ref().map(block),
        overhead: amounts(&placed.pod.overhead),
    }
}

fn block(block: &Requirements) -> Lists {
    lists(&block.requests, &block.limits)
}

fn lists(requests: &ResourceList, limits: &ResourceList) -> Lists {
    Lists { requests: amounts(requests), limits: amounts(limits) }
}

fn amounts(list: &ResourceList) -> Option<Amounts> {
    let list: Amounts = list.iter().map(|(name, amount)| (name.clone(), amount.to_string())).collect();
    (!list.is_empty()).then_some(list)
}
