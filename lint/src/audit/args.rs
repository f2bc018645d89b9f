//! The arguments of `memlint audit`.
use std::path::PathBuf;

use clap::Args;
use memlint_review::ReviewOptions;

use crate::choices::Format;
use crate::live::{ClusterArgs, PAGE};

const EXAMPLES: &str = "\
Examples:
  memlint audit                                          the cluster of the kubeconfig
  memlint audit --policy policy.yaml --workloads deny    with what is set for the webhook
  memlint audit -n shop,search                           two namespaces of it
  kubectl get deploy,sts,ds,rs,rc,job,cj,po,ns,no,limits,runtimeclass -A -o json > all.json
  memlint audit --from all.json                          without rights of one's own

Exit codes: 0 nothing would be denied, 1 something would be, 2 something could not be audited;
it is named.";

/// The arguments of `memlint audit`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct AuditArgs {
    /// What kubectl get -A -o json printed, in place of a cluster; - is standard input
    ///
    /// Nodes, DaemonSets, LimitRanges, RuntimeClasses and Namespaces in it are known to the audit, as they would be to
    /// the webhook.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kubeconfig", "context", "chunk_size"])]
    pub from: Vec<PathBuf>,
    /// Namespaces to audit; by default all
    #[arg(long, short, value_name = "NAME", value_delimiter = ',')]
    pub namespace: Vec<String>,
    /// Policy file; by default memlint.yaml in this folder or one above it
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What nodes there are, in place of those of the cluster or of --from: a capacity file, or what kubectl get nodes prints
    ///
    /// With --from and no node in it, by default the capacity that the policy file names.
    #[arg(long, value_name = "FILE")]
    pub capacity: Vec<PathBuf>,
    /// What is set for the webhook
    #[command(flatten)]
    pub options: ReviewOptions,
    /// Which cluster
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How many objects to ask the API server for at a time
    #[arg(long, value_name = "N", default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..))]
    pub chunk_size: u32,
    /// Show only what would be denied; all of it still counts
    #[arg(long)]
    pub denied_only: bool,
    /// How to print the answers
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
