//! Linting a corpus: documents to objects, objects to workloads, workloads through the engine, findings to places.
//!
//! Two steps over what was read: first what rules need to know of other files (LimitRanges, RuntimeClasses), then
//! every document by itself, in parallel. The order of the report depends on the files alone.

mod args;
pub(crate) mod command;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use memlint_capacity::Capacity;
use memlint_files::held::{Asked, Held};
use memlint_files::place;
use memlint_files::problem::{Note, Problem};
use memlint_files::yaml::Document;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::resources::Defaulting;
use memlint_kubernetes::workload::{Object, Workload, objects};
use memlint_policies::engine::{self, Review};
use memlint_policies::finding::{Finding, Level};
use memlint_policies::policy::Policy;
use rayon::prelude::*;

use crate::project::corpus::Corpus;
use crate::project::place::{Place, Wanted};
use crate::project::walk::{Content, Skipped, Walk};
use crate::report::{Located, Report};

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
    }
    (report.patches, report.templates) = (skipped.patches(), skipped.templates());
    report.notes.extend(skipped.notes());
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
                not_an_object(held, &document, &mut part);
                return part;
            }
            Content::Patch => return Part { is_patch: true, ..part },
            Content::Template => return Part { templated: true, ..part },
            Content::Rendered => return part,
            Content::Broken(problem) => return Part { problems: vec![problem], ..part },
        };
        for object in &objects(document.value()) {
            for workload in Workload::find(object) {
                self.workload(index, held, &document, object, &workload, &mut part);
            }
        }
        part.findings.sort_by(|a, b| order(a).cmp(&order(b)));
        part
    }

    fn workload(
        &self,
        index: usize,
        held: &Held,
        document: &Document<'_>,
        object: &Object<'_, '_>,
        workload: &Workload,
        part: &mut Part,
    ) {
        part.workloads += usize::from(workload.makes_pods);
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

fn order(located: &Located) -> (usize, usize, Reverse<Level>, &'static str, &FieldPath, &str) {
    let Finding { rule, level, at, message, .. } = &located.finding;
    (located.place.span.line, located.place.span.column, Reverse(*level), rule, at, message)
}

/// A document without an object: of no interest in a folder, worth a word if it was named, wrong on standard input.
fn not_an_object(held: &Held, document: &Document<'_>, part: &mut Part) {
    part.foreign = held.asked != Asked::Stdin;
    let span = document.resolve(&FieldPath::root()).value;
    let found = match document.value() {
        memlint_kubernetes::object::Value::Map(_) => "a map without apiVersion and kind",
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
