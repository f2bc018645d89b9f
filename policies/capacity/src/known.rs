//! [`Capacity`]: all that is known of a cluster's nodes, compiled, never changed afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use memlint_kubernetes::aggregate::ResourceList;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::Origin;
use memlint_scheduler::{Cluster, Labels, Release};

use super::sizing::KubernetesVersion;

/// What is known of nodes, and of the objects that limit namespaces. Made by [`super::CapacityBuilder`], shared by
/// whoever asks.
#[derive(Debug, Clone, Default)]
pub struct Capacity {
    pub(super) now: Arc<Cluster>,
    pub(super) ever: Arc<Cluster>,
    pub(super) grown: Arc<Cluster>,
    pub(super) pools: Vec<PoolNodes>,
    pub(super) knows_bound_pods: bool,
    pub(super) doubt: Option<String>,
    pub(super) kubernetes: Option<KubernetesVersion>,
    pub(super) limits: BTreeMap<String, ResourceList>,
    pub(super) limit_ranges: Vec<Sourced<core::LimitRange>>,
    pub(super) resource_quotas: Vec<Sourced<core::ResourceQuota>>,
    pub(super) runtime_classes: Vec<Sourced<RuntimeClass>>,
    pub(super) priority_classes: Vec<Sourced<PriorityClass>>,
    pub(super) namespaces: BTreeMap<String, Labels>,
    pub(super) allowances: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) notes: Vec<CapacityNote>,
    pub(super) assumptions: Vec<CapacityNote>,
}

/// An object and the mark of where it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced<T> {
    /// The object. Namespaced ones always name their namespace.
    pub object: T,
    /// Where it was found, for related places.
    pub origin: Origin,
}

/// A pool of a capacity file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolNodes {
    /// The name.
    pub name: String,
    /// The nodes that exist, by name, as they are called in [`Capacity::now`].
    pub nodes: Vec<String>,
    /// How many more nodes an autoscaler may add.
    pub more: u32,
    /// The node in [`Capacity::ever`] that stands for those; `None` where none can be added.
    pub new_node: Option<String>,
}

/// Something that the sources left open or contradict one another in, and what was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityNote {
    /// The object it is about; `None` for the sources as a whole.
    pub origin: Option<Origin>,
    /// The field in it.
    pub at: FieldPath,
    /// What to know.
    pub message: String,
}

impl Capacity {
    /// Why nodes may come that are not known here; `None` if these are all that there can be. Where it is set, what needs
    /// room on a node is warned of and not denied.
    #[must_use]
    pub fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }

    /// Says why nodes may come that are not known here.
    pub fn set_doubt(&mut self, doubt: Option<String>) {
        self.doubt = doubt;
    }

    /// The nodes that exist, with what is on them.
    #[must_use]
    pub fn now(&self) -> &Cluster {
        &self.now
    }

    /// The nodes that exist, and one more of every pool that an autoscaler may enlarge, pools without any node included:
    /// what is to be asked whether a Pod can ever be placed.
    #[must_use]
    pub fn ever(&self) -> &Cluster {
        &self.ever
    }

    /// The nodes that exist, and all that autoscalers may add: what replicas are to be packed on.
    #[must_use]
    pub fn grown(&self) -> &Cluster {
        &self.grown
    }

    /// The pools that capacity files declare, in their order. Nodes that belong to no declared pool are in none.
    #[must_use]
    pub fn pools(&self) -> &[PoolNodes] {
        &self.pools
    }

    /// Whether any node is known, be it one that an autoscaler may add.
    #[must_use]
    pub fn knows_nodes(&self) -> bool {
        !self.ever.nodes().is_empty()
    }

    /// Whether it is known what is on the nodes now: Pods were among the objects, or `requested` was given.
    #[must_use]
    pub fn knows_bound_pods(&self) -> bool {
        self.knows_bound_pods
    }

    /// The version of Kubernetes that a capacity file names.
    #[must_use]
    pub fn kubernetes(&self) -> Option<KubernetesVersion> {
        self.kubernetes
    }

    /// The release whose scheduler's words to use.
    #[must_use]
    pub fn release(&self) -> Release {
        self.kubernetes.map_or_else(Release::default, |version| Release(version.minor()))
    }

    /// The limits of the Pods on a node, summed; a Pod without a limit adds nothing. `None` where no Pod is known.
    #[must_use]
    pub fn limits_on(&self, node: &str) -> Option<&ResourceList> {
        self.limits.get(node)
    }

    /// The LimitRanges.
    #[must_use]
    pub fn limit_ranges(&self) -> &[Sourced<core::LimitRange>] {
        &self.limit_ranges
    }

    /// The ResourceQuotas, with their `status.used` where the sources have it.
    #[must_use]
    pub fn resource_quotas(&self) -> &[Sourced<core::ResourceQuota>] {
        &self.resource_quotas
    }

    /// The RuntimeClasses.
    #[must_use]
    pub fn runtime_classes(&self) -> &[Sourced<RuntimeClass>] {
        &self.runtime_classes
    }

    /// The PriorityClasses.
    #[must_use]
    pub fn priority_classes(&self) -> &[Sourced<PriorityClass>] {
        &self.priority_classes
    }

    /// The namespaces and their labels.
    #[must_use]
    pub fn namespaces(&self) -> &BTreeMap<String, Labels> {
        &self.namespaces
    }

    /// The annotations of namespaces, of which some exempt what is in them from rules.
    #[must_use]
    pub fn allowances(&self) -> &BTreeMap<String, BTreeMap<String, String>> {
        &self.allowances
    }

    /// What every user should be told: contradictions between sources, and what was passed over.
    #[must_use]
    pub fn notes(&self) -> &[CapacityNote] {
        &self.notes
    }

    /// What numbers rest on, for who wants to know: estimates, assumptions of the provider's formula.
    #[must_use]
    pub fn assumptions(&self) -> &[CapacityNote] {
        &self.assumptions
    }
}
