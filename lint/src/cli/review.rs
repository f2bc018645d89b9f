//! The arguments of `memlint review`: what is set for the webhook, in its own words.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use memlint_review::Options;

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

/// What is set for the webhook, in its own words.
#[derive(Debug, Clone, Args)]
pub struct ReviewOptions {
    /// Whether the nodes that are known are all that there can be
    #[arg(long, value_enum, default_value_t = Nodes::Auto)]
    pub nodes: Nodes,
    /// Refuse what the policy says, warn of it at most, or only count it
    #[arg(long, value_enum, default_value_t = Enforcement::Deny)]
    pub enforcement: Enforcement,
    /// The same for some namespaces; team-* works, a namespace's own name goes before it
    #[arg(long, value_name = "NAMESPACE=LEVEL", value_parser = enforcement_for)]
    pub enforcement_for: Vec<(String, Enforcement)>,
    /// What becomes of findings in Deployments and their like, as set for the webhook
    #[arg(long, value_enum, default_value_t = Workloads::Warn)]
    pub workloads: Workloads,
    /// What to answer for an object that cannot be read
    #[arg(long, value_enum, default_value_t = OnDoubt::Allow)]
    pub on_decode_error: OnDoubt,
    /// Namespaces to leave alone, besides kube-system, kube-public and kube-node-lease; team-* works
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub exclude_namespaces: Vec<String>,
}

/// Whether the nodes that are known are all that there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Nodes {
    /// They are, unless there are traces of an autoscaler; files declare pools with the most that these may grow to
    Auto,
    /// They are
    Fixed,
    /// They are not: no Pod is refused for want of room
    Growing,
}

impl From<Nodes> for memlint_review::Nodes {
    fn from(nodes: Nodes) -> Self {
        match nodes {
            Nodes::Auto => Self::Auto,
            Nodes::Fixed => Self::Fixed,
            Nodes::Growing => Self::Growing,
        }
    }
}

/// What the webhook does about findings at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Enforcement {
    /// Note it in the audit log; the user sees nothing
    Audit,
    /// Warn at most
    Warn,
    /// As the policy says
    Deny,
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

/// What the webhook answers where there can be no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnDoubt {
    /// Allow, with a warning
    Allow,
    /// Deny
    Deny,
}

impl ReviewOptions {
    /// What the review is told of them.
    #[must_use]
    pub fn options(&self) -> Options {
        let enforcement = |arg| match arg {
            Enforcement::Audit => memlint_review::Enforcement::Audit,
            Enforcement::Warn => memlint_review::Enforcement::Warn,
            Enforcement::Deny => memlint_review::Enforcement::Deny,
        };
        Options {
            enforcement: enforcement(self.enforcement),
            enforcement_for: self.enforcement_for.iter().map(|(name, arg)| (name.clone(), enforcement(*arg))).collect(),
            workloads: match self.workloads {
                Workloads::Off => memlint_review::Workloads::Off,
                Workloads::Warn => memlint_review::Workloads::Warn,
                Workloads::Deny => memlint_review::Workloads::Deny,
            },
            on_decode_error: match self.on_decode_error {
                OnDoubt::Allow => memlint_review::OnDoubt::Allow,
                OnDoubt::Deny => memlint_review::OnDoubt::Deny,
            },
            exclude_namespaces: self.exclude_namespaces.clone(),
            ..Options::default()
        }
    }
}

/// A namespace and what goes there, such as `team-*=warn`.
fn enforcement_for(text: &str) -> Result<(String, Enforcement), String> {
    let (namespace, level) = text.split_once('=').ok_or("write NAMESPACE=LEVEL, such as team-a=warn")?;
    let level = Enforcement::from_str(level, false).map_err(|_| "the level is audit, warn or deny")?;
    let is_in_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let name = namespace.strip_suffix('*').unwrap_or(namespace);
    if namespace.is_empty() || !name.chars().all(is_in_name) {
        return Err(format!("{namespace:?} is no namespace, nor the beginning of one and a *"));
    }
    Ok((namespace.to_owned(), level))
}
