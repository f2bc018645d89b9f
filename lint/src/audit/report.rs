//! What came of an audit.

use std::collections::{BTreeMap, BTreeSet};

use memlint_policies::exemption::Exempted;
use memlint_review::{Action, Told};
use serde_json::value::RawValue;

/// What came of an audit.
#[derive(Debug, Default)]
pub struct Report {
    /// The objects that were judged: those that would be refused first, each part by namespaces.
    pub objects: Vec<Audited>,
    /// How many objects count with what makes them.
    pub made: usize,
    /// How many are over: Pods and Jobs that have ended, and their like.
    pub over: usize,
    /// What was given more than once.
    pub twice: BTreeSet<String>,
    /// How many the webhook does not judge, by its reason.
    pub untouched: BTreeMap<String, usize>,
    /// What was not audited.
    pub gaps: BTreeSet<Gap>,
    /// What every user should be told.
    pub notes: Vec<String>,
    /// Whether only what would be denied is to be shown.
    pub denied_only: bool,
    /// How many nodes are known.
    pub nodes: usize,
    /// Why these may not be all; `None` if they are.
    pub doubt: Option<String>,
    /// The rules that are on but cannot run, and why.
    pub not_run: Vec<(&'static str, &'static str)>,
}

/// Something that was not audited, or that is not known to the audit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// What.
    pub what: String,
    /// Why, and what to do about it.
    pub why: String,
}

/// One object.
#[derive(Debug)]
pub struct Audited {
    /// Its version, such as `apps/v1`.
    pub api_version: String,
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What the webhook would do.
    pub verdict: Verdict,
    /// What was found.
    pub findings: Vec<Told>,
    /// What would be refused of what it has made, and not of itself.
    pub running: Vec<Running>,
    /// What was found and exempted.
    pub exemptions: Vec<Exempted>,
    /// Annotations that do not count, and why.
    pub notes: Vec<String>,
    /// Why there is no verdict by the rules.
    pub undecided: Option<String>,
    /// What goes back to the API server, to the byte.
    pub review: Box<RawValue>,
}

/// What would be refused of objects as they run, by a rule that does not refuse it of their maker.
#[derive(Debug)]
pub struct Running {
    /// The first that was found.
    pub told: Told,
    /// The objects, as `Pod web-1-a`.
    pub names: Vec<String>,
}

impl Audited {
    /// Takes in what would become of an object that this one has made, where it fares worse.
    pub(super) fn as_they_run(&mut self, name: &str, findings: &[Told]) {
        let is_same = |one: &Told, other: &Told| {
            one.finding.rule == other.finding.rule && one.finding.container == other.finding.container
        };
        for told in findings.iter().filter(|told| worst(told) == Action::Deny) {
            if self.findings.iter().any(|own| worst(own) == Action::Deny && is_same(own, told)) {
                continue;
            }
            let known = self.running.iter_mut().find(|running| is_same(&running.told, told));
            match known {
                Some(known) if known.names.last().is_some_and(|last| last == name) => {}
                Some(known) => known.names.push(name.to_owned()),
                None => self.running.push(Running { told: told.clone(), names: vec![name.to_owned()] }),
            }
        }
        if !self.running.is_empty() && !self.verdict.is_denial() {
            self.verdict = Verdict::PodsDenied;
        }
    }
}

/// What the webhook would do about an object, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It would be refused.
    Denied,
    /// It would be let through, and the Pods that it makes refused.
    PodsDenied,
    /// It would be warned of.
    Warned,
    /// Nothing would be said, but noted in the audit log.
    Noted,
    /// Nothing would be said.
    Good,
}

impl Verdict {
    /// The word for machines.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Denied => "deny",
            Verdict::PodsDenied => "deny-pods",
            Verdict::Warned => "warn",
            Verdict::Noted => "audit",
            Verdict::Good => "allow",
        }
    }

    /// Whether something would be refused.
    #[must_use]
    pub fn is_denial(self) -> bool {
        matches!(self, Verdict::Denied | Verdict::PodsDenied)
    }
}

/// How often something occurs, in objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that were judged.
    pub objects: usize,
    /// Those that would be refused, or whose Pods would be.
    pub denied: usize,
    /// Those that would only be warned of.
    pub warned: usize,
    /// Those of which something is exempted.
    pub exempted: usize,
}

impl Report {
    /// The objects to show.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Audited> {
        self.objects.iter().filter(|object| !self.denied_only || object.verdict.is_denial())
    }

    /// The counts of all objects.
    #[must_use]
    pub fn totals(&self) -> Counts {
        self.objects.iter().fold(Counts::default(), Counts::with)
    }

    /// The counts by namespace.
    #[must_use]
    pub fn by_namespace(&self) -> BTreeMap<&str, Counts> {
        let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
        for object in &self.objects {
            let of_namespace = counts.entry(&object.namespace).or_default();
            *of_namespace = of_namespace.with(object);
        }
        counts
    }

    /// The counts by rule: objects that it refuses, warns of, or would if they were not exempt.
    #[must_use]
    pub fn by_rule(&self) -> BTreeMap<&'static str, Counts> {
        let mut counts: BTreeMap<&'static str, Counts> = BTreeMap::new();
        for object in &self.objects {
            let told = || object.findings.iter().chain(object.running.iter().map(|running| &running.told));
            let found = told().map(|told| told.finding.rule);
            let exempted: BTreeSet<_> = object.exemptions.iter().map(|exempted| exempted.rule).collect();
            let rules: BTreeSet<&'static str> = found.chain(exempted.iter().copied()).collect();
            for rule in rules {
                let own = told().filter(|told| told.finding.rule == rule);
                let of_rule = counts.entry(rule).or_default();
                of_rule.objects += 1;
                of_rule.exempted += usize::from(exempted.contains(rule));
                match own.map(worst).max() {
                    Some(Action::Deny) => of_rule.denied += 1,
                    Some(Action::Warn) => of_rule.warned += 1,
                    Some(Action::Audit) | None => {}
                }
            }
        }
        counts
    }
}

impl Counts {
    fn with(self, object: &Audited) -> Self {
        Self {
            objects: self.objects + 1,
            denied: self.denied + usize::from(object.verdict.is_denial()),
            warned: self.warned + usize::from(object.verdict == Verdict::Warned),
            exempted: self.exempted + usize::from(!object.exemptions.is_empty()),
        }
    }
}

/// What is done about a finding, in the object or in its Pods.
pub(super) fn worst(told: &Told) -> Action {
    told.action.max(told.in_pods)
}
