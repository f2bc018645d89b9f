//! Charts and kustomizations, rendered with the user's own tools, so that what the API server will get is judged, and told
//! where it is written.
//!
//! Nothing is written into the tree, nothing is fetched, and no tool is waited for longer than it may take. What cannot
//! be rendered is said.

mod align;
mod args;
mod attempt;
mod cache;
mod files;
mod helm;
mod kustomize;
mod process;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use memlint_files::held::{Asked as How, Held, Rendering};
use memlint_files::problem::{Note, Problem};
use memlint_files::yaml;
use memlint_kubernetes::object::Value;

use crate::project::kustomize::is_kustomization;
use attempt::{Attempt, Rendered, Source};
use cache::Cache;
use files::Files;

pub use args::{Plan, RenderArgs};
pub(crate) use token::{Asked, Token};

/// Everything that was rendered, and the way back from it.
#[derive(Debug, Default)]
pub struct Renderings {
    all: Vec<Traced>,
}

/// One chart or kustomization.
#[derive(Debug)]
struct Traced {
    name: Arc<str>,
    source: Source,
}

/// Where a rendered field comes from.
#[derive(Debug)]
pub(crate) struct Origin {
    /// Where to change it.
    pub(crate) token: Token,
    /// The line of the template that renders it, where that is somewhere else.
    pub(crate) template: Option<Token>,
}

/// What came of rendering.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The way back from what was rendered.
    pub renderings: Renderings,
    /// What was rendered, as far as it may matter.
    pub documents: Vec<Held>,
    /// The documents, by their index, that it was made of.
    pub used: BTreeSet<usize>,
    /// What could not be rendered, and why.
    pub problems: Vec<Problem>,
    /// What was not rendered, and what else should be known.
    pub notes: Vec<Note>,
}

/// Whether a document may be a kustomization, a chart or a release of one: a look that costs next to nothing.
fn may_be_rendered(held: &Held) -> bool {
    let text = held.document.raw().text;
    is_kustomization(&held.file)
        || held.file.ends_with("Chart.yaml")
        || text.contains("HelmRelease")
        || text.contains("argoproj.io")
}

impl Outcome {
    fn add(&mut self, rendered: Rendered) {
        let Rendered { entry, name, used, text, source, notes } = rendered;
        let index = self.renderings.all.len();
        for (ordinal, raw) in yaml::split(&text).into_iter().enumerate() {
            if yaml::may_matter(raw.text) {
                let rendering = Some(Rendering { index, ordinal });
                self.documents.push(Held { file: entry.clone(), asked: How::Met, document: raw.into(), rendering });
            }
        }
        self.used.extend(used);
        self.notes.extend(notes);
        self.renderings.all.push(Traced { name, source });
    }
}

impl Renderings {
    /// Renders the charts and kustomizations among some documents.
    #[must_use]
    pub fn of(documents: &[Held], plan: Plan<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if plan.args.no_render || !documents.iter().any(may_be_rendered) {
            return outcome;
        }
        let files = Arc::new(Files::of(documents));
        let cache = Cache::open();
        let mut attempts = kustomize::render(documents, &files, plan, &cache);
        attempts.extend(helm::render(documents, &files, plan, &cache));
        if !attempts.is_empty() {
            cache.tidy();
        }
        for attempt in attempts {
            match attempt {
                Attempt::Rendered(rendered) => outcome.add(*rendered),
                Attempt::Untried(note) => outcome.notes.push(note),
                Attempt::Failed(problem) => outcome.problems.push(problem),
            }
        }
        outcome
    }

    /// What a rendering is called.
    #[must_use]
    pub fn name(&self, rendering: Rendering) -> Option<&Arc<str>> {
        self.all.get(rendering.index).map(|traced| &traced.name)
    }

    /// How it was rendered: `helm` or `kustomize`.
    #[must_use]
    pub fn kind(&self, rendering: Rendering) -> Option<&'static str> {
        self.all.get(rendering.index).map(|traced| match traced.source {
            Source::Kustomize(_) => "kustomize",
            Source::Helm(_) => "helm",
        })
    }

    /// Whether a document is a release whose chart was rendered with its values.
    #[must_use]
    pub fn is_released(&self, document: usize) -> bool {
        let is_it = |traced: &Traced| matches!(&traced.source, Source::Helm(trace) if trace.is_of(document));
        self.all.iter().any(is_it)
    }

    /// What to say of findings in something rendered whose values could not be traced.
    #[must_use]
    pub fn note(&self, rendering: &str) -> Option<String> {
        let is_unmarked = |traced: &&Traced| {
            matches!(&traced.source, Source::Helm(trace) if trace.is_unmarked()) && traced.name.as_ref() == rendering
        };
        let traced = self.all.iter().find(is_unmarked)?;
        Some(format!("{}: its output changes its shape with its values; findings point at the template", traced.name))
    }

    /// How many there are of each kind.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for index in 0..self.all.len() {
            if let Some(kind) = self.kind(Rendering { index, ordinal: 0 }) {
                *counts.entry(kind).or_default() += 1;
            }
        }
        counts
    }

    /// Where a field of a rendered document comes from.
    pub(crate) fn origin(
        &self,
        documents: &[Held],
        held: &Held,
        rendered: &Value<'_>,
        asked: &Asked<'_>,
    ) -> Option<Origin> {
        let traced = self.all.get(held.rendering?.index)?;
        match &traced.source {
            Source::Kustomize(trace) => {
                trace.find(documents, rendered, asked).map(|token| Origin { token, template: None })
            }
            Source::Helm(trace) => {
                let (value, template) = trace.find(documents, (held.document.raw().text, rendered), asked);
                match (value, template) {
                    (Some(token), template) => Some(Origin { token, template }),
                    (None, Some(token)) => Some(Origin { token, template: None }),
                    (None, None) => trace.fallback(documents).map(|token| Origin { token, template: None }),
                }
            }
        }
    }
}
