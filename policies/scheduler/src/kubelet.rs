//! Pods that name their node: the scheduler never sees them, the kubelet has the only word.
use super::candidate::Candidate;
use super::cluster::{Cluster, Look};
use super::reason::Reason;
use super::situation::{Code, Situation};
use super::verdict::{Outcome, Verdict};

/// The verdict on a Pod with `spec.nodeName`: it is bound as soon as it is created, to a node that exists or not.
pub(super) fn bypassed<'a>(cluster: &'a Cluster, node: &str) -> Verdict<'a> {
    let node = cluster.nodes().find(node);
    let others: Vec<usize> = (0..cluster.nodes().len()).filter(|other| Some(*other) != node).collect();
    let bound = Outcome { reasons: Vec::new(), nodes: node.into_iter().collect() };
    let others = Outcome { reasons: vec![Reason::OtherNode], nodes: others };
    Verdict::new(cluster, [bound, others].into_iter().filter(|outcome| !outcome.nodes.is_empty()).collect())
}

/// Why the kubelet would turn a Pod away that is bound to a node, whoever bound it: no room, another node's name or
/// labels, a host port taken, a `NoExecute` taint (`canAdmitPod`, `generalFilter` in `pkg/kubelet/lifecycle`). Cordons
/// and `NoSchedule` taints are nothing to it.
#[must_use]
pub fn refused_by_kubelet(cluster: &Cluster, candidate: &Candidate, look: impl Into<Look>, node: usize) -> Vec<Reason> {
    let situation = Situation::new(cluster, candidate, look.into());
    let nodes = cluster.nodes();
    let mut reasons = situation.reasons(match situation.short(node) {
        0 => Code::Fits,
        short => Code::Short(short),
    });
    if candidate.node_name().is_some_and(|name| name != nodes.name(node)) {
        reasons.push(Reason::OtherNode);
    }
    if !candidate.node_affinity.matches(nodes.name(node), |key| nodes.label(node, key)) {
        reasons.push(Reason::NodeAffinity);
    }
    if situation.collides(node) {
        reasons.push(Reason::HostPorts);
    }
    let taints = &nodes.profiles()[nodes.profile_of(node)].taints;
    let evicting = candidate.tolerations.untolerated(taints).find(|taint| taint.effect == "NoExecute");
    reasons.extend(evicting.cloned().map(Reason::Taint));
    reasons
}
