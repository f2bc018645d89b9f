//! [`Auditor`]: puts objects through the webhook's review, one by one.

use std::collections::{BTreeSet, HashMap, HashSet};

use memlint_review::{Action, Reply};
use serde_json::Value;
use serde_json::value::RawValue;

use super::kinds::{Key, Kind, maker};
use super::over;
use super::report::{Audited, Gap, Report, Verdict, worst};
use super::request;
use crate::review::Bench;

/// Puts objects through the webhook's review. Those that make others are to come before them.
pub(super) struct Auditor<'b> {
    bench: &'b Bench,
    given: HashSet<Key>,
    /// What was judged, and the place in the report of what speaks for what it makes.
    speakers: HashMap<Key, usize>,
    names_daemon_sets: bool,
    report: Report,
}

impl<'b> Auditor<'b> {
    pub(super) fn new(bench: &'b Bench) -> Self {
        let doubt = bench.doubt().map(str::to_owned);
        let report = Report { nodes: bench.nodes(), doubt, not_run: bench.not_run(), ..Report::default() };
        Self { bench, given: HashSet::new(), speakers: HashMap::new(), names_daemon_sets: false, report }
    }

    /// Judges an object; `place` is what to call one that has no name.
    pub(super) fn take(&mut self, kind: &'static Kind, object: Value, place: &str) {
        let text = |key: &str| object.get("metadata")?.get(key)?.as_str().filter(|text| !text.is_empty());
        let Some(name) = text("name").map(str::to_owned) else {
            return self.gap(place.to_owned(), format!("a {} without a name cannot be read", kind.kind));
        };
        let namespace = text("namespace").unwrap_or("default").to_owned();
        let key = (kind.kind, namespace.clone(), name.clone());
        if !self.given.insert(key.clone()) {
            self.report.twice.insert(format!("{} {namespace}/{name}", kind.kind));
            return;
        }
        if over::is_over(kind, &object) {
            self.report.over += 1;
            return;
        }
        let maker = maker(&object, &namespace);
        self.names_daemon_sets |= maker.as_ref().is_some_and(|(kind, ..)| *kind == "DaemonSet");
        let speaker = maker.and_then(|maker| self.speakers.get(&maker).copied());
        let reply = self.bench.review(&request::of(kind, &namespace, &name, object, self.bench.inventory()));
        if let Some(speaker) = self.keep(kind, namespace, name, reply, speaker) {
            self.speakers.insert(key, speaker);
        }
    }

    /// Whether a Pod says that a DaemonSet made it.
    pub(super) fn names_daemon_sets(&self) -> bool {
        self.names_daemon_sets
    }

    /// Keeps what came of a review, and says where it speaks for what the object makes. What is not judged does not.
    fn keep(
        &mut self,
        kind: &'static Kind,
        namespace: String,
        name: String,
        reply: Reply,
        speaker: Option<usize>,
    ) -> Option<usize> {
        let named = || format!("{} {namespace}/{name}", kind.kind);
        let Ok(review) =
            String::from_utf8(reply.body).map_err(drop).and_then(|body| RawValue::from_string(body).map_err(drop))
        else {
            self.gap(named(), format!("it cannot be put to the webhook: {}", reply.outcome.why));
            return None;
        };
        let undecided = match reply.outcome.verdict {
            memlint_review::Verdict::Untouched => {
                *self.report.untouched.entry(reply.outcome.why).or_default() += 1;
                return None;
            }
            memlint_review::Verdict::Undecided => {
                self.gap(named(), reply.outcome.why.clone());
                Some(reply.outcome.why)
            }
            _ => None,
        };
        if let (Some(speaker), None) = (speaker, &undecided) {
            self.report.made += 1;
            if let Some(maker) = self.report.objects.get_mut(speaker) {
                maker.as_they_run(&format!("{} {name}", kind.kind), &reply.findings);
            }
            return Some(speaker);
        }
        let speaks = undecided.is_none().then_some(self.report.objects.len());
        let verdict = match reply.findings.iter().map(worst).max() {
            _ if !reply.outcome.allowed => Verdict::Denied,
            Some(Action::Deny) => Verdict::PodsDenied,
            _ if undecided.is_some() || reply.outcome.verdict == memlint_review::Verdict::Warn => Verdict::Warned,
            Some(_) => Verdict::Noted,
            None => Verdict::Good,
        };
        self.report.objects.push(Audited {
            api_version: kind.api_version(),
            kind: kind.kind,
            namespace,
            name,
            verdict,
            findings: reply.findings,
            running: Vec::new(),
            exemptions: reply.exemptions,
            notes: reply.notes,
            undecided,
            review,
        });
        speaks
    }

    /// Notes what could not be audited.
    pub(super) fn gap(&mut self, what: String, why: String) {
        self.report.gaps.insert(Gap { what, why });
    }

    /// What came of it all, with what was not known from the start.
    pub(super) fn finish(self, gaps: BTreeSet<Gap>) -> Report {
        let mut report = self.report;
        report.gaps.extend(gaps);
        let rank = |verdict: Verdict| if verdict.is_denial() { Verdict::Denied } else { verdict };
        let key = |object: &Audited| (rank(object.verdict), object.namespace.clone(), object.kind, object.name.clone());
        report.objects.sort_by_cached_key(key);
        report
    }
}
