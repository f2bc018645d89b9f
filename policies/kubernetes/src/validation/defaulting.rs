//! What the API server fills in before it looks: requests from limits, and the values of the whole Pod.
//!
//! The source is `pkg/apis/core/v1/defaults.go`. It happens to Pods only: a template is stored as it was written, and
//! its values are filled in when a Pod is made of it. LimitRanges come later and are not the business of this file.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use super::names::{is_hugepage, is_overcommittable, is_pod_level};
use crate::aggregate::{self, ContainerKind, ResourceList};
use crate::places::ContainerPlace;
use crate::quantity::Quantity;

/// Requests and limits of one container, or of a Pod as a whole. `None` is a list that was not written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerLists {
    /// What is asked for.
    pub requests: Option<ResourceList>,
    /// What may be used.
    pub limits: Option<ResourceList>,
}

/// The requests and limits of a Pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodLists {
    /// Those of `spec.containers`.
    pub containers: Vec<ContainerLists>,
    /// Those of `spec.initContainers`.
    pub init_containers: Vec<ContainerLists>,
    /// Which of the init containers go on running beside the others (KEP-753).
    pub sidecars: Vec<bool>,
    /// Those of `spec.resources`.
    pub pod: Option<ContainerLists>,
}

impl ContainerLists {
    /// Requests and limits as written, rounded up to thousandths as every API server does. What is no quantity is
    /// left out.
    #[must_use]
    pub fn written(resources: Option<&ResourceRequirements>) -> Self {
        let list = |list: &Option<BTreeMap<String, ApiQuantity>>| list.as_ref().map(read_list);
        resources.map_or_else(Self::default, |r| Self { requests: list(&r.requests), limits: list(&r.limits) })
    }

    /// A request that is not given is as high as the limit.
    fn request_limits(&mut self) {
        let Some(limits) = &self.limits else { return };
        let requests = self.requests.get_or_insert_default();
        for (resource, limit) in limits {
            requests.entry(resource.clone()).or_insert(*limit);
        }
    }
}

/// Quantities as the API server reads and rounds them; what is no quantity is left out.
#[must_use]
pub fn read_list(list: &BTreeMap<String, ApiQuantity>) -> ResourceList {
    let read = |(resource, quantity): (&String, &ApiQuantity)| {
        Some((resource.clone(), Quantity::parse(&quantity.0).ok()?.round_up_to_milli()))
    };
    list.iter().filter_map(read).collect()
}

impl PodLists {
    /// The lists as written, of a template or of a Pod before anything is filled in.
    #[must_use]
    pub fn written(spec: &PodSpec) -> Self {
        let lists = |container: &Container| ContainerLists::written(container.resources.as_ref());
        let init_containers = spec.init_containers.as_deref().unwrap_or_default();
        Self {
            containers: spec.containers.iter().map(lists).collect(),
            init_containers: init_containers.iter().map(lists).collect(),
            sidecars: init_containers.iter().map(|c| c.restart_policy.as_deref() == Some("Always")).collect(),
            pod: spec.resources.as_ref().map(|resources| ContainerLists::written(Some(resources))),
        }
    }

    /// The lists of one container.
    #[must_use]
    pub(crate) fn of(&self, place: &ContainerPlace) -> Option<&ContainerLists> {
        match place.kind {
            ContainerKind::App => self.containers.get(place.index),
            ContainerKind::Init | ContainerKind::Sidecar => self.init_containers.get(place.index),
        }
    }

    /// The lists of a Pod as the API server completes them before any admission plugin (`SetDefaults_Pod`).
    #[must_use]
    pub fn defaulted(spec: &PodSpec) -> Self {
        let mut lists = Self::written(spec);
        lists.default_pod_resources();
        lists
    }

    /// Fills in what the API server fills in for a Pod: requests of containers from their limits; and where
    /// `spec.resources` is begun, its huge pages from the containers' limits, its requests from the containers'
    /// requests and else from its limits.
    pub fn default_pod_resources(&mut self) {
        self.containers.iter_mut().chain(&mut self.init_containers).for_each(ContainerLists::request_limits);
        let (requests, limits) = (self.aggregate_requests(), self.aggregate_limits());
        let Some(pod) = &mut self.pod else { return };
        let is_empty = |list: &Option<ResourceList>| list.as_ref().is_none_or(BTreeMap::is_empty);

        if !(is_empty(&pod.limits) && is_empty(&pod.requests)) {
            let asked = |resource: &String| pod.requests.as_ref().is_some_and(|list| list.contains_key(resource));
            let pages: ResourceList = limits.into_iter().filter(|(r, _)| is_hugepage(r) && !asked(r)).collect();
            fill(&mut pod.limits, pages);
        }
        if !is_empty(&pod.limits) {
            let asked = requests.into_iter().filter(|(r, _)| is_pod_level(r) && is_overcommittable(r)).collect();
            let limits = pod.limits.iter().flatten().filter(|(r, _)| is_pod_level(r));
            let limits = limits.map(|(resource, quantity)| (resource.clone(), *quantity)).collect();
            fill(&mut pod.requests, asked);
            fill(&mut pod.requests, limits);
        }
    }

    /// What all containers request together at the worst moment, init containers and sidecars included
    /// (`AggregateContainerRequests`), without `spec.resources` and overhead.
    #[must_use]
    pub fn aggregate_requests(&self) -> ResourceList {
        self.aggregate(|lists| lists.requests.as_ref())
    }

    /// The same of the limits (`AggregateContainerLimits`).
    #[must_use]
    pub fn aggregate_limits(&self) -> ResourceList {
        self.aggregate(|lists| lists.limits.as_ref())
    }

    fn aggregate(&self, list: impl Fn(&ContainerLists) -> Option<&ResourceList>) -> ResourceList {
        let apps = self.containers.iter().map(|lists| (ContainerKind::App, lists));
        let inits = self.init_containers.iter().zip(self.sidecars.iter().chain(std::iter::repeat(&false)));
        let inits =
            inits.map(|(lists, sidecar)| (if *sidecar { ContainerKind::Sidecar } else { ContainerKind::Init }, lists));
        let all = apps.chain(inits).filter_map(|(kind, lists)| Some((kind, list(lists)?)));
        aggregate::aggregate(all)
    }
}

fn fill(list: &mut Option<ResourceList>, values: ResourceList) {
    for (resource, quantity) in values {
        list.get_or_insert_default().entry(resource).or_insert(quantity);
    }
}
