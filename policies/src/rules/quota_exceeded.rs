//! # quota-exceeded
//!
//! A ResourceQuota of the namespace would refuse the workload's Pods: they ask for more than is left, all replicas
//! counted, or do not set what the quota counts.
//!
//! ## Why it matters
//!
//! A Deployment is accepted all the same; its Pods are forbidden, and the ReplicaSet says `FailedCreate` where nobody
//! looks. A quota on `limits.memory` wants a memory limit of every container, init containers included.
//!
//! ## Bad
//!
//! ```yaml
//! kind: ResourceQuota
//! spec: {hard: {requests.memory: 4Gi}}
//! ---
//! kind: Deployment
//! spec: {replicas: 3, template: {spec: {containers: [{name: api, resources: {requests: {memory: 2Gi}}}]}}}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! kind: Deployment
//! spec: {replicas: 2, template: {spec: {containers: [{name: api, resources: {requests: {memory: 2Gi}}}]}}}
//! ```
//!
//! Quotas are taken from the linted files and from the capacity, with what they say is used. Pods of the workload that
//! run already are taken off that, where Pods are known; where they are not, the finding is a warning at most.
//!
//! ## Source
//!
//! `pkg/quota/v1/evaluator/core/pods.go`: overhead and Pod-level resources count, scopes choose Pods.

use std::collections::BTreeSet;

use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::quota::{Excess, Quota, Refusal};
use memlint_kubernetes::resources::List;

use crate::finding::{Group, Level};
use crate::placing::heaviest;
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "quota-exceeded",
    group: Group::Pending,
    level: Level::Deny,
    summary: "a ResourceQuota would refuse the Pods",
    source: include_str!("quota_exceeded.rs"),
    params: &[],
    needs: Needs::Quotas,
    judges_blocks: false,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let pods = match cx.workload.object.kind.as_str() {
        "DaemonSet" | "PodTemplate" => 1,
        _ => i64::try_from(cx.workload.scale.replicas).unwrap_or(i64::MAX),
    };
    if pods == 0 || cx.pod.containers.iter().any(|container| container.unreadable) {
        return;
    }
    for quota in cx.inventory.quotas(cx.namespace) {
        match quota.check(cx.admitted.charged(), pods, &cx.freed_quota()) {
            Ok(()) => {}
            Err(refusal @ Refusal::Unset(_)) => sink.report(unset(cx, quota, &refusal)),
            Err(refusal @ Refusal::Exceeded(_)) => sink.report(exceeded(cx, quota, &refusal, pods)),
        }
    }
}

fn unset(cx: &Cx<'_>, quota: &Quota, refusal: &Refusal) -> Draft {
    let Refusal::Unset(missing) = refusal else { return Draft::new(cx.workload.spec_at.clone(), "", "") };
    let first = missing.iter().find_map(|(resource, names)| {
        let container = cx.pod.containers.iter().find(|container| names.contains(&container.name))?;
        let (list, name) = match resource.split_once('.') {
            Some(("limits", name)) => (List::Limits, name),
            Some((_, name)) => (List::Requests, name),
            None => (List::Requests, resource.as_str()),
        };
        Some((container, container.value_at(list, name)))
    });
    let message = format!("ResourceQuota {} refuses every Pod: {}", quota.name, quota.words(refusal));
    let resources: Vec<&str> = missing.keys().map(String::as_str).collect();
    let help = format!(
        "set {} in the resources of each of these containers, or let a LimitRange do so",
        resources.join(" and ")
    );
    // The more containers leave it open, the worse.
    let count = |names: &BTreeSet<String>| Measure::count(i64::try_from(names.len()).unwrap_or(i64::MAX));
    let open = missing.iter().map(|(resource, names)| (aspect(quota, resource), count(names)));
    let measured = |draft: Draft| draft.measures(open.clone()).related(quota.related());
    let (container, at) = first.unzip();
    let at = at.unwrap_or_else(|| cx.workload.spec_at.key("containers"));
    measured(Draft::new(at, message, help)).container(container)
}

fn exceeded(cx: &Cx<'_>, quota: &Quota, refusal: &Refusal, pods: i64) -> Draft {
    let room =
        (0..pods).rev().take(1000).find(|fewer| quota.check(cx.admitted.charged(), *fewer, &cx.freed_quota()).is_ok());
    let room = room.unwrap_or(0);
    let what = if pods == 1 { "the Pod".to_owned() } else { format!("{pods} replicas") };
    let message = format!("ResourceQuota {} has no room for {what}: {}", quota.name, quota.words(refusal));
    let help = match room {
        0 => "ask for less, or raise the quota".to_owned(),
        fits => format!(
            "it has room for {fits}: set {} to that, ask for less per Pod, or raise the quota",
            cx.workload.scale.at.last_key().unwrap_or("replicas")
        ),
    };
    let counted = match refusal {
        Refusal::Exceeded(excess) => excess.first().map(|excess| excess.resource.as_str()).unwrap_or_default(),
        Refusal::Unset(_) => "",
    };
    let at = match counted.trim_start_matches("requests.").trim_start_matches("limits.") {
        "pods" | "count/pods" => cx.workload.scale.at.clone(),
        resource => heaviest(cx.pod, resource, &cx.workload.spec_at).at,
    };
    let alone = quota.alone(cx.admitted.charged(), pods).is_err();
    let draft = Draft::new(at, message, help).related(quota.related());
    let beyond = match refusal {
        Refusal::Exceeded(excess) => excess.as_slice(),
        Refusal::Unset(_) => &[],
    };
    let wanted = |excess: &Excess| excess.requested.nanos().saturating_add(excess.used.nanos());
    let measure = |excess: &Excess| Measure::count(wanted(excess).saturating_sub(excess.hard.nanos()));
    let draft = draft.measures(beyond.iter().map(|excess| (aspect(quota, &excess.resource), measure(excess))));
    let draft = draft.data("pods", pods).data("room", room);
    // What is used may be the workload's own.
    if alone || cx.knows_own_pods() || !quota.knows_usage() { draft } else { draft.at_most_warn() }
}

fn aspect(quota: &Quota, resource: &str) -> String {
    format!("{resource} in ResourceQuota {}", quota.name)
}
