//! Who exempts a finding: the policy, or the object and its Namespace by annotation, where the policy lets them.

use jiff::civil::Date;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::workload::Workload;

use crate::annotation::{ALLOW_ANNOTATION, Annotations, is_allowance};
use crate::exemption::{ExemptedBy, Exemption, Subject};
use crate::policy::Policy;
use crate::rules;

/// An exemption by annotation.
#[derive(Debug)]
pub(crate) struct SelfExemption {
    by: ExemptedBy,
    rule: &'static str,
    container: Option<String>,
    reason: String,
}

impl SelfExemption {
    fn covers(&self, subject: &Subject<'_>) -> bool {
        self.rule == subject.rule && self.container.as_deref().is_none_or(|name| subject.container == Some(name))
    }
}

/// Who exempts a finding, why, and by which exemption of the policy. The policy goes before the object's own.
pub(crate) fn exempted<'a>(
    subject: &Subject<'_>,
    policy: &'a Policy,
    own: &'a [SelfExemption],
    today: Date,
) -> Option<(ExemptedBy, &'a str, Option<usize>)> {
    if let Some(index) = policy.exempts(subject, today) {
        let reason = policy.exemptions().get(index).map(Exemption::reason).unwrap_or_default();
        return Some((ExemptedBy::Policy, reason, Some(index)));
    }
    let own = own.iter().find(|exemption| exemption.covers(subject))?;
    Some((own.by, &own.reason, None))
}

/// Reads the annotations of an object, of its Pod template and of its namespace, as far as that is known. What does not
/// count is told, with its place in the object.
pub(crate) fn self_exemptions(
    workload: &Workload,
    namespace: (&str, Option<&Annotations>),
    policy: &Policy,
) -> (Vec<SelfExemption>, Vec<(FieldPath, String)>) {
    let mut exemptions = Vec::new();
    let mut notes = Vec::new();
    for (at, annotations) in workload.annotations() {
        let note = |key: &str, why| (at.key(key), format!("annotation {key} is not heeded: {why}"));
        read(annotations, ExemptedBy::Object, policy, &mut exemptions, |key, why| notes.push(note(key, why)));
    }
    let (name, annotations) = namespace;
    let at = FieldPath::of(&["metadata", "namespace"]);
    let note = |key: &str, why| (at.clone(), format!("annotation {key} of Namespace {name} is not heeded: {why}"));
    if let Some(annotations) = annotations {
        read(annotations, ExemptedBy::Namespace, policy, &mut exemptions, |key, why| notes.push(note(key, why)));
    }
    (exemptions, notes)
}

fn read(
    annotations: &Annotations,
    by: ExemptedBy,
    policy: &Policy,
    exemptions: &mut Vec<SelfExemption>,
    mut bad: impl FnMut(&str, String),
) {
    for (key, value) in annotations.iter().filter(|(key, _)| is_allowance(key)) {
        let container = key[ALLOW_ANNOTATION.len()..].strip_prefix('.').map(str::to_owned);
        for entry in value.split(['\n', ';']).map(str::trim).filter(|entry| !entry.is_empty()) {
            match read_entry(entry, by, policy) {
                Ok((rule, reason)) => {
                    let (container, reason) = (container.clone(), reason.to_owned());
                    exemptions.push(SelfExemption { by, rule, container, reason });
                }
                Err(why) => bad(key, why),
            }
        }
    }
}

fn read_entry<'e>(entry: &'e str, by: ExemptedBy, policy: &Policy) -> Result<(&'static str, &'e str), String> {
    let (id, reason) = entry.split_once(':').unwrap_or((entry, ""));
    let rule = rules::find(id.trim()).ok_or_else(|| rules::unknown(id.trim()))?;
    if by == ExemptedBy::Namespace && !policy.lets_namespaces_allow(rule.id) {
        return Err(format!("the policy does not let Namespaces exempt what is in them from {}", rule.id));
    }
    if by == ExemptedBy::Object && !policy.lets_objects_allow(rule.id) {
        return Err(format!("the policy does not let objects exempt themselves from {}", rule.id));
    }
    if reason.trim().is_empty() {
        return Err(format!("it gives no reason; write \"{}: why\"", rule.id));
    }
    Ok((rule.id, reason.trim()))
}
