//! What a LimitRange refuses: every constraint that a Pod breaks.

use super::bounds::{broken_max, broken_min, broken_ratio};
use super::{Item, LimitRange, Scope};
use crate::aggregate::ResourceList;
use crate::measure::Measure;
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::reference::Origin;
use crate::resources::{List, PodResources};

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
