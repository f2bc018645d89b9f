//! [`Project`]: what a command reads before it starts: the policy, the capacity and the manifests.

mod args;
pub mod blocks;
pub mod corpus;
pub mod known;
pub mod kustomize;
pub mod place;
pub mod scopes;
pub mod templates;
pub mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use memlint_capacity::Capacity;
use memlint_files::capacity_files;
use memlint_files::policy_file::{self, PolicyFile};

use memlint_files::problem::Note;
use memlint_review::nodes;

use crate::exit::Refused;
use crate::live;
use crate::progress::Progress;
use crate::render::Plan;
use corpus::Corpus;
use scopes::DEFAULT_NAMESPACE;

pub use args::ProjectArgs;

/// A policy, a capacity and manifests.
#[derive(Debug)]
pub struct Project {
    /// The policy, and where its file says what.
    pub policy_file: PolicyFile,
    /// What is known of the nodes.
    pub capacity: Option<Arc<Capacity>>,
    /// The manifests. A file that gives the capacity is not one of them, unless it was named.
    pub corpus: Corpus,
}

impl Project {
    /// Loads all of it. `threads` read at the same time; 0 is one a core.
    ///
    /// # Errors
    /// What is wrong with the policy or the capacity, or when the cluster cannot be asked.
    pub fn load(paths: &[PathBuf], args: &ProjectArgs, threads: usize, progress: &Progress) -> anyhow::Result<Self> {
        let policy_file = load_policy(args.policy.as_deref())?;
        let files = match args.capacity.as_slice() {
            [] if !args.live.cluster => capacity_of(&policy_file),
            named => named.to_vec(),
        };
        let answers = args.live.list(&live::CAPACITY)?;
        let mut corpus = corpus::read(paths, threads, progress);
        corpus.leave_out(&files);
        let to_come = corpus.daemon_sets(args.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE));
        let mut loaded = capacity_files::load_and(&files, &answers, to_come).map_err(Refused)?;
        if let Some(capacity) =
            loaded.capacity.as_mut().and_then(Arc::get_mut).filter(|capacity| capacity.knows_nodes())
            && let Some(doubt) = nodes::doubt(Some(capacity), args.nodes)
        {
            let message = format!("no Pod is denied for want of room, as nodes may come: {doubt}; see --nodes");
            corpus.notes.push(Note { file: None, at: None, message });
            capacity.set_doubt(Some(doubt));
        }
        corpus.sources = loaded.sources;
        corpus.notes.append(&mut loaded.notes);
        let folder = policy_file.path.as_deref().and_then(Path::parent).unwrap_or_else(|| Path::new(""));
        corpus.render(Plan { args: &args.render, policy: policy_file.policy.render(), folder });
        Ok(Self { policy_file, capacity: loaded.capacity, corpus })
    }
}

/// The policy that was named, else the one that is found, else the default.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn load_policy(named: Option<&Path>) -> anyhow::Result<PolicyFile> {
    Ok(PolicyFile::load(policy_file::locate(named).as_deref()).map_err(Refused)?)
}

/// The capacity that a policy names, beside its file.
pub(crate) fn capacity_of(policy_file: &PolicyFile) -> Vec<PathBuf> {
    let folder = policy_file.path.as_deref().and_then(Path::parent);
    let folder = shortest(folder.unwrap_or_else(|| Path::new("")));
    policy_file.policy.capacity().map(|capacity| folder.join(capacity)).into_iter().collect()
}

/// A path as short as one would type it.
pub(crate) fn shortest(path: &Path) -> &Path {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path)
}
