//! What is kept of Pods, where they are watched: what they take of their nodes, and what other Pods' affinity and
//! topology spread can see of them. Pods without a node, and those that are over, do not count.

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::kept::KeyPath;
use super::kept::{Kept, trim_containers, trim_metadata};

impl Kept for core::Pod {
    const KIND: &'static str = "Pod";
    const UNREAD: &'static [KeyPath] = &[&["metadata", "annotations"], &["spec", "volumes"]];
    const FIELDS: Option<&'static str> = Some("spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed");

    fn counts(&self) -> bool {
        let bound = self.spec.as_ref().and_then(|spec| spec.node_name.as_ref()).is_some_and(|node| !node.is_empty());
        let phase = self.status.as_ref().and_then(|status| status.phase.as_deref());
        bound && !matches!(phase, Some("Succeeded" | "Failed"))
    }

    fn trim(&mut self) {
        let deletion_timestamp = self.metadata.deletion_timestamp.take();
        let owners = self.metadata.owner_references.take();
        trim_metadata(&mut self.metadata, true);
        self.metadata.deletion_timestamp = deletion_timestamp;
        self.metadata.owner_references = owners.map(|owners| owners.into_iter().map(kind_and_name).collect());
        if let Some(mut spec) = self.spec.take() {
            trim_containers(&mut spec);
            let core::PodSpec { affinity, containers, host_network, init_containers, node_name, .. } = spec;
            let affinity = affinity.and_then(|affinity| affinity.pod_anti_affinity).and_then(required);
            let (overhead, resources) = (spec.overhead, spec.resources);
            let kept = core::PodSpec { affinity, containers, host_network, init_containers, ..Default::default() };
            self.spec = Some(core::PodSpec { node_name, overhead, resources, ..kept });
        }
        self.status = self.status.take().map(used);
    }
}

fn kind_and_name(owner: OwnerReference) -> OwnerReference {
    let OwnerReference { controller, kind, name, .. } = owner;
    OwnerReference { controller, kind, name, ..OwnerReference::default() }
}

/// Which Pods it keeps away. Whom it likes to be near mattered only until it had its node.
fn required(anti_affinity: core::PodAntiAffinity) -> Option<core::Affinity> {
    let required = anti_affinity.required_during_scheduling_ignored_during_execution?;
    let pod_anti_affinity = Some(core::PodAntiAffinity {
        required_during_scheduling_ignored_during_execution: Some(required),
        ..core::PodAntiAffinity::default()
    });
    Some(core::Affinity { pod_anti_affinity, ..core::Affinity::default() })
}

/// What a resize in place has allotted, or still uses (KEP-1287): the scheduler counts it.
fn used(status: core::PodStatus) -> core::PodStatus {
    let of_containers = |statuses: Option<Vec<core::ContainerStatus>>| {
        let used = |status: core::ContainerStatus| {
            let core::ContainerStatus { name, resources, allocated_resources, .. } = status;
            core::ContainerStatus { name, resources, allocated_resources, ..core::ContainerStatus::default() }
        };
        let resized = |status: &core::ContainerStatus| status.resources.is_some();
        statuses.map(|statuses| statuses.into_iter().filter(resized).map(used).collect())
    };
    let pending = |condition: core::PodCondition| {
        let core::PodCondition { type_, reason, .. } = condition;
        (type_ == "PodResizePending").then(|| core::PodCondition { type_, reason, ..core::PodCondition::default() })
    };
    core::PodStatus {
        container_statuses: of_containers(status.container_statuses),
        init_container_statuses: of_containers(status.init_container_statuses),
        conditions: status.conditions.map(|all| all.into_iter().filter_map(pending).collect()),
        resources: status.resources,
        allocated_resources: status.allocated_resources,
        ..core::PodStatus::default()
    }
}
