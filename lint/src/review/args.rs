//! The arguments of `memlint review`: what is set for the webhook, in its own words.

use std::path::PathBuf;

use clap::Args;
use memlint_review::ReviewOptions;

/// The arguments of `memlint review`.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// File with an AdmissionReview of admission.k8s.io/v1, JSON; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Policy file; by default memlint.yaml in this folder or one above it
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What nodes there are: what kubectl get nodes,pods,daemonsets -A -o yaml prints, or a capacity file
    ///
    /// By default the capacity that the policy file names.
    #[arg(long, value_name = "FILE")]
    pub capacity: Vec<PathBuf>,
    /// What is set for the webhook
    #[command(flatten)]
    pub options: ReviewOptions,
}
