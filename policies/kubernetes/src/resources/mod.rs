//! [`PodResources`]: what the containers of a Pod request and may use, as written and as it will be.
//!
//! The steps are the API server's on `kubectl apply` of a Pod, in its order: each container's missing requests
//! become its own limits, Pod-level requests are filled in (`SetDefaults_Pod`), LimitRanges write their defaults.
//! Templates are stored as written, so this is what will happen when a controller makes their Pods.

mod qos;
mod requirements;

use crate::aggregate::{self, ContainerKind, ResourceList};
use crate::limit_range::LimitRange;
use crate::path::FieldPath;
use crate::places::{ContainerPlace, Places};
use crate::quantity::Quantity;
use crate::reference::{Origin, Related};
use crate::validation::defaulting::{PodLists, read_list};
use crate::validation::is_overcommittable;
use crate::workload::Workload;

pub use qos::QosClass;
pub use requirements::{List, Requirements};

/// The resource that memlint is about.
pub const MEMORY: &str = "memory";

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

/// A value that a LimitRange wrote into a container.
#[derive(Debug, Clone)]
pub struct Defaulted {
    /// Index into [`PodResources::containers`].
    pub container: usize,
    /// Requests or limits.
    pub list: List,
    /// The resource's name.
    pub resource: String,
    /// Where the LimitRange was read.
    pub origin: Origin,
    /// The LimitRange's name.
    pub name: String,
    /// The field of the LimitRange that the value came from.
    pub at: FieldPath,
}

