//! [`ReviewOptions`]: the options of a review on a command line, the same for the webhook and for what speaks for it.

use clap::{Args, ValueEnum as _};

use crate::nodes::Nodes;
use crate::options::{Enforcement, OnDoubt, Options, Workloads};

/// What becomes of findings.
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
    /// What becomes of findings in Deployments and their like, whose Pods come later
    #[arg(long, value_enum, default_value_t = Workloads::Warn)]
    pub workloads: Workloads,
    /// What to answer for an object that cannot be read
    #[arg(long, value_enum, default_value_t = OnDoubt::Allow)]
    pub on_decode_error: OnDoubt,
    /// What to answer when there is no time for a verdict
    #[arg(long, value_enum, default_value_t = OnDoubt::Allow)]
    pub on_timeout: OnDoubt,
    /// Namespaces to leave alone, besides kube-system, kube-public, kube-node-lease and the webhook's own; team-* works
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = namespace)]
    pub exclude_namespaces: Vec<String>,
    /// The webhook's own namespace; as a Pod in a cluster, that of its ServiceAccount unless it is told
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE")]
    pub own_namespace: Option<String>,
}

impl ReviewOptions {
    /// What the review is told of them.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            enforcement: self.enforcement,
            enforcement_for: self.enforcement_for.clone(),
            workloads: self.workloads,
            on_decode_error: self.on_decode_error,
            on_timeout: self.on_timeout,
            exclude_namespaces: self.exclude_namespaces.iter().chain(&self.own_namespace).cloned().collect(),
        }
    }
}

/// A namespace and what goes there, such as `team-*=warn`.
fn enforcement_for(text: &str) -> Result<(String, Enforcement), String> {
    let (name, level) = text.split_once('=').ok_or("write NAMESPACE=LEVEL, such as team-a=warn")?;
    let level = Enforcement::from_str(level, false).map_err(|_| "the level is audit, warn or deny")?;
    Ok((namespace(name)?, level))
}

/// A namespace, or the beginning of some and a `*`.
fn namespace(text: &str) -> Result<String, String> {
    let is_in_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let name = text.strip_suffix('*').unwrap_or(text);
    if text.is_empty() || text.len() > 64 || !name.chars().all(is_in_name) {
        return Err(format!("{text:?} is no namespace, nor the beginning of one and a *"));
    }
    Ok(text.to_owned())
}
