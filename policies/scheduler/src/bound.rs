//! [`Bound`]: a Pod that has its node, with what it takes there and what others must know of it.

use std::sync::Arc;

use k8s_openapi::api::core::v1 as api;
use memlint_kubernetes::aggregate::{ResourceList, pod_requests};
use memlint_kubernetes::controller::{controller_of, is_behind};

use super::defaults::fill_in_requests;
use super::pod_affinity::PodTerm;
use super::ports::HostPort;
use super::selector::Labels;

/// A Pod on a node.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) node: String,
    /// Shared by the Pods of a DaemonSet, of which there is one a node.
    pub(super) pod: Arc<Occupant>,
}

/// What a Pod is to its node.
#[derive(Debug)]
pub(super) struct Occupant {
    pub(super) kin: Kin,
    /// The name of the DaemonSet it belongs to.
    pub(super) daemon_set: Option<String>,
    pub(super) requests: ResourceList,
    pub(super) ports: Vec<HostPort>,
}

/// All that selectors and terms can see of a Pod. Replicas have it in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kin {
    pub(super) namespace: String,
    pub(super) labels: Labels,
    /// Topology spread does not count Pods on their way out; everything else does.
    pub(super) terminating: bool,
    /// Whether it belongs to a DaemonSet, and so to its node.
    pub(super) daemon: bool,
    /// What made it: the kind and name of its controller, or its own if it has none.
    pub(super) owner: Option<(String, String)>,
    /// Which Pods it wants to keep away.
    pub(super) anti_affinity: Vec<PodTerm>,
}

impl Kin {
    /// Whether a workload made it.
    pub(super) fn is_of(&self, kind: &str, name: &str) -> bool {
        let Some((owner_kind, owner)) = &self.owner else { return false };
        is_behind((kind, name), (owner_kind, owner))
    }
}

impl Bound {
    /// Reads a Pod, if it is bound and not over: the scheduler's cache leaves out those that have succeeded or failed
    /// (`newPodInformer`), and keeps those that are being deleted until they are gone.
    pub(super) fn read(pod: &api::Pod) -> Option<Self> {
        let spec = pod.spec.as_ref()?;
        let node = spec.node_name.clone().filter(|node| !node.is_empty())?;
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        if matches!(phase, Some("Succeeded" | "Failed")) {
            return None;
        }
        let namespace = pod.metadata.namespace.clone().unwrap_or_else(|| "default".to_owned());
        let labels = pod.metadata.labels.clone().unwrap_or_default();
        let controller = controller_of(pod.metadata.owner_references.as_deref());
        let daemon_set = controller.filter(|owner| owner.kind == "DaemonSet").map(|owner| owner.name.clone());
        let owner = controller.map(|owner| (owner.kind.clone(), owner.name.clone()));
        let owner = owner.or_else(|| Some(("Pod".to_owned(), pod.metadata.name.clone()?)));
        let anti_affinity = PodTerm::anti_affinity(spec, &labels, &namespace);
        let (terminating, daemon) = (pod.metadata.deletion_timestamp.is_some(), daemon_set.is_some());
        let pod = Occupant {
            kin: Kin { namespace, labels, terminating, daemon, owner, anti_affinity },
            daemon_set,
            requests: requests(spec, pod.status.as_ref()),
            ports: HostPort::of_pod(spec),
        };
        Some(Self { node, pod: Arc::new(pod) })
    }
}

fn requests(spec: &api::PodSpec, status: Option<&api::PodStatus>) -> ResourceList {
    let limited =
        |resources: &Option<api::ResourceRequirements>| resources.as_ref().is_some_and(|r| r.limits.is_some());
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    if spec.resources.is_none() && !containers.into_iter().any(|container| limited(&container.resources)) {
        return pod_requests(spec, status);
    }
    let mut spec = spec.clone();
    fill_in_requests(&mut spec);
    pod_requests(&spec, status)
}
