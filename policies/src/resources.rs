//! [`PodResources`]: what the containers of a Pod request and may use, as written and as it will be.
//!
//! The steps are the API server's on `kubectl apply` of a Pod, in its order: each container's missing requests
//! become its own limits, Pod-level requests are filled in (`SetDefaults_Pod`), LimitRanges write their defaults.
//! Templates are stored as written, so this is what will happen when a controller makes their Pods.

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use crate::aggregate::{self, ContainerKind, ResourceList};
use crate::limit_range::{Defaulted, LimitRange};
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::workload::Workload;

/// The resource that memlint is about.
pub const MEMORY: &str = "memory";

/// One of the two lists of a `resources` block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// `requests`: what the scheduler counts.
    Requests,
    /// `limits`: what the kernel enforces.
    Limits,
}

impl List {
    /// The field's name.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            List::Requests => "requests",
            List::Limits => "limits",
        }
    }
}

/// The two lists of a `resources` block.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Requirements {
    /// What is asked for.
    pub requests: ResourceList,
    /// What may be used.
    pub limits: ResourceList,
}

impl Requirements {
    /// One of the lists.
    #[must_use]
    pub fn list(&self, list: List) -> &ResourceList {
        match list {
            List::Requests => &self.requests,
            List::Limits => &self.limits,
        }
    }

    pub(crate) fn list_mut(&mut self, list: List) -> &mut ResourceList {
        match list {
            List::Requests => &mut self.requests,
            List::Limits => &mut self.limits,
        }
    }

    fn new(requests: Option<&WrittenList>, limits: Option<&WrittenList>) -> Self {
        Self { requests: read(requests), limits: read(limits) }
    }
}

type WrittenList = std::collections::BTreeMap<String, Written>;

/// Quantities that the API server would refuse are left out: `invalid-quantity` speaks of them.
fn read(list: Option<&WrittenList>) -> ResourceList {
    let parse = |(name, text): (&String, &Written)| Some((name.clone(), Quantity::parse(&text.0).ok()?));
    list.into_iter().flatten().filter_map(parse).map(|(name, quantity)| (name, quantity.round_up_to_milli())).collect()
}

/// The resources of one container.
#[derive(Debug, Clone)]
pub struct ContainerResources {
    /// The container's name.
    pub name: String,
    /// Application container, init container or sidecar.
    pub kind: ContainerKind,
    /// The container's place in its object.
    pub at: FieldPath,
    /// The place of its `resources` block, there or not.
    pub resources_at: FieldPath,
    /// The values as written, rounded up to thousandths as the API server stores them.
    pub written: Requirements,
    /// The values after all defaulting.
    pub effective: Requirements,
    /// Part of the block could not be read, so that a missing value is not known to be missing.
    pub unreadable: bool,
}

impl ContainerResources {
    /// The effective memory request in bytes; zero counts as missing, as it does for the kubelet.
    #[must_use]
    pub fn memory(&self, list: List) -> Option<Quantity> {
        self.effective.list(list).get(MEMORY).copied().filter(|quantity| !quantity.is_zero())
    }

    /// The place of one value, there or not.
    #[must_use]
    pub fn value_at(&self, list: List, resource: &str) -> FieldPath {
        self.resources_at.keys(&[list.field(), resource])
    }
}

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

/// The resources of a Pod.
#[derive(Debug, Clone)]
pub struct PodResources {
    /// Application containers, then init containers, each in their order.
    pub containers: Vec<ContainerResources>,
    /// `spec.resources` as written and after defaulting, if it is there.
    pub pod_level: Option<PodLevel>,
    /// What the RuntimeClass adds, or `spec.overhead` where that is written.
    pub overhead: ResourceList,
    /// What LimitRanges wrote into containers.
    pub defaulted: Vec<Defaulted>,
}

/// `spec.resources` (KEP-2837).
#[derive(Debug, Clone)]
pub struct PodLevel {
    /// The place of the block.
    pub at: FieldPath,
    /// The values as written.
    pub written: Requirements,
    /// The values after defaulting.
    pub effective: Requirements,
}

/// Whether a Pod has been through the API server's defaulting already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defaulting {
    /// It has not: a manifest, a template.
    Simulate,
    /// It has: what a webhook is sent.
    Done,
}

