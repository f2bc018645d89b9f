//! The arguments of linting.

use std::path::PathBuf;

use clap::Args;

use crate::choices::{FailOn, Format};
use crate::project::ProjectArgs;

/// The arguments of linting.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Files or folders to lint; - is standard input
    ///
    /// Folders are searched for .yaml, .yml and .json as ripgrep does: .gitignore is heeded, hidden files are skipped,
    /// links are not followed.
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// What to judge by
    #[command(flatten)]
    pub project: ProjectArgs,
    /// How to print findings
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// The lowest level that makes the exit code 1
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = FailOn::Deny)]
    pub fail_on: FailOn,
    /// Run only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Do not run these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Print findings only: no notes, no summary
    #[arg(long, short)]
    pub quiet: bool,
    /// Print what was read, and how long it took, to standard error
    #[arg(long)]
    pub stats: bool,
    /// How many threads to use; by default as many as there are cores
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}
