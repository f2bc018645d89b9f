//! What came of rendering one chart or one kustomization.

use std::collections::BTreeSet;
use std::sync::Arc;

use memlint_files::problem::{Note, Problem};

use super::{helm, kustomize};

/// What came of it.
#[derive(Debug)]
pub(super) enum Attempt {
    /// It is rendered.
    Rendered(Rendered),
    /// It was not tried.
    Untried(Note),
    /// The tool refuses it.
    Failed(Problem),
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
    Kustomize(kustomize::Trace),
    Helm(helm::Trace),
}
