//! Validation of a workload: as the template that is stored, and as the Pod that will be made of it.

use crate::decode::{Leniency, Problem};
use crate::path::FieldPath;
use crate::resources::PodResources;
use crate::validation::{PodContext, PodLists, Subject, validate_pod_spec};
use crate::workload::Workload;

/// Everything that the API server's validation refuses in a workload's Pods or, before, in their template.
///
/// Of custom resources only the `resources` blocks are judged: their controllers complete the rest.
#[must_use]
pub fn validate(workload: &Workload, pod: &PodResources) -> Vec<Problem> {
    let labels = workload.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    let judge = |subject, lists: &PodLists| {
        let context = PodContext { subject, lists, labels };
        validate_pod_spec(workload.spec(), &workload.spec_at, context)
    };
    let mut problems = judge(Subject::Pod, &pod.lists());
    if workload.leniency == Leniency::CustomResource {
        return problems.into_iter().filter_map(|problem| in_resources(workload, problem)).collect();
    }
    if !workload.is_pod() {
        for problem in judge(Subject::Template, &PodLists::written(workload.spec())) {
            if !problems.iter().any(|known| known.at == problem.at) {
                problems.push(problem);
            }
        }
    }
    problems
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
