//! [`Options`]: what an administrator sets for the webhook beside the policy.

/// What an administrator sets for the webhook beside the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What becomes of findings at all.
    pub enforcement: Enforcement,
    /// What becomes of findings in some namespaces, whatever goes for the others: a name, or the beginning of names and
    /// a `*`. See [`Options::enforcement_in`].
    pub enforcement_for: Vec<(String, Enforcement)>,
    /// What becomes of findings in workloads, whose Pods come later.
    pub workloads: Workloads,
    /// What becomes of an object that cannot be read.
    pub on_decode_error: OnDoubt,
    /// What becomes of an object for which there is no time.
    pub on_timeout: OnDoubt,
    /// Namespaces in which nothing is judged; a `*` at the end stands for anything.
    pub exclude_namespaces: Vec<String>,
}

/// The namespaces that a cluster lives by: nothing in them is ever judged.
const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

impl Default for Options {
    fn default() -> Self {
        Self {
            enforcement: Enforcement::Deny,
            enforcement_for: Vec::new(),
            workloads: Workloads::Warn,
            on_decode_error: OnDoubt::Allow,
            on_timeout: OnDoubt::Allow,
            exclude_namespaces: Vec::new(),
        }
    }
}

impl Options {
    /// Whether nothing is judged in a namespace.
    #[must_use]
    pub fn excludes(&self, namespace: &str) -> bool {
        let own = self.exclude_namespaces.iter().any(|pattern| means(pattern, namespace));
        own || SYSTEM_NAMESPACES.contains(&namespace)
    }

    /// What becomes of findings in a namespace. Of several patterns that mean it, its own name counts, else the longest;
    /// of equal ones the last.
    #[must_use]
    pub fn enforcement_in(&self, namespace: &str) -> Enforcement {
        let meant = self.enforcement_for.iter().filter(|(pattern, _)| means(pattern, namespace));
        let closest = meant.max_by_key(|(pattern, _)| (pattern == namespace, pattern.len()));
        closest.map_or(self.enforcement, |(_, enforcement)| *enforcement)
    }
}

/// Whether a pattern means a namespace; a `*` at its end stands for anything.
fn means(pattern: &str, namespace: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => namespace.starts_with(prefix),
        None => pattern == namespace,
    }
}

/// What becomes of findings at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Enforcement {
    /// Count, log, and note in the audit log; the user sees nothing
    Audit,
    /// Warn at most
    Warn,
    /// As the policy says
    Deny,
}

/// What becomes of findings in workloads, whose Pods come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Workloads {
    /// Do not judge them
    Off,
    /// Warn: a Pod may still be changed on its way
    Warn,
    /// As the policy says
    Deny,
}

/// What to answer where there can be no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum OnDoubt {
    /// Allow, with a warning
    Allow,
    /// Deny
    Deny,
}
