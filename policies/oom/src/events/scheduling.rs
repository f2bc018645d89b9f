//! The scheduler's `0/3 nodes are available: ..` sentence (pkg/scheduler/framework/types.go `FitError`).

use super::super::text::{after, leading};

/// What the scheduler said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scheduling {
    /// How many nodes there are.
    pub nodes: u64,
    /// Why nodes were turned down. One node may count for several reasons.
    pub reasons: Vec<Reason>,
    /// A reason that concerns the Pod itself, not nodes (such as an unbound volume claim).
    pub pod_reason: Option<String>,
    /// Why preemption would not help, where the scheduler says so.
    pub preemption: Vec<Reason>,
}

/// A reason and the number of nodes that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// How many nodes.
    pub count: u64,
    /// The scheduler's words, without a full stop.
    pub text: String,
}

/// Reads a message; `None` if it has another shape.
pub(super) fn read(message: &str) -> Option<Scheduling> {
    let (main, preemption) = match message.split_once(" preemption: ") {
        Some((main, preemption)) => (main, Some(preemption)),
        None => (message, None),
    };
    let (before, list) = main.split_once(" nodes are available: ")?;
    let nodes = leading(before.rsplit_once("0/")?.1)?.0;
    let reasons = reasons(list);
    let preemption = preemption.map(|text| after(text, " nodes are available: ").unwrap_or(text));
    Some(Scheduling {
        nodes,
        pod_reason: reasons.is_empty().then(|| stop(list).to_owned()).filter(|text| !text.is_empty()),
        reasons,
        preemption: preemption.map(self::reasons).unwrap_or_default(),
    })
}

/// Splits at `, <digits> `: a reason may hold commas of its own.
fn reasons(list: &str) -> Vec<Reason> {
    let mut found: Vec<Reason> = Vec::new();
    for part in list.split(", ") {
        match leading(part) {
            Some((count, rest)) if rest.starts_with(' ') => {
                found.push(Reason { count, text: rest.trim_start().to_owned() });
            }
            _ => match found.last_mut() {
                Some(last) => {
                    last.text.push_str(", ");
                    last.text.push_str(part);
                }
                None => return found,
            },
        }
    }
    for reason in &mut found {
        reason.text = stop(&reason.text).to_owned();
    }
    found
}

fn stop(text: &str) -> &str {
    text.trim_end_matches(['.', ',', ' '])
}

impl Scheduling {
    /// How many nodes gave a reason with these words in it.
    pub fn count_of(&self, words: &str) -> u64 {
        count(&self.reasons, words)
    }

    /// The rules that find this in review. `Insufficient memory` alone does not say whether an empty node would
    /// do; preemption does: it is "not helpful" where even an empty node is too small.
    pub(super) fn rules(&self) -> Vec<&'static str> {
        let resources = self.count_of("Insufficient ");
        if resources > 0 {
            let victims = count(&self.preemption, "No preemption victims");
            let hopeless = count(&self.preemption, "Preemption is not helpful");
            return if victims > 0 {
                vec!["does-not-fit-now", "replicas-do-not-fit", "rollout-does-not-fit"]
            } else if hopeless > 0 && hopeless >= self.nodes {
                vec!["never-fits"]
            } else {
                vec!["never-fits", "does-not-fit-now", "replicas-do-not-fit", "rollout-does-not-fit"]
            };
        }
        if self.count_of("Too many pods") > 0 {
            return vec!["does-not-fit-now"];
        }
        let eligibility = ["taint", "node affinity", "node selector", "unschedulable", "requested node name"];
        if eligibility.iter().any(|words| self.count_of(words) > 0) {
            return vec!["no-eligible-node"];
        }
        Vec::new()
    }
}

fn count(reasons: &[Reason], words: &str) -> u64 {
    reasons.iter().filter(|reason| reason.text.contains(words)).fold(0, |sum, reason| sum.saturating_add(reason.count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammar_of_each_release() {
        let now = read("0/5 nodes are available: 2 node(s) had untolerated taint {a: b, c}, 3 Insufficient cpu, 3 Insufficient memory. preemption: 0/5 nodes are available: 2 Preemption is not helpful for scheduling, 3 No preemption victims found for incoming pod.").unwrap();
        assert_eq!((now.nodes, now.reasons.len(), now.preemption.len()), (5, 3, 2));
        assert_eq!(now.reasons[0].text, "node(s) had untolerated taint {a: b, c}");
        assert_eq!(now.count_of("Insufficient memory"), 3);
        assert_eq!(now.rules()[0], "does-not-fit-now");
        let never = read("0/2 nodes are available: 2 Insufficient memory. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling..").unwrap();
        assert_eq!(
            (never.rules(), never.preemption[0].text.as_str()),
            (vec!["never-fits"], "Preemption is not helpful for scheduling")
        );
        let old = read("0/2 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable.").unwrap();
        assert_eq!(old.rules(), ["never-fits", "does-not-fit-now", "replicas-do-not-fit", "rollout-does-not-fit"]);
        let taint = read("0/1 nodes are available: 1 node(s) had taint {k: v}, that the pod didn't tolerate.").unwrap();
        assert_eq!(taint.reasons.len(), 1);
        assert_eq!(taint.rules(), ["no-eligible-node"]);
        let claim = read("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.").unwrap();
        assert_eq!(claim.pod_reason.as_deref(), Some("pod has unbound immediate PersistentVolumeClaims"));
        assert_eq!(read("no nodes available to schedule pods"), None);
    }
}
