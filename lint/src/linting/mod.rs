//! Linting a corpus: documents to objects, objects to workloads, workloads through the engine, findings to places.
//!
//! Two steps over what was read: first what rules need to know of other files (LimitRanges, RuntimeClasses), then
//! every document by itself, in parallel. The order of the report depends on the files alone.

pub mod account;
mod args;
mod baseline;
pub(crate) mod command;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use memlint_capacity::Capacity;
use memlint_files::held::{Asked, Held};
use memlint_files::place;
use memlint_files::problem::{Note, Problem};
use memlint_files::yaml::{self, Document, Embedded};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::placeholder::is_placeholder;
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::resources::Defaulting;
use memlint_kubernetes::workload::{Object, Workload, objects};
use memlint_policies::engine::{self, Review};
use memlint_policies::finding::{Finding, Group, Level};
use memlint_policies::policy::Policy;
use rayon::prelude::*;

use crate::project::blocks;
use crate::project::corpus::Corpus;
use crate::project::place::{Place, Wanted};
use crate::project::walk::{Content, Skipped, Walk};
use crate::report::{Located, Report};

use account::Account;

pub use args::LintArgs;

/// What to lint with.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// What is known of the nodes.
    pub capacity: Option<&'a Arc<Capacity>>,
    /// The namespace of objects that do not set one; empty for `default`, see [`Walk::new`].
    pub namespace: &'a str,
    /// The day on which exemptions expire or not.
    pub today: Date,
}

/// Lints every document of a corpus.
#[must_use]
pub fn lint(corpus: &Corpus, settings: Settings<'_>) -> Report {
    let walk = Walk::new(corpus, settings.namespace, settings.capacity);
    let linter = Linter { corpus, settings, walk: &walk };
    let parts: Vec<Part> = (0..corpus.documents.len()).into_par_iter().map(|index| linter.document(index)).collect();
    let mut report = Report {
        problems: corpus.problems.clone(),
        notes: corpus.notes.clone(),
        counts: corpus.counts,
        not_run: engine::not_run(settings.policy, walk.whole()),
        ..Report::default()
    };
    let mut used = BTreeSet::new();
    let mut skipped = Skipped::default();
    for (held, part) in corpus.documents.iter().zip(parts) {
        report.findings.extend(part.findings);
        report.problems.extend(part.problems);
        report.notes.extend(part.notes);
        report.workloads += part.workloads;
        report.exempted += part.exempted;
        report.foreign += usize::from(part.foreign);
        report.blocks += part.blocks;
        report.amounts.merge(part.amounts);
        used.extend(part.used);
        if part.is_patch {
            skipped.patch(&held.file);
        }
        if part.templated {
            skipped.template(&held.file);
        }
    }
    report.rendered = corpus.renderings.counts();
    if !report.rendered.is_empty() {
        told_once(&mut report.findings);
        let names: BTreeSet<&Arc<str>> = report.findings.iter().flat_map(|located| &located.renderings).collect();
        let notes = names.into_iter().filter_map(|name| corpus.renderings.note(name));
        report.notes.extend(notes.map(|message| Note { file: None, at: None, message }).collect::<Vec<_>>());
    }
    (report.patches, report.templates) = (skipped.patches(), skipped.templates());
    let skipped = skipped.notes(&report.notes);
    report.notes.extend(skipped);
    report.notes.extend(exemption_notes(settings, &used));
    report.problems.sort();
    report.notes.sort();
    report.notes.dedup();
    report
}

/// What came of one document.
#[derive(Debug, Default)]
struct Part {
    findings: Vec<Located>,
    problems: Vec<Problem>,
    notes: Vec<Note>,
    used: BTreeSet<usize>,
    workloads: usize,
    exempted: usize,
    foreign: bool,
    templated: bool,
    is_patch: bool,
    blocks: usize,
    amounts: Account,
}

struct Linter<'a> {
    corpus: &'a Corpus,
    settings: Settings<'a>,
    walk: &'a Walk<'a>,
}

