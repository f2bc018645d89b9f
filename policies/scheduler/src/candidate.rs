//! [`Candidate`]: a Pod that wants a place, compiled once and asked about many times.

use k8s_openapi::api::core::v1 as api;
use memlint_kubernetes::aggregate::ResourceList;

use super::amounts::{amount, is_counted};
use super::node_affinity::NodeAffinity;
use super::pod_affinity::PodTerm;
use super::ports::HostPort;
use super::selector::Labels;
use super::spread::Spread;
use super::toleration::Tolerations;
use super::unmodelled::unmodelled;

/// A Pod to be placed, as the API server would store it.
///
/// What the API server fills in that filters depend on is filled in here: tolerations for nodes that are away, host
/// ports on the host's network, label keys merged into selectors. Requests are the caller's to give, for what they
/// are depends on LimitRanges and RuntimeClasses.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub(super) namespace: String,
    pub(super) labels: Labels,
    pub(super) node_name: Option<String>,
    pub(super) gated: bool,
    pub(super) tolerations: Tolerations,
    pub(super) node_affinity: NodeAffinity,
    pub(super) ports: Vec<HostPort>,
    /// Counted resources that are asked for at all, in the scheduler's units.
    pub(super) requests: Vec<(String, i64)>,
    pub(super) spread: Vec<Spread>,
    pub(super) affinity: Vec<PodTerm>,
    pub(super) anti_affinity: Vec<PodTerm>,
    unmodelled: Vec<String>,
}

impl Candidate {
    /// Compiles a Pod with these labels in this namespace, which requests so much of its node
    /// ([`memlint_kubernetes::aggregate::pod_requests`], overhead included).
    #[must_use]
    pub fn new(spec: &api::PodSpec, labels: &Labels, namespace: &str, requests: &ResourceList) -> Self {
        let counted = requests.iter().filter(|(name, _)| is_counted(name));
        let counted = counted.map(|(name, quantity)| (name.clone(), amount(name, *quantity)));
        Self {
            namespace: namespace.to_owned(),
            labels: labels.clone(),
            node_name: spec.node_name.clone().filter(|name| !name.is_empty()),
            gated: spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty()),
            tolerations: Tolerations::of_pod(spec),
            node_affinity: NodeAffinity::of_pod(spec),
            ports: HostPort::of_pod(spec),
            requests: counted.filter(|(_, amount)| *amount > 0).collect(),
            spread: Spread::of_pod(spec, labels),
            affinity: PodTerm::affinity(spec, labels, namespace),
            anti_affinity: PodTerm::anti_affinity(spec, labels, namespace),
            unmodelled: unmodelled(spec, requests),
        }
    }

    /// The labels of nodes that decide where it may run.
    pub fn label_keys(&self) -> impl Iterator<Item = &str> {
        let spread = self.spread.iter().map(|spread| spread.topology_key.as_str());
        let near = self.affinity.iter().chain(&self.anti_affinity).map(PodTerm::topology_key);
        self.node_affinity.keys().chain(spread).chain(near)
    }

    /// Compiles the Pod of a DaemonSet: it tolerates what the DaemonSet controller lets its Pods tolerate.
    #[must_use]
    pub fn of_daemon_set(spec: &api::PodSpec, labels: &Labels, namespace: &str, requests: &ResourceList) -> Self {
        Self { tolerations: Tolerations::of_daemon_pod(spec), ..Self::new(spec, labels, namespace, requests) }
    }

    /// What the Pod uses that no filter here judges (volumes, device claims): the scheduler may say no for it where
    /// memlint says yes.
    #[must_use]
    pub fn unmodelled(&self) -> &[String] {
        &self.unmodelled
    }

    /// The node that the Pod names itself, past the scheduler.
    #[must_use]
    pub fn node_name(&self) -> Option<&str> {
        self.node_name.as_deref()
    }

    /// Whether the Pod carries scheduling gates, and so is not looked at until they are gone.
    #[must_use]
    pub fn is_gated(&self) -> bool {
        self.gated
    }

    /// The same Pod with another request of one resource: for asking how much would fit.
    #[must_use]
    pub fn with_request(&self, resource: &str, quantity: memlint_kubernetes::quantity::Quantity) -> Self {
        let mut other = self.clone();
        other.requests.retain(|(name, _)| name != resource);
        let wanted = amount(resource, quantity);
        if is_counted(resource) && wanted > 0 {
            other.requests.push((resource.to_owned(), wanted));
        }
        other
    }

    /// Whether it matters to the Pod which of two nodes with the same labels, taints and room it gets: by name, by a
    /// host port, or by who else is there.
    pub(super) fn tells_nodes_apart(&self) -> bool {
        self.node_name.is_some() || self.node_affinity.wants_names() || !self.ports.is_empty() || self.minds_its_like()
    }

    /// Whether placing one Pod like this changes where the next may go, other than by filling nodes.
    pub(super) fn minds_its_like(&self) -> bool {
        !(self.spread.is_empty() && self.affinity.is_empty() && self.anti_affinity.is_empty())
    }
}
