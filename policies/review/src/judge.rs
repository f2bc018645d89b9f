//! [`judge`]: what the rules say of a request, and what is done about each finding.
use std::sync::Arc;

use memlint_kubernetes::reference::ObjectRef;
use memlint_kubernetes::workload::Workload;
use memlint_policies::exemption::Exempted;
use memlint_policies::finding::{Finding, Group, Level};
use memlint_policies::rule::Needs;
use memlint_policies::rules;

use crate::fresh::Known;
use crate::limit_ranger::{self, Written};
use crate::options::{Enforcement, OnDoubt, Workloads};
use crate::pods::{self, Reviewed};
use crate::regarding::About;
use crate::reply::Action;
use crate::request::Request;
use crate::scope::Scope;
use crate::{ReviewCx, object, trim, weight};

/// What came of judging.
#[derive(Debug)]
pub(crate) struct Judgement {
    /// The object.
    pub(crate) object: Arc<ObjectRef>,
    /// What made it, if it says so.
    pub(crate) controller: Option<String>,
    /// What an Event about a denial is to be about; `None` where nothing is denied.
    pub(crate) about: Option<About>,
    /// What was found and is news, in the order of the rules, with what is done about it.
    pub(crate) findings: Vec<Judged>,
    /// What was found and exempted.
    pub(crate) exemptions: Vec<Exempted>,
    /// Annotations of the object that do not count, and why.
    pub(crate) notes: Vec<String>,
    /// Whether memlint read the object otherwise than the API server, which took it.
    pub(crate) misread: bool,
}

/// One finding and what is done about it.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) finding: Finding,
    pub(crate) action: Action,
    /// What is done about it in the Pods that come of a workload.
    pub(crate) in_pods: Action,
    /// Whether nothing but nodes that may come, and are not known, keeps it from being a denial.
    pub(crate) is_doubtful: bool,
    /// What LimitRanger had to do with it.
    pub(crate) defaulted: Option<&'static str>,
}

/// Judges a request; `None` where the object itself says that it is not to be judged.
///
/// # Errors
/// Why the object cannot be judged.
pub(crate) fn judge(request: &Request<'_>, scope: Scope, cx: &ReviewCx<'_>) -> Result<Option<Judgement>, String> {
    trim::bound([request.object, request.old_object])?;
    let value = trim::read(request.object.ok_or("the request has no object")?)?;
    if object::is_being_deleted(&value) || (scope == Scope::Pod && object::is_mirror(request, &value)) {
        return Ok(None);
    }
    let taken = weight::bound(&value, 0)?;
    let object = object::named(request, &value);
    let reviewed = object::review(&object, scope, cx)?;
    let found = reviewed.iter().any(|reviewed| !reviewed.is_silent());
    let old = match request.old_object.filter(|_| request.operation == "UPDATE" && found) {
        Some(old) => Some(trim::read(old)?),
        None => None,
    };
    if old.as_ref().is_some_and(object::is_being_deleted) {
        return Ok(None);
    }
    if let Some(old) = &old {
        weight::bound(old, taken)?;
    }
    let old_reviewed = match &old {
        Some(old) => object::review(&object::named(request, old), scope, cx)?,
        None => Vec::new(),
    };
    let old_reports = || old_reviewed.iter().map(|reviewed| &reviewed.report);
    let old_findings = old_reviewed.iter().flat_map(Reviewed::all);
    let known = old.as_ref().map(|old| Known::new(old_findings, old));

    let mut judgement = Judgement {
        object: object.reference.clone(),
        controller: object::controller(&value),
        about: None,
        findings: Vec::new(),
        exemptions: Vec::new(),
        notes: Vec::new(),
        misread: false,
    };
    let limit_ranger = object::annotation(&value, limit_ranger::ANNOTATION).unwrap_or_default();
    for mut reviewed in reviewed {
        let report = std::mem::take(&mut reviewed.report);
        let known_exemption = |exempted: &Exempted| old_reports().any(|old| old.exemptions.contains(exempted));
        judgement.exemptions.extend(report.exemptions.into_iter().filter(|exempted| !known_exemption(exempted)));
        let known_note = |note: &String| old_reports().any(|old| old.notes.iter().any(|(_, old)| old == note));
        judgement.notes.extend(report.notes.into_iter().map(|(_, note)| note).filter(|note| !known_note(note)));
        let is_news = |finding: &Finding| known.as_ref().is_none_or(|known| known.is_news(finding, &value));
        let in_pods_only = std::mem::take(&mut reviewed.in_pods_only);
        let in_pods_only = in_pods_only.into_iter().map(|finding| (finding, true));
        let own = report.findings.into_iter().map(|finding| (finding, false));
        let mut beyond = Vec::new();
        for (mut finding, is_in_pods_only) in own.chain(in_pods_only) {
            let needs = rules::find(finding.rule).map_or(Needs::Nothing, |rule| rule.needs);
            if needs == Needs::BoundPods {
                // A Pod that is resized is among those that take the room.
                if scope == Scope::Resize {
                    continue;
                }
                // Room comes and goes.
                finding.level = Level::Warn;
            }
            if !is_news(&finding) {
                continue;
            }
            let (mut action, mut in_pods) = actions(&finding, needs, &reviewed.workload, scope, cx);
            if is_in_pods_only {
                // The workload itself is exempt; only that its Pods will be refused is worth a word.
                if in_pods != Action::Deny {
                    continue;
                }
                action = action.min(Action::Warn);
                beyond.push(finding.rule);
            } else if scope == Scope::Template && !reviewed.is_in_pods(&finding) {
                in_pods = Action::Audit;
            }
            judgement.misread |= is_about_reading(&finding);
            let is_doubtful = finding.level == Level::Deny
                && cx.options.enforcement_in(&request.namespace) == Enforcement::Deny
                && needs.is_by_nodes()
                && !cx.nodes_are_certain;
            let written = finding.container.as_deref().map(|container| Written::of(limit_ranger, container));
            judgement.findings.push(Judged {
                finding,
                action,
                in_pods,
                is_doubtful,
                defaulted: written.and_then(Written::note),
            });
        }
        judgement.notes.extend(pods::notes(&reviewed.workload, beyond));
    }
    if judgement.findings.iter().any(|judged| judged.action == Action::Deny) {
        judgement.about = Some(About::of(request, &value));
    }
    Ok(Some(judgement))
}

