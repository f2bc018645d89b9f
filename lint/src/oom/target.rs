//! Which `resources` block a change goes to, a container's or the whole Pod's (KEP-2837), the patch that makes it, and
//! whether the API server would take it.
use k8s_openapi::api::core::v1 as core;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::places::ContainerPlace;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::resources::{Defaulting, List, MEMORY, PodResources};
use memlint_kubernetes::validation::validate;
use memlint_kubernetes::workload::Workload;
use memlint_oom::{Kill, Level};

/// A `resources` block.
pub(super) struct Target {
    /// Its place, there or not.
    pub(super) at: FieldPath,
    written: Option<core::ResourceRequirements>,
    /// Whose it is; `None` for the whole Pod.
    container: Option<ContainerPlace>,
}

/// The block that decided about a kill: the Pod's where it is written, and the container has no limit of its own.
pub(super) fn target(workload: &Workload, place: &ContainerPlace, kill: &Kill) -> Target {
    let own = workload.container(place).and_then(|container| container.resources.clone());
    let of_pod = workload.spec().resources.clone().filter(is_about_memory);
    let has_limit = own.as_ref().and_then(|own| memory(own, List::Limits)).is_some();
    match of_pod {
        Some(written) if !has_limit || kill.level != Some(Level::Container) => {
            Target { at: workload.spec_at.key("resources"), written: Some(written), container: None }
        }
        _ => Target { at: place.resources_at.clone(), written: own, container: Some(place.clone()) },
    }
}

/// Whether a block says anything of memory.
pub(super) fn is_about_memory(resources: &core::ResourceRequirements) -> bool {
    [List::Requests, List::Limits].into_iter().any(|list| memory(resources, list).is_some())
}

/// The memory in a list of a block, in bytes.
pub(super) fn memory(resources: &core::ResourceRequirements, list: List) -> Option<u64> {
    let list = match list {
        List::Requests => resources.requests.as_ref(),
        List::Limits => resources.limits.as_ref(),
    };
    let quantity = Quantity::parse(&list?.get(MEMORY)?.0).ok()?;
    u64::try_from(quantity.value()).ok().filter(|bytes| *bytes > 0)
}

impl Target {
    /// The memory that is written there, in bytes.
    pub(super) fn memory(&self, list: List) -> Option<u64> {
        memory(self.written.as_ref()?, list)
    }

    /// Whether it is the whole Pod's.
    pub(super) fn is_of_pod(&self) -> bool {
        self.container.is_none()
    }

    /// Whether the API server would take the workload with new values, or refuses it already.
    pub(super) fn accepts(&self, workload: &Workload, proposal: Proposal) -> bool {
        let mut changed = workload.clone();
        let Some(spec) = changed.template.spec.as_mut() else { return false };
        let resources = match &self.container {
            None => Some(&mut spec.resources),
            Some(place) => {
                let name = workload.container(place).map(|container| container.name.as_str());
                let all = spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten());
                let own = all.into_iter().find(|container| Some(container.name.as_str()) == name);
                own.map(|container| &mut container.resources)
            }
        };
        let Some(resources) = resources else { return false };
        let resources = resources.get_or_insert_default();
        let lists = [(proposal.request, &mut resources.requests), (proposal.limit, &mut resources.limits)];
        for (bytes, list) in lists {
            if let Some(bytes) = bytes {
                let value = k8s_openapi::apimachinery::pkg::api::resource::Quantity(quantity(bytes));
                list.get_or_insert_default().insert(MEMORY.to_owned(), value);
            }
        }
        refusals(&changed) <= refusals(workload)
    }

    /// The JSON patch on the object as written: it makes the maps that are missing.
    pub(super) fn patch(&self, proposal: Proposal) -> Option<json_patch::Patch> {
        let written = self.written.as_ref();
        let lists = [
            (List::Requests, proposal.request, written.and_then(|each| each.requests.as_ref())),
            (List::Limits, proposal.limit, written.and_then(|each| each.limits.as_ref())),
        ];
        let mut operations = Vec::new();
        if written.is_none() {
            operations.push(serde_json::json!({"op": "add", "path": self.at.to_pointer(), "value": {}}));
        }
        for (list, bytes, present) in lists {
            let Some(bytes) = bytes else { continue };
            let at = self.at.key(list.field());
            let value = quantity(bytes);
            operations.push(match present {
                None => serde_json::json!({"op": "add", "path": at.to_pointer(), "value": {"memory": value}}),
                Some(list) => {
                    let op = if list.contains_key("memory") { "replace" } else { "add" };
                    serde_json::json!({"op": op, "path": at.key("memory").to_pointer(), "value": value})
                }
            });
        }
        serde_json::from_value(operations.into()).ok()
    }
}

/// How much the API server would refuse of a workload.
fn refusals(workload: &Workload) -> usize {
    let pod = PodResources::new(workload, &[], None, Defaulting::Simulate);
    validate(workload, &pod).len().saturating_add(pod.requests_above_limits().len())
}

/// New values for one container, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proposal {
    /// The memory request, where it has to change.
    pub(super) request: Option<u64>,
    /// The memory limit, where it has to change.
    pub(super) limit: Option<u64>,
}

/// A byte count as it is written in a manifest.
pub(super) fn quantity(bytes: u64) -> String {
    Quantity::bytes(i64::try_from(bytes).unwrap_or(i64::MAX)).to_string()
}
