//! The engine: one workload, what is known, one policy; findings out.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::admission::Admitted;
use crate::exemption::{Exempted, Subject, exempted, self_exemptions};
use crate::finding::{Finding, Group};
use crate::inventory::Inventory;
use crate::path::FieldPath;
use crate::policy::Policy;
use crate::resources::Defaulting;
use crate::rule::{Cx, Sink};
use crate::rules::RULES;
use crate::workload::Workload;

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

/// What came of a review.
#[derive(Debug, Default)]
pub struct Report {
    /// What the rules found, by place, then rule.
    pub findings: Vec<Finding>,
    /// How many findings were exempted.
    pub exempted: usize,
    /// Each of them, and who did so.
    pub exemptions: Vec<Exempted>,
    /// Which of the policy's exemptions did so.
    pub used_exemptions: BTreeSet<usize>,
    /// Mistakes in the object's own exemptions: they do not count, and the user should know.
    pub notes: Vec<(FieldPath, String)>,
}

/// Applies every rule that the policy leaves on.
#[must_use]
pub fn review(workload: &Workload, review: &Review<'_>) -> Report {
    let namespace = workload.object.namespace.as_deref().unwrap_or(review.namespace);
    let admitted = Admitted::new(workload, review.inventory, namespace, review.defaulting);
    let placing = OnceCell::new();
    let (own, notes) = self_exemptions(workload, (namespace, review.inventory.allowances(namespace)), review.policy);
    let mut report = Report { notes, ..Report::default() };
    for (rule, setting) in RULES.iter().zip(review.policy.settings()) {
        let Some(level) = setting.level else { continue };
        if !workload.makes_pods && rule.group != Group::Valid {
            continue;
        }
        if rule.needs.missing(review.inventory).is_some() {
            continue;
        }
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
                report.used_exemptions.extend(used);
                report.exempted += 1;
                let reason = reason.to_owned();
                report.exemptions.push(Exempted { rule: rule.id, container: draft.container, by, reason });
                continue;
            }
            report.findings.push(Finding {
                rule: rule.id,
                group: rule.group,
                level: level.min(draft.at_most),
                object: workload.object.clone(),
                container: draft.container,
                at: draft.at,
                on_key: draft.on_key,
                part: draft.part,
                message: draft.message,
                help: draft.help,
                related: draft.related,
                fix: draft.fix,
                measures: draft.measures,
                data: draft.data,
            });
        }
    }
    report
}

/// The rules that are on but cannot run, and why.
#[must_use]
pub fn not_run(policy: &Policy, inventory: &Inventory) -> Vec<(&'static str, &'static str)> {
    let on = RULES.iter().zip(policy.settings()).filter(|(_, setting)| setting.level.is_some());
    on.filter_map(|(rule, _)| Some((rule.id, rule.needs.missing(inventory)?))).collect()
}
