//! Whether the Pod would still find a node after the change, by the scheduler's own filters.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use memlint_policies::aggregate::pod_requests;
use memlint_policies::capacity::Capacity;
use memlint_policies::oom::{Advice, Kill, format_bytes};
use memlint_policies::placement::{Candidate, Look, View, filter};
use memlint_policies::resources::MEMORY;

use super::change::{self, quantity};
use super::manifests::Match;
use super::pods::Found;

/// A sentence about it; `None` if no node is known, or nothing would be requested that is not today.
pub(super) fn room(
    capacity: &Capacity,
    kill: &Kill,
    advice: &Advice,
    found: Option<Found<'_>>,
    matched: Option<Match<'_>>,
) -> Option<String> {
    if !capacity.knows_nodes() {
        return None;
    }
    let (mut spec, labels, namespace, container) = pod(found, matched)?;
    let resources = resources(&mut spec, &container)?;
    let written = |list: Option<&BTreeMap<String, Quantity>>| {
        let quantity = memlint_policies::quantity::Quantity::parse(&list?.get(MEMORY)?.0).ok()?;
        u64::try_from(quantity.value()).ok().filter(|bytes| *bytes > 0)
    };
    let (request, limit) = (written(resources.requests.as_ref()), written(resources.limits.as_ref()));
    let proposal = change::propose(kill, advice, request, limit)?;
    // The API server copies a limit to a request that is not written.
    let request = proposal.request.or(request).or(proposal.limit)?;
    resources.requests.get_or_insert_default().insert(MEMORY.to_owned(), Quantity(quantity(request)));
    // It is the scheduler that has to find it a node, not the one it is on.
    spec.node_name = None;
    let candidate = Candidate::new(&spec, &labels, &namespace, &pod_requests(&spec, None));
    let ever = filter(capacity.ever(), &candidate, Look { view: View::Empty, past_cordons: true });
    let asked = format_bytes(request);
    if !ever.fits() {
        return Some(format!("with a request of {asked} the Pod would fit no node, not even an empty one"));
    }
    if !capacity.knows_bound_pods() {
        return Some(format!("with a request of {asked} the Pod fits an empty node; what is on them now is not known"));
    }
    let now = filter(capacity.now(), &candidate, View::Now);
    Some(match now.feasible_names().as_slice() {
        [] => format!("with a request of {asked} the Pod fits an empty node, but none has room beside it now"),
        [name] => format!("with a request of {asked} the Pod fits now, on {name} only"),
        names => format!("with a request of {asked} the Pod fits now, on {} nodes", names.len()),
    })
}

type Pod = (core::PodSpec, BTreeMap<String, String>, String, String);

/// The Pod as it runs, or as its manifest would make it, and the container's name.
fn pod(found: Option<Found<'_>>, matched: Option<Match<'_>>) -> Option<Pod> {
    if let Some(found) = found {
        let name = found.container?.name.clone();
        return Some((found.pod.spec.clone(), found.pod.labels.clone(), found.pod.namespace.clone(), name));
    }
    let matched = matched?;
    let workload = &matched.entry.workload;
    let name = workload.container(matched.container?)?.name.clone();
    let labels = workload.template.metadata.as_ref().and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
    Some((workload.spec().clone(), labels, workload.object.namespace.clone().unwrap_or_default(), name))
}

fn resources<'s>(spec: &'s mut core::PodSpec, name: &str) -> Option<&'s mut core::ResourceRequirements> {
    let all = spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten());
    let container = all.into_iter().find(|container| container.name == name)?;
    Some(container.resources.get_or_insert_default())
}
