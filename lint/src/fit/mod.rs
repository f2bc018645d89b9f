//! `memlint fit`: where each Pod could go and why not elsewhere, on empty nodes and now.

mod args;
pub(crate) mod command;
pub mod json;
pub(crate) mod table;
pub mod text;

use std::sync::Arc;

use memlint_capacity::Capacity;
use memlint_files::held::Held;
use memlint_files::problem::{Note, Problem};
use memlint_files::yaml::Document;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::ObjectRef;
use memlint_kubernetes::resources::PodResources;
use memlint_kubernetes::workload::{Object, Workload, objects};
use memlint_policies::admission::Admitted;
use memlint_policies::fit::{self, Answer, Fit};
use memlint_policies::together::{Crew, Share, together};
use rayon::prelude::*;

use crate::project::corpus::Corpus;
use crate::project::place::Wanted;
use crate::project::walk::{Content, Skipped, Walk};

pub use args::FitArgs;

/// What came of asking about every Pod of a corpus.
#[derive(Debug, Default)]
pub struct FitReport {
    /// The answers, in the order of the files.
    pub results: Vec<Placed>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// What was left out and should be known.
    pub notes: Vec<Note>,
    /// How many Pods run already or are over, and were not asked about.
    pub bound: usize,
}

/// One Pod, or the Pod of a workload.
#[derive(Debug)]
pub struct Placed {
    /// The object.
    pub object: Arc<ObjectRef>,
    /// The namespace that its Pods live in.
    pub namespace: String,
    /// The file it is in.
    pub file: Arc<str>,
    /// The line that it starts on, from 1.
    pub line: usize,
    /// Where its Pod template stands, of several in one object.
    pub template_at: FieldPath,
    /// Its resources.
    pub pod: PodResources,
    /// The API server's errors.
    pub errors: Vec<String>,
    /// The quota's error.
    pub over_quota: Option<String>,
    /// On nodes that are empty but for DaemonSets.
    pub empty: Option<Answer>,
    /// On the nodes as they are.
    pub now: Option<Answer>,
    /// What was not judged, or not known.
    pub unknown: Vec<String>,
    /// What became of its Pods beside those of the others; `None` where none was to be placed, or not asked.
    pub share: Option<Share>,
    crew: Option<Crew>,
}

impl Placed {
    /// Whether all its Pods find a place beside those of the others.
    #[must_use]
    pub fn is_placed_with_the_others(&self) -> bool {
        self.share.as_ref().map_or_else(|| self.is_placed_now(), |share| share.placed >= share.wanted)
    }

    /// Whether the Pod would be created and placed now.
    #[must_use]
    pub fn is_placed_now(&self) -> bool {
        self.now.as_ref().is_some_and(Answer::fits)
    }
}

/// Asks about every Pod and every workload of a corpus. Objects that do not set a namespace live in `namespace`; if that
/// is empty, in `default`.
#[must_use]
pub fn fit(corpus: &Corpus, capacity: &Arc<Capacity>, namespace: &str) -> FitReport {
    let walk = Walk::new(corpus, namespace, Some(capacity));
    let documents = corpus.documents.par_iter().enumerate();
    let contents: Vec<(usize, &Held, Content<'_>)> =
        documents.map(|(index, held)| (index, held, walk.read(index, held))).collect();
    let mut report =
        FitReport { problems: corpus.problems.clone(), notes: corpus.notes.clone(), ..FitReport::default() };
    let mut skipped = Skipped::default();
    let mut readable = Vec::new();
    for (index, held, content) in contents {
        match content {
            Content::Objects(document) => readable.push((index, held, document)),
            Content::Foreign(_) => {}
            Content::Patch => skipped.patch(&held.file),
            Content::Template => skipped.template(&held.file),
            Content::Rendered => {}
            Content::Broken(problem) => report.problems.push(problem),
        }
    }
    let parts: Vec<(Vec<Placed>, usize)> = readable
        .par_iter()
        .map(|(index, held, document)| objects_of(corpus, (*index, held), document, &walk))
        .collect();
    for (results, bound) in parts {
        report.results.extend(results);
        report.bound += bound;
    }
    let skipped = skipped.notes(&report.notes);
    report.notes.extend(skipped);
    report.problems.sort();
    report.notes.sort();
    report.notes.dedup();
    report
}

/// Places all Pods of a report beside one another, in its order, each workload with all its replicas.
pub fn place_together(report: &mut FitReport, capacity: &Capacity) {
    let crews: Vec<Option<Crew>> = report.results.iter_mut().map(|placed| placed.crew.take()).collect();
    let shares = together(capacity.now(), &crews, capacity.release());
    for (placed, share) in report.results.iter_mut().zip(shares) {
        placed.share = share;
    }
}

/// The answers for the objects of a document, and how many Pods run already or are over.
fn objects_of(
    corpus: &Corpus,
    (index, held): (usize, &Held),
    document: &Document<'_>,
    walk: &Walk<'_>,
) -> (Vec<Placed>, usize) {
    let (mut results, mut bound) = (Vec::new(), 0);
    for object in objects(document.value()) {
        if is_bound(&object) {
            bound += 1;
            continue;
        }
        for workload in Workload::find(&object).into_iter().filter(|workload| workload.makes_pods) {
            let namespace = object.reference.namespace.as_deref().unwrap_or(walk.namespace());
            let place = corpus.place(index, document, &object.at, Wanted::value(&FieldPath::root())).0;
            let file = corpus.held(place.document).map_or(&held.file, |held| &held.file);
            let fit = fit::fit(&workload, walk.inventory(held), namespace);
            results.push(placed((file, place.span.line), &workload, fit));
        }
    }
    (results, bound)
}

fn placed((file, line): (&Arc<str>, usize), workload: &Workload, fit: Fit<'_>) -> Placed {
    let object = &workload.object;
    // The Pods of a DaemonSet have their room on every node already.
    let is_asked = fit.now.is_some() && object.kind != "DaemonSet";
    let name = object.name.clone().filter(|_| !workload.is_pod());
    let crew = is_asked.then(|| Crew {
        candidate: fit.admitted.candidate(workload),
        requests: fit.admitted.pod.requests(),
        replicas: workload.scale.replicas,
        maker: name.map(|name| (fit.admitted.namespace.clone(), object.kind.clone(), name)),
    });
    let Fit { admitted: Admitted { pod, namespace, .. }, errors, over_quota, empty, now, unknown } = fit;
    Placed {
        object: workload.object.clone(),
        namespace,
        file: file.clone(),
        line,
        template_at: workload.template_at.clone(),
        pod,
        errors,
        over_quota,
        empty,
        now,
        unknown,
        share: None,
        crew,
    }
}

/// Whether this is a Pod of the cluster that has its node, or is over: there is nothing to ask.
fn is_bound(object: &Object<'_, '_>) -> bool {
    let text = |keys: &[&str]| object.value.at(&FieldPath::of(keys)).and_then(Value::as_str);
    if object.reference.kind != "Pod" {
        return false;
    }
    match text(&["status", "phase"]) {
        Some("Succeeded" | "Failed") => true,
        Some(_) => text(&["spec", "nodeName"]).is_some_and(|node| !node.is_empty()),
        None => false,
    }
}
