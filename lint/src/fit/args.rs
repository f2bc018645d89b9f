//! The arguments of `memlint fit`.

use std::path::PathBuf;

use clap::Args;

use crate::choices::Format;
use crate::project::ProjectArgs;

/// The arguments of `memlint fit`.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// Files or folders with Pods and what makes Pods; - is standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// What to judge by
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Ask about one Pod of each workload by itself, not about all of them together
    #[arg(long)]
    pub alone: bool,
    /// How to print the answers
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Print answers only: no notes, no summary
    #[arg(long, short)]
    pub quiet: bool,
}
