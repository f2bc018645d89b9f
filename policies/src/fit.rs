//! [`fit`]: the whole way of one Pod, from the manifest to a node: admission, quota, and the scheduler's verdict on
//! empty nodes and on the nodes as they are now.
//!
//! This is exact about what it is given: a cordoned node is unschedulable here, a quota that is used up refuses. The
//! rules ask softer questions with the same parts.

use std::collections::{BTreeMap, BTreeSet};

use memlint_kubernetes::quota;
use memlint_kubernetes::resources::Defaulting;
use memlint_kubernetes::workload::Workload;
use memlint_scheduler::{Candidate, Cluster, Outcome, UNKNOWN_LABEL, Verdict, View, filter, refused_by_kubelet};

use crate::admission::Admitted;
use crate::inventory::Inventory;

/// What becomes of a workload's Pod.
#[derive(Debug)]
pub struct Fit<'a> {
    /// The Pod as it would be stored.
    pub admitted: Admitted<'a>,
    /// Why the API server refuses it; empty if it does not.
    pub errors: Vec<String>,
    /// Why a ResourceQuota refuses it as things are now.
    pub over_quota: Option<String>,
    /// The scheduler's answer if only the Pods of DaemonSets were there; `None` if the Pod was refused before.
    pub empty: Option<Answer>,
    /// The scheduler's answer with all Pods; `None` if the Pod was refused before.
    pub now: Option<Answer>,
    /// What was not judged, or not known.
    pub unknown: Vec<String>,
}

/// The scheduler's answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The nodes that take the Pod, by name.
    pub nodes: Vec<String>,
    /// What the scheduler says when there are none, up to its first full stop.
    pub message: Option<String>,
    /// All nodes by what came of them, as indices into the cluster's.
    pub outcomes: Vec<Outcome>,
}

impl Answer {
    /// Whether some node takes the Pod.
    #[must_use]
    pub fn fits(&self) -> bool {
        !self.nodes.is_empty()
    }
}

impl Fit<'_> {
    /// Whether the Pod would be created and placed now.
    #[must_use]
    pub fn is_placed_now(&self) -> bool {
        self.now.as_ref().is_some_and(Answer::fits)
    }
}

/// Asks what becomes of a workload's Pod in a namespace.
#[must_use]
pub fn fit<'a>(workload: &'a Workload, inventory: &Inventory, namespace: &str) -> Fit<'a> {
    let admitted = Admitted::new(workload, inventory, namespace, Defaulting::Simulate);
    let errors = admitted.errors(workload, inventory);
    let candidate = admitted.candidate(workload);
    let mut unknown = candidate.unmodelled().to_vec();
    let class = workload.spec().runtime_class_name.as_deref();
    if let Some(class) = class.filter(|_| inventory.runtime_class(class).is_none()) {
        unknown.push(format!(
            "RuntimeClass {class} is not known: its overhead, node selector and tolerations are not counted"
        ));
    }
    let mut fit = Fit { admitted, errors, over_quota: None, empty: None, now: None, unknown };
    let Some(capacity) = inventory.capacity() else { return fit };
    if !fit.errors.is_empty() {
        return fit;
    }
    let release = capacity.release();
    let ask = |cluster: &Cluster, view: View| {
        let verdict = filter(cluster, &candidate, view);
        answer(&verdict, release)
    };
    fit.empty = Some(ask(capacity.ever(), View::Empty));
    let quotas = inventory.quotas(&fit.admitted.namespace);
    fit.over_quota =
        quota::refusal(quotas, fit.admitted.charged()).map(|why| fit.admitted.forbidden(&workload.object, &why));
    for quota in quotas.iter().filter(|quota| quota.counts(fit.admitted.charged()) && !quota.knows_usage()) {
        fit.unknown.push(format!("what ResourceQuota {} counts as used is not known; nothing is", quota.name));
    }
    if fit.over_quota.is_none() {
        let name = workload.object.name.as_deref().filter(|_| !workload.is_pod());
        let without = name.and_then(|name| capacity.now().without(namespace, &workload.object.kind, name));
        if without.is_some() {
            fit.unknown.push("its own Pods that run already are left out: they make room for these".to_owned());
        }
        fit.now = Some(ask(without.as_ref().unwrap_or_else(|| capacity.now()), View::Now));
    }
    fit.unknown.extend(open_labels(capacity.ever(), &candidate));
    if !capacity.knows_bound_pods() {
        fit.unknown.push("no Pods are known, so the nodes count as empty today".to_owned());
    }
    fit.unknown.extend(turned_away(capacity.now(), &candidate));
    fit
}

/// Labels that the Pod asks for and that a declared pool says nothing of.
fn open_labels(cluster: &Cluster, candidate: &Candidate) -> Option<String> {
    let profiles = cluster.nodes().profiles();
    let is_open =
        |key: &&str| profiles.iter().any(|profile| profile.labels.get(*key).is_some_and(|v| v == UNKNOWN_LABEL));
    let keys: BTreeSet<&str> = candidate.label_keys().filter(is_open).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    (!keys.is_empty()).then(|| {
        format!(
            "a pool does not state {}, which the Pod asks for: it is taken to fit; state it under labels",
            keys.join(", ")
        )
    })
}

fn answer(verdict: &Verdict<'_>, release: memlint_scheduler::Release) -> Answer {
    Answer {
        nodes: verdict.feasible_names().into_iter().map(str::to_owned).collect(),
        message: verdict.message(release),
        outcomes: verdict.outcomes().to_vec(),
    }
}

/// A Pod that names its node is bound at once; what the kubelet would then say is not the scheduler's word.
fn turned_away(cluster: &Cluster, candidate: &Candidate) -> Option<String> {
    let name = candidate.node_name()?;
    let Some(node) = cluster.nodes().find(name) else {
        return Some(format!("nodeName {name} names no known node: the Pod is bound to it and never runs"));
    };
    let reasons = refused_by_kubelet(cluster, candidate, View::Now, node);
    let mut counts: BTreeMap<String, ()> = BTreeMap::new();
    for reason in reasons {
        counts.insert(reason.text(memlint_scheduler::Release::default()), ());
    }
    let reasons: Vec<String> = counts.into_keys().collect();
    (!reasons.is_empty()).then(|| {
        format!("nodeName {name} passes the scheduler by, and the kubelet refuses the Pod: {}", reasons.join(", "))
    })
}