/// Rules that say what the API server says before any webhook is asked. It has taken the object: where they still
/// find something, it is newer than memlint.
pub(crate) fn is_about_reading(finding: &Finding) -> bool {
    matches!(finding.rule, "invalid-manifest" | "invalid-quantity")
}

/// What is done about a finding, and what is done about it in the Pods that come of the object.
fn actions(finding: &Finding, needs: Needs, workload: &Workload, scope: Scope, cx: &ReviewCx<'_>) -> (Action, Action) {
    let by_policy = match finding.level {
        Level::Deny => Action::Deny,
        Level::Warn => Action::Warn,
    };
    let namespace = workload.object.namespace.as_deref().unwrap_or_default();
    let is_careful = (is_about_reading(finding) && cx.options.on_decode_error == OnDoubt::Allow)
        || (needs.is_by_nodes() && !cx.nodes_are_certain)
        // The API server counts quotas itself, later and with newer figures.
        || needs == Needs::Quotas
        // It has asked its LimitRanges already, and taken the Pod: those that are known here are older or newer.
        || (needs == Needs::LimitRanges && scope != Scope::Template)
        // A node's own Pods are judged for that node alone, and the rest of their DaemonSet must not suffer for it.
        || (finding.group == Group::Pending && scope == Scope::Pod && object::is_for_one_node(workload));
    let by_doubt = if is_careful { Action::Warn } else { Action::Deny };
    let action = by_policy.min(by_doubt);
    // Its controller will name a node in each of them.
    let is_of_daemon_set = finding.group == Group::Pending && workload.object.kind == "DaemonSet";
    let in_pods = action.min(if is_of_daemon_set { Action::Warn } else { Action::Deny });
    (action.min(at_most(scope, namespace, cx)), in_pods.min(at_most(Scope::Pod, namespace, cx)))
}

/// The most that is done about anything in a namespace.
pub(crate) fn at_most(scope: Scope, namespace: &str, cx: &ReviewCx<'_>) -> Action {
    match cx.options.enforcement_in(namespace) {
        Enforcement::Audit => Action::Audit,
        Enforcement::Warn => Action::Warn,
        Enforcement::Deny if scope == Scope::Template && cx.options.workloads != Workloads::Deny => Action::Warn,
        Enforcement::Deny => Action::Deny,
    }
}
