//! The selector of a workload, and the labels of the template that it must select.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::names::{label_value_fault, qualified_name_fault};
use super::report::Report;
use super::scheduling::label_selector;
use crate::object::Value;
use crate::path::FieldPath;

/// The selector of a workload: there, not empty, in order, and the labels of the template are among what it selects.
pub(super) fn selected(
    report: &mut Report,
    selector: &LabelSelector,
    value: &Value<'_>,
    pods: &PodTemplateSpec,
    at: &FieldPath,
) {
    let path = at.key("selector");
    if value.at(&path).is_none_or(Value::is_null) {
        report.required(false, || path);
        return report.add(labels_of(at), "without a selector the template is not selected");
    }
    label_selector(report, Some(selector), || path.clone());
    if is_empty(selector) {
        report.add(path.clone(), "the selector is empty");
    }
    match selects(selector, labels(pods)) {
        Some(true) => {}
        Some(false) => report.add_help(
            labels_of(at),
            "the template's labels are not what the selector selects",
            "give the template the labels of the selector",
        ),
        None => report.add(path, "the selector cannot be read"),
    }
}

/// A DaemonSet's, of which less is said.
pub(super) fn daemon_set_selector(
    report: &mut Report,
    selector: &LabelSelector,
    value: &Value<'_>,
    pods: &PodTemplateSpec,
    at: &FieldPath,
) {
    let path = at.key("selector");
    let is_there = value.at(&path).is_some_and(|selector| !selector.is_null());
    label_selector(report, Some(selector), || path.clone());
    if !is_there || selects(selector, labels(pods)) == Some(false) {
        let message = "the template's labels are not what the selector selects";
        report.add_help(labels_of(at), message, "give the template the labels of the selector");
    }
    if is_there && is_empty(selector) {
        report.add(path, "the selector is empty");
    }
}

pub(super) fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.as_ref().is_none_or(BTreeMap::is_empty)
        && selector.match_expressions.as_ref().is_none_or(Vec::is_empty)
}

pub(super) fn labels_of(at: &FieldPath) -> FieldPath {
    at.keys(&["template", "metadata", "labels"])
}

pub(super) fn labels(pods: &PodTemplateSpec) -> Option<&BTreeMap<String, String>> {
    pods.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref())
}

/// Whether a selector selects these labels; `None` if it is no selector (`LabelSelectorAsSelector`).
pub(super) fn selects(selector: &LabelSelector, labels: Option<&BTreeMap<String, String>>) -> Option<bool> {
    let value = |key: &String| labels.and_then(|labels| labels.get(key));
    let mut all = true;
    for (key, wanted) in selector.match_labels.iter().flatten() {
        if qualified_name_fault(key).is_some() || label_value_fault(wanted).is_some() {
            return None;
        }
        all &= value(key) == Some(wanted);
    }
    for expression in selector.match_expressions.iter().flatten() {
        let values = expression.values.as_deref().unwrap_or_default();
        if qualified_name_fault(&expression.key).is_some() || values.iter().any(|v| label_value_fault(v).is_some()) {
            return None;
        }
        let found = value(&expression.key);
        all &= match (expression.operator.as_str(), values.is_empty()) {
            ("In", false) => found.is_some_and(|found| values.contains(found)),
            ("NotIn", false) => found.is_none_or(|found| !values.contains(found)),
            ("Exists", true) => found.is_some(),
            ("DoesNotExist", true) => found.is_none(),
            _ => return None,
        };
    }
    Some(all)
}
