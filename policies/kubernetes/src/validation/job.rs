//! Jobs, and CronJobs that make them (`pkg/apis/batch/validation`), as far as their Pods are concerned.

use k8s_openapi::api::batch::v1::{CronJob, JobSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::report::Report;
use super::scheduling::label_selector;
use super::selector::{is_empty, labels, labels_of, selects};
use super::workload::{numbers, template};
use crate::path::FieldPath;

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
