//! [`Project`]: what a command reads before it starts: the policy, the capacity and the manifests.

pub mod corpus;
pub mod known;
pub mod kustomize;
pub mod scopes;
pub mod templates;
pub mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use memlint_capacity::Capacity;
use memlint_files::capacity_files;
use memlint_files::policy_file::{self, Traced};
use memlint_files::problem::Problem;
use memlint_policies::policy::Policy;

use crate::live::{self, LiveArgs};
use crate::progress::Progress;
use corpus::Corpus;

/// Where a project comes from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Files and folders with manifests.
    pub paths: &'a [PathBuf],
    /// The policy file, if one was named.
    pub policy: Option<&'a Path>,
    /// Capacity files; if there are none, the policy may name one.
    pub capacity: &'a [PathBuf],
    /// The live cluster.
    pub live: &'a LiveArgs,
    /// How many threads read; 0 for one a core.
    pub threads: usize,
}

/// A policy, a capacity and manifests.
#[derive(Debug)]
pub struct Project {
    /// The policy, with the lines that set it.
    pub traced: Traced,
    /// The policy file.
    pub policy_file: Option<PathBuf>,
    /// What is known of the nodes.
    pub capacity: Option<Arc<Capacity>>,
    /// The manifests. A file that gives the capacity is not one of them, unless it was named.
    pub corpus: Corpus,
}

impl Project {
    /// Loads all of it, or says what is wrong with the policy or the capacity.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub fn load(sources: Sources<'_>, progress: &Progress) -> anyhow::Result<Result<Self, Vec<Problem>>> {
        let policy_file = policy_file::locate(sources.policy);
        let traced = match policy_file::load_traced(policy_file.as_deref()) {
            Ok(traced) => traced,
            Err(problems) => return Ok(Err(problems)),
        };
        let files = match sources.capacity {
            [] if !sources.live.cluster => beside(policy_file.as_deref(), &traced.policy),
            named => named.to_vec(),
        };
        let mut loaded = match capacity_files::load_with(&files, &sources.live.list(&live::CAPACITY)?) {
            Ok(loaded) => loaded,
            Err(problems) => return Ok(Err(problems)),
        };
        let mut corpus = corpus::read(sources.paths, sources.threads, progress);
        corpus.leave_out(&files);
        corpus.sources = loaded.sources;
        corpus.notes.append(&mut loaded.notes);
        Ok(Ok(Self { traced, policy_file, capacity: loaded.capacity, corpus }))
    }
}

/// The capacity that a policy names, beside its file.
pub(crate) fn beside(file: Option<&Path>, policy: &Policy) -> Vec<PathBuf> {
    let folder = shortest(file.and_then(Path::parent).unwrap_or_else(|| Path::new("")));
    policy.capacity().map(|capacity| folder.join(capacity)).into_iter().collect()
}

/// A path as short as one would type it.
pub(crate) fn shortest(path: &Path) -> &Path {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path)
}
