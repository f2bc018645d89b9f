//! Requests and limits: names, values, huge pages, claims, and a Pod's own `resources` beside its containers'.
//!
//! A request above its limit is left to a rule of its own, which knows more about where the two came from.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{PodSpec, ResourceClaim};

use super::defaulting::{ContainerLists, PodLists};
use super::names::{
    container_resource_fault, dns_label_fault, is_hugepage, is_integer, is_overcommittable, pod_resource_fault,
    resource_meant,
};
use super::report::{Fault, Report};
use crate::aggregate::ResourceList;
use crate::path::FieldPath;
use crate::quantity::Quantity;

/// `ValidateContainerResourceRequirements`; `at` is the `resources` field.
pub(super) fn container(report: &mut Report, lists: &ContainerLists, at: &FieldPath) {
    requirements(report, lists, at, container_resource_fault);
}

/// `validateOverhead`: overhead is checked like a container's limits, and its errors stand below `overhead.limits`;
/// ours stand at the field that is really there.
pub(super) fn overhead(report: &mut Report, overhead: ResourceList, at: &FieldPath) {
    values(report, &overhead, at, container_resource_fault);
    let lists = ContainerLists { requests: None, limits: Some(overhead) };
    hugepages_alone(report, &lists, at);
}

fn requirements(report: &mut Report, lists: &ContainerLists, at: &FieldPath, fault: Fault) {
    if let Some(limits) = &lists.limits {
        values(report, limits, &at.key("limits"), fault);
    }
    if let Some(requests) = &lists.requests {
        values(report, requests, &at.key("requests"), fault);
        not_overcommitted(report, requests, lists.limits.as_ref(), at);
    }
    hugepages_alone(report, lists, at);
}

fn values(report: &mut Report, list: &ResourceList, at: &FieldPath, fault: Fault) {
    for (resource, quantity) in list {
        if let Some(fault) = fault(resource) {
            let message = format!("\"{}\" {fault}", resource.escape_debug());
            match resource_meant(resource).filter(|meant| *meant != resource) {
                Some(meant) => report.add_help(at.key(resource), message, format!("did you mean {meant}?")),
                None => report.add(at.key(resource), message),
            }
        }
        if quantity.is_negative() {
            report.add(at.key(resource), format!("{resource} is {quantity}, but must not be negative"));
        }
        if is_integer(resource) && !quantity.is_integer() {
            report.add(at.key(resource), format!("{resource} is {quantity}, but must be a whole number"));
        }
        if is_hugepage(resource) {
            whole_pages(report, resource, *quantity, at);
        }
    }
}

/// `IsHugePageResourceValueDivisible`: the size of a page is what follows the dash in the name.
fn whole_pages(report: &mut Report, resource: &str, quantity: Quantity, at: &FieldPath) {
    let size = resource.split_once('-').and_then(|(_, size)| Quantity::parse(size).ok());
    let Some(size) = size.filter(|size| size.nanos() > 0 && size.round_up_to_milli().is_integer()) else {
        let message = format!("{resource} names no size of pages");
        return report.add_help(at.key(resource), message, "did you mean hugepages-2Mi or hugepages-1Gi?");
    };
    // Fractions are rounded up before they are compared.
    let (bytes, page) = (whole(quantity), whole(size));
    if bytes % page != 0 {
        let message = format!("{resource} is {quantity}, which is no whole number of pages of {size}");
        let pages = i64::try_from(bytes.div_euclid(page)).unwrap_or(i64::MAX).saturating_add(1);
        report.add_help(at.key(resource), message, format!("write {}", size.saturating_mul(pages)));
    }
}

/// The value rounded up to a whole number, beyond 64 bits too; not zero if the quantity is above zero.
fn whole(quantity: Quantity) -> i128 {
    const NANO: i128 = 1_000_000_000;
    let nanos = quantity.nanos();
    nanos.div_euclid(NANO) + i128::from(nanos.rem_euclid(NANO) != 0)
}

/// Huge pages and extended resources cannot be promised twice: limit and request must both be there and be equal.
fn not_overcommitted(report: &mut Report, requests: &ResourceList, limits: Option<&ResourceList>, at: &FieldPath) {
    for (resource, request) in requests.iter().filter(|(resource, _)| !is_overcommittable(resource)) {
        match limits.and_then(|limits| limits.get(resource)) {
            None => report.add_help(
                at.key("limits"),
                format!("{resource} is requested, but has no limit, and it cannot be overcommitted"),
                format!("set limits of {resource} to {request} as well"),
            ),
            Some(limit) if limit != request => report.add_help(
                at.key("requests"),
                format!("{resource} is requested at {request} and limited to {limit}, but both must be equal"),
                format!("set both to {}", request.max(limit)),
            ),
            Some(_) => {}
        }
    }
}

