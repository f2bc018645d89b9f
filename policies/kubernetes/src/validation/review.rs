//! Validation of a workload under review: as the object that is stored, and as the Pod that will be made of it.

use std::collections::HashSet;

use crate::aggregate::ContainerKind;
use crate::decode::{Leniency, Problem};
use crate::path::{FieldPath, Segment};
use crate::places::ContainerPlace;
use crate::places::Places;
use crate::resources::{ContainerResources, List, PodResources};
use crate::validation::{PodContext, Subject, validate_pod_spec};
use crate::workload::Workload;

/// Everything that the API server's validation refuses in a workload, and in the Pods that will be made of it.
///
/// Of custom resources only the `resources` blocks are judged: their controllers complete the rest.
#[must_use]
pub fn validate(workload: &Workload, pod: &PodResources) -> Vec<Problem> {
    if !workload.makes_pods {
        return workload.invalid.clone();
    }
    let context = PodContext {
        subject: Subject::Pod,
        lists: &pod.lists(),
        labels: workload.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref()),
        claim_templates: &workload.claim_templates,
    };
    let mut of_pod = validate_pod_spec(workload.spec(), &workload.spec_at, context);
    if !of_pod.is_empty() {
        let blocks = Places::new(pod.containers.iter().map(|container| (&container.resources_at, container)));
        of_pod.retain(|problem| !is_copied(&blocks, problem));
    }
    if workload.leniency == Leniency::CustomResource {
        return in_resources(workload, of_pod);
    }
    // What is wrong with the template is wrong with its Pods too, in the same place.
    let places: HashSet<&FieldPath> = of_pod.iter().map(|problem| &problem.at).collect();
    let of_object = workload.invalid.iter().filter(|problem| !places.contains(&problem.at));
    of_object.chain(&of_pod).cloned().collect()
}

/// Whether a problem is about a request that nobody wrote: it is a copy of the limit, which has the problem too.
fn is_copied(blocks: &Places<'_, &ContainerResources>, problem: &Problem) -> bool {
    let Some((container, [Segment::Key(list), .., Segment::Key(resource)])) = blocks.around(&problem.at) else {
        return false;
    };
    let written = |list| container.written.list(list).contains_key(resource.as_str());
    list == List::Requests.field() && written(List::Limits) && !written(List::Requests)
}

/// Problems in `resources` blocks, at the places where the blocks really stand.
fn in_resources(workload: &Workload, problems: Vec<Problem>) -> Vec<Problem> {
    let usual = |place: &ContainerPlace| {
        let list = if place.kind == ContainerKind::App { "containers" } else { "initContainers" };
        workload.spec_at.key(list).index(place.index).key("resources")
    };
    let of_pod = workload.spec_at.key("resources");
    let mut blocks: Vec<(FieldPath, &FieldPath)> =
        workload.containers.iter().map(|place| (usual(place), &place.resources_at)).collect();
    blocks.push((of_pod.clone(), &of_pod));
    let blocks = Places::new(blocks.iter().map(|(usual, real)| (usual, *real)));
    let moved = |problem: Problem| {
        let (real, below) = blocks.around(&problem.at)?;
        let at = FieldPath::from_segments(below).below(real);
        Some(Problem { at, ..problem })
    };
    problems.into_iter().filter_map(moved).collect()
}
