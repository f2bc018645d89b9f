//! The command line: what can be typed, and what it means by default.

mod audit;
mod review;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::capacity::CapacityCommand;
use crate::choices::{Color, FailOn, Format};
use crate::live::LiveArgs;
use crate::policy::PolicyCommand;

pub use audit::AuditArgs;
pub use review::ReviewArgs;

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
    /// Show where each Pod could go and why not elsewhere, now and on empty nodes
    ///
    /// Exit codes: 0 all would be placed now, 1 some would not, 2 memlint could not do its job.
    Fit(FitArgs),
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

/// The arguments of `memlint fit`.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// Files or folders with Pods and what makes Pods; - is standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// What is known of the nodes: what kubectl get -o yaml prints, or a capacity file; can be given several times
    ///
    /// By default the capacity that the policy file names.
    #[arg(long, value_name = "FILE")]
    pub capacity: Vec<PathBuf>,
    /// The live cluster, in addition
    #[command(flatten)]
    pub live: LiveArgs,
    /// Policy file; by default memlint.yaml in this folder or one above it
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// How to print the answers
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Namespace for objects that do not set one; by default `default`
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Print answers only: no notes, no summary
    #[arg(long, short)]
    pub quiet: bool,
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
    /// The live cluster, in addition
    #[command(flatten)]
    pub live: LiveArgs,
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
    /// Namespace for objects that do not set one; by default `default`
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

const OOM_EXAMPLES: &str = "\
Examples:
  memlint oom /var/log/kern.log.1.gz
  journalctl -k -o json | memlint oom
  kubectl debug node/NODE -it --image=busybox -- chroot /host dmesg > node.log; memlint oom node.log
  kubectl get pods,nodes -A -o json > pods.json
  memlint oom node.log --pods pods.json --manifests ./k8s    names the Pod and the line to change
  memlint oom --events <(kubectl get events -A -o json)      what the cluster itself saw
  memlint oom node.log --cluster --manifests ./k8s           asks the cluster itself

Exit codes: 0 the log could be read, whatever is in it; 2 it could not.";

/// The arguments of `memlint oom`.
#[derive(Debug, Args)]
#[command(after_help = OOM_EXAMPLES)]
pub struct OomArgs {
    /// Kernel logs; - is standard input, which is also read when no file is named
    ///
    /// Any text that holds the kernel's lines will do: dmesg, journalctl (-o json too), syslog, container logs, with
    /// any prefix; gzip, UTF-16 and logs with their newest line first are recognised.
    #[arg(value_name = "FILE")]
    pub logs: Vec<PathBuf>,
    /// What kubectl get pods -A -o json (or yaml) printed: names Pods and containers
    ///
    /// Nodes in the same list (kubectl get pods,nodes) give the size of each node.
    #[arg(long, value_name = "FILE")]
    pub pods: Vec<PathBuf>,
    /// A manifest or folder of manifests: finds the line to change
    #[arg(long, value_name = "PATH")]
    pub manifests: Vec<PathBuf>,
    /// More manifests, after --
    #[arg(last = true, value_name = "PATH")]
    pub more_manifests: Vec<PathBuf>,
    /// What nodes there are (kubectl get nodes,pods -A -o yaml, or a capacity file): says whether the change has room
    #[arg(long, value_name = "FILE")]
    pub capacity: Vec<PathBuf>,
    /// What kubectl get events -A -o json (or yaml) printed: counts what review would have caught
    #[arg(long, value_name = "FILE")]
    pub events: Vec<PathBuf>,
    /// The live cluster: its Pods and nodes, in place of --pods and --capacity
    #[command(flatten)]
    pub live: LiveArgs,
    /// With --cluster: its events too
    #[arg(long, requires = "cluster")]
    pub cluster_events: bool,
    /// The nodes' memory, as status.capacity.memory has it: turns oom_score_adj into a request
    #[arg(long, value_name = "QUANTITY", value_parser = node_memory)]
    pub node_memory: Option<u64>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// When to colour the output
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

fn node_memory(text: &str) -> Result<u64, String> {
    let quantity = memlint_kubernetes::quantity::Quantity::parse(text).map_err(|error| error.to_string())?;
    match u64::try_from(quantity.value()) {
        Ok(bytes) if bytes >= 1 << 20 => Ok(bytes),
        _ => Err("a node has at least 1Mi; write it as Kubernetes does, such as 16Gi".to_owned()),
    }
}
