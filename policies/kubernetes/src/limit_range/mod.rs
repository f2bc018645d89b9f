//! LimitRange: the defaults it writes into a Pod, and what it refuses.
//!
//! Source: `plugin/pkg/admission/limitranger/admission.go` and `SetDefaults_LimitRangeItem` in
//! `pkg/apis/core/v1/defaults.go`.

mod bounds;
mod contradictions;
mod violations;

use k8s_openapi::api::core::v1 as core;

use crate::aggregate::ResourceList;
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::reference::Origin;
use crate::resources::List;

pub use contradictions::contradictions;
pub use violations::{Constraint, Violation};

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

impl LimitRange {
    /// Reads a LimitRange as the API server would have stored it. Quantities that it would refuse are left out.
    #[must_use]
    pub fn new(object: &core::LimitRange, origin: Origin) -> Self {
        let limits = object.spec.as_ref().map(|spec| spec.limits.as_slice()).unwrap_or_default();
        let items = limits.iter().enumerate().filter_map(|(index, item)| Item::new(index, item)).collect();
        Self { name: object.metadata.name.clone().unwrap_or_default(), origin, items }
    }

    /// What it writes into each container that leaves it open, limits first, with the field that says so.
    pub(crate) fn defaults(&self) -> Vec<(List, &str, Quantity, FieldPath)> {
        let mut defaults: Vec<(List, &str, Quantity, FieldPath)> = Vec::new();
        for list in [List::Limits, List::Requests] {
            for item in self.items.iter().filter(|item| item.scope == Scope::Container) {
                let source = if list == List::Limits { &item.default } else { &item.default_request };
                for (resource, value) in source {
                    // Of several items the later one overwrites the earlier.
                    defaults.retain(|(of, known, ..)| (*of, *known) != (list, resource));
                    defaults.push((list, resource, *value, item.default_at(list, resource)));
                }
            }
        }
        defaults
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
