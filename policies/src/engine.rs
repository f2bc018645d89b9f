//! The engine: one workload, what is known, one policy; findings out.
use std::cell::OnceCell;

use jiff::civil::Date;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::resources::Defaulting;
use memlint_kubernetes::workload::Workload;

use crate::admission::Admitted;
use crate::exemption::{Exempted, Subject};
use crate::finding::{Finding, Group, Level};
use crate::inventory::Inventory;
use crate::policy::Policy;
use crate::rule::{Cx, Needs, Rule, Sink};
use crate::rules::RULES;
use crate::self_exemption::{exempted, self_exemptions};

/// What a review is done with, besides the workload.
#[derive(Debug, Clone, Copy)]
pub struct Review<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// What is known of the cluster.
    pub inventory: &'a Inventory,
    /// The namespace of objects that name none; empty if that is open.
    pub namespace: &'a str,
    /// The file that the workload comes from, for exemptions by file.
    pub file: Option<&'a str>,
    /// Whether the object has been through the API server.
    pub defaulting: Defaulting,
    /// The day on which exemptions expire or not.
    pub today: Date,
}

impl<'a> Review<'a> {
    fn namespace_of(&self, workload: &'a Workload) -> &'a str {
        workload.object.namespace.as_deref().unwrap_or(self.namespace)
    }
}

/// What came of a review.
#[derive(Debug, Default)]
pub struct Report {
    /// What the rules found, by place, then rule.
    pub findings: Vec<Finding>,
    /// What was exempted, and who did so.
    pub exemptions: Vec<Exempted>,
    /// Mistakes in the object's own exemptions: they do not count, and the user should know.
    pub notes: Vec<(FieldPath, String)>,
}

/// Applies every rule that the policy leaves on.
#[must_use]
pub fn review(workload: &Workload, review: &Review<'_>) -> Report {
    let namespace = review.namespace_of(workload);
    // Of a block nobody knows what will be filled in.
    let defaulting = if workload.is_block { Defaulting::Done } else { review.defaulting };
    let admitted = Admitted::new(workload, review.inventory, namespace, defaulting);
    let placing = OnceCell::new();
    let (own, notes) = self_exemptions(workload, (namespace, review.inventory.allowances(namespace)), review.policy);
    let mut report = Report { notes, ..Report::default() };
    for (rule, setting) in RULES.iter().zip(review.policy.settings()) {
        let Some(level) = setting.level else { continue };
        if !workload.makes_pods && rule.group != Group::Valid {
            continue;
        }
        if rule.needs.missing(review.inventory).is_some() || !may_judge(rule, workload) {
            continue;
        }
        let is_doubtful =
            rule.needs.is_by_nodes() && review.inventory.capacity().is_some_and(|it| it.doubt().is_some());
        let level = if is_doubtful { level.min(Level::Warn) } else { level };
        let mut sink = Sink::default();
        let cx = Cx {
            workload,
            pod: &admitted.pod,
            admitted: &admitted,
            inventory: review.inventory,
            namespace,
            params: &setting.params,
            placing: &placing,
        };
        (rule.check)(&cx, &mut sink);
        for draft in sink.0 {
            let container = draft.container.as_deref();
            let subject = Subject { rule: rule.id, workload, namespace, container, file: review.file };
            if let Some((by, reason, used)) = exempted(&subject, review.policy, &own, review.today) {
                let (container, reason) = (draft.container, reason.to_owned());
                report.exemptions.push(Exempted { rule: rule.id, container, by, reason, exemption: used });
                continue;
            }
            let related = draft.related.into_iter().map(|related| match related.origin {
                Some(_) => related,
                None => Related { at: workload.written_at(&related.at), ..related },
            });
            report.findings.push(Finding {
                rule: rule.id,
                group: rule.group,
                level: level.min(draft.at_most),
                object: workload.object.clone(),
                container: draft.container,
                at: workload.written_at(&draft.at),
                on_key: draft.on_key,
                part: draft.part,
                message: draft.message,
                help: draft.help,
                related: related.collect(),
                fix: draft.fix.filter(|_| workload.moved.is_empty()),
                measures: draft.measures,
                data: draft.data,
            });
        }
    }
    report
}

/// Whether there is enough of a workload for a rule. Of a block that sets no namespace it is not known which LimitRanges
/// hold.
fn may_judge(rule: &Rule, workload: &Workload) -> bool {
    let is_placed = rule.needs != Needs::LimitRanges || workload.object.namespace.is_some();
    !workload.is_block || (rule.judges_blocks && is_placed)
}

/// The rules that are on but cannot run, and why.
#[must_use]
pub fn not_run(policy: &Policy, inventory: &Inventory) -> Vec<(&'static str, &'static str)> {
    let on = RULES.iter().zip(policy.settings()).filter(|(_, setting)| setting.level.is_some());
    on.filter_map(|(rule, _)| Some((rule.id, rule.needs.missing(inventory)?))).collect()
}

/// What is exempted of each rule, in the order of [`RULES`]: by the same means as the engine asks for its findings.
#[must_use]
pub fn exempted_rules(workload: &Workload, review: &Review<'_>) -> Vec<Vec<Exempted>> {
    let namespace = review.namespace_of(workload);
    let (own, _) = self_exemptions(workload, (namespace, review.inventory.allowances(namespace)), review.policy);
    let ask = |rule: &'static str, container: Option<&str>| {
        let subject = Subject { rule, workload, namespace, container, file: review.file };
        let (by, reason, exemption) = exempted(&subject, review.policy, &own, review.today)?;
        let container = container.map(str::to_owned);
        Some(Exempted { rule, container, by, reason: reason.to_owned(), exemption })
    };
    let of_rule = |rule: &'static str| match ask(rule, None) {
        Some(whole) => vec![whole],
        None => {
            let containers = workload.containers.iter().filter_map(|place| workload.container(place));
            containers.filter_map(|container| ask(rule, Some(&container.name))).collect()
        }
    };
    RULES.iter().map(|rule| of_rule(rule.id)).collect()
}

/// Which of the policy's exemptions has expired that covered a finding of a workload.
#[must_use]
pub fn expired_exemption(finding: &Finding, workload: &Workload, review: &Review<'_>) -> Option<usize> {
    let namespace = review.namespace_of(workload);
    let container = finding.container.as_deref();
    let subject = Subject { rule: finding.rule, workload, namespace, container, file: review.file };
    let mut exemptions = review.policy.exemptions().iter();
    exemptions.position(|exemption| exemption.has_expired(review.today) && exemption.covers(&subject))
}
