//! LimitRange: the defaults it writes into a Pod, and what it refuses.
//!
//! Source: `plugin/pkg/admission/limitranger/admission.go` and `SetDefaults_LimitRangeItem` in
//! `pkg/apis/core/v1/defaults.go`.

mod bounds;
mod contradictions;

use k8s_openapi::api::core::v1 as core;

use crate::aggregate::ResourceList;
use crate::measure::Measure;
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::reference::Origin;
use crate::resources::{List, PodResources};
use bounds::{broken_max, broken_min, broken_ratio};

pub use contradictions::contradictions;

/// A LimitRange of one namespace, its own defaulting done.
#[derive(Debug, Clone)]
pub struct LimitRange {
    /// The object's name.
    pub name: String,
    /// Where it was read, for related locations.
    pub origin: Origin,
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
struct Item {
    scope: Scope,
    index: usize,
    default: ResourceList,
    default_request: ResourceList,
    min: ResourceList,
    max: ResourceList,
    max_ratio: ResourceList,
}

/// What an item of a LimitRange speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Each container and init container by itself.
    Container,
    /// The Pod's aggregate, without overhead.
    Pod,
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

/// One constraint that a Pod breaks.
#[derive(Debug, Clone)]
pub struct Violation {
    /// The API server's own words.
    pub message: String,
    /// Index into [`PodResources::containers`]; `None` for the Pod's aggregate.
    pub container: Option<usize>,
    /// The resource's name.
    pub resource: String,
    /// The list whose value is at fault.
    pub list: List,
    /// What the LimitRange demands.
    pub enforced: Quantity,
    /// Which kind of constraint it is.
    pub constraint: Constraint,
    /// How far beyond the constraint it is.
    pub measure: Measure,
    /// Where the LimitRange was read.
    pub origin: Origin,
    /// The LimitRange's name.
    pub name: String,
    /// The field of the LimitRange that is broken.
    pub at: FieldPath,
}

/// The kinds of constraints of a LimitRange item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// `min`
    Min,
    /// `max`
    Max,
    /// `maxLimitRequestRatio`
    MaxRatio,
}

impl Constraint {
    /// The field's name.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Constraint::Min => "min",
            Constraint::Max => "max",
            Constraint::MaxRatio => "maxLimitRequestRatio",
        }
    }
}

impl LimitRange {
    /// Reads a LimitRange as the API server would have stored it. Quantities that it would refuse are left out.
    #[must_use]
    pub fn new(object: &core::LimitRange, origin: Origin) -> Self {
        let limits = object.spec.as_ref().map(|spec| spec.limits.as_slice()).unwrap_or_default();
        let items = limits.iter().enumerate().filter_map(|(index, item)| Item::new(index, item)).collect();
        Self { name: object.metadata.name.clone().unwrap_or_default(), origin, items }
    }

    /// Fills what the containers leave open, limits first, as the mutating half of the LimitRanger does.
    pub fn apply(&self, pod: &mut PodResources) {
        for list in [List::Limits, List::Requests] {
            // Of several items the later one overwrites the earlier.
            let mut defaults: Vec<(&String, Quantity, FieldPath)> = Vec::new();
            for item in self.items.iter().filter(|item| item.scope == Scope::Container) {
                let source = if list == List::Limits { &item.default } else { &item.default_request };
                for (resource, value) in source {
                    defaults.retain(|(known, ..)| *known != resource);
                    defaults.push((resource, *value, item.default_at(list, resource)));
                }
            }
            for (resource, value, at) in defaults {
                for index in 0..pod.containers.len() {
                    let Some(container) = pod.containers.get_mut(index) else { continue };
                    let effective = container.effective.list_mut(list);
                    // What could not be read may well have been a value of this very resource.
                    if container.unreadable || effective.contains_key(resource) {
                        continue;
                    }
                    effective.insert(resource.clone(), value);
                    pod.defaulted.push(Defaulted {
                        container: index,
                        list,
                        resource: resource.clone(),
                        origin: self.origin,
                        name: self.name.clone(),
                        at: at.clone(),
                    });
                }
            }
        }
    }

    /// Every constraint that the Pod breaks, in the order of the items, containers before init containers.
    #[must_use]
    pub fn violations(&self, pod: &PodResources) -> Vec<Violation> {
        let mut violations = Vec::new();
        for item in &self.items {
            match item.scope {
                Scope::Container => {
                    for (index, container) in pod.containers.iter().enumerate() {
                        let lists = (&container.effective.requests, &container.effective.limits);
                        self.check(item, Some(index), lists, &mut violations);
                    }
                }
                Scope::Pod => {
                    let (requests, limits) = pod.without_overhead();
                    self.check(item, None, (&requests, &limits), &mut violations);
                }
            }
        }
        violations
    }

