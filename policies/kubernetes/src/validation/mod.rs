//! Semantic validation of Pods: what the API server refuses although every field has the right type.
//!
//! The source is `pkg/apis/core/validation/validation.go` at Kubernetes 1.36 with its default feature gates. Problems
//! name the field that the API server's error names. A request above its limit is not reported here: a rule of its
//! own does, and [`defaulting`] tells it what the API server compares.

mod containers;
pub mod defaulting;
mod env;
mod metadata;
mod mounts;
pub mod names;
mod pod;
mod probes;
mod report;
mod resources;
mod review;
mod scheduling;
mod security;
mod selector;
mod strategy;
mod volumes;
mod workload;
use std::collections::{BTreeMap, HashSet};

use k8s_openapi::api::core::v1::PodSpec;

use crate::decode::Problem;
use crate::path::FieldPath;
use report::Report;

pub use defaulting::{ContainerLists, PodLists};
pub use names::is_overcommittable;
pub use review::validate;
pub(crate) use workload::validate_and_take;
pub use workload::{validate_object, validate_pod_metadata};

/// What a Pod spec is part of. The API server is laxer with templates, which it never completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A Pod object.
    Pod,
    /// The template of a workload.
    Template,
}

/// What else is known of a Pod spec.
#[derive(Debug, Clone, Copy)]
pub struct PodContext<'a> {
    /// What the spec is part of.
    pub subject: Subject,
    /// The requests and limits to judge: [`PodLists::written`] of a template; of a Pod [`PodLists::defaulted`], with
    /// a LimitRange's defaults where one applies.
    pub lists: &'a PodLists,
    /// The labels of the Pod or template.
    pub labels: Option<&'a BTreeMap<String, String>>,
    /// The names of a StatefulSet's `volumeClaimTemplates`, which become volumes of its Pods.
    pub claim_templates: &'a [String],
}

/// Everything that the API server's validation refuses in a Pod spec, which stands at the path `at`.
#[must_use]
pub fn validate_pod_spec(spec: &PodSpec, at: &FieldPath, context: PodContext<'_>) -> Vec<Problem> {
    let mut report = Report::default();
    pod_spec(&mut report, spec, at, context);
    report.problems
}

fn pod_spec(report: &mut Report, spec: &PodSpec, at: &FieldPath, context: PodContext<'_>) {
    let known = volumes::validate(report, spec.volumes.as_deref().unwrap_or_default(), context, &at.key("volumes"));
    containers::validate(report, spec, &known, context, at);
    resource_requirements(report, spec, context.lists, at);
    security::pod(report, spec, at);
    scheduling::validate(report, spec, context.labels, at);
    pod::validate(report, spec, context.subject, at);
}

fn resource_requirements(report: &mut Report, spec: &PodSpec, lists: &PodLists, at: &FieldPath) {
    let claims: HashSet<&str> = spec.resource_claims.iter().flatten().map(|claim| claim.name.as_str()).collect();
    let empty = ContainerLists::default();
    let init = spec.init_containers.as_deref().unwrap_or_default();
    for (list, containers, all) in [
        ("containers", spec.containers.as_slice(), &lists.containers),
        ("initContainers", init, &lists.init_containers),
    ] {
        for (index, container) in containers.iter().enumerate() {
            let path = at.key(list).index(index).key("resources");
            resources::container(report, all.get(index).unwrap_or(&empty), &path);
            let written = container.resources.as_ref().and_then(|resources| resources.claims.as_deref());
            resources::claims(report, written.unwrap_or_default(), &claims, &path.key("claims"));
        }
    }
    resources::pod(report, spec, lists, at);
    if let Some(overhead) = &spec.overhead {
        resources::overhead(report, defaulting::read_list(overhead), &at.key("overhead"));
    }
}

#[cfg(test)]
mod tests;
