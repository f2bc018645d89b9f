//! [`CapacityFile`]: what nodes there are, as a small file to be committed beside the manifests.
//!
//! Its fields are one table (`fields`), from which both its reading and its JSON Schema come. Reading collects every
//! mistake with its place; what is written is read again as the same.

mod check;
mod fields;
mod read;
mod schema;
mod snapshot;
mod write;
mod yaml;
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use memlint_kubernetes::aggregate::ResourceList;
use memlint_scheduler::{Overhead, Taint};

use super::sizing::{KubernetesVersion, Settings};

pub use read::network as aks_network;
pub use schema::json_schema;
pub use snapshot::POOL_LABELS;

/// The version of memlint's own files: capacity and policy.
pub const API_VERSION: &str = "memlint.dev/v1alpha1";

/// A capacity file, as it was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityFile {
    /// The version of the cluster, and of its nodes where pools do not say otherwise.
    pub kubernetes: Option<KubernetesVersion>,
    /// The pools.
    pub pools: Vec<Pool>,
    /// LimitRanges of any namespaces.
    pub limit_ranges: Vec<core::LimitRange>,
    /// ResourceQuotas of any namespaces.
    pub resource_quotas: Vec<core::ResourceQuota>,
    /// RuntimeClasses.
    pub runtime_classes: Vec<RuntimeClass>,
    /// PriorityClasses.
    pub priority_classes: Vec<PriorityClass>,
    /// Namespaces, for their labels.
    pub namespaces: Vec<core::Namespace>,
}

/// Nodes that are the same but for their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The name.
    pub name: String,
    /// How many nodes there are and may be.
    pub count: Count,
    /// The VM size.
    pub size: Option<String>,
    /// Whose formula computes what the nodes offer, and what it depends on. The version is the pool's own.
    pub settings: Option<Settings>,
    /// What the machines have, as measured: taken before any estimate.
    pub capacity: ResourceList,
    /// What Pods can have: taken before any formula. Empty if not given.
    pub allocatable: ResourceList,
    /// The labels of the nodes, besides those that every node has.
    pub labels: BTreeMap<String, String>,
    /// The taints.
    pub taints: Vec<Taint>,
    /// What the Pods of DaemonSets request on each node.
    pub daemon_sets: Overhead,
    /// What all other Pods request today, one entry a node. `None` if that is not known.
    pub requested: Option<Vec<Overhead>>,
}

/// How many nodes a pool has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// The fewest that the autoscaler leaves.
    pub min: Option<u32>,
    /// The most that the autoscaler makes; `None` if there is no autoscaler.
    pub max: Option<u32>,
    /// How many there are.
    pub now: Option<u32>,
}

impl Pool {
    /// How many nodes there are: as stated, else one an entry of `requested`, else the autoscaler's minimum.
    #[must_use]
    pub fn exists(&self) -> u32 {
        let entries = self.requested.as_ref().map(|nodes| u32::try_from(nodes.len()).unwrap_or(u32::MAX));
        self.count.now.or(entries).or(self.count.min).unwrap_or(0)
    }
}
