//! Whole objects: a Pod, or a workload with the template of its Pods.
//!
//! Of a workload, what concerns its Pods is looked at: the template, its labels, the selector, the numbers.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::{Pod, PodTemplate, PodTemplateSpec, ReplicationController};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::de::DeserializeOwned;

use super::names::{dns_label_fault, dns_subdomain_fault, label_value_fault, qualified_name_fault};
use super::report::Report;
use super::scheduling::label_selector;
use super::{PodContext, PodLists, Subject, metadata, pod_spec, strategy};
use crate::decode::{Problem, from_value_pruned};
use crate::object::Value;
use crate::path::FieldPath;

/// Everything that the API server's validation refuses in an object of the type `type_name` (see
/// [`type_of`](crate::decode::type_of)), given the problems that its decoding has already found. `lists` overrides
/// the requests and limits of a Pod, for those who know what LimitRanges add.
///
/// Nothing for the types that are no workloads.
#[must_use]
pub fn validate_object(
    value: &Value<'_>,
    type_name: &str,
    problems: &[Problem],
    lists: Option<&PodLists>,
) -> Vec<Problem> {
    let mut report = Report::default();
    let spec = FieldPath::of(&["spec"]);
    match type_name {
        "Pod" => {
            with(value, problems, |pod: Pod| {
                metadata::object(&mut report, &pod.metadata, dns_subdomain_fault);
                let pod_spec_ = pod.spec.unwrap_or_default();
                let defaulted = PodLists::defaulted(&pod_spec_);
                let context = PodContext {
                    subject: Subject::Pod,
                    lists: lists.unwrap_or(&defaulted),
                    labels: pod.metadata.labels.as_ref(),
                    claim_templates: &[],
                };
                pod_spec(&mut report, &pod_spec_, &spec, context);
            });
        }
        "PodTemplate" => with(value, problems, |object: PodTemplate| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            template(&mut report, &object.template.unwrap_or_default(), &FieldPath::of(&["template"]), &[]);
        }),
        "Deployment" => with(value, problems, |object: Deployment| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            let given = object.spec;
            numbers(
                &mut report,
                &spec,
                &[
                    (given.replicas, "replicas"),
                    (given.min_ready_seconds, "minReadySeconds"),
                    (given.revision_history_limit, "revisionHistoryLimit"),
                    (given.progress_deadline_seconds, "progressDeadlineSeconds"),
                ],
            );
            if given.progress_deadline_seconds.unwrap_or(600) <= given.min_ready_seconds.unwrap_or(0) {
                let path = spec.key("progressDeadlineSeconds");
                report.add(path, "progressDeadlineSeconds must be greater than minReadySeconds");
            }
            selected(&mut report, &given.selector, value, &given.template, &spec);
            always(&mut report, &given.template, &spec);
            strategy::deployment(&mut report, given.strategy.as_ref(), &spec.key("strategy"));
        }),
        "ReplicaSet" => with(value, problems, |object: ReplicaSet| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            let given = object.spec;
            numbers(&mut report, &spec, &[(given.replicas, "replicas"), (given.min_ready_seconds, "minReadySeconds")]);
            let pods = given.template.unwrap_or_default();
            selected(&mut report, &given.selector, value, &pods, &spec);
            always(&mut report, &pods, &spec);
        }),
        "StatefulSet" => with(value, problems, |object: StatefulSet| {
            metadata::object(&mut report, &object.metadata, dns_label_fault);
            stateful_set(&mut report, object, value, &spec);
        }),
        "DaemonSet" => with(value, problems, |object: DaemonSet| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            let given = object.spec;
            numbers(
                &mut report,
                &spec,
                &[(given.min_ready_seconds, "minReadySeconds"), (given.revision_history_limit, "revisionHistoryLimit")],
            );
            daemon_set_selector(&mut report, &given.selector, value, &given.template, &spec);
            always(&mut report, &given.template, &spec);
            strategy::daemon_set(&mut report, given.update_strategy.as_ref(), &spec.key("updateStrategy"));
        }),
        "ReplicationController" => with(value, problems, |object: ReplicationController| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            replication_controller(&mut report, object, &spec);
        }),
        "Job" => with(value, problems, |object: Job| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            job(&mut report, &object.spec.unwrap_or_default(), &spec, true);
        }),
        "CronJob" => with(value, problems, |object: CronJob| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            cron_job(&mut report, object, &spec);
        }),
        _ => {}
    }
    report.problems
}

