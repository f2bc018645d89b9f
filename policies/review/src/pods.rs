//! What will become of the Pods that come of a workload. They are asked about by their own kind, names, labels and
//! annotations, so that what exempts a workload need not exempt them, nor the other way round.

use std::collections::{BTreeSet, HashSet};

use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::workload::Workload;
use memlint_policies::engine::{self, Report, Review};
use memlint_policies::finding::{Finding, Group};

/// What the rules say of a workload, and of its Pods.
#[derive(Debug)]
pub(crate) struct Reviewed {
    /// The Pod or workload; where its Pods were asked about, its own names with what is otherwise theirs.
    pub(crate) workload: Workload,
    pub(crate) report: Report,
    /// What is found in its Pods, by rule and place; for a Pod nothing.
    in_pods: HashSet<(&'static str, FieldPath)>,
    /// What is found in its Pods alone, since the workload is exempt.
    pub(crate) in_pods_only: Vec<Finding>,
}

impl Reviewed {
    /// Reviews a workload, and where there is anything to say of it, its Pod.
    pub(crate) fn new(workload: Workload, review: &Review<'_>, makes_pods: bool) -> Self {
        let report = engine::review(&workload, review);
        let mut reviewed = Self { workload, report, in_pods: HashSet::new(), in_pods_only: Vec::new() };
        if !makes_pods || reviewed.is_silent() {
            return reviewed;
        }
        // A template may be large: it is not held twice.
        let object = reviewed.workload.object.clone();
        reviewed.workload = reviewed.workload.into_pod();
        let of_pod = engine::review(&reviewed.workload, review).findings;
        reviewed.workload.object = object;
        let key = |finding: &Finding| (finding.rule, finding.at.clone());
        reviewed.in_pods = of_pod.iter().map(key).collect();
        let of_workload: HashSet<_> = reviewed.report.findings.iter().map(key).collect();
        let exempted: HashSet<_> =
            reviewed.report.exemptions.iter().map(|exempted| (exempted.rule, &exempted.container)).collect();
        let exempt = |finding: &Finding| exempted.contains(&(finding.rule, &finding.container));
        // Its controller binds each Pod of a DaemonSet to a node: whether that one has room is not asked here.
        let is_asked = |finding: &Finding| finding.group != Group::Pending || !reviewed.is_daemon_set();
        reviewed.in_pods_only = of_pod
            .into_iter()
            .filter(|finding| !of_workload.contains(&key(finding)) && exempt(finding) && is_asked(finding))
            .map(|finding| Finding { object: reviewed.workload.object.clone(), ..finding })
            .collect();
        reviewed
    }

    /// Whether there is nothing to say.
    pub(crate) fn is_silent(&self) -> bool {
        let Report { findings, notes, exemptions, .. } = &self.report;
        findings.is_empty() && notes.is_empty() && exemptions.is_empty()
    }

    /// Whether what is found in the workload is found in its Pods, too.
    pub(crate) fn is_in_pods(&self, finding: &Finding) -> bool {
        self.in_pods.contains(&(finding.rule, finding.at.clone()))
    }

    /// What is found in it and in its Pods.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Finding> {
        self.report.findings.iter().chain(&self.in_pods_only)
    }

    fn is_daemon_set(&self) -> bool {
        self.workload.object.kind == "DaemonSet"
    }
}

/// What someone should know whose exemption does not reach the Pods.
pub(crate) fn notes(workload: &Workload, rules: Vec<&'static str>) -> impl Iterator<Item = String> {
    let rules: BTreeSet<&str> = rules.into_iter().collect();
    let kind = &workload.object.kind;
    rules.into_iter().map(move |rule| format!("this {kind} is exempt from {rule}, its Pods are not"))
}
