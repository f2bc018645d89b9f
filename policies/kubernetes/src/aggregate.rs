//! What a Pod asks for as a whole: the requests and limits of its containers, added up as Kubernetes adds them.
//!
//! The rules are those of `k8s.io/component-helpers/resource` (`PodRequests`, `PodLimits`), sidecars as in KEP-753,
//! Pod-level resources as in KEP-2837, in-place resize as in KEP-1287. What the API server and LimitRanges fill in
//! first is not this module's concern: it takes a Pod as it is.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerStatus, PodSpec, PodStatus, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use crate::quantity::Quantity;

/// Amounts by resource name (`cpu`, `memory`, `nvidia.com/gpu`). A name that is absent was never mentioned, which is
/// not the same as zero.
pub type ResourceList = BTreeMap<String, Quantity>;

/// How a container takes part in the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerKind {
    /// One of `containers`: all of them run together.
    App,
    /// One of `initContainers`: runs alone, but for the sidecars before it.
    Init,
    /// One of `initContainers` with `restartPolicy: Always`: runs from its turn until the Pod's end.
    Sidecar,
}

impl ContainerKind {
    /// The kind of an entry of `initContainers`.
    #[must_use]
    pub fn of_init(container: &Container) -> Self {
        if container.restart_policy.as_deref() == Some("Always") { Self::Sidecar } else { Self::Init }
    }
}

/// Adds up the lists of a Pod's containers: the sum of what runs together, or the highest peak while the Pod starts,
/// whichever is more, for each resource. Init containers and sidecars must come in the order of the Pod.
pub fn aggregate<'a>(containers: impl IntoIterator<Item = (ContainerKind, &'a ResourceList)>) -> ResourceList {
    let mut total = ResourceList::new();
    let mut sidecars = ResourceList::new();
    let mut peak = ResourceList::new();
    for (kind, list) in containers {
        match kind {
            ContainerKind::App => add(&mut total, list),
            ContainerKind::Sidecar => {
                add(&mut total, list);
                add(&mut sidecars, list);
                raise(&mut peak, &sidecars);
            }
            ContainerKind::Init => {
                let mut now = list.clone();
                add(&mut now, &sidecars);
                raise(&mut peak, &now);
            }
        }
    }
    raise(&mut total, &peak);
    total
}

/// What the Pod requests of its node, overhead included (`PodRequests`).
///
/// With a status, what an in-place resize has allotted or still uses counts too, as it does for Pods that are bound
/// (`NodeInfo` in the scheduler, ResourceQuota). For a Pod that is yet to be placed, give none.
#[must_use]
pub fn pod_requests(spec: &PodSpec, status: Option<&PodStatus>) -> ResourceList {
    let mut requests = sum(spec, status, requests_of, |written, used| {
        let mut most = if resize_is_infeasible(status) { ResourceList::new() } else { written };
        raise(&mut most, &requests_of(used.resources));
        raise(&mut most, &used.allocated.map(resource_list).unwrap_or_default());
        most
    });
    let pod_level = requests_of(spec.resources.as_ref());
    let in_use = status.and_then(|status| status.resources.as_ref()).map(|resources| {
        let mut most = if resize_is_infeasible(status) { ResourceList::new() } else { pod_level.clone() };
        raise(&mut most, &requests_of(Some(resources)));
        let allocated = status.and_then(|status| status.allocated_resources.as_ref());
        raise(&mut most, &allocated.map(resource_list).unwrap_or_default());
        most
    });
    replace(&mut requests, &pod_level, in_use.as_ref());
    if let Some(overhead) = &spec.overhead {
        add(&mut requests, &resource_list(overhead));
    }
    requests
}

/// What the Pod is limited to, overhead included where there is a limit (`PodLimits`).
#[must_use]
pub fn pod_limits(spec: &PodSpec, status: Option<&PodStatus>) -> ResourceList {
    let in_use = |written: ResourceList, resources: &ResourceRequirements| {
        let mut most = if resize_is_infeasible(status) { ResourceList::new() } else { written };
        raise(&mut most, &limits_of(Some(resources)));
        most
    };
    let mut limits = sum(spec, status, limits_of, |written, used| match used.resources {
        Some(resources) => in_use(written, resources),
        None => written,
    });
    let pod_level = limits_of(spec.resources.as_ref());
    let actuated = status.and_then(|status| status.resources.as_ref());
    let actuated = actuated.map(|resources| in_use(pod_level.clone(), resources));
    replace(&mut limits, &pod_level, actuated.as_ref());
    for (name, overhead) in spec.overhead.as_ref().map(resource_list).unwrap_or_default() {
        if let Some(limit) = limits.get_mut(&name).filter(|limit| !limit.is_zero()) {
            *limit = *limit + overhead;
        }
    }
    limits
}