impl Linter<'_> {
    fn document(&self, index: usize) -> Part {
        let mut part = Part::default();
        let Some(held) = self.corpus.documents.get(index) else { return part };
        let document = match self.walk.read(index, held) {
            Content::Objects(document) => document,
            Content::Foreign(document) => {
                self.foreign(index, held, &document, &mut part);
                return part;
            }
            Content::Rendered => {
                self.count_unparsed(held, "what it renders to", true, &mut part);
                return part;
            }
            Content::Patch => {
                self.count_unparsed(held, "a kustomize patch", false, &mut part);
                return Part { is_patch: true, ..part };
            }
            Content::Template => return Part { templated: true, ..part },
            Content::Broken(problem) => return Part { problems: vec![problem], ..part },
        };
        for object in &objects(document.value()) {
            let workloads = Workload::find(object);
            for workload in &workloads {
                self.workload(index, held, (&document, object), workload, &mut part);
            }
            let written = self.corpus.place(index, &document, &object.at, Wanted::value(&FieldPath::root())).0;
            if held.rendering.is_some() && self.corpus.renderings.is_released(written.document) {
                continue;
            }
            let blocks = blocks::of_object(object, &workloads);
            for block in &blocks {
                self.workload(index, held, (&document, object), block, &mut part);
            }
            for at in blocks::texts(object) {
                self.text(index, held, (&document, object), &at, &mut part);
            }
            // What is rendered is counted where it is written.
            if held.rendering.is_none() {
                let is_judged = |at: &FieldPath| {
                    let is_in = |workload: &Workload| {
                        !workload.makes_pods
                            || workload.containers.iter().any(|place| at.starts_with(&place.resources_at))
                            || at.starts_with(&workload.spec_at.key("resources"))
                    };
                    workloads.iter().chain(&blocks).any(is_in)
                };
                part.amounts.add(&held.file, object.value, &object.reference.kind, &is_judged);
            }
        }
        part.findings.sort_by(|a, b| order(a).cmp(&order(b)));
        part
    }

    /// A document without an object: the values of a chart, or nothing to judge.
    fn foreign(&self, index: usize, held: &Held, document: &Document<'_>, part: &mut Part) {
        let is_of_values = blocks::is_values_file(&held.file);
        let reference = blocks::reference(&held.file);
        let blocks = if is_of_values { blocks::of_values(document.value(), &reference) } else { Vec::new() };
        if blocks.is_empty() {
            not_an_object(held, document, part);
        }
        let object = Object { at: FieldPath::root(), reference, value: document.value() };
        for block in &blocks {
            self.workload(index, held, (document, &object), block, part);
        }
        let is_judged = |at: &FieldPath| {
            blocks.iter().flat_map(|block| &block.containers).any(|place| at.starts_with(&place.resources_at))
        };
        part.amounts.add(&held.file, document.value(), "a document without a kind", &is_judged);
        part.findings.sort_by(|a, b| order(a).cmp(&order(b)));
    }

    /// A text of an object that holds values for a chart.
    fn text(
        &self,
        index: usize,
        held: &Held,
        (document, object): (&Document<'_>, &Object<'_, '_>),
        at: &FieldPath,
        part: &mut Part,
    ) {
        let full = at.below(&object.at);
        let Some(embedded) = Embedded::find(document, &full) else { return };
        for raw in yaml::split(&embedded.text) {
            let Ok(inner) = yaml::parse(raw) else { continue };
            let blocks = blocks::of_values(inner.value(), &blocks::where_it_goes(object));
            let within = Object { at: FieldPath::root(), reference: object.reference.clone(), value: inner.value() };
            let mut found = Part::default();
            for block in &blocks {
                self.workload(index, held, (&inner, &within), block, &mut found);
            }
            for mut located in found.findings {
                for place in std::iter::once(&mut located.place).chain(&mut located.related) {
                    if place.document == index {
                        place.span = embedded.span(document, place.span);
                        place.path = full.clone();
                    }
                }
                part.findings.push(located);
            }
            part.used.extend(found.used);
            part.exempted += found.exempted;
            part.blocks += found.blocks;
            let is_judged = |at: &FieldPath| {
                blocks.iter().flat_map(|block| &block.containers).any(|place| at.starts_with(&place.resources_at))
            };
            part.amounts.add(&held.file, inner.value(), &object.reference.kind, &is_judged);
        }
    }

    /// Counts the amounts of a document that is not judged as it stands.
    fn count_unparsed(&self, held: &Held, holder: &str, is_judged: bool, part: &mut Part) {
        if let Ok(document) = yaml::parse(held.document.raw()) {
            part.amounts.add(&held.file, document.value(), holder, &|_| is_judged);
        }
    }

    fn workload(
        &self,
        index: usize,
        held: &Held,
        (document, object): (&Document<'_>, &Object<'_, '_>),
        workload: &Workload,
        part: &mut Part,
    ) {
        part.workloads += usize::from(workload.makes_pods && !workload.is_block);
        part.blocks += usize::from(workload.is_block);
        let review = Review {
            policy: self.settings.policy,
            inventory: self.walk.inventory(held),
            namespace: self.walk.namespace(),
            file: Some(&held.file),
            defaulting: Defaulting::Simulate,
            today: self.settings.today,
        };
        let reviewed = engine::review(workload, &review);
        part.exempted += reviewed.exemptions.len();
        part.used.extend(reviewed.exemptions.iter().filter_map(|exempted| exempted.exemption));
        for (at, message) in reviewed.notes {
            let place = self.corpus.place(index, document, &object.at, Wanted::value(&at)).0;
            let file = self.corpus.held(place.document).map(|held| held.file.to_string());
            part.notes.push(Note { file, at: Some((place.span.line, place.span.column)), message });
        }
        for finding in reviewed.findings {
            // What is filled in later is not known, and not wrong.
            let is_about_form = finding.group == Group::Valid;
            if is_about_form && is_unknown(object.value.at(&finding.at)) {
                continue;
            }
            part.findings.push(self.locate(index, document, &object.at, finding));
        }
    }

    /// Finds the places of a finding. What an alias or a merge key brings in is pointed at where it is used, since
    /// that is what is wrong; where it is written is told too.
    fn locate(&self, index: usize, document: &Document<'_>, object_at: &FieldPath, mut finding: Finding) -> Located {
        let related = finding.related.iter().map(|related| match related.origin {
            Some(origin) => self.written(self.walk.known.place(origin, &related.at)),
            None => self.corpus.place(index, document, object_at, Wanted::value(&related.at)).0,
        });
        let mut related: Vec<Place> = related.collect();
        let wanted = Wanted { at: &finding.at, on_key: finding.on_key, part: finding.part };
        let (mut place, template) = self.corpus.place(index, document, object_at, wanted);
        if let Some(template) = template {
            let message = "it is rendered by this line".to_owned();
            finding.related.push(Related { origin: None, at: finding.at.clone(), message });
            related.push(template);
        }
        let rendering = self.corpus.documents.get(index).and_then(|held| held.rendering);
        let used_at = place::used_at(document, object_at, &finding.at).filter(|_| rendering.is_none());
        if let Some(used_at) = used_at.filter(|used_at| used_at.line != place.span.line) {
            let message = "it is written here".to_owned();
            finding.related.push(Related { origin: None, at: finding.at.clone(), message });
            related.push(Place { span: std::mem::replace(&mut place.span, used_at), ..place.clone() });
        }
        let renderings = rendering.and_then(|rendering| self.corpus.renderings.name(rendering));
        Located {
            finding,
            place,
            related,
            rendered: rendering.and_then(|rendering| self.corpus.renderings.kind(rendering)),
            renderings: renderings.into_iter().cloned().collect(),
        }
    }

    /// Where a place in a rendered document is written.
    fn written(&self, place: Place) -> Place {
        let is_rendered = self.corpus.documents.get(place.document).is_some_and(|held| held.rendering.is_some());
        match self.walk.known.document(place.document).filter(|_| is_rendered) {
            Some(document) => {
                self.corpus.place(place.document, &document, &FieldPath::root(), Wanted::value(&place.path)).0
            }
            None => place,
        }
    }
}

/// Tells once what several charts or kustomizations render from the same token, with all their names, in the order of
/// the files.
fn told_once(findings: &mut Vec<Located>) {
    let mut known: HashMap<(&'static str, usize, usize, usize, String), usize> = HashMap::new();
    let mut kept: Vec<Located> = Vec::with_capacity(findings.len());
    for located in findings.drain(..) {
        let (finding, span) = (&located.finding, located.place.span);
        let key = (finding.rule, located.place.document, span.start, span.end, finding.message.clone());
        match known.get(&key).and_then(|at| kept.get_mut(*at)).filter(|_| located.rendered.is_some()) {
            Some(first) => {
                let new = located.renderings.into_iter().filter(|name| !first.renderings.contains(name));
                let new: Vec<_> = new.collect();
                first.renderings.extend(new);
            }
            None => {
                known.insert(key, kept.len());
                kept.push(located);
            }
        }
    }
    kept.sort_by_key(|located| (located.place.document, located.place.span.line, located.place.span.column));
    *findings = kept;
}

/// Whether a value is a placeholder.
fn is_unknown(value: Option<&Value<'_>>) -> bool {
    value.and_then(Value::as_str).is_some_and(is_placeholder)
}

fn order(located: &Located) -> (usize, usize, Reverse<Level>, &'static str, &FieldPath, &str) {
    let Finding { rule, level, at, message, .. } = &located.finding;
    (located.place.span.line, located.place.span.column, Reverse(*level), rule, at, message)
}

/// A document without an object: of no interest in a folder, worth a word if it was named, wrong on standard input.
fn not_an_object(held: &Held, document: &Document<'_>, part: &mut Part) {
    part.foreign = held.asked != Asked::Stdin;
    let span = document.resolve(&FieldPath::root()).value;
    let found = match document.value() {
        Value::Map(_) => "a map without apiVersion and kind",
        other => other.describe(),
    };
    let message = format!("this is {found}, not a Kubernetes object");
    match held.asked {
        Asked::Met => {}
        Asked::Named => {
            let file = Some(held.file.to_string());
            part.notes.push(Note { file, at: Some((span.line, span.column)), message });
        }
        Asked::Stdin => part.problems.push(Problem {
            file: held.file.to_string(),
            line: span.line,
            column: span.column,
            message,
            help: Some("an object is a map with apiVersion, kind and metadata".to_owned()),
        }),
    }
}

fn exemption_notes(settings: Settings<'_>, used: &BTreeSet<usize>) -> Vec<Note> {
    let exemptions = settings.policy.exemptions().iter().enumerate();
    let note = |(index, exemption): (usize, &memlint_policies::exemption::Exemption)| {
        let expired = exemption.has_expired(settings.today);
        let message = match (expired, exemption.expires()) {
            (true, Some(day)) => {
                format!("exemption \"{}\" expired after {day} and no longer counts", exemption.reason())
            }
            _ if used.contains(&index) => return None,
            _ => format!("exemption \"{}\" matched nothing; if it is no longer needed, remove it", exemption.reason()),
        };
        Some(Note { file: None, at: None, message })
    };
    exemptions.filter_map(note).collect()
}