impl PodResources {
    /// What a workload's Pods will request and may use, under the LimitRanges of their namespace.
    ///
    /// `overhead` is that of the RuntimeClass the Pod names; `spec.overhead` goes before it.
    #[must_use]
    pub fn new(
        workload: &Workload,
        limit_ranges: &[&LimitRange],
        overhead: Option<&ResourceList>,
        defaulting: Defaulting,
    ) -> Self {
        let spec = workload.spec();
        let containers = workload.containers.iter().filter_map(|place| {
            let container = workload.container(place)?;
            let resources = container.resources.as_ref();
            let written = Requirements::new(
                resources.and_then(|r| r.requests.as_ref()),
                resources.and_then(|r| r.limits.as_ref()),
            );
            Some(ContainerResources {
                name: container.name.clone(),
                kind: place.kind,
                at: place.at.clone(),
                resources_at: place.resources_at.clone(),
                effective: written.clone(),
                written,
                unreadable: workload.is_unreadable(place),
            })
        });
        let pod_level = spec.resources.as_ref().map(|resources| {
            let written = Requirements::new(resources.requests.as_ref(), resources.limits.as_ref());
            PodLevel { at: workload.spec_at.key("resources"), effective: written.clone(), written }
        });
        let overhead = match &spec.overhead {
            Some(written) => read(Some(written)),
            None => overhead.cloned().unwrap_or_default(),
        };
        let mut pod = Self { containers: containers.collect(), pod_level, overhead, defaulted: Vec::new() };
        if defaulting == Defaulting::Simulate {
            pod.default_requests();
            limit_ranges.iter().for_each(|limit_range| limit_range.apply(&mut pod));
        }
        pod
    }

    /// `SetDefaults_Pod`: requests from limits in each container, then the Pod level.
    fn default_requests(&mut self) {
        for container in &mut self.containers {
            for (name, limit) in &container.effective.limits {
                container.effective.requests.entry(name.clone()).or_insert(*limit);
            }
        }
        let (requests, limits) = (self.aggregate(List::Requests), self.aggregate(List::Limits));
        let Some(level) = self.pod_level.as_mut().map(|level| &mut level.effective) else { return };
        if !level.limits.is_empty() || !level.requests.is_empty() {
            for (name, value) in limits.iter().filter(|(name, _)| name.starts_with("hugepages-")) {
                level.limits.entry(name.clone()).or_insert(*value);
            }
        }
        if level.limits.is_empty() {
            return;
        }
        for (name, value) in requests.iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory")) {
            level.requests.entry(name.clone()).or_insert(*value);
        }
        for (name, value) in level.limits.iter().filter(|(name, _)| aggregate::is_pod_level_resource(name)) {
            level.requests.entry(name.clone()).or_insert(*value);
        }
    }

    /// The Pod-level memory request or limit; zero counts as missing.
    #[must_use]
    pub fn pod_level_memory(&self, list: List) -> Option<Quantity> {
        let level = self.pod_level.as_ref()?;
        level.effective.list(list).get(MEMORY).copied().filter(|quantity| !quantity.is_zero())
    }

    /// The containers' values put together by the rule of KEP-753: the larger of what runs together and what any
    /// init container needs, per resource.
    #[must_use]
    pub fn aggregate(&self, list: List) -> ResourceList {
        aggregate::aggregate(self.containers.iter().map(|c| (c.kind, c.effective.list(list))))
    }

    /// What the Pod requests and may use, without overhead: what a LimitRange of type Pod looks at.
    #[must_use]
    pub fn without_overhead(&self) -> (ResourceList, ResourceList) {
        let total = |list| {
            let mut total = self.aggregate(list);
            if let Some(level) = &self.pod_level {
                let own = level.effective.list(list).iter().filter(|(name, _)| aggregate::is_pod_level_resource(name));
                total.extend(own.map(|(name, value)| (name.clone(), *value)));
            }
            total
        };
        (total(List::Requests), total(List::Limits))
    }

    /// What the scheduler counts for the Pod (`PodRequests` in component-helpers).
    #[must_use]
    pub fn requests(&self) -> ResourceList {
        let mut total = self.without_overhead().0;
        for (name, overhead) in &self.overhead {
            let entry = total.entry(name.clone()).or_default();
            *entry = *entry + *overhead;
        }
        total
    }

    /// What the Pod may use (`PodLimits`): overhead counts only where there is a limit.
    #[must_use]
    pub fn limits(&self) -> ResourceList {
        let mut total = self.without_overhead().1;
        for (name, overhead) in &self.overhead {
            if let Some(limit) = total.get_mut(name).filter(|limit| !limit.is_zero()) {
                *limit = *limit + *overhead;
            }
        }
        total
    }

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

/// The parsed overhead of a RuntimeClass.
#[must_use]
pub fn runtime_class_overhead(class: &k8s_openapi::api::node::v1::RuntimeClass) -> ResourceList {
    read(class.overhead.as_ref().and_then(|overhead| overhead.pod_fixed.as_ref()))
}

/// The effective request and limit lists of `spec.resources` for callers that hold a typed block.
#[must_use]
pub fn requirements(block: &core::ResourceRequirements) -> Requirements {
    Requirements::new(block.requests.as_ref(), block.limits.as_ref())
}
