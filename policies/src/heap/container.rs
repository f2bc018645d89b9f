//! The settings of a workload's container, with its effective memory.

use super::{HeapSetting, Memory, settings};
use crate::quantity::Quantity;
use crate::resources::{ContainerResources, List, PodResources};
use crate::workload::{ContainerPlace, Workload};

/// The known memory settings of a container of a workload. Without a limit of its own that of the Pod counts, as it
/// does for the kubelet.
pub(crate) fn of_container(
    workload: &Workload,
    place: &ContainerPlace,
    container: &ContainerResources,
    pod: &PodResources,
) -> Vec<HeapSetting> {
    let bytes = |quantity: Quantity| u64::try_from(quantity.value()).ok();
    let memory = |list| container.memory(list).or(pod.pod_level_memory(list)).and_then(bytes);
    let memory = Memory { limit: memory(List::Limits), request: memory(List::Requests) };
    workload.container(place).map(|typed| settings(typed, &place.at, &memory)).unwrap_or_default()
}
