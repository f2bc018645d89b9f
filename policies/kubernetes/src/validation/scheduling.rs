//! Where a Pod may run: node selectors, tolerations, affinities, topology spread.

use std::collections::{BTreeMap, HashSet};

use k8s_openapi::api::core::v1::{
    Affinity, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, PodSpec, Toleration,
    TopologySpreadConstraint, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::names::{dns_label_fault, dns_subdomain_fault, label_value_fault, qualified_name_fault};
use super::report::Report;
use crate::path::FieldPath;

type Labels<'a> = Option<&'a BTreeMap<String, String>>;

pub(super) fn validate(report: &mut Report, spec: &PodSpec, pod_labels: Labels<'_>, at: &FieldPath) {
    if let Some(selector) = &spec.node_selector {
        labels(report, selector, &at.key("nodeSelector"));
    }
    if let Some(affinity) = &spec.affinity {
        affinities(report, affinity, pod_labels, &at.key("affinity"));
    }
    let constraints = spec.topology_spread_constraints.as_deref().unwrap_or_default();
    for (index, constraint) in constraints.iter().enumerate() {
        let path = at.key("topologySpreadConstraints").index(index);
        spread(report, constraint, constraints.get(index + 1..).unwrap_or_default(), pod_labels, &path);
    }
    for (index, given) in spec.tolerations.iter().flatten().enumerate() {
        toleration(report, given, || at.key("tolerations").index(index));
    }
}

/// `ValidateLabels`: the API server names the map, not the key.
pub(super) fn labels(report: &mut Report, labels: &BTreeMap<String, String>, at: &FieldPath) {
    for (key, value) in labels {
        report.fault(key, qualified_name_fault, || at.clone());
        report.fault(value, label_value_fault, || at.clone());
    }
}

/// `ValidateTolerations`, without the comparison operators, which are off by default.
fn toleration(report: &mut Report, toleration: &Toleration, at: impl Fn() -> FieldPath) {
    let [key, operator, value, effect] = [&toleration.key, &toleration.operator, &toleration.value, &toleration.effect]
        .map(|field| field.as_deref().unwrap_or_default());
    if key.is_empty() && operator != "Exists" {
        report.add_help(
            at().key("operator"),
            "a toleration without a key must have the operator Exists",
            "write operator: Exists, or name the key",
        );
    }
    if !key.is_empty() {
        report.fault(key, qualified_name_fault, || at().key("key"));
    }
    if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
        report.add(at().key("effect"), "tolerationSeconds goes with the effect NoExecute only");
    }
    match operator {
        "" | "Equal" => report.fault(value, label_value_fault, || at().key("operator")),
        "Exists" if !value.is_empty() => {
            report.add_help(at().key("operator"), "the operator Exists takes no value", "remove value, or write Equal");
        }
        _ => report.one_of(operator, &["Equal", "Exists"], || at().key("operator")),
    }
    if !effect.is_empty() {
        report.one_of(effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"], || at().key("effect"));
    }
}

fn affinities(report: &mut Report, affinity: &Affinity, pod_labels: Labels<'_>, at: &FieldPath) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    if let Some(node) = &affinity.node_affinity {
        let path = at.key("nodeAffinity");
        if let Some(required) = &node.required_during_scheduling_ignored_during_execution {
            let path = path.keys(&[REQUIRED, "nodeSelectorTerms"]);
            if required.node_selector_terms.is_empty() {
                report.add(path.clone(), "there must be one term at least");
            }
            for (index, term) in required.node_selector_terms.iter().enumerate() {
                node_term(report, term, true, &path.index(index));
            }
        }
        let preferred = node.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        for (index, term) in preferred.enumerate() {
            let path = path.key(PREFERRED).index(index);
            report.range(term.weight.into(), 1, 100, || path.key("weight"));
            node_term(report, &term.preference, false, &path.key("preference"));
        }
    }
    let mut pods =
        |path: FieldPath, required: Option<&[PodAffinityTerm]>, preferred: Option<&[WeightedPodAffinityTerm]>| {
            for (index, term) in required.into_iter().flatten().enumerate() {
                pod_term(report, term, pod_labels, &path.key(REQUIRED).index(index));
            }
            for (index, term) in preferred.into_iter().flatten().enumerate() {
                let path = path.key(PREFERRED).index(index);
                report.range(term.weight.into(), 1, 100, || path.key("weight"));
                pod_term(report, &term.pod_affinity_term, pod_labels, &path.key("podAffinityTerm"));
            }
        };
    if let Some(terms) = &affinity.pod_affinity {
        let required = terms.required_during_scheduling_ignored_during_execution.as_deref();
        let preferred = terms.preferred_during_scheduling_ignored_during_execution.as_deref();
        pods(at.key("podAffinity"), required, preferred);
    }
    if let Some(terms) = &affinity.pod_anti_affinity {
        let required = terms.required_during_scheduling_ignored_during_execution.as_deref();
        let preferred = terms.preferred_during_scheduling_ignored_during_execution.as_deref();
        pods(at.key("podAntiAffinity"), required, preferred);
    }
}

