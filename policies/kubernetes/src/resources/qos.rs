//! What the kubelet and the kernel make of a Pod's resources: its QoS class, and who is killed first.

use super::{ContainerResources, List, MEMORY, PodResources, Requirements};
use crate::aggregate::{self, ContainerKind, ResourceList};
use crate::quantity::Quantity;

/// A Pod's quality of service class, which decides who is evicted and killed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QosClass {
    /// Requests equal limits for CPU and memory, everywhere.
    Guaranteed,
    /// Something is requested or limited.
    Burstable,
    /// Nothing is.
    BestEffort,
}

impl std::fmt::Display for QosClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            QosClass::Guaranteed => "Guaranteed",
            QosClass::Burstable => "Burstable",
            QosClass::BestEffort => "BestEffort",
        })
    }
}

impl PodResources {
    /// The quality of service class (`ComputePodQOS` in `pkg/apis/core/v1/helper/qos`): only CPU and memory above
    /// zero count, and Pod-level resources, if there, decide alone.
    #[must_use]
    pub fn qos_class(&self) -> QosClass {
        let blocks: Vec<&Requirements> = match &self.pod_level {
            Some(level) => vec![&level.effective],
            None => self.containers.iter().map(|container| &container.effective).collect(),
        };
        let mut sums = [ResourceList::new(), ResourceList::new()];
        let mut all_limited = true;
        for block in &blocks {
            for (sum, list) in sums.iter_mut().zip([&block.requests, &block.limits]) {
                aggregate::add(sum, &compute(list));
            }
            // A Pod-level block without any limits does not speak against Guaranteed by itself.
            all_limited &= compute(&block.limits).len() == 2 || (self.pod_level.is_some() && block.limits.is_empty());
        }
        let [requests, limits] = sums;
        if requests.is_empty() && limits.is_empty() {
            QosClass::BestEffort
        } else if all_limited && requests == limits {
            QosClass::Guaranteed
        } else {
            QosClass::Burstable
        }
    }

    /// The `oom_score_adj` that the kubelet gives a container on a node with this much memory, in bytes
    /// (`GetContainerOOMScoreAdjust` in `pkg/kubelet/qos`). The kernel kills the highest first.
    #[must_use]
    pub fn oom_score_adj(&self, container: &ContainerResources, node_memory: i64) -> i64 {
        match self.qos_class() {
            QosClass::Guaranteed => return -997,
            QosClass::BestEffort => return 1000,
            QosClass::Burstable => {}
        }
        let request = |c: &ContainerResources| c.effective.requests.get(MEMORY).map_or(0, |quantity| quantity.value());
        // What the Pod level asks for beyond its containers is shared out evenly.
        let spare = self.pod_level.as_ref().and_then(|level| level.effective.requests.get(MEMORY)).map_or(0, |level| {
            let sum = self.aggregate(List::Requests).get(MEMORY).map_or(0, |quantity| quantity.value());
            level.value().saturating_sub(sum) / i64::try_from(self.containers.len()).unwrap_or(1).max(1)
        });
        let adjust = |request: i64| {
            let share = i128::from(request.saturating_add(spare)) * 1000 / i128::from(node_memory.max(1));
            i64::try_from(1000 - share).unwrap_or(i64::MIN)
        };
        let mut score = adjust(request(container));
        if container.kind == ContainerKind::Sidecar {
            let smallest = self.containers.iter().filter(|other| other.kind == ContainerKind::App).map(request).min();
            score = smallest.map_or(score, |smallest| score.min(adjust(smallest)));
        }
        match score {
            ..3 => 3,
            1000.. => 999,
            score => score,
        }
    }
}

/// The part of a list that decides the QoS class.
fn compute(list: &ResourceList) -> ResourceList {
    let counts = |name: &str, value: Quantity| matches!(name, "cpu" | "memory") && value > Quantity::ZERO;
    list.iter().filter(|(name, value)| counts(name, **value)).map(|(name, value)| (name.clone(), *value)).collect()
}