/// Whether a resource may be given for the Pod as a whole, in `spec.resources` (`IsSupportedPodLevelResource`).
#[must_use]
pub fn is_pod_level_resource(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

/// Reads a list of the API. Text that is no quantity is left out: no API server would have taken it.
#[must_use]
pub fn resource_list(written: &BTreeMap<String, Written>) -> ResourceList {
    written.iter().filter_map(|(name, text)| Some((name.clone(), Quantity::parse(&text.0).ok()?))).collect()
}

/// Adds a list to another, name by name.
pub fn add(list: &mut ResourceList, other: &ResourceList) {
    for (name, amount) in other {
        match list.get_mut(name) {
            Some(sum) => *sum = *sum + *amount,
            None => _ = list.insert(name.clone(), *amount),
        }
    }
}

/// Raises a list to another wherever that has more, or has what the list lacks. What is equal stays as it was written.
pub fn raise(list: &mut ResourceList, other: &ResourceList) {
    for (name, amount) in other {
        match list.get_mut(name) {
            Some(most) if *amount > *most => *most = *amount,
            Some(_) => {}
            None => _ = list.insert(name.clone(), *amount),
        }
    }
}

/// What the kubelet says a container uses.
struct InUse<'a> {
    resources: Option<&'a ResourceRequirements>,
    allocated: Option<&'a BTreeMap<String, Written>>,
}

type Pick = fn(Option<&ResourceRequirements>) -> ResourceList;

fn requests_of(resources: Option<&ResourceRequirements>) -> ResourceList {
    resources.and_then(|r| r.requests.as_ref()).map(resource_list).unwrap_or_default()
}

fn limits_of(resources: Option<&ResourceRequirements>) -> ResourceList {
    resources.and_then(|r| r.limits.as_ref()).map(resource_list).unwrap_or_default()
}

/// The containers' sum. `in_use` merges what is written with the container's status, where that has resources; the
/// status of an ordinary init container never counts.
fn sum(
    spec: &PodSpec,
    status: Option<&PodStatus>,
    pick: Pick,
    in_use: impl Fn(ResourceList, &InUse<'_>) -> ResourceList,
) -> ResourceList {
    let list = |container: &Container| {
        let written = pick(container.resources.as_ref());
        match status.and_then(|status| status_of(status, &container.name)) {
            Some(used) if used.resources.is_some() => {
                let used = InUse { resources: used.resources.as_ref(), allocated: used.allocated_resources.as_ref() };
                in_use(written, &used)
            }
            _ => written,
        }
    };
    let apps = spec.containers.iter().map(|container| (ContainerKind::App, list(container)));
    let inits = spec.init_containers.iter().flatten().map(|container| match ContainerKind::of_init(container) {
        ContainerKind::Sidecar => (ContainerKind::Sidecar, list(container)),
        kind => (kind, pick(container.resources.as_ref())),
    });
    let lists: Vec<(ContainerKind, ResourceList)> = apps.chain(inits).collect();
    aggregate(lists.iter().map(|(kind, list)| (*kind, list)))
}

fn status_of<'a>(status: &'a PodStatus, name: &str) -> Option<&'a ContainerStatus> {
    let mut all = status.container_statuses.iter().flatten().chain(status.init_container_statuses.iter().flatten());
    all.rfind(|status| status.name == name)
}

fn resize_is_infeasible(status: Option<&PodStatus>) -> bool {
    let mut conditions = status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions
        .find(|condition| condition.type_ == "PodResizePending")
        .is_some_and(|condition| condition.reason.as_deref() == Some("Infeasible"))
}

