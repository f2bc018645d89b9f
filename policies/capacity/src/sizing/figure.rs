//! The parts of an explanation: amounts, where they are from, and what is uncertain about them.

/// Where a number is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Short: `AKS docs, node-resource-reservations`.
    pub text: &'static str,
    /// False for general knowledge that was not compared with a document or a node.
    pub checked: bool,
    /// True when the user gave the number.
    pub user: bool,
}

impl Source {
    /// Given by the user, who is right by definition.
    pub const USER: Self = Self { text: "given", checked: true, user: true };

    pub(crate) const fn checked(text: &'static str) -> Self {
        Self { text, checked: true, user: false }
    }

    pub(crate) const fn unchecked(text: &'static str) -> Self {
        Self { text, checked: false, user: false }
    }
}

/// A number with its derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Bytes, millicores or Pods.
    pub amount: u64,
    /// The formula in words with this node's numbers.
    pub formula: String,
    /// Where the formula is from.
    pub source: Source,
}

/// The allocatable memory that an autoscaler assumes for a node it has not started yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Which autoscaler.
    pub autoscaler: &'static str,
    /// Bytes and how they are reckoned.
    pub memory: Amount,
}

/// Where the memory capacity is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryFrom {
    /// Given by the user, from the Node itself.
    Measured,
    /// The machine's memory as given, which for kind is what the host's kernel sees.
    Host,
    /// Computed from the nominal memory.
    Estimated {
        /// What the formula is called.
        formula: &'static str,
        /// The formula with this machine's numbers.
        words: String,
        /// How far measured nodes were off; None where none was measured.
        band: Option<ErrorBand>,
        /// Where the formula is from.
        source: Source,
    },
}

/// Something to know before trusting the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Which case it is.
    pub kind: WarningKind,
    /// One sentence with this node's numbers.
    pub text: String,
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// The cases of [`Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningKind {
    /// The rules depend on the Kubernetes version, which was not given.
    VersionAssumed,
    /// The reservation depends on the maximum of Pods, which was not given.
    MaxPodsAssumed,
    /// The provider does not take this maximum of Pods.
    MaxPodsOutOfRange,
    /// Pools of a certain age keep an older rule.
    OldPool,
    /// The reservation was made for another number of Pods than the node takes.
    ReservedForOtherMaxPods,
    /// The settings depend on something that was not given.
    SettingAssumed,
    /// The provider's formula was never compared with a node of this kind.
    Unmeasured,
    /// No memory threshold: the kubelet never evicts for memory, the kernel kills first.
    NoMemoryEviction,
    /// The measured capacity does not look like this machine.
    MeasuredElsewhere,
    /// Reservations reach the capacity: nothing is left.
    NothingLeft,
    /// The autoscaler reckons with other numbers than the node will have.
    AutoscalerForecast,
    /// Every node claims memory that others claim too.
    SharedHost,
}

/// How far the true capacity of measured nodes was from the estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorBand {
    /// The true capacity may be less by this many bytes.
    pub below: u64,
    /// The true capacity may be more by this many bytes.
    pub above: u64,
}
