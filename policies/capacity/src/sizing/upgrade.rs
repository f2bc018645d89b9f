//! What an upgrade of Kubernetes frees on each node.

use super::{
    allocatable::explain,
    explanation::Explanation,
    machine::Machine,
    settings::{Measured, Settings},
    version::KubernetesVersion,
};

/// A node before and after an upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The node with the version that it has.
    pub before: Explanation,
    /// The node with the version that it gets.
    pub after: Explanation,
    /// Allocatable memory that is gained, in bytes; negative if lost.
    pub memory: i128,
    /// Allocatable CPU that is gained, in millicores; negative if lost.
    pub cpu: i128,
    /// Allocatable ephemeral storage that is gained, in bytes; negative if lost; None when its capacity is not known.
    pub ephemeral_storage: Option<i128>,
    /// Pods that the node takes more; negative if fewer.
    pub pods: i128,
}

/// Compares the node under two versions of Kubernetes, in either direction. Only AKS is known to have changed its
/// formula with a version; `settings.kubernetes` plays no part.
pub fn compare(
    settings: &Settings,
    machine: &Machine,
    measured: &Measured,
    before: KubernetesVersion,
    after: KubernetesVersion,
) -> Upgrade {
    let with = |version| explain(&Settings { kubernetes: Some(version), ..settings.clone() }, machine, measured);
    let (before, after) = (with(before), with(after));
    let (old, new) = (before.allocatable, after.allocatable);
    Upgrade {
        memory: gain(old.memory, new.memory),
        cpu: gain(old.cpu, new.cpu),
        ephemeral_storage: old.ephemeral_storage.zip(new.ephemeral_storage).map(|(old, new)| gain(old, new)),
        pods: gain(old.pods, new.pods),
        before,
        after,
    }
}

fn gain(before: u64, after: u64) -> i128 {
    i128::from(after).saturating_sub(before.into())
}
