//! Whole objects: a Pod, or a workload with the template of its Pods.
//!
//! Of a workload, what concerns its Pods is looked at: the template, its labels, the selector, the numbers.
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::{Pod, PodSpec, PodTemplate, PodTemplateSpec, ReplicationController};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::de::DeserializeOwned;

use super::names::{dns_label_fault, dns_subdomain_fault};
use super::report::Report;
use super::scheduling::label_selector;
use super::selector::{daemon_set_selector, is_empty, labels, labels_of, selected, selects};
use super::{PodContext, PodLists, Subject, metadata, pod_spec, strategy};
use crate::decode::{Problem, from_value_pruned};
use crate::object::Value;
use crate::path::FieldPath;

/// What the API server's validation refuses in the metadata of a Pod.
#[must_use]
pub fn validate_pod_metadata(pod: &Value<'_>, problems: &[Problem]) -> Vec<Problem> {
    let at = FieldPath::of(&["metadata"]);
    let inside: Vec<Problem> = problems
        .iter()
        .filter_map(|problem| Some(Problem { at: problem.at.relative_to(&at)?, ..problem.clone() }))
        .collect();
    let mut report = Report::default();
    if let Ok(metadata) = from_value_pruned(pod.get("metadata").unwrap_or(&Value::Null), &inside) {
        metadata::object(&mut report, &metadata, dns_subdomain_fault);
    }
    report.problems
}

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
    validate_and_take(value, type_name, problems, lists).0
}

/// The same, and the template of the object's Pods, for those who go on with it; `None` for a Pod, and where the object
/// could not be read.
pub(crate) fn validate_and_take(
    value: &Value<'_>,
    type_name: &str,
    problems: &[Problem],
    lists: Option<&PodLists>,
) -> (Vec<Problem>, Option<PodTemplateSpec>) {
    let mut report = Report::default();
    let spec = FieldPath::of(&["spec"]);
    let template = match type_name {
        "Pod" => with(value, problems, |pod: Pod| {
            metadata::object(&mut report, &pod.metadata, dns_subdomain_fault);
            let written = pod.spec.unwrap_or_default();
            let defaulted = PodLists::defaulted(&written);
            let context = PodContext {
                subject: Subject::Pod,
                lists: lists.unwrap_or(&defaulted),
                labels: pod.metadata.labels.as_ref(),
                claim_templates: &[],
            };
            pod_spec(&mut report, &written, &spec, context);
            None
        }),
        "PodTemplate" => with(value, problems, |object: PodTemplate| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            let pods = object.template.unwrap_or_default();
            template(&mut report, &pods, &FieldPath::of(&["template"]), &[]);
            Some(pods)
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
            Some(given.template)
        }),
        "ReplicaSet" => with(value, problems, |object: ReplicaSet| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            let given = object.spec;
            numbers(&mut report, &spec, &[(given.replicas, "replicas"), (given.min_ready_seconds, "minReadySeconds")]);
            let pods = given.template.unwrap_or_default();
            selected(&mut report, &given.selector, value, &pods, &spec);
            always(&mut report, &pods, &spec);
            Some(pods)
        }),
        "StatefulSet" => with(value, problems, |object: StatefulSet| {
            metadata::object(&mut report, &object.metadata, dns_label_fault);
            Some(stateful_set(&mut report, object, value, &spec))
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
            Some(given.template)
        }),
        "ReplicationController" => with(value, problems, |object: ReplicationController| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            replication_controller(&mut report, object, &spec)
        }),
        "Job" => with(value, problems, |object: Job| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            let jobs = object.spec.unwrap_or_default();
            job(&mut report, &jobs, &spec, Some(&object.metadata));
            Some(jobs.template)
        }),
        "CronJob" => with(value, problems, |object: CronJob| {
            metadata::object(&mut report, &object.metadata, dns_subdomain_fault);
            Some(cron_job(&mut report, object, &spec))
        }),
        _ => None,
    };
    (report.problems, template)
}

fn with<T: DeserializeOwned>(
    value: &Value<'_>,
    problems: &[Problem],
    look: impl FnOnce(T) -> Option<PodTemplateSpec>,
) -> Option<PodTemplateSpec> {
    from_value_pruned(value, problems).ok().and_then(look)
}

