//! Validation of a workload under review: as the object that is stored, and as the Pod that will be made of it.

use crate::decode::{Leniency, Problem};
use crate::path::FieldPath;
use crate::resources::{List, PodResources};
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
    of_pod.retain(|problem| !is_copied(pod, problem));
    if workload.leniency == Leniency::CustomResource {
        return of_pod.into_iter().filter_map(|problem| in_resources(workload, problem)).collect();
    }
    // What is wrong with the template is wrong with its Pods too, in the same place.
    let of_object = workload.invalid.iter().filter(|problem| !of_pod.iter().any(|known| known.at == problem.at));
    of_object.cloned().chain(of_pod.iter().cloned()).collect()
}

/// Whether a problem is about a request that nobody wrote: it is a copy of the limit, which has the problem too.
fn is_copied(pod: &PodResources, problem: &Problem) -> bool {
    pod.containers.iter().any(|container| {
        let below = problem.at.relative_to(&container.resources_at.key(List::Requests.field()));
        let resource = below.as_ref().and_then(FieldPath::last_key);
        resource.is_some_and(|resource| {
            let written = |list| container.written.list(list).contains_key(resource);
            written(List::Limits) && !written(List::Requests)
        })
    })
}

/// A problem in a `resources` block, at the place where the block really stands.
fn in_resources(workload: &Workload, problem: Problem) -> Option<Problem> {
    if problem.at.starts_with(&workload.spec_at.key("resources")) {
        return Some(problem);
    }
    workload.containers.iter().find_map(|place| {
        let list = if place.kind == crate::aggregate::ContainerKind::App { "containers" } else { "initContainers" };
        let usual: FieldPath = workload.spec_at.key(list).index(place.index).key("resources");
        let at = problem.at.relative_to(&usual)?.below(&place.resources_at);
        Some(Problem { at, ..problem.clone() })
    })
}