fn hugepages_alone(report: &mut Report, lists: &ContainerLists, at: &FieldPath) {
    let names = || lists.limits.iter().chain(&lists.requests).flat_map(|list| list.keys());
    if names().any(|name| is_hugepage(name)) && !names().any(|name| matches!(name.as_str(), "cpu" | "memory")) {
        report.add_help(at.clone(), "huge pages are asked for without cpu or memory", "set requests of memory as well");
    }
}

/// `validateResourceClaimNames`; `at` is the `claims` field, `known` the names in `spec.resourceClaims`.
pub(super) fn claims(report: &mut Report, claims: &[ResourceClaim], known: &HashSet<&str>, at: &FieldPath) {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let (name, request) = (claim.name.as_str(), claim.request.as_deref().unwrap_or_default());
        if name.is_empty() {
            report.add(at.index(index), "a claim has no name");
            continue;
        }
        // A claim without a request stands for all of its requests.
        let overlaps =
            |other: &(&str, &str)| other.0 == name && (other.1 == request || other.1.is_empty() || request.is_empty());
        if seen.iter().any(overlaps) {
            report.add(at.index(index), format!("claim {name} is named twice"));
        } else if !request.is_empty()
            && let Some(fault) = dns_label_fault(request)
        {
            report.add(at.index(index).key("request"), format!("\"{request}\" {fault}"));
        }
        seen.push((name, request));
        if !known.contains(name) {
            report.add(at.index(index), format!("claim {name} is none of those in resourceClaims"));
        }
    }
}

/// `validatePodResources`; `at` is the Pod's spec.
pub(super) fn pod(report: &mut Report, spec: &PodSpec, lists: &PodLists, at: &FieldPath) {
    let (Some(written), Some(pod)) = (&spec.resources, &lists.pod) else { return };
    let path = at.key("resources");
    if spec.os.as_ref().is_some_and(|os| os.name == "windows") {
        return report.add(path, "resources of the whole Pod cannot be given for Windows");
    }
    if written.claims.is_some() {
        report.add_help(
            path.key("claims"),
            "claims cannot be given for the whole Pod",
            "move them to the resources of a container",
        );
    }
    requirements(report, pod, &path, pod_resource_fault);
    let known: HashSet<&str> = spec.resource_claims.iter().flatten().map(|claim| claim.name.as_str()).collect();
    claims(report, written.claims.as_deref().unwrap_or_default(), &known, &path.key("claims"));
    consistency(report, lists, pod, at);
}

/// `validatePodResourceConsistency`: containers may not ask for more than their Pod.
fn consistency(report: &mut Report, lists: &PodLists, pod: &ContainerLists, at: &FieldPath) {
    let path = at.key("resources");
    for (resource, sum) in lists.aggregate_requests() {
        if let Some(request) = pod.requests.as_ref().and_then(|list| list.get(&resource))
            && sum > *request
        {
            let message = format!("the Pod requests {request} of {resource}, but its containers request {sum}");
            report.add_help(path.keys(&["requests", &resource]), message, format!("request at least {sum}"));
        }
    }
    for (resource, sum) in lists.aggregate_limits().into_iter().filter(|(resource, _)| is_hugepage(resource)) {
        if let Some(limit) = pod.limits.as_ref().and_then(|list| list.get(&resource))
            && sum > *limit
        {
            let message = format!("the Pod is limited to {limit} of {resource}, but its containers to {sum}");
            report.add_help(path.keys(&["limits", &resource]), message, format!("set the limit to at least {sum}"));
        }
    }
    for (index, container) in lists.containers.iter().enumerate() {
        for (resource, limit) in container.limits.iter().flatten() {
            if let Some(most) = pod.limits.as_ref().and_then(|list| list.get(resource))
                && limit > most
            {
                let place = at.key("containers").index(index).keys(&["resources", "limits", resource]);
                let message = format!("the container is limited to {limit} of {resource}, but its Pod to {most}");
                report.add_help(place, message, format!("set the limit to at most {most}"));
            }
        }
    }
}