/// A request above its limit, which the API server refuses.
#[derive(Debug, Clone, PartialEq)]
pub struct Above {
    /// Index into [`PodResources::containers`]; `None` for the Pod as a whole.
    pub container: Option<usize>,
    /// The resource's name.
    pub resource: String,
    /// What is requested.
    pub request: Quantity,
    /// What is the limit.
    pub limit: Quantity,
    /// The place of the request, there or not.
    pub at: FieldPath,
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
        let written = PodLists::written(spec);
        let mut lists = written.clone();
        if defaulting == Defaulting::Simulate {
            lists.default_pod_resources();
        }
        let containers = workload.containers.iter().zip(workload.unreadable()).filter_map(|(place, unreadable)| {
            Some(ContainerResources {
                name: name(workload, place)?,
                kind: place.kind,
                at: place.at.clone(),
                resources_at: place.resources_at.clone(),
                written: Requirements::of(written.of(place)?),
                effective: Requirements::of(lists.of(place)?),
                unreadable,
            })
        });
        let pod_level = written.pod.as_ref().zip(lists.pod.as_ref()).map(|(written, lists)| PodLevel {
            at: workload.spec_at.key("resources"),
            written: Requirements::of(written),
            effective: Requirements::of(lists),
        });
        let overhead = match &spec.overhead {
            Some(written) => read_list(written),
            None => overhead.cloned().unwrap_or_default(),
        };
        let mut pod = Self { containers: containers.collect(), pod_level, overhead, defaulted: Vec::new() };
        if defaulting == Defaulting::Simulate {
            limit_ranges.iter().for_each(|limit_range| pod.fill_from(limit_range));
        }
        pod
    }

    /// Fills what the containers leave open, as the mutating half of the LimitRanger does.
    fn fill_from(&mut self, limit_range: &LimitRange) {
        for (list, resource, value, at) in limit_range.defaults() {
            for (index, container) in self.containers.iter_mut().enumerate() {
                let effective = container.effective.list_mut(list);
                // What could not be read may well have been a value of this very resource.
                if container.unreadable || effective.contains_key(resource) {
                    continue;
                }
                effective.insert(resource.to_owned(), value);
                self.defaulted.push(Defaulted {
                    container: index,
                    list,
                    resource: resource.to_owned(),
                    origin: limit_range.origin,
                    name: limit_range.name.clone(),
                    at: at.clone(),
                });
            }
        }
    }

    /// The containers by their places.
    pub fn places(&self) -> Places<'_, &ContainerResources> {
        Places::new(self.containers.iter().map(|container| (&container.at, container)))
    }

    /// Where an effective value of a container comes from: the LimitRange that set it, the limit that a request was
    /// copied from, the Pod level, or the container itself.
    #[must_use]
    pub fn source(&self, index: usize, list: List, resource: &str) -> Related {
        let container = self.containers.get(index);
        let written =
            |list: List| container.is_some_and(|container| container.written.list(list).contains_key(resource));
        let set = |list: List| {
            self.defaulted.iter().find(|set| set.container == index && set.list == list && set.resource == resource)
        };
        let what = list.noun();
        if let Some(set) = set(list) {
            let message = format!("LimitRange {} sets the {what} here", set.name);
            return Related { origin: Some(set.origin), at: set.at.clone(), message };
        }
        let (at, message) = match (container, &self.pod_level) {
            (Some(container), _) if written(list) => {
                (container.value_at(list, resource), format!("the {what} is set here"))
            }
            (Some(container), _) if list == List::Requests && written(List::Limits) => {
                (container.value_at(List::Limits, resource), "the request is taken from this limit".to_owned())
            }
            (_, Some(level)) => (level.at.keys(&[list.field(), resource]), format!("the Pod's {what} is set here")),
            (Some(container), None) => (container.value_at(list, resource), format!("the {what} belongs here")),
            (None, None) => (FieldPath::root(), String::new()),
        };
        Related { origin: None, at, message }
    }

    /// The effective values in the shape that validation takes.
    #[must_use]
    pub fn lists(&self) -> PodLists {
        let of = |apps: bool| {
            let some = self.containers.iter().filter(move |container| (container.kind == ContainerKind::App) == apps);
            some.map(|container| container.effective.lists()).collect()
        };
        let inits = self.containers.iter().filter(|container| container.kind != ContainerKind::App);
        PodLists {
            containers: of(true),
            init_containers: of(false),
            sidecars: inits.map(|container| container.kind == ContainerKind::Sidecar).collect(),
            pod: self.pod_level.as_ref().map(|level| level.effective.lists()),
        }
    }

    /// `spec.resources` as it is stored in the end: what LimitRanges gave to containers is in it too, for it is filled in
    /// again whenever the Pod is read.
    #[must_use]
    pub fn stored_pod_level(&self) -> Option<Requirements> {
        let mut lists = self.lists();
        lists.default_pod_resources();
        lists.pod.as_ref().map(Requirements::of)
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

    /// Every request above its limit, after all defaulting (`ValidateContainerResourceRequirements`).
    #[must_use]
    pub fn requests_above_limits(&self) -> Vec<Above> {
        let above = |container: Option<usize>, block: &Requirements, at: &FieldPath| -> Vec<Above> {
            let overcommittable = block.requests.iter().filter(|(resource, _)| is_overcommittable(resource));
            let pairs = overcommittable.filter_map(|(resource, request)| {
                let limit = block.limits.get(resource).filter(|limit| request > *limit)?;
                let at = at.keys(&[List::Requests.field(), resource]);
                Some(Above { container, resource: resource.clone(), request: *request, limit: *limit, at })
            });
            pairs.collect()
        };
        let containers = self.containers.iter().enumerate();
        let of_containers = containers.flat_map(|(index, c)| above(Some(index), &c.effective, &c.resources_at));
        let of_pod = self.pod_level.iter().flat_map(|level| above(None, &level.effective, &level.at));
        of_containers.chain(of_pod).collect()
    }
}

/// The container's name, or its place where it has none.
fn name(workload: &Workload, place: &ContainerPlace) -> Option<String> {
    let name = &workload.container(place)?.name;
    let nameless = || place.at.relative_to(&workload.spec_at).unwrap_or_default().to_string();
    Some(if name.is_empty() { nameless() } else { name.clone() })
}

/// The parsed overhead of a RuntimeClass.
#[must_use]
pub fn runtime_class_overhead(class: &k8s_openapi::api::node::v1::RuntimeClass) -> ResourceList {
    let fixed = class.overhead.as_ref().and_then(|overhead| overhead.pod_fixed.as_ref());
    fixed.map(read_list).unwrap_or_default()
}
