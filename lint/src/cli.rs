//! The command line: what can be typed, and what it means by default.

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::audit::AuditArgs;
use crate::capacity::CapacityCommand;
use crate::choices::Color;
use crate::fit::FitArgs;
use crate::linting::LintArgs;
use crate::oom::OomArgs;
use crate::policy::PolicyCommand;
use crate::review::ReviewArgs;
use crate::rules::{ExplainArgs, RulesArgs};

const EXAMPLES: &str = "\
Examples:
  memlint ./k8s                          lint a folder
  helm template ./chart | memlint -      lint what a chart renders to
  kubectl kustomize ./overlay | memlint -
  memlint --fail-on warn --format json . > findings.json
  memlint fit --capacity nodes.yaml pod.yaml
  memlint explain heap-above-limit       what a rule means and how to mend it
  memlint oom node.log                   which limit was hit when the kernel killed something

Exit codes: 0 nothing at or above --fail-on, 1 findings (or a document that cannot be read), 2 memlint could not do
its job.";

/// Finds Kubernetes manifests that will be refused, stay Pending, be Evicted or be OOMKilled.
#[derive(Debug, Parser)]
#[command(name = "memlint", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do instead of linting.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to lint.
    #[command(flatten)]
    pub lint: LintArgs,
    /// When to colour the output
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true)]
    pub color: Color,
}

/// The commands besides linting.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show where each Pod could go and why not elsewhere, now and on empty nodes
    ///
    /// Exit codes: 0 all would be placed now, 1 some would not, 2 memlint could not do its job.
    Fit(FitArgs),
    /// Print a rule's page: what it finds, why it matters, bad and good manifests
    Explain(ExplainArgs),
    /// List all rules with their groups and levels
    Rules(RulesArgs),
    /// Say which limit each OOM kill in a kernel log hit, and what to change
    Oom(OomArgs),
    /// What nodes give to Pods: of a machine, of a cloud's sizes, of a cluster
    Capacity {
        /// What to show
        #[command(subcommand)]
        command: CapacityCommand,
    },
    /// Look after policy files
    Policy {
        /// What to do
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// List what the webhook would deny or warn of if all that runs in a cluster were created again now
    ///
    /// For the time before its --enforcement is turned from audit or warn to deny. Every Deployment and its like is put
    /// to the webhook's own review as if it were created, and so is every Pod that nothing of these has made. A
    /// workload is let through by default and its Pods are refused: that is told, and counts as denied.
    Audit(AuditArgs),
    /// Answer an AdmissionReview as the webhook would: prints the response, exit code 1 if it denies
    Review(ReviewArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}