/// Puts the Pod-level values in the place of the sums: as written, or as they are in use when the status has them.
fn replace(sums: &mut ResourceList, pod_level: &ResourceList, in_use: Option<&ResourceList>) {
    for (name, written) in pod_level.iter().filter(|(name, _)| is_pod_level_resource(name)) {
        let amount = in_use.map_or(*written, |list| list.get(name).copied().unwrap_or_default());
        sums.insert(name.clone(), amount);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(json: serde_json::Value) -> PodSpec {
        serde_json::from_value(json).expect("a Pod spec")
    }

    fn status(json: serde_json::Value) -> PodStatus {
        serde_json::from_value(json).expect("a Pod status")
    }

    fn shown(list: &ResourceList) -> String {
        list.iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(" ")
    }

    fn container(name: &str, memory: &str) -> serde_json::Value {
        json!({"name": name, "resources": {"requests": {"memory": memory}, "limits": {"memory": memory}}})
    }

    fn sidecar(name: &str, memory: &str) -> serde_json::Value {
        let mut sidecar = container(name, memory);
        sidecar["restartPolicy"] = json!("Always");
        sidecar
    }

    #[test]
    fn sums_what_runs_together_and_takes_the_highest_peak_of_the_start() {
        let check = |inits: serde_json::Value, expected: &str| {
            let spec = spec(json!({"containers": [container("a", "100Mi"), container("b", "50Mi")],
                "initContainers": inits}));
            assert_eq!(shown(&pod_requests(&spec, None)), expected);
            assert_eq!(shown(&pod_limits(&spec, None)), expected);
        };
        check(json!([]), "memory=150Mi");
        check(json!([container("i", "149Mi"), container("j", "151Mi")]), "memory=151Mi");
        check(json!([sidecar("s", "10Mi")]), "memory=160Mi");
        check(json!([container("i", "155Mi"), sidecar("s", "10Mi")]), "memory=160Mi");
        check(json!([sidecar("s", "10Mi"), container("i", "155Mi")]), "memory=165Mi");
        check(json!([sidecar("s", "10Mi"), container("i", "155Mi"), sidecar("t", "20Mi")]), "memory=180Mi");
    }

    #[test]
    fn tells_absent_from_zero() {
        let spec = spec(json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": "0"}}}]}));
        assert_eq!(shown(&pod_requests(&spec, None)), "cpu=0");
        assert_eq!(shown(&pod_limits(&spec, None)), "");
    }

    #[test]
    fn pod_level_values_replace_the_sum_where_they_may() {
        let spec = spec(json!({"containers": [container("a", "100Mi")],
            "resources": {"requests": {"memory": "1Gi", "cpu": "1", "example.com/x": "1"}, "limits": {"memory": "2Gi"}}}));
        assert_eq!(shown(&pod_requests(&spec, None)), "cpu=1 memory=1Gi");
        assert_eq!(shown(&pod_limits(&spec, None)), "memory=2Gi");
    }

    #[test]
    fn overhead_adds_to_requests_always_and_to_limits_that_exist() {
        let spec =
            spec(json!({"containers": [container("a", "100Mi")], "overhead": {"memory": "28Mi", "cpu": "250m"}}));
        assert_eq!(shown(&pod_requests(&spec, None)), "cpu=250m memory=128Mi");
        assert_eq!(shown(&pod_limits(&spec, None)), "memory=128Mi");
    }

    #[test]
    fn a_resize_counts_at_its_largest_until_it_is_done() {
        let spec = spec(json!({"containers": [container("a", "300Mi")],
            "initContainers": [sidecar("s", "10Mi"), container("i", "1Mi")]}));
        let used = |name: &str, actuated: &str, allocated: &str| {
            json!({"name": name, "image": "", "imageID": "", "ready": true, "restartCount": 0,
                "resources": {"requests": {"memory": actuated}, "limits": {"memory": actuated}},
                "allocatedResources": {"memory": allocated}})
        };
        let statuses = json!({"containerStatuses": [used("a", "100Mi", "200Mi")],
            "initContainerStatuses": [used("s", "30Mi", "20Mi"), used("i", "1Gi", "1Gi")]});
        let running = status(statuses.clone());
        assert_eq!(shown(&pod_requests(&spec, Some(&running))), "memory=330Mi");
        assert_eq!(shown(&pod_limits(&spec, Some(&running))), "memory=330Mi");

        let mut refused = statuses;
        refused["conditions"] = json!([{"type": "PodResizePending", "status": "True", "reason": "Infeasible"}]);
        let refused = status(refused);
        assert_eq!(shown(&pod_requests(&spec, Some(&refused))), "memory=230Mi");
        assert_eq!(shown(&pod_limits(&spec, Some(&refused))), "memory=130Mi");
    }

    #[test]
    fn a_resize_of_the_whole_pod_counts_likewise() {
        let spec = spec(json!({"containers": [container("a", "100Mi")],
            "resources": {"requests": {"memory": "300Mi", "cpu": "1"}, "limits": {"memory": "300Mi"}}}));
        let running = status(json!({"resources": {"requests": {"memory": "400Mi"}, "limits": {"memory": "400Mi"}},
            "allocatedResources": {"memory": "500Mi"}}));
        assert_eq!(shown(&pod_requests(&spec, Some(&running))), "cpu=1 memory=500Mi");
        assert_eq!(shown(&pod_limits(&spec, Some(&running))), "memory=400Mi");
    }

    #[test]
    fn survives_what_no_api_server_would_take() {
        let spec = spec(json!({"containers": [
            {"name": "a", "resources": {"requests": {"memory": "1 Gi", "cpu": "9e99"}}},
            {"name": "a", "resources": {"requests": {"memory": "-1", "cpu": "9e99"}}}]}));
        let requests = pod_requests(&spec, None);
        assert_eq!(requests["memory"].value(), -1);
        assert_eq!(requests["cpu"].value(), i64::MAX);
    }
}