/// `ValidateNodeSelectorTerm`; label values are looked at only where they are required.
fn node_term(report: &mut Report, term: &NodeSelectorTerm, required: bool, at: &FieldPath) {
    for (index, expression) in term.match_expressions.iter().flatten().enumerate() {
        let path = at.key("matchExpressions").index(index);
        let values = expression.values.as_deref().unwrap_or_default();
        match expression.operator.as_str() {
            "Gt" | "Lt" if values.len() != 1 => {
                report.add(path.key("values"), format!("{} needs one value", expression.operator));
            }
            "Gt" | "Lt" => {}
            _ => selector_values(report, expression, &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], &path),
        }
        report.fault(&expression.key, qualified_name_fault, || path.key("key"));
        for (index, value) in values.iter().enumerate().filter(|_| required) {
            report.fault(value, label_value_fault, || path.key("values").index(index));
        }
    }
    for (index, field) in term.match_fields.iter().flatten().enumerate() {
        let path = at.key("matchFields").index(index);
        let values = field.values.as_deref().unwrap_or_default();
        match field.operator.as_str() {
            "In" | "NotIn" if values.len() == 1 => {}
            "In" | "NotIn" => report.add(path.key("values"), format!("{} of a field needs one value", field.operator)),
            operator => report.one_of(operator, &["In", "NotIn"], || path.key("operator")),
        }
        if field.key == "metadata.name" {
            for (index, value) in values.iter().enumerate() {
                report.fault(value, dns_subdomain_fault, || path.key("values").index(index));
            }
        } else {
            report.one_of(&field.key, &["metadata.name"], || path.key("key"));
        }
    }
}

/// Operators that take several values, or none.
fn selector_values(report: &mut Report, given: &NodeSelectorRequirement, operators: &[&str], at: &FieldPath) {
    let values = given.values.as_deref().unwrap_or_default();
    match given.operator.as_str() {
        operator @ ("In" | "NotIn") if values.is_empty() => {
            report.add(at.key("values"), format!("{operator} needs one value at least"));
        }
        operator @ ("Exists" | "DoesNotExist") if !values.is_empty() => {
            report.add(at.key("values"), format!("{operator} takes no values"));
        }
        operator => report.one_of(operator, operators, || at.key("operator")),
    }
}

/// `ValidateLabelSelector`.
pub(super) fn label_selector(report: &mut Report, selector: Option<&LabelSelector>, at: impl FnOnce() -> FieldPath) {
    let Some(selector) = selector else { return };
    let at = at();
    if let Some(given) = &selector.match_labels {
        labels(report, given, &at.key("matchLabels"));
    }
    for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let path = at.key("matchExpressions").index(index);
        let requirement = NodeSelectorRequirement {
            key: expression.key.clone(),
            operator: expression.operator.clone(),
            values: expression.values.clone(),
        };
        selector_values(report, &requirement, &["In", "NotIn", "Exists", "DoesNotExist"], &path);
        report.fault(&expression.key, qualified_name_fault, || path.key("key"));
        for (index, value) in expression.values.iter().flatten().enumerate() {
            report.fault(value, label_value_fault, || path.key("values").index(index));
        }
    }
}

fn pod_term(report: &mut Report, term: &PodAffinityTerm, pod_labels: Labels<'_>, at: &FieldPath) {
    label_selector(report, term.label_selector.as_ref(), || at.key("labelSelector"));
    label_selector(report, term.namespace_selector.as_ref(), || at.key("namespaceSelector"));
    for namespace in term.namespaces.iter().flatten() {
        report.fault(namespace, dns_label_fault, || at.key("namespace"));
    }
    let (same, other) = (term.match_label_keys.as_deref(), term.mismatch_label_keys.as_deref());
    label_keys(report, same, term.label_selector.as_ref(), || at.key("matchLabelKeys"));
    label_keys(report, other, term.label_selector.as_ref(), || at.key("mismatchLabelKeys"));
    merged_keys(report, same.unwrap_or_default(), term.label_selector.as_ref(), pod_labels, at);
    for (index, key) in same.into_iter().flatten().enumerate() {
        if other.into_iter().flatten().any(|other| other == key) {
            let path = at.key("matchLabelKeys").index(index);
            report.add(path, format!("{key} is in matchLabelKeys and in mismatchLabelKeys"));
        }
    }
    report.required(!term.topology_key.is_empty(), || at.key("topologyKey"));
    report.fault(&term.topology_key, qualified_name_fault, || at.key("topologyKey"));
}

