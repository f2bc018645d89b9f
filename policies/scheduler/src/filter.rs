//! [`filter`]: the scheduler's filters in the scheduler's order, each node out at the first that refuses it.
use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::cluster::{Cluster, Look};
use super::kubelet::bypassed;
use super::node_affinity::Names;
use super::reason::Reason;
use super::situation::{Code, RESOURCES, Situation};
use super::verdict::{Outcome, Refused, Verdict};

/// Asks where a Pod may go.
///
/// A Pod that names its node is bound to it without being looked at, so that is the answer if there is such a node;
/// see [`super::refused_by_kubelet`] for what becomes of it there.
#[must_use]
pub fn filter<'a>(cluster: &'a Cluster, candidate: &'a Candidate, look: impl Into<Look>) -> Verdict<'a> {
    if let Some(node) = candidate.node_name() {
        return bypassed(cluster, node);
    }
    if candidate.gated {
        return Verdict::refused(cluster, Refused::Gated);
    }
    if *candidate.node_affinity.names() == Names::Conflict {
        return Verdict::refused(cluster, Refused::Conflict);
    }
    Situation::new(cluster, candidate, look.into()).verdict()
}

impl<'a> Situation<'a> {
    /// Judges all nodes that the scheduler would look at.
    pub(super) fn verdict(&self) -> Verdict<'a> {
        let mut by_code: BTreeMap<Code, Vec<usize>> = BTreeMap::new();
        let mut run: Option<(Code, Vec<usize>)> = None;
        for node in 0..self.cluster.nodes.len() {
            let code = self.judge(node);
            // Neighbours by name are mostly alike: gather runs before looking up where they belong.
            match &mut run {
                Some((same, nodes)) if *same == code => nodes.push(node),
                _ => {
                    if let Some((code, nodes)) = run.replace((code, vec![node])) {
                        by_code.entry(code).or_default().extend(nodes);
                    }
                }
            }
        }
        if let Some((code, nodes)) = run {
            by_code.entry(code).or_default().extend(nodes);
        }
        let outcomes = by_code.into_iter().map(|(code, nodes)| Outcome { reasons: self.reasons(code), nodes });
        Verdict::new(self.cluster, outcomes.collect())
    }

    /// The reasons that a code stands for.
    pub(super) fn reasons(&self, code: Code) -> Vec<Reason> {
        let reason = match code {
            Code::Fits => return Vec::new(),
            Code::Cordoned => Reason::Cordoned,
            Code::OtherNode => Reason::OtherNode,
            Code::Tainted(profile) => match self.standings[profile].taint {
                Some(taint) => Reason::Taint(taint.clone()),
                None => return Vec::new(),
            },
            Code::Unwanted => Reason::NodeAffinity,
            Code::NotNamed => Reason::NotNamed,
            Code::Ports => Reason::HostPorts,
            Code::Short(bits) => {
                let pods = (bits & 1 != 0).then_some(Reason::TooManyPods);
                let names = self.candidate.requests.iter().take(RESOURCES).enumerate();
                let short = names.filter(|(index, _)| bits & (2 << index) != 0);
                return pods
                    .into_iter()
                    .chain(short.map(|(_, (name, _))| Reason::Insufficient(name.clone())))
                    .collect();
            }
            Code::Uneven => Reason::Spread,
            Code::NoDomain => Reason::SpreadLabel,
            Code::Lacking => Reason::PodAffinity,
            Code::Disliked => Reason::PodAntiAffinity,
            Code::Repelled => Reason::ExistingAntiAffinity,
        };
        vec![reason]
    }
}
