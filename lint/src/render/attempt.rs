//! What came of rendering one chart or one kustomization.

use std::collections::BTreeSet;
use std::sync::Arc;

use memlint_files::problem::{Note, Problem};

use memlint_policies::policy::When;

use super::helm::Trace as HelmTrace;
use super::kustomize::Trace as KustomizeTrace;

/// What came of it.
#[derive(Debug)]
pub(super) enum Attempt {
    /// It is rendered.
    Rendered(Box<Rendered>),
    /// It was not tried.
    Untried(Note),
    /// The tool refuses it.
    Failed(Problem),
}

impl Attempt {
    /// What is not rendered for want of a tool: a note, or a mistake where the policy demands it.
    pub(super) fn without_tool(when: When, file: &str, message: String) -> Self {
        match when {
            When::Always => Self::Failed(Problem::of_file(file, message)),
            _ => Self::Untried(Note { file: Some(file.to_owned()), at: None, message }),
        }
    }
}

/// What a chart or a kustomization renders to.
#[derive(Debug)]
pub(super) struct Rendered {
    /// The file that it is rendered from, as shown: a `kustomization.yaml`, a `Chart.yaml`, a HelmRelease's.
    pub(super) entry: Arc<str>,
    /// What to call it.
    pub(super) name: Arc<str>,
    /// The documents of the corpus that it is made of.
    pub(super) used: BTreeSet<usize>,
    /// All of it.
    pub(super) text: String,
    /// Where its fields come from.
    pub(super) source: Source,
    /// What should be known of it.
    pub(super) notes: Vec<Note>,
}

/// The way back from what was rendered.
#[derive(Debug)]
pub(super) enum Source {
    Kustomize(KustomizeTrace),
    Helm(HelmTrace),
}
