//! The command line: what can be typed, and what it means by default.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use memlint_policies::finding::Level;

use crate::capacity::CapacityCommand;

const EXAMPLES: &str = "\
Examples:
  memlint ./k8s                          lint a folder
  helm template ./chart | memlint -      lint what a chart renders to
  kubectl kustomize ./overlay | memlint -
  memlint --fail-on warn --format json . > findings.json
  memlint explain heap-above-limit       what a rule means and how to mend it

Exit codes: 0 nothing at or above --fail-on, 1 findings (or a document that cannot be read), 2 memlint could not do
its job.";

/// Finds Kubernetes manifests that will be refused, stay Pending, be Evicted or be OOMKilled.
#[derive(Debug, Parser)]
#[command(name = "memlint", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do instead of linting.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to lint.
    #[command(flatten)]
    pub lint: LintArgs,
}

/// The commands besides linting.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a rule's page: what it finds, why it matters, bad and good manifests
    Explain {
        /// The rule's name, such as missing-memory-limit
        rule: String,
    },
    /// List all rules with their groups and levels
    Rules {
        /// How to print them
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// What nodes give to Pods: of a machine, of a cloud's sizes, of a cluster
    Capacity {
        /// What to show
        #[command(subcommand)]
        command: CapacityCommand,
    },
    /// Answer an AdmissionReview as the webhook would: prints the response, exit code 1 if it denies
    Review(ReviewArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

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
    #[arg(long, value_name = "FILE")]
    pub capacity: Vec<PathBuf>,
    /// What becomes of findings in Deployments and their like, as set for the webhook
    #[arg(long, value_enum, default_value_t = Workloads::Warn)]
    pub workloads: Workloads,
}

/// What the webhook does about findings in workloads, whose Pods come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Workloads {
    /// They are not judged
    Off,
    /// They are warned of
    Warn,
    /// As the policy says
    Deny,
}

/// The arguments of linting.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Files or folders to lint; - is standard input
    ///
    /// Folders are searched for .yaml, .yml and .json as ripgrep does: .gitignore is heeded, hidden files are skipped,
    /// links are not followed.
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Policy file; by default memlint.yaml in this folder or one above it
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What nodes there are: what kubectl get nodes,pods,daemonsets -A -o yaml prints, or a capacity file
    ///
    /// Several add up. They go instead of what the policy file names under capacity.
    #[arg(long, value_name = "FILE")]
    pub capacity: Vec<PathBuf>,
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
    /// The namespace of objects that name none
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// When to colour the output
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
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

/// The output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For machines; the format has a version
    Json,
}

/// From which level on findings make the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any finding
    Warn,
    /// Findings at level deny
    Deny,
    /// No finding; only what cannot be read
    Never,
}

impl FailOn {
    /// Whether a finding of this level fails the run.
    #[must_use]
    pub fn includes(self, level: Level) -> bool {
        match self {
            FailOn::Warn => true,
            FailOn::Deny => level == Level::Deny,
            FailOn::Never => false,
        }
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
