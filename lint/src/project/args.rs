//! [`ProjectArgs`]: what manifests are judged by, on the command line of all that judge them.

use std::path::PathBuf;

use clap::Args;
use memlint_review::Nodes;

use crate::live::LiveArgs;
use crate::render::RenderArgs;

/// The policy, the nodes, and the namespace of objects that set none.
#[derive(Debug, Args)]
pub struct ProjectArgs {
    /// Policy file; by default memlint.yaml in this folder or one above it
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What nodes there are: what kubectl get nodes,pods,daemonsets -A -o yaml prints, or a capacity file
    ///
    /// Several add up. By default the capacity that the policy file names.
    #[arg(long, value_name = "FILE")]
    pub capacity: Vec<PathBuf>,
    /// Whether the nodes that are known are all that there can be
    #[arg(long, value_enum, default_value_t = Nodes::Auto)]
    pub nodes: Nodes,
    /// The live cluster, in addition
    #[command(flatten)]
    pub live: LiveArgs,
    /// Namespace for objects that do not set one; by default `default`
    #[arg(long, short, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Charts and kustomizations
    #[command(flatten)]
    pub render: RenderArgs,
}
