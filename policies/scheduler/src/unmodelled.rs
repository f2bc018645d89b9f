//! What a Pod uses that the filters here do not judge. It is named, never passed over in silence.

use k8s_openapi::api::core::v1 as api;
use memlint_kubernetes::aggregate::ResourceList;

/// The reasons for which the scheduler may refuse a node that the filters here let pass.
pub(super) fn unmodelled(spec: &api::PodSpec, requests: &ResourceList) -> Vec<String> {
    let mut found = Vec::new();
    for volume in spec.volumes.iter().flatten() {
        let kind = if volume.persistent_volume_claim.is_some() {
            "a PersistentVolumeClaim"
        } else if volume.ephemeral.is_some() {
            "an ephemeral PersistentVolumeClaim"
        } else if volume.gce_persistent_disk.is_some()
            || volume.aws_elastic_block_store.is_some()
            || volume.azure_disk.is_some()
            || volume.iscsi.is_some()
            || volume.rbd.is_some()
        {
            "a network disk"
        } else {
            continue;
        };
        found.push(format!("volume {:?} is {kind}: its zone, its node and attach limits are not judged", volume.name));
    }
    for claim in spec.resource_claims.iter().flatten() {
        found.push(format!("resource claim {:?}: devices are not judged", claim.name));
    }
    for name in requests.keys().filter(|name| name.starts_with("deviceclass.resource.kubernetes.io/")) {
        found.push(format!("{name}: devices are not judged"));
    }
    if let Some(name) = spec.scheduler_name.as_deref().filter(|name| !matches!(*name, "" | "default-scheduler")) {
        found.push(format!("scheduler {name:?}: only the default scheduler is known"));
    }
    if spec.scheduling_group.is_some() {
        found.push("a scheduling group: gang scheduling is not judged".to_owned());
    }
    if spec.host_network == Some(true) && spec.host_users == Some(false) {
        found.push("a user namespace on the host's network: features that nodes declare are not judged".to_owned());
    }
    found
}
