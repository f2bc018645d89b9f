//! [`Auditor`]: puts objects through the webhook's review, one by one.

use std::collections::{BTreeSet, HashSet};

use memlint_review::{Action, Reply};
use serde_json::Value;
use serde_json::value::RawValue;

use super::kinds::{Key, Kind, maker};
use super::report::{Audited, Gap, Report, Verdict, worst};
use super::request;
use crate::review::Bench;

/// Puts objects through the webhook's review. Those that make others are to come before them.
pub(super) struct Auditor<'b> {
    bench: &'b Bench,
    seen: HashSet<Key>,
    report: Report,
}

impl<'b> Auditor<'b> {
    pub(super) fn new(bench: &'b Bench) -> Self {
        let doubt = bench.doubt().map(str::to_owned);
        let report = Report { nodes: bench.nodes(), doubt, not_run: bench.not_run(), ..Report::default() };
        Self { bench, seen: HashSet::new(), report }
    }

    /// Judges an object; `place` is what to call one that has no name.
    pub(super) fn take(&mut self, kind: &'static Kind, object: Value, place: &str) {
        let text = |key: &str| object.get("metadata")?.get(key)?.as_str().filter(|text| !text.is_empty());
        let Some(name) = text("name").map(str::to_owned) else {
            return self.gap(place.to_owned(), format!("a {} without a name cannot be read", kind.kind));
        };
        let namespace = text("namespace").unwrap_or("default").to_owned();
        let made = maker(&object, &namespace).is_some_and(|maker| self.seen.contains(&maker));
        // No Pod makes another object, and what is not judged does not speak for its Pods.
        if kind.kind != "Pod" && self.bench.judges_workloads() {
            self.seen.insert((kind.kind, namespace.clone(), name.clone()));
        }
        if made {
            self.report.made += 1;
            return;
        }
        let reply = self.bench.review(&request::of(kind, &namespace, &name, object));
        self.keep(kind, namespace, name, reply);
    }

    fn keep(&mut self, kind: &'static Kind, namespace: String, name: String, reply: Reply) {
        let named = || format!("{} {namespace}/{name}", kind.kind);
        let Ok(review) =
            String::from_utf8(reply.body).map_err(drop).and_then(|body| RawValue::from_string(body).map_err(drop))
        else {
            return self.gap(named(), format!("it cannot be put to the webhook: {}", reply.outcome.why));
        };
        let undecided = match reply.outcome.verdict {
            memlint_review::Verdict::Untouched => {
                *self.report.untouched.entry(reply.outcome.why).or_default() += 1;
                return;
            }
            memlint_review::Verdict::Undecided => {
                self.gap(named(), reply.outcome.why.clone());
                Some(reply.outcome.why)
            }
            _ => None,
        };
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
            exemptions: reply.exemptions,
            notes: reply.notes,
            undecided,
            review,
        });
    }

    /// Notes what could not be audited.
    pub(super) fn gap(&mut self, what: String, why: String) {
        self.report.gaps.insert(Gap { what, why });
    }

    /// What came of it all, with what was not known from the start.
    pub(super) fn finish(self, gaps: BTreeSet<Gap>) -> Report {
        let mut report = self.report;
        report.gaps.extend(gaps);
        let key = |object: &Audited| (object.verdict, object.namespace.clone(), object.kind, object.name.clone());
        report.objects.sort_by_cached_key(key);
        report
    }
}
