//! The arguments of linting.

use std::path::PathBuf;

use clap::{Args, ValueEnum as _};

use crate::choices::{FailOn, ReportFormat};
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
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Write them to a file as well, in this format; can be given several times
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output)]
    pub output: Vec<(ReportFormat, PathBuf)>,
    /// Findings that may rest: only what is not in this file counts
    #[arg(long, value_name = "FILE", conflicts_with = "write_baseline")]
    pub baseline: Option<PathBuf>,
    /// Write all findings to a file for --baseline, and let them rest from now on
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Take what is gone out of the --baseline
    #[arg(long, requires = "baseline")]
    pub prune: bool,
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

fn output(text: &str) -> Result<(ReportFormat, PathBuf), String> {
    let (format, file) = text.split_once('=').ok_or("write FORMAT=FILE, such as sarif=memlint.sarif")?;
    let names = || {
        let all = ReportFormat::value_variants().iter().filter_map(clap::ValueEnum::to_possible_value);
        all.map(|value| value.get_name().to_owned()).collect::<Vec<_>>().join(", ")
    };
    let format =
        ReportFormat::from_str(format, false).map_err(|_| format!("there is no format {format}, but {}", names()))?;
    if file.is_empty() {
        return Err("a file is missing behind the =".to_owned());
    }
    Ok((format, file.into()))
}