fn with<T: DeserializeOwned>(value: &Value<'_>, problems: &[Problem], look: impl FnOnce(T)) {
    if let Ok(object) = from_value_pruned(value, problems) {
        look(object);
    }
}

/// `ValidatePodTemplateSpec`; `at` is the template.
fn template(report: &mut Report, template: &PodTemplateSpec, at: &FieldPath, claim_templates: &[String]) {
    let nothing = ObjectMeta::default();
    let given = template.metadata.as_ref().unwrap_or(&nothing);
    metadata::labels_and_annotations(report, given, &at.key("metadata"));
    let spec = template.spec.clone().unwrap_or_default();
    let lists = PodLists::written(&spec);
    let labels = given.labels.as_ref();
    let context = PodContext { subject: Subject::Template, lists: &lists, labels, claim_templates };
    pod_spec(report, &spec, &at.key("spec"), context);
}

/// The template of Pods that run for ever; `at` is the workload's spec.
fn always(report: &mut Report, pods: &PodTemplateSpec, at: &FieldPath) {
    template(report, pods, &at.key("template"), &[]);
    only_always(report, pods, at);
}

fn only_always(report: &mut Report, pods: &PodTemplateSpec, at: &FieldPath) {
    let path = at.keys(&["template", "spec"]);
    let Some(spec) = &pods.spec else { return };
    if let Some(policy @ ("OnFailure" | "Never")) = spec.restart_policy.as_deref() {
        let message = format!("restartPolicy is {policy}, but Pods of this workload are always restarted");
        report.add_help(path.key("restartPolicy"), message, "write Always, or make it a Job");
    }
    if spec.active_deadline_seconds.is_some() {
        report.add(path.key("activeDeadlineSeconds"), "Pods of this workload have no activeDeadlineSeconds");
    }
}

fn numbers(report: &mut Report, at: &FieldPath, numbers: &[(Option<i32>, &str)]) {
    for (number, name) in numbers {
        report.not_negative(*number, || at.key(*name));
    }
}

/// The selector of a workload: there, not empty, in order, and the labels of the template are among what it selects.
fn selected(report: &mut Report, selector: &LabelSelector, value: &Value<'_>, pods: &PodTemplateSpec, at: &FieldPath) {
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
fn daemon_set_selector(
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

fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.as_ref().is_none_or(BTreeMap::is_empty)
        && selector.match_expressions.as_ref().is_none_or(Vec::is_empty)
}

fn labels_of(at: &FieldPath) -> FieldPath {
    at.keys(&["template", "metadata", "labels"])
}

fn labels(pods: &PodTemplateSpec) -> Option<&BTreeMap<String, String>> {
    pods.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref())
}

