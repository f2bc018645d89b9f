//! Exemptions: findings that someone has decided to live with, with a reason.
//!
//! A policy exempts by matching; an object exempts itself by annotation, and a Namespace all that is in it, each where
//! the policy lets it.

use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};
use jiff::civil::Date;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::workload::Workload;

use crate::policy::Policy;
use crate::rules;

/// The annotation with which an object exempts itself: `memlint.dev/allow: "RULE: reason"`, several separated by
/// line breaks or `;`. With `.CONTAINER` behind it, it speaks of that container only.
pub const ALLOW_ANNOTATION: &str = "memlint.dev/allow";

/// What an exemption is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The rule that found something.
    pub rule: &'a str,
    /// The object it is about.
    pub workload: &'a Workload,
    /// Its namespace, as far as known.
    pub namespace: &'a str,
    /// The container it is about, if any.
    pub container: Option<&'a str>,
    /// The file it was read from, with `/` between folders.
    pub file: Option<&'a str>,
}

/// A finding that was exempted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exempted {
    /// The rule that found something.
    pub rule: &'static str,
    /// The container it is about, if any.
    pub container: Option<String>,
    /// Who exempts.
    pub by: ExemptedBy,
    /// Why.
    pub reason: String,
    /// Which of the policy's exemptions it is.
    pub exemption: Option<usize>,
}

/// Who exempts a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExemptedBy {
    /// The policy.
    Policy,
    /// The object itself, by annotation.
    Object,
    /// Its Namespace, by annotation.
    Namespace,
}

/// One exemption of a policy.
#[derive(Debug, Clone)]
pub struct Exemption {
    pub(crate) rules: Vec<&'static str>,
    pub(crate) matcher: Matcher,
    pub(crate) reason: String,
    pub(crate) expires: Option<Date>,
    pub(crate) at: FieldPath,
}

impl Exemption {
    /// Why it is there.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The place in the policy file.
    #[must_use]
    pub fn at(&self) -> &FieldPath {
        &self.at
    }

    /// The last day on which it counts.
    #[must_use]
    pub fn expires(&self) -> Option<Date> {
        self.expires
    }

    /// Whether it has run out.
    #[must_use]
    pub fn has_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| today > last)
    }

    pub(crate) fn covers(&self, subject: &Subject<'_>) -> bool {
        self.rules.contains(&subject.rule) && self.matcher.matches(subject)
    }
}

/// What an exemption applies to: everything that is given must match, any pattern of each list will do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matcher {
    pub(crate) namespaces: Option<Patterns>,
    pub(crate) kinds: Option<Patterns>,
    pub(crate) names: Option<Patterns>,
    pub(crate) files: Option<Patterns>,
    pub(crate) containers: Option<Patterns>,
    pub(crate) labels: BTreeMap<String, String>,
}

/// Glob patterns, of which any may match.
#[derive(Debug, Clone)]
pub(crate) struct Patterns(pub(crate) Vec<GlobMatcher>);

impl Patterns {
    pub(crate) fn compile(pattern: &str) -> Result<GlobMatcher, String> {
        Glob::new(pattern).map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
    }

    fn matches(&self, text: Option<&str>) -> bool {
        text.is_some_and(|text| self.0.iter().any(|pattern| pattern.is_match(text)))
    }
}

impl Matcher {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        let object = &subject.workload.object;
        let fits = |patterns: &Option<Patterns>, text| patterns.as_ref().is_none_or(|p| p.matches(text));
        let labels = &subject.workload.labels;
        fits(&self.namespaces, Some(subject.namespace))
            && fits(&self.kinds, Some(object.kind.as_str()))
            && fits(&self.names, object.name.as_deref())
            && fits(&self.files, subject.file)
            && fits(&self.containers, subject.container)
            && self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

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

/// An object's annotations.
type Annotations = BTreeMap<String, String>;

/// Whether an annotation exempts from rules.
pub(crate) fn is_allowance(key: &str) -> bool {
    key.strip_prefix(ALLOW_ANNOTATION).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
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
