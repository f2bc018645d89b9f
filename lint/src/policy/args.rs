//! What can be typed after `memlint policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::choices::Format;
use crate::project::ProjectArgs;

/// The commands about policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Read policy files as the command and the webhook do, and say what they set or all that is wrong with them
    ///
    /// Exit codes: 0 all are good, 2 some are not.
    Check(CheckArgs),
    /// Say what holds for the objects in a file and why: each rule, what is exempt, which nodes are left, the verdict
    Explain(Box<ExplainArgs>),
}

/// The arguments of `memlint policy check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Policy files; by default memlint.yaml in this folder or one above it
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  memlint policy explain -f pod.yaml                          what holds, and who says so
  memlint policy explain -f pod.yaml --capacity nodes.yaml    and which nodes each filter leaves
  memlint policy explain -f pod.yaml --cluster -n shop        as it is in a cluster

Exit codes: 0 nothing is at level deny, 1 something is (or a document cannot be read), 2 memlint could not do its job.";

/// The arguments of `memlint policy explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// File with Pods or what makes Pods; - is standard input
    ///
    /// LimitRanges and Namespaces in it count as well.
    #[arg(short, long = "filename", value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// What to judge by
    #[command(flatten)]
    pub project: ProjectArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
