//! [`Scope`]: which Pods a quota counts.

use k8s_openapi::api::core::v1::{PodAffinityTerm, PodSpec, ResourceQuotaSpec, ScopedResourceSelectorRequirement};

use super::Charged;
use crate::resources::QosClass;

/// One scope, or one expression of a scope selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    name: String,
    operator: String,
    values: Vec<String>,
}

impl Scope {
    /// All scopes of a quota (`getScopeSelectorsFromQuota`): a plain one is an expression that wants it to exist.
    pub(super) fn of_spec(spec: &ResourceQuotaSpec) -> Vec<Self> {
        let plain = spec.scopes.iter().flatten();
        let plain = plain.map(|name| Self { name: name.clone(), operator: "Exists".to_owned(), values: Vec::new() });
        let selector = spec.scope_selector.as_ref().and_then(|selector| selector.match_expressions.as_ref());
        plain.chain(selector.into_iter().flatten().map(Self::of_expression)).collect()
    }

    fn of_expression(expression: &ScopedResourceSelectorRequirement) -> Self {
        let ScopedResourceSelectorRequirement { scope_name, operator, values } = expression;
        Self { name: scope_name.clone(), operator: operator.clone(), values: values.clone().unwrap_or_default() }
    }

    /// Whether a Pod is in the scope (`podMatchesScopeFunc`).
    pub(super) fn matches(&self, charged: Charged<'_>) -> bool {
        let terminating = charged.spec.active_deadline_seconds.is_some_and(|seconds| seconds >= 0);
        let best_effort = || charged.pod.qos_class() == QosClass::BestEffort;
        match self.name.as_str() {
            "Terminating" => terminating,
            "NotTerminating" => !terminating,
            "BestEffort" => best_effort(),
            "NotBestEffort" => !best_effort(),
            "PriorityClass" => self.selects(charged.priority_class.filter(|name| !name.is_empty())),
            "CrossNamespacePodAffinity" => is_cross_namespace(charged.spec),
            _ => false,
        }
    }

    /// The operators are those of label selectors: `NotIn` matches what is absent, too.
    fn selects(&self, class: Option<&str>) -> bool {
        let listed = || class.is_some_and(|class| self.values.iter().any(|value| value == class));
        match self.operator.as_str() {
            "Exists" => class.is_some(),
            "DoesNotExist" => class.is_none(),
            "In" => listed(),
            "NotIn" => !listed(),
            _ => false,
        }
    }
}

/// Whether any term of Pod affinity or anti-affinity names namespaces, required or preferred.
fn is_cross_namespace(spec: &PodSpec) -> bool {
    let crosses = |term: &PodAffinityTerm| {
        term.namespaces.as_ref().is_some_and(|namespaces| !namespaces.is_empty()) || term.namespace_selector.is_some()
    };
    let Some(affinity) = &spec.affinity else { return false };
    let near = affinity.pod_affinity.iter().flat_map(|near| {
        let required = near.required_during_scheduling_ignored_during_execution.iter().flatten();
        let preferred = near.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        required.chain(preferred.map(|weighted| &weighted.pod_affinity_term))
    });
    let far = affinity.pod_anti_affinity.iter().flat_map(|far| {
        let required = far.required_during_scheduling_ignored_during_execution.iter().flatten();
        let preferred = far.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        required.chain(preferred.map(|weighted| &weighted.pod_affinity_term))
    });
    near.chain(far).any(crosses)
}
