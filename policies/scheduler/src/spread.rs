//! [`Spread`]: a topology spread constraint that must hold (`whenUnsatisfiable: DoNotSchedule`).
//!
//! Constraints that are only wishes, the cluster's defaults among them, never keep a Pod from a node.

use k8s_openapi::api::core::v1 as api;

use super::selector::{Labels, Requirement, Selector};

/// A constraint, as the scheduler's plugin PodTopologySpread compiles it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spread {
    /// The label whose values are the domains.
    pub(super) topology_key: String,
    /// By how much a domain may exceed the emptiest.
    pub(super) max_skew: i64,
    /// With fewer domains than this, the emptiest counts as empty.
    pub(super) min_domains: i64,
    /// Which Pods are counted.
    pub(super) selector: Selector,
    /// Whether the Pod itself is one of them.
    pub(super) counts_itself: bool,
    /// Whether only nodes that its node affinity allows make up the domains (the default).
    pub(super) honors_affinity: bool,
    /// Whether only nodes whose taints it tolerates do (not the default).
    pub(super) honors_taints: bool,
}

impl Spread {
    /// The constraints of a Pod.
    pub(super) fn of_pod(spec: &api::PodSpec, labels: &Labels) -> Vec<Self> {
        let all = spec.topology_spread_constraints.iter().flatten();
        let hard = all.filter(|constraint| constraint.when_unsatisfiable == "DoNotSchedule");
        hard.map(|constraint| Self::read(constraint, labels)).collect()
    }

    fn read(constraint: &api::TopologySpreadConstraint, labels: &Labels) -> Self {
        let mut selector = Selector::read(constraint.label_selector.as_ref());
        for key in constraint.match_label_keys.iter().flatten() {
            if let Some(value) = labels.get(key) {
                selector = selector.and(Requirement::equals(key, value));
            }
        }
        let honors = |policy: &Option<String>, default: &str| policy.as_deref().unwrap_or(default) == "Honor";
        Self {
            topology_key: constraint.topology_key.clone(),
            max_skew: i64::from(constraint.max_skew),
            min_domains: i64::from(constraint.min_domains.unwrap_or(1)),
            counts_itself: selector.matches(labels),
            honors_affinity: honors(&constraint.node_affinity_policy, "Honor"),
            honors_taints: honors(&constraint.node_taints_policy, "Ignore"),
            selector,
        }
    }

    /// Whether Pods that are there count at all: a selector that asks for nothing counts none of them, though it
    /// matches the Pod itself (`countPodsMatchSelector`).
    pub(super) fn counts_others(&self) -> bool {
        !self.selector.is_everything()
    }

    /// Whether one more Pod is allowed in a domain that has `here`, where the emptiest of `domains` has `least`.
    pub(super) fn allows(&self, here: i64, least: Option<i64>, domains: i64) -> bool {
        let least = if domains < self.min_domains { 0 } else { least.unwrap_or(i64::from(i32::MAX)) };
        here + i64::from(self.counts_itself) - least <= self.max_skew
    }
}
