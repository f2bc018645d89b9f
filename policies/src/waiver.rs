//! [`waivers`]: who exempts a workload from which rule, whether that finds anything or not; [`lapsed`]: who did.

use crate::engine::Review;
use crate::exemption::{ExemptedBy, Subject, exempted, self_exemptions};
use crate::finding::Finding;
use crate::rules::RULES;
use crate::workload::Workload;

/// That findings of a rule would be exempted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The container that it is about; `None` for all of the workload.
    pub container: Option<String>,
    /// Who exempts.
    pub by: ExemptedBy,
    /// Why.
    pub reason: String,
    /// Which of the policy's exemptions it is.
    pub exemption: Option<usize>,
}

/// What is exempted of each rule, in the order of [`RULES`]: by the same means as the engine asks for its findings.
#[must_use]
pub fn waivers(workload: &Workload, review: &Review<'_>) -> Vec<Vec<Waiver>> {
    let namespace = workload.object.namespace.as_deref().unwrap_or(review.namespace);
    let (own, _) = self_exemptions(workload, (namespace, review.inventory.allowances(namespace)), review.policy);
    let ask = |rule: &str, container: Option<&str>| {
        let subject = Subject { rule, workload, namespace, container, file: review.file };
        let (by, reason, exemption) = exempted(&subject, review.policy, &own, review.today)?;
        let container = container.map(str::to_owned);
        Some(Waiver { container, by, reason: reason.to_owned(), exemption })
    };
    let of_rule = |rule: &str| match ask(rule, None) {
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
pub fn lapsed(finding: &Finding, workload: &Workload, review: &Review<'_>) -> Option<usize> {
    let namespace = workload.object.namespace.as_deref().unwrap_or(review.namespace);
    let container = finding.container.as_deref();
    let subject = Subject { rule: finding.rule, workload, namespace, container, file: review.file };
    let mut exemptions = review.policy.exemptions().iter();
    exemptions.position(|exemption| exemption.has_expired(review.today) && exemption.covers(&subject))
}
