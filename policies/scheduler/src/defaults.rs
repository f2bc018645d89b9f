//! Requests that the API server fills in from limits, for Pods that were written by hand (`SetDefaults_Pod`).
//!
//! What a cluster prints has them already; filling them in once more changes nothing.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;
use memlint_kubernetes::aggregate::{ResourceList, is_pod_level_resource, pod_limits, pod_requests};

/// Fills in missing requests: of containers, from their limits; of the Pod as a whole where it has limits, from what
/// its containers request, else from those limits.
pub(super) fn fill_in_requests(spec: &mut PodSpec) {
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        if let Some(ResourceRequirements { limits: Some(limits), requests, .. }) = &mut container.resources {
            fill(requests.get_or_insert_default(), limits.clone());
        }
    }
    let Some(whole) = spec.resources.take() else { return };
    // What the containers make up without it.
    let overhead = spec.overhead.take();
    let (sums, limits) = (pod_requests(spec, None), pod_limits(spec, None));
    spec.overhead = overhead;
    spec.resources = Some(fill_in_whole(whole, &sums, &limits));
}

fn fill_in_whole(mut whole: ResourceRequirements, sums: &ResourceList, limits: &ResourceList) -> ResourceRequirements {
    let mut requests = whole.requests.take().unwrap_or_default();
    let mut own_limits = whole.limits.take().unwrap_or_default();
    if !(requests.is_empty() && own_limits.is_empty()) {
        let huge = limits.iter().filter(|(name, _)| name.starts_with("hugepages-") && !requests.contains_key(*name));
        let huge: Vec<_> = huge.map(|(name, amount)| (name.clone(), Written(amount.to_string()))).collect();
        fill(&mut own_limits, huge);
    }
    if !own_limits.is_empty() {
        let shared = sums.iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory"));
        fill(&mut requests, shared.map(|(name, amount)| (name.clone(), Written(amount.to_string()))));
        let supported = own_limits.iter().filter(|(name, _)| is_pod_level_resource(name));
        fill(&mut requests, supported.map(|(name, amount)| (name.clone(), amount.clone())));
    }
    whole.requests = (!requests.is_empty()).then_some(requests);
    whole.limits = (!own_limits.is_empty()).then_some(own_limits);
    whole
}

fn fill(list: &mut BTreeMap<String, Written>, from: impl IntoIterator<Item = (String, Written)>) {
    for (name, amount) in from {
        list.entry(name).or_insert(amount);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_limit_is_a_request_where_there_is_none() {
        let check = |spec: serde_json::Value, expected: &str| {
            let mut spec: PodSpec = serde_json::from_value(spec).expect("a Pod spec");
            fill_in_requests(&mut spec);
            let requests = pod_requests(&spec, None);
            let shown: Vec<String> = requests.iter().map(|(name, amount)| format!("{name}={amount}")).collect();
            assert_eq!(shown.join(" "), expected);
        };
        let own = json!({"requests": {"cpu": "0"}, "limits": {"cpu": "1", "memory": "1Gi"}});
        check(json!({"containers": [{"name": "c", "resources": own}]}), "cpu=0 memory=1Gi");
        let whole = |resources: serde_json::Value| json!({"containers": [{"name": "c", "resources": own}], "resources": resources, "overhead": {"cpu": "1m"}});
        check(whole(json!({"limits": {"memory": "2Gi"}})), "cpu=1m memory=1Gi");
        check(whole(json!({"limits": {"memory": "2Gi"}, "requests": {"memory": "1536Mi"}})), "cpu=1m memory=1536Mi");
        check(json!({"containers": [{"name": "c"}], "resources": {"limits": {"memory": "2Gi"}}}), "memory=2Gi");
    }
}
