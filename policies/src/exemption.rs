//! Exemptions: findings that someone has decided to live with, with a reason.
//!
//! A policy exempts by matching; an object exempts itself by annotation, and a Namespace all that is in it, each where
//! the policy lets it.
use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};
use jiff::civil::Date;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::workload::Workload;

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