/// `ValidatePodTemplateSpec`; `at` is the template.
pub(super) fn template(report: &mut Report, template: &PodTemplateSpec, at: &FieldPath, claim_templates: &[String]) {
    let nothing = ObjectMeta::default();
    let given = template.metadata.as_ref().unwrap_or(&nothing);
    metadata::labels_and_annotations(report, given, &at.key("metadata"));
    let none = PodSpec::default();
    let spec = template.spec.as_ref().unwrap_or(&none);
    let lists = PodLists::written(spec);
    let labels = given.labels.as_ref();
    let context = PodContext { subject: Subject::Template, lists: &lists, labels, claim_templates };
    pod_spec(report, spec, &at.key("spec"), context);
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

pub(super) fn numbers(report: &mut Report, at: &FieldPath, numbers: &[(Option<i32>, &str)]) {
    for (number, name) in numbers {
        report.not_negative(*number, || at.key(*name));
    }
}

fn stateful_set(report: &mut Report, object: StatefulSet, value: &Value<'_>, at: &FieldPath) -> PodTemplateSpec {
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
    let named = pods.spec.as_mut().map(|spec| (spec.hostname.take(), spec.subdomain.take()));
    template(report, &pods, &at.key("template"), &claims);
    only_always(report, &pods, at);
    if let (Some(spec), Some(named)) = (&mut pods.spec, named) {
        (spec.hostname, spec.subdomain) = named;
    }
    pods
}

fn replication_controller(
    report: &mut Report,
    object: ReplicationController,
    at: &FieldPath,
) -> Option<PodTemplateSpec> {
    let given = object.spec.unwrap_or_default();
    numbers(report, at, &[(given.replicas, "replicas"), (given.min_ready_seconds, "minReadySeconds")]);
    let Some(pods) = given.template else {
        report.required(false, || at.key("template"));
        return None;
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
    Some(pods)
}

/// `validateCronJobSpec`; `at` is the spec.
pub(super) fn cron_job(report: &mut Report, object: CronJob, at: &FieldPath) -> PodTemplateSpec {
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
    job(report, &jobs, &at.keys(&["jobTemplate", "spec"]), None);
    jobs.template
}

/// `ValidateJobSpec`, for a Job of its own or those of a CronJob.
///
/// `own` is the metadata of a Job of its own.
pub(super) fn job(report: &mut Report, given: &JobSpec, at: &FieldPath, own: Option<&ObjectMeta>) {
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
    if own.is_none() && given.selector.is_some() {
        report.add_help(at.key("selector"), "the Jobs of a CronJob have generated selectors", "remove it");
    }
    if own.is_none() && given.manual_selector == Some(true) {
        report.add_help(at.key("manualSelector"), "the Jobs of a CronJob have generated selectors", "remove it");
    }
    if let Some(metadata) = own {
        job_selector(report, given, metadata, at);
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
fn job_selector(report: &mut Report, given: &JobSpec, metadata: &ObjectMeta, at: &FieldPath) {
    let manual = given.manual_selector == Some(true);
    let Some(selector) = &given.selector else {
        report.required(!manual, || at.key("selector"));
        return;
    };
    label_selector(report, Some(selector), || at.key("selector"));
    if selects(selector, labels(&given.template)) == Some(false) {
        report.add(labels_of(at), "the template's labels are not what the selector selects");
    }
    if !manual && !is_empty(selector) && !is_generated(selector, metadata) && selects(selector, None) == Some(false) {
        report.add_help(at.key("selector"), "a Job's selector is generated", "remove it, or set manualSelector: true");
    }
}

/// Whether the API server has made a selector: it does so before it asks webhooks, and a Job that it gives out has one.
/// In a Job to be created the label is another Job's, unless it is of the Job's own UID
/// (`ValidateGeneratedSelector` in `pkg/apis/batch/validation`).
fn is_generated(selector: &LabelSelector, metadata: &ObjectMeta) -> bool {
    const OWN: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];
    let labels = selector.match_labels.iter().flatten();
    let is_own = |(key, value): (&String, &String)| OWN.contains(&key.as_str()) && Some(value) == metadata.uid.as_ref();
    selector.match_expressions.iter().flatten().next().is_none() && labels.into_iter().all(is_own)
}
