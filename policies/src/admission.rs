//! Admission: what the API server makes of a Pod, or why it refuses it, as `kubectl apply` would learn.
//!
//! The stages come in the server's order, and the first that refuses has the only word: strict decoding; the mutating
//! half of the LimitRanger and the RuntimeClass; validation; the validating half of the LimitRanger and the
//! RuntimeClass. ResourceQuota is last of all and asks for more than the Pod: see [`memlint_kubernetes::quota`].

use std::borrow::Cow;

use k8s_openapi::api::core::v1::PodSpec;
use memlint_kubernetes::decode::Problem;
use memlint_kubernetes::path::Segment;
use memlint_kubernetes::quota::Charged;
use memlint_kubernetes::reference::ObjectRef;
use memlint_kubernetes::resources::{Defaulting, PodResources};
use memlint_kubernetes::validation;
use memlint_kubernetes::workload::Workload;
use memlint_scheduler::{Candidate, apply_runtime_class};

use crate::inventory::Inventory;

/// A Pod as the API server stores it: what a workload's template becomes in its namespace.
#[derive(Debug, Clone)]
pub struct Admitted<'a> {
    /// Requests and limits, written and effective.
    pub pod: PodResources,
    /// The spec, with what a RuntimeClass adds. Its resources are those that were written.
    pub spec: Cow<'a, PodSpec>,
    /// The namespace that the Pod lives in; `default` where nothing names one.
    pub namespace: String,
    /// Why the RuntimeClass does not go with the Pod.
    conflict: Option<String>,
    priority_class: Option<String>,
}

impl<'a> Admitted<'a> {
    /// Completes a workload's Pod as the API server would, whether it would then take it or not.
    #[must_use]
    pub fn new(workload: &'a Workload, inventory: &Inventory, namespace: &str, defaulting: Defaulting) -> Self {
        let limit_ranges = inventory.limit_ranges(namespace);
        let spec = workload.spec();
        let name = spec.runtime_class_name.as_deref();
        let pod = PodResources::new(workload, &limit_ranges, inventory.overhead(name), defaulting);
        let mut spec = Cow::Borrowed(spec);
        let class = inventory.runtime_class(name);
        let conflict = class.and_then(|class| apply_runtime_class(spec.to_mut(), class).err());
        let own = spec.priority_class_name.as_deref().filter(|name| !name.is_empty());
        let priority_class = own.or_else(|| inventory.default_priority_class()).map(str::to_owned);
        let namespace = if namespace.is_empty() { "default" } else { namespace };
        Self { pod, spec, namespace: namespace.to_owned(), conflict, priority_class }
    }

    /// The errors of the first stage that refuses the Pod; empty if the API server takes it.
    #[must_use]
    pub fn errors(&self, workload: &Workload, inventory: &Inventory) -> Vec<String> {
        if !workload.problems.is_empty() {
            return workload.problems.iter().map(placed).collect();
        }
        let forbidden = |why: &str| vec![self.forbidden(&workload.object, why)];
        if let Some(conflict) = &self.conflict {
            return forbidden(conflict);
        }
        let problems = validation::validate(workload, &self.pod);
        let mut invalid: Vec<String> =
            problems.iter().filter(|problem| !self.is_merged_away(workload, problem)).map(placed).collect();
        invalid.extend(self.pod.requests_above_limits().iter().map(|above| {
            format!("{}: {} is above the {} limit of {}", above.at, above.request, above.resource, above.limit)
        }));
        if !invalid.is_empty() {
            return invalid;
        }
        if let Some(refusal) = self.limit_range_refusal(inventory) {
            return forbidden(&refusal);
        }
        let names_class = workload.spec().runtime_class_name.is_some();
        if workload.spec().overhead.is_some() && !names_class {
            return forbidden("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
        }
        Vec::new()
    }

    /// Whether a problem is about a toleration that is gone since the RuntimeClass's were merged in.
    fn is_merged_away(&self, workload: &Workload, problem: &Problem) -> bool {
        let below = problem.at.relative_to(&workload.spec_at.key("tolerations"));
        let index = below.as_ref().and_then(|below| match below.segments() {
            [Segment::Index(index), ..] => Some(*index),
            _ => None,
        });
        let written = index.and_then(|index| workload.spec().tolerations.as_ref()?.get(index));
        written.is_some_and(|written| !self.spec.tolerations.iter().flatten().any(|kept| kept == written))
    }

    /// What the first LimitRange says that refuses the Pod, as the API server shows several errors at once: each text
    /// once, in brackets if they are several (`utilerrors.NewAggregate`).
    fn limit_range_refusal(&self, inventory: &Inventory) -> Option<String> {
        let limit_ranges = inventory.limit_ranges(&self.namespace).into_iter();
        let violations =
            limit_ranges.map(|limit_range| limit_range.violations(&self.pod)).find(|all| !all.is_empty())?;
        let mut messages: Vec<String> = Vec::new();
        for violation in violations {
            if !messages.contains(&violation.message) {
                messages.push(violation.message);
            }
        }
        let all = messages.join(", ");
        Some(if messages.len() == 1 { all } else { format!("[{all}]") })
    }

    /// The Pod for the scheduler.
    #[must_use]
    pub fn candidate(&self, workload: &Workload) -> Candidate {
        let labels = workload.template.metadata.as_ref().and_then(|metadata| metadata.labels.clone());
        let (labels, requests) = (labels.unwrap_or_default(), self.pod.requests());
        if workload.object.kind == "DaemonSet" {
            Candidate::of_daemon_set(&self.spec, &labels, &self.namespace, &requests)
        } else {
            Candidate::new(&self.spec, &labels, &self.namespace, &requests)
        }
    }

    /// The Pod for quotas.
    #[must_use]
    pub fn charged(&self) -> Charged<'_> {
        Charged { spec: &self.spec, pod: &self.pod, priority_class: self.priority_class.as_deref() }
    }

    /// The API server's words around a refusal by an admission plugin.
    #[must_use]
    pub fn forbidden(&self, object: &ObjectRef, why: &str) -> String {
        let name = object.name.as_deref().unwrap_or_default();
        let name = if object.kind == "Pod" { name.to_owned() } else { format!("{}-*", name.trim_end_matches('*')) };
        format!("pods {name:?} is forbidden: {why}")
    }
}

fn placed(problem: &Problem) -> String {
    match problem.at.segments() {
        [] => problem.message.clone(),
        _ => format!("{}: {}", problem.at, problem.message),
    }
}
