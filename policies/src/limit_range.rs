//! LimitRange: the defaults it writes into a Pod, and what it refuses.
//!
//! Source: `plugin/pkg/admission/limitranger/admission.go` and `SetDefaults_LimitRangeItem` in
//! `pkg/apis/core/v1/defaults.go`.

use k8s_openapi::api::core::v1 as core;

use crate::aggregate::ResourceList;
use crate::decode::Problem;
use crate::finding::Origin;
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::resources::{List, PodResources};

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

/// Values of a LimitRange that contradict each other, so that the API server refuses it (`ValidateLimitRange` in
/// `pkg/apis/core/validation`): of each resource min, defaultRequest, default and max must not fall.
#[must_use]
pub fn contradictions(object: &core::LimitRange) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, item) in object.spec.iter().flat_map(|spec| &spec.limits).enumerate() {
        let at = FieldPath::of(&["spec", "limits"]).index(index);
        let fields = [
            ("min", item.min.as_ref()),
            ("defaultRequest", item.default_request.as_ref()),
            ("default", item.default.as_ref()),
            ("max", item.max.as_ref()),
        ]
        .map(|(field, values)| (field, list(values)));
        for (upper, (higher, most)) in fields.iter().enumerate() {
            for (lower, least) in fields.iter().take(upper) {
                for (resource, value) in least {
                    let Some(bound) = most.get(resource).filter(|bound| value > *bound) else { continue };
                    let message = format!("{lower} of {resource} is {value}, above {higher}, which is {bound}");
                    let help = format!("lower {lower} to {bound} or raise {higher} to {value}");
                    problems.push(Problem::invalid(at.keys(&[lower, resource]), message).help(help));
                }
            }
        }
    }
    problems
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
                    origin: self.origin,
                    name: self.name.clone(),
                    at: item.at().keys(&[constraint.field(), resource]),
                });
            }
        }
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

fn list(
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

type Broken = Option<(List, String)>;

fn broken_min(enforced: Quantity, request: Option<Quantity>, limit: Option<Quantity>) -> Broken {
    match (request, limit) {
        (None, _) => Some((List::Requests, ".  No request is specified".to_owned())),
        (Some(request), _) if request < enforced => Some((List::Requests, format!(", but request is {request}"))),
        (_, Some(limit)) if limit < enforced => Some((List::Limits, format!(", but limit is {limit}"))),
        _ => None,
    }
}

fn broken_max(enforced: Quantity, request: Option<Quantity>, limit: Option<Quantity>) -> Broken {
    match (request, limit) {
        (_, None) => Some((List::Limits, ".  No limit is specified".to_owned())),
        (_, Some(limit)) if limit > enforced => Some((List::Limits, format!(", but limit is {limit}"))),
        (Some(request), _) if request > enforced => Some((List::Requests, format!(", but request is {request}"))),
        _ => None,
    }
}

fn broken_ratio(enforced: Quantity, request: Option<Quantity>, limit: Option<Quantity>) -> Broken {
    let Some(request) = request.filter(|request| !request.is_zero()) else {
        return Some((List::Requests, ", but no request is specified or request is 0".to_owned()));
    };
    let Some(limit) = limit.filter(|limit| !limit.is_zero()) else {
        return Some((List::Limits, ", but no limit is specified or limit is 0".to_owned()));
    };
    let ratio = api_server_ratio(request, limit);
    let above = if enforced.value() <= MAX_MILLI_VALUE {
        ratio * 1000.0 > to_float(enforced.milli_value())
    } else {
        ratio > to_float(enforced.value())
    };
    above.then(|| (List::Limits, format!(", but provided ratio is {ratio:.6}")))
}

/// `resource.MaxMilliValue`: above it the API server compares whole units.
const MAX_MILLI_VALUE: i64 = i64::MAX / 1000;

/// The API server compares this one ratio in floating point; to agree with it to the last bit, so does memlint.
/// It is the only float of the engine.
fn api_server_ratio(request: Quantity, limit: Quantity) -> f64 {
    if request.value() <= MAX_MILLI_VALUE && limit.value() <= MAX_MILLI_VALUE {
        to_float(limit.milli_value()) / to_float(request.milli_value())
    } else {
        to_float(limit.value()) / to_float(request.value())
    }
}

#[expect(clippy::cast_precision_loss, reason = "rounds to nearest exactly as Go's float64 conversion does")]
fn to_float(value: i64) -> f64 {
    value as f64
}