/// Whether a selector selects these labels; `None` if it is no selector (`LabelSelectorAsSelector`).
fn selects(selector: &LabelSelector, labels: Option<&BTreeMap<String, String>>) -> Option<bool> {
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

fn stateful_set(report: &mut Report, object: StatefulSet, value: &Value<'_>, at: &FieldPath) {
    let given = object.spec;
    numbers(report, at, &[(given.replicas, "replicas"), (given.min_ready_seconds, "minReadySeconds")]);
    if let Some(policy) = given.pod_management_policy.as_deref().filter(|policy| !policy.is_empty()) {
        report.one_of(policy, &["OrderedReady", "Parallel"], || at.key("podManagementPolicy"));
    }
    if let Some(name) = given.service_name.as_deref().filter(|name| !name.is_empty()) {
        report.fault(name, dns_label_fault, || at.key("serviceName"));
    }
    strategy::stateful_set(report, given.update_strategy.as_ref(), &at.key("updateStrategy"));
    selected(report, &given.selector, value, &given.template, at);
    let claims = given.volume_claim_templates.iter().flatten().filter_map(|claim| claim.metadata.name.clone());
    let claims: Vec<String> = claims.collect();
    let mut pods = given.template;
    // The controller overwrites both.
    if let Some(spec) = &mut pods.spec {
        (spec.hostname, spec.subdomain) = (None, None);
    }
    template(report, &pods, &at.key("template"), &claims);
    only_always(report, &pods, at);
}

fn replication_controller(report: &mut Report, object: ReplicationController, at: &FieldPath) {
    let given = object.spec.unwrap_or_default();
    numbers(report, at, &[(given.replicas, "replicas"), (given.min_ready_seconds, "minReadySeconds")]);
    let Some(pods) = given.template else {
        report.required(false, || at.key("template"));
        return;
    };
    // Without a selector the template's labels are it.
    let selector = given.selector.filter(|selector| !selector.is_empty());
    let wanted = selector.as_ref().or(labels(&pods));
    report.required(wanted.is_some_and(|wanted| !wanted.is_empty()), || at.key("selector"));
    let found = |(key, value): (&String, &String)| labels(&pods).and_then(|labels| labels.get(key)) == Some(value);
    if !wanted.into_iter().flatten().all(found) {
        report.add(labels_of(at), "the template's labels are not what the selector selects");
    }
    always(report, &pods, at);
}

fn cron_job(report: &mut Report, object: CronJob, at: &FieldPath) {
    let name = object.metadata.name.unwrap_or_default();
    if name.len() > 52 {
        let path = FieldPath::of(&["metadata", "name"]);
        report.add(path, format!("the name has {} characters, but a CronJob's may have 52", name.len()));
    }
    let given = object.spec;
    report.required(!given.schedule.is_empty(), || at.key("schedule"));
    if let Some(policy) = given.concurrency_policy.as_deref().filter(|policy| !policy.is_empty()) {
        report.one_of(policy, &["Allow", "Forbid", "Replace"], || at.key("concurrencyPolicy"));
    }
    report.not_negative(given.starting_deadline_seconds, || at.key("startingDeadlineSeconds"));
    numbers(
        report,
        at,
        &[
            (given.successful_jobs_history_limit, "successfulJobsHistoryLimit"),
            (given.failed_jobs_history_limit, "failedJobsHistoryLimit"),
        ],
    );
    let jobs = given.job_template.spec.unwrap_or_default();
    job(report, &jobs, &at.keys(&["jobTemplate", "spec"]), false);
}

/// `ValidateJobSpec`, for a Job of its own or those of a CronJob.
fn job(report: &mut Report, given: &JobSpec, at: &FieldPath, own: bool) {
    numbers(
        report,
        at,
        &[
            (given.parallelism, "parallelism"),
            (given.completions, "completions"),
            (given.backoff_limit, "backoffLimit"),
            (given.ttl_seconds_after_finished, "ttlSecondsAfterFinished"),
            (given.backoff_limit_per_index, "backoffLimitPerIndex"),
            (given.max_failed_indexes, "maxFailedIndexes"),
        ],
    );
    report.not_negative(given.active_deadline_seconds, || at.key("activeDeadlineSeconds"));
    if let Some(mode) = &given.completion_mode {
        report.one_of(mode, &["NonIndexed", "Indexed"], || at.key("completionMode"));
        if mode == "Indexed" {
            report.required(given.completions.is_some(), || at.key("completions"));
        }
    }
    if !own && given.selector.is_some() {
        report.add_help(at.key("selector"), "the Jobs of a CronJob have generated selectors", "remove it");
    }
    if !own && given.manual_selector == Some(true) {
        report.add_help(at.key("manualSelector"), "the Jobs of a CronJob have generated selectors", "remove it");
    }
    if own {
        job_selector(report, given, at);
    }
    template(report, &given.template, &at.key("template"), &[]);
    let policy = given.template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
    let path = at.keys(&["template", "spec", "restartPolicy"]);
    match policy {
        None | Some("" | "Always") => {
            let message = "a Job's Pods must not be restarted always, which is the default";
            report.add_help(path, message, "write restartPolicy: OnFailure or Never");
        }
        Some("OnFailure") if given.pod_failure_policy.is_some() => {
            report.add(path, "with a podFailurePolicy the restartPolicy must be Never");
        }
        _ => {}
    }
}

/// A generated selector also has the Job's own unique label, so the written part must match by itself.
fn job_selector(report: &mut Report, given: &JobSpec, at: &FieldPath) {
    let manual = given.manual_selector == Some(true);
    let Some(selector) = &given.selector else {
        report.required(!manual, || at.key("selector"));
        return;
    };
    label_selector(report, Some(selector), || at.key("selector"));
    if selects(selector, labels(&given.template)) == Some(false) {
        report.add(labels_of(at), "the template's labels are not what the selector selects");
    }
    if !manual && !is_empty(selector) && selects(selector, None) == Some(false) {
        report.add_help(at.key("selector"), "a Job's selector is generated", "remove it, or set manualSelector: true");
    }
}
