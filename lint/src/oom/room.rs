//! Whether the Pod would still find a node after the change, by the scheduler's own filters.
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use memlint_capacity::Capacity;
use memlint_kubernetes::aggregate::pod_requests;
use memlint_kubernetes::resources::{List, MEMORY};
use memlint_kubernetes::scale::Update;
use memlint_oom::{Advice, Kill, Level, format_bytes};
use memlint_scheduler::{Candidate, Look, View, filter};

use super::change;
use super::manifests::Match;
use super::pods::Found;
use super::target::{is_about_memory, memory, quantity};

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
    let asked_before = asked(&spec);
    let (resources, of_pod) = resources(&mut spec, container.as_deref(), kill)?;
    let (request, limit) = (memory(resources, List::Requests), memory(resources, List::Limits));
    // A whole Pod's request that is not written is the sum of its containers'.
    let request = request.or_else(|| u64::try_from(asked_before).ok().filter(|sum| of_pod && *sum > 0));
    let proposal = change::propose(kill, advice, request, limit)?;
    // The API server copies a limit to a request that is not written.
    let old = request.or(limit).unwrap_or(0);
    let request = proposal.request.or(request).or(proposal.limit)?;
    // Its node has that much for it already.
    if request <= old {
        return None;
    }
    resources.requests.get_or_insert_default().insert(MEMORY.to_owned(), Quantity(quantity(request)));
    // The Pod's own request, where one is written, counts for the scheduler, not that of one container.
    if asked(&spec) <= asked_before {
        return None;
    }
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
    let more = request.saturating_sub(old);
    if let Some(place) = own_place(capacity, found, matched) {
        return Some(match place {
            Place::On(name, room) if room >= more => {
                format!("with a request of {asked} the Pod fits in its old place, on {name}")
            }
            Place::Bound(name, room) if room >= more => {
                format!("with a request of {asked} the Pod fits in its old place, on {name}")
            }
            Place::Bound(name, room) => format!(
                "with a request of {asked} the Pod, which {name} has to run, lacks {} there now",
                format_bytes(more.saturating_sub(room))
            ),
            Place::On(..) => match filter(capacity.now(), &candidate, View::Now).feasible_names().len() {
                0 => format!("with a request of {asked} the Pod fits an empty node, but none has room for it now"),
                _ => format!("with a request of {asked} the Pod fits now, on another node than its old one"),
            },
        });
    }
    let beside = if found.is_some() && is_surging(matched) { ", beside the old Pod while it rolls out" } else { "" };
    let now = filter(capacity.now(), &candidate, View::Now);
    Some(match now.feasible_names().as_slice() {
        [] => format!("with a request of {asked} the Pod fits an empty node, but none has room for it now{beside}"),
        [name] => format!("with a request of {asked} the Pod fits now, on {name} only{beside}"),
        names => format!("with a request of {asked} the Pod fits now, on {} nodes{beside}", names.len()),
    })
}

/// Where a Pod that goes before its successor comes has its old place, and how much is free there besides.
enum Place<'a> {
    /// Another node would do.
    On(&'a str, u64),
    /// No other will do: a DaemonSet's or a static Pod.
    Bound(&'a str, u64),
}

/// The old place, of Pods that are not replaced by surge.
fn own_place<'a>(capacity: &Capacity, found: Option<Found<'a>>, matched: Option<Match<'_>>) -> Option<Place<'a>> {
    let pod = found?.pod;
    let name = pod.node.as_deref()?;
    let kind = pod.owner.as_ref().map(|(kind, _)| kind.as_str());
    let goes_first = match kind {
        Some("StatefulSet" | "DaemonSet" | "Node") | None => true,
        _ => !is_surging(matched) && matched.is_some(),
    };
    let now = capacity.now();
    let node = now.nodes().find(name).filter(|_| goes_first)?;
    let (offers, taken) = now.room(node, MEMORY, View::Now);
    let free = u64::try_from(offers.saturating_sub(taken)).unwrap_or(0);
    Some(if matches!(kind, Some("DaemonSet" | "Node")) { Place::Bound(name, free) } else { Place::On(name, free) })
}

/// Whether a rollout makes new Pods while old ones are there.
fn is_surging(matched: Option<Match<'_>>) -> bool {
    matched.is_some_and(|matched| {
        let scale = &matched.entry.workload.scale;
        matches!(&scale.update, Update::Rolling { surge, .. } if surge.up(scale.replicas) > 0)
    })
}

type Pod = (core::PodSpec, BTreeMap<String, String>, String, Option<String>);

/// The Pod as it runs, or as its manifest would make it, and the container's name.
fn pod(found: Option<Found<'_>>, matched: Option<Match<'_>>) -> Option<Pod> {
    if let Some(found) = found {
        let name = found.container.map(|container| container.name.clone());
        return Some((found.pod.spec.clone(), found.pod.labels.clone(), found.pod.namespace.clone(), name));
    }
    let matched = matched?;
    let workload = &matched.entry.workload;
    let container = matched.container.and_then(|place| workload.container(place));
    let labels = workload.template.metadata.as_ref().and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
    let namespace = workload.object.namespace.clone().unwrap_or_default();
    Some((workload.spec().clone(), labels, namespace, container.map(|container| container.name.clone())))
}

/// What the scheduler counts of memory, in bytes.
fn asked(spec: &core::PodSpec) -> i128 {
    pod_requests(spec, None).get(MEMORY).map_or(0, |memory| memory.value().into())
}

/// The block that decided about the kill: as for [`target`](super::target::target), the whole Pod's where it is
/// written and the container has no limit of its own. Says whether it is that.
fn resources<'s>(
    spec: &'s mut core::PodSpec,
    name: Option<&str>,
    kill: &Kill,
) -> Option<(&'s mut core::ResourceRequirements, bool)> {
    let all = spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten());
    let container = all.into_iter().find(|container| Some(container.name.as_str()) == name);
    let own = container.as_ref().and_then(|container| memory(container.resources.as_ref()?, List::Limits));
    if spec.resources.as_ref().is_some_and(is_about_memory) && (own.is_none() || kill.level != Some(Level::Container)) {
        return spec.resources.as_mut().map(|resources| (resources, true));
    }
    Some((container?.resources.get_or_insert_default(), false))
}