/// `validateLabelKeys`.
fn label_keys(
    report: &mut Report,
    keys: Option<&[String]>,
    selector: Option<&LabelSelector>,
    at: impl Fn() -> FieldPath,
) {
    let keys = keys.unwrap_or_default();
    if !keys.is_empty() && selector.is_none() {
        let path = at();
        let name = path.last_key().unwrap_or_default().to_owned();
        return report.add(path, format!("{name} goes with a labelSelector only"));
    }
    for (index, key) in keys.iter().enumerate() {
        report.fault(key, qualified_name_fault, || at().index(index));
    }
}

/// A key of the selector must not come again through `matchLabelKeys`, which are merged into the selector of a Pod
/// with the values of its labels. Our path names the key; the API server's leaves `matchLabelKeys` out.
fn merged_keys(
    report: &mut Report,
    keys: &[String],
    selector: Option<&LabelSelector>,
    pod_labels: Labels<'_>,
    at: &FieldPath,
) {
    let Some(selector) = selector else { return };
    let mut seen: HashSet<&str> = selector.match_labels.iter().flatten().map(|(key, _)| key.as_str()).collect();
    let merged = keys.iter().filter(|key| pod_labels.is_some_and(|labels| labels.contains_key(*key)));
    let written = selector.match_expressions.iter().flatten().map(|expression| &expression.key);
    for key in written.chain(merged) {
        if let Some(index) = keys.iter().rposition(|known| known == key)
            && seen.contains(key.as_str())
        {
            report.add(
                at.key("matchLabelKeys").index(index),
                format!("{key} is in matchLabelKeys and in the labelSelector"),
            );
        }
        seen.insert(key);
    }
}

/// `validateTopologySpreadConstraints`, of one constraint and those after it.
fn spread(
    report: &mut Report,
    constraint: &TopologySpreadConstraint,
    others: &[TopologySpreadConstraint],
    pod_labels: Labels<'_>,
    at: &FieldPath,
) {
    if constraint.max_skew <= 0 {
        report.add(at.key("maxSkew"), format!("maxSkew is {}, but must be above zero", constraint.max_skew));
    }
    report.required(!constraint.topology_key.is_empty(), || at.key("topologyKey"));
    let actions = ["DoNotSchedule", "ScheduleAnyway"];
    report.one_of(&constraint.when_unsatisfiable, &actions, || at.key("whenUnsatisfiable"));
    let same = |other: &TopologySpreadConstraint| {
        other.topology_key == constraint.topology_key && other.when_unsatisfiable == constraint.when_unsatisfiable
    };
    if others.iter().any(same) {
        let (key, action) = (&constraint.topology_key, &constraint.when_unsatisfiable);
        report.add(at.clone(), format!("there is another constraint with {key} and {action}"));
    }
    if let Some(domains) = constraint.min_domains {
        if domains <= 0 {
            report.add(at.key("minDomains"), format!("minDomains is {domains}, but must be above zero"));
        }
        if constraint.when_unsatisfiable != "DoNotSchedule" {
            report.add(at.key("minDomains"), "minDomains goes with whenUnsatisfiable: DoNotSchedule only");
        }
    }
    for (policy, name) in
        [(&constraint.node_affinity_policy, "nodeAffinityPolicy"), (&constraint.node_taints_policy, "nodeTaintsPolicy")]
    {
        if let Some(policy) = policy {
            report.one_of(policy, &["Honor", "Ignore"], || at.key(name));
        }
    }
    let keys = constraint.match_label_keys.as_deref();
    label_keys(report, keys, constraint.label_selector.as_ref(), || at.key("matchLabelKeys"));
    merged_keys(report, keys.unwrap_or_default(), constraint.label_selector.as_ref(), pod_labels, at);
    label_selector(report, constraint.label_selector.as_ref(), || at.key("labelSelector"));
}
