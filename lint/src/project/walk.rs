//! [`Walk`]: what each document of a corpus is. Every command that reads manifests loops over it, so that all skip the
//! same documents and count the same LimitRanges.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use memlint_capacity::Capacity;
use memlint_files::held::{Asked, Held};
use memlint_files::problem::{Note, Problem};
use memlint_files::yaml::{self, Document, Failure};
use memlint_kubernetes::resources::Defaulting;
use memlint_kubernetes::workload::{Workload, objects};
use memlint_policies::engine::{self, Review};
use memlint_policies::finding::Group;
use memlint_policies::inventory::Inventory;
use memlint_policies::policy::Policy;
use memlint_policies::rules;

use super::corpus::Corpus;
use super::known::Known;
use super::kustomize::{self, Patches};
use super::scopes::{DEFAULT_NAMESPACE, Scopes};
use super::templates;

/// A corpus with what its documents say about each other.
#[derive(Debug)]
pub struct Walk<'a> {
    used: &'a BTreeSet<usize>,
    /// Documents that rules know besides the one under review.
    pub known: Known<'a>,
    scopes: Scopes,
    patches: Patches,
    namespace: &'a str,
    /// Only the rules that find what the API server refuses.
    validity: Policy,
}

/// What a document is.
#[derive(Debug)]
pub enum Content<'a> {
    /// It holds Kubernetes objects.
    Objects(Arc<Document<'a>>),
    /// It holds none.
    Foreign(Arc<Document<'a>>),
    /// A kustomize patch.
    Patch,
    /// A template that has to be rendered first.
    Template,
    /// Part of what is judged as it is rendered.
    Rendered,
    /// It cannot be read.
    Broken(Problem),
}

/// The files of which documents were skipped.
#[derive(Debug, Default)]
pub struct Skipped<'a> {
    templates: Vec<&'a str>,
    patches: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    /// Collects what counts for the objects of a corpus. An empty `namespace` stands for [`DEFAULT_NAMESPACE`]; then
    /// limits that do not set a namespace belong to their folder.
    #[must_use]
    pub fn new(corpus: &'a Corpus, namespace: &'a str, capacity: Option<&Arc<Capacity>>) -> Self {
        let (known, scopes) = Known::collect(corpus, namespace, capacity);
        let mut validity = Policy::default();
        validity.retain_rules(|id| rules::find(id).is_some_and(|rule| rule.group == Group::Valid));
        let namespace = if namespace.is_empty() { DEFAULT_NAMESPACE } else { namespace };
        Self { used: &corpus.used, known, scopes, patches: Patches::collect(&corpus.documents), namespace, validity }
    }

    /// The namespace of objects that do not set one.
    #[must_use]
    pub fn namespace(&self) -> &'a str {
        self.namespace
    }

    /// What counts for the objects of a document.
    #[must_use]
    pub fn inventory(&self, held: &Held) -> &Inventory {
        self.scopes.of(held)
    }

    /// All that is known.
    #[must_use]
    pub fn whole(&self) -> &Inventory {
        self.scopes.whole()
    }

    /// What a document of the corpus is; `index` is its own.
    #[must_use]
    pub fn read(&self, index: usize, held: &'a Held) -> Content<'a> {
        if self.used.contains(&index) && held.asked == Asked::Met {
            return Content::Rendered;
        }
        if self.patches.contains(held) {
            return Content::Patch;
        }
        let raw = held.document.raw();
        let document = match self.known.document(index).map_or_else(|| yaml::parse(raw).map(Arc::new), Ok) {
            Ok(document) => document,
            Err(problem) => {
                return match yaml::classify(raw.text, problem) {
                    Failure::Templated => Content::Template,
                    Failure::Broken(problem) => Content::Broken(Problem::of_document(&held.file, problem)),
                };
            }
        };
        if (raw.text.contains("{{") || raw.text.contains("{%")) && self.is_template(held, &document) {
            return Content::Template;
        }
        if objects(document.value()).is_empty() { Content::Foreign(document) } else { Content::Objects(document) }
    }

    /// Whether the API server would refuse a value because it holds a template action: `memory: "{{ limit }}"` is good
    /// YAML, and no quantity before it is rendered.
    fn is_template(&self, held: &Held, document: &Document<'_>) -> bool {
        let review = Review {
            policy: &self.validity,
            inventory: self.inventory(held),
            namespace: self.namespace,
            file: None,
            defaulting: Defaulting::Simulate,
            today: Date::MIN,
        };
        objects(document.value()).iter().any(|object| {
            let workloads = Workload::find(object);
            let mut findings = workloads.iter().flat_map(|workload| engine::review(workload, &review).findings);
            findings.any(|finding| templates::are_in(object.value.at(&finding.at)))
        })
    }
}

impl<'a> Skipped<'a> {
    /// Adds a template.
    pub fn template(&mut self, file: &'a str) {
        self.templates.push(file);
    }

    /// Adds a patch.
    pub fn patch(&mut self, file: &'a str) {
        self.patches.push(file);
    }

    /// How many templates there are.
    #[must_use]
    pub fn templates(&self) -> usize {
        self.templates.len()
    }

    /// How many patches there are.
    #[must_use]
    pub fn patches(&self) -> usize {
        self.patches.len()
    }

    /// What was skipped, and how to check it all the same, unless that is said already.
    #[must_use]
    pub fn notes(&self, said: &[Note]) -> Vec<Note> {
        let patches: BTreeSet<&str> = self.patches.iter().copied().collect();
        let mut notes = templates::notes(&self.templates);
        notes.extend(kustomize::notes(&patches));
        let command = |note: &Note| note.message.rsplit_once(": ").map(|(_, command)| command.to_owned());
        notes.retain(|note| {
            command(note).is_none_or(|own| said.iter().all(|other| command(other).as_deref() != Some(&*own)))
        });
        notes
    }
}
