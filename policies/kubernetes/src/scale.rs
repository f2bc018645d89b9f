//! [`Scale`]: how many Pods a workload makes, and how many more while it is updated.
//!
//! Rounding is that of the controllers: a percentage of surge is rounded up, one of unavailable Pods down, and where
//! both come to nothing one Pod may be unavailable (`ResolveFenceposts` in `pkg/controller/deployment/util`).

mod read;
#[cfg(test)]
mod tests;

use crate::path::FieldPath;

/// How many Pods a workload makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// How many there are to be at once, when nothing changes.
    pub replicas: u64,
    /// The field that says so, there or not.
    pub at: FieldPath,
    /// What happens when the template changes.
    pub update: Update,
}

/// How Pods are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// They are not: a Job, a ReplicaSet, a Pod; or only by hand (`OnDelete`).
    None,
    /// The old ones go first (`Recreate`, StatefulSets, DaemonSets without surge).
    InPlace,
    /// New ones come while old ones are there.
    Rolling {
        /// `maxSurge` as written.
        surge: Amount,
        /// `maxUnavailable` as written.
        unavailable: Amount,
        /// The field of the surge, there or not.
        at: FieldPath,
    },
}

/// A number of Pods, or a share of the replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Pods(u64),
    /// A percentage.
    Percent(u64),
}

impl Amount {
    /// Of so many replicas, rounded up.
    #[must_use]
    pub fn up(self, replicas: u64) -> u64 {
        match self {
            Self::Pods(pods) => pods,
            Self::Percent(percent) => percent.saturating_mul(replicas).div_ceil(100),
        }
    }

    /// Of so many replicas, rounded down.
    #[must_use]
    pub fn down(self, replicas: u64) -> u64 {
        match self {
            Self::Pods(pods) => pods,
            Self::Percent(percent) => percent.saturating_mul(replicas) / 100,
        }
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pods(pods) => write!(f, "{pods}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Update {
    /// How many Pods an update adds to so many replicas, and how many of them may be missing meanwhile.
    #[must_use]
    pub fn steps(&self, replicas: u64) -> (u64, u64) {
        match self {
            Self::None | Self::InPlace => (0, replicas),
            Self::Rolling { surge, unavailable, .. } => match (surge.up(replicas), unavailable.down(replicas)) {
                (0, 0) => (0, 1),
                steps => steps,
            },
        }
    }
}

/// A HorizontalPodAutoscaler, or another of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Autoscaler {
    /// The namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where it was read.
    pub origin: crate::reference::Origin,
    /// The kind of what it scales.
    pub target_kind: String,
    /// The name of what it scales.
    pub target: String,
    /// How many replicas there may come to be.
    pub max: u64,
    /// The field that says so.
    pub at: FieldPath,
}

impl Autoscaler {
    /// Whether it scales an object.
    #[must_use]
    pub fn scales(&self, namespace: &str, kind: &str, name: &str) -> bool {
        self.namespace == namespace && self.target_kind == kind && self.target == name
    }
}