    fn check(
        &self,
        item: &Item,
        container: Option<usize>,
        lists: (&ResourceList, &ResourceList),
        out: &mut Vec<Violation>,
    ) {
        let scope = if item.scope == Scope::Container { "Container" } else { "Pod" };
        for (constraint, enforced) in
            [(Constraint::Min, &item.min), (Constraint::Max, &item.max), (Constraint::MaxRatio, &item.max_ratio)]
        {
            for (resource, enforced) in enforced {
                let request = lists.0.get(resource).copied();
                let limit = lists.1.get(resource).copied();
                let broken = match constraint {
                    Constraint::Min => broken_min(*enforced, request, limit),
                    Constraint::Max => broken_max(*enforced, request, limit),
                    Constraint::MaxRatio => broken_ratio(*enforced, request, limit),
                };
                let Some((list, how)) = broken else { continue };
                let message = match constraint {
                    Constraint::Min => format!("minimum {resource} usage per {scope} is {enforced}{how}"),
                    Constraint::Max => format!("maximum {resource} usage per {scope} is {enforced}{how}"),
                    Constraint::MaxRatio => {
                        format!("{resource} max limit to request ratio per {scope} is {enforced}{how}")
                    }
                };
                out.push(Violation {
                    message,
                    container,
                    resource: resource.clone(),
                    list,
                    enforced: *enforced,
                    constraint,
                    measure: beyond(constraint, *enforced, request, limit),
                    origin: self.origin,
                    name: self.name.clone(),
                    at: item.at().keys(&[constraint.field(), resource]),
                });
            }
        }
    }
}

/// How far the values are beyond a constraint that they break. No request is one of nothing, no limit has no bound.
fn beyond(constraint: Constraint, enforced: Quantity, request: Option<Quantity>, limit: Option<Quantity>) -> Measure {
    let least = |request: Quantity| limit.map_or(request, |limit| limit.min(request));
    match constraint {
        Constraint::Min => Measure::above(enforced, least(request.unwrap_or_default())),
        Constraint::Max => {
            let most = limit.map(|limit| request.map_or(limit, |request| request.max(limit)));
            most.map_or(Measure::UNBOUNDED, |most| Measure::above(most, enforced))
        }
        Constraint::MaxRatio => match limit.filter(|limit| !limit.is_zero()) {
            Some(limit) => Measure::ratio(limit, request.unwrap_or_default()),
            None => Measure::UNBOUNDED,
        },
    }
}

impl Item {
    fn new(index: usize, item: &core::LimitRangeItem) -> Option<Self> {
        let scope = match item.type_.as_str() {
            "Container" => Scope::Container,
            "Pod" => Scope::Pod,
            _ => return None,
        };
        let mut new = Self {
            scope,
            index,
            default: list(item.default.as_ref()),
            default_request: list(item.default_request.as_ref()),
            min: list(item.min.as_ref()),
            max: list(item.max.as_ref()),
            max_ratio: list(item.max_limit_request_ratio.as_ref()),
        };
        if scope == Scope::Container {
            fill(&mut new.default, &new.max);
            fill(&mut new.default_request, &new.default);
            fill(&mut new.default_request, &new.min);
        }
        Some(new)
    }

    fn at(&self) -> FieldPath {
        FieldPath::of(&["spec", "limits"]).index(self.index)
    }

    /// The field that a default stands in or was itself defaulted to.
    fn default_at(&self, list: List, resource: &str) -> FieldPath {
        let field = if list == List::Limits { "default" } else { "defaultRequest" };
        self.at().keys(&[field, resource])
    }
}

pub(super) fn list(
    written: Option<&std::collections::BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>>,
) -> ResourceList {
    let parse = |(name, quantity): (&String, &k8s_openapi::apimachinery::pkg::api::resource::Quantity)| {
        Some((name.clone(), Quantity::parse(&quantity.0).ok()?.round_up_to_milli()))
    };
    written.into_iter().flatten().filter_map(parse).collect()
}

fn fill(target: &mut ResourceList, source: &ResourceList) {
    for (name, value) in source {
        target.entry(name.clone()).or_insert(*value);
    }
}
