//! [`Report`]: everything that a run has to say, with places, ready to be printed in any format.

use std::collections::BTreeMap;
use std::sync::Arc;

use memlint_files::problem::{Note, Problem};
use memlint_policies::finding::{Finding, Level};

use crate::linting::account::Account;
use crate::project::corpus::Counts;
use crate::project::place::Place;

/// What came of linting.
#[derive(Debug, Default)]
pub struct Report {
    /// What the rules found, by file and place.
    pub findings: Vec<Located>,
    /// Documents and files that could not be read.
    pub problems: Vec<Problem>,
    /// What was left out, or does not count, and should be known.
    pub notes: Vec<Note>,
    /// What was read.
    pub counts: Counts,
    /// How many Pod templates were checked.
    pub workloads: usize,
    /// How many resource blocks outside of Pod templates were checked.
    pub blocks: usize,
    /// The amounts of memory that are written, and how many of them were judged.
    pub amounts: Account,
    /// How many documents hold no Kubernetes object.
    pub foreign: usize,
    /// How many findings were exempted.
    pub exempted: usize,
    /// How many documents were skipped as templates to be rendered.
    pub templates: usize,
    /// How many documents were skipped as kustomize patches.
    pub patches: usize,
    /// How many charts (`helm`) and kustomizations (`kustomize`) were rendered.
    pub rendered: BTreeMap<&'static str, usize>,
    /// The rules that could not run, and why.
    pub not_run: Vec<(&'static str, &'static str)>,
}

/// A finding and its place.
#[derive(Debug)]
pub struct Located {
    /// The finding.
    pub finding: Finding,
    /// The offending field, or its nearest parent that exists.
    pub place: Place,
    /// The other places, in the order of [`Finding::related`].
    pub related: Vec<Place>,
    /// How the object was rendered, if it stands in no file: `helm` or `kustomize`.
    pub rendered: Option<&'static str>,
    /// The charts, releases or kustomizations that it was found in; more than one where all render it from this token.
    pub renderings: Vec<Arc<str>>,
}

impl Report {
    /// How many findings have a level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|located| located.finding.level == level).count()
    }
}
