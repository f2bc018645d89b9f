//! ResourceQuota: what a Pod is charged with, and what the API server says when it is too much.
//!
//! Follows `pkg/quota/v1/evaluator/core/pods.go` and `CheckRequest` in `apiserver/pkg/admission/plugin/resourcequota`.

/// One scope, or one expression of a scope selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    name: String,
    operator: String,
    values: Vec<String>,
}

impl Scope {
    /// All scopes of a quota (`getScopeSelectorsFromQuota`): a plain one is an expression that wants it to exist.
    pub(super) fn of_spec(spec: &ResourceQuotaSpec) -> Vec<Self> {
        let plain = spec.scopes.iter().flatten();
        let plain = plain.map(|name| Self { name: name.clone(), operator: "Exists".to_owned(), values: Vec::new() });
        let selector = spec.scope_selector.as_ref().and_then(|selector| selector.match_expressions.as_ref());
        plain.chain(selector.into_iter().flatten().map(Self::of_expression)).collect()
    }

    fn of_expression(expression: &ScopedResourceSelectorRequirement) -> Self {
        let ScopedResourceSelectorRequirement { scope_name, operator, values } = expression;
        Self { name: scope_name.clone(), operator: operator.clone(), values: values.clone().unwrap_or_default() }
    }

    /// Whether a Pod is in the scope (`podMatchesScopeFunc`).
    pub(super) fn matches(&self, charged: Charged<'_>) -> bool {
        let terminating = charged.spec.active_deadline_seconds.is_some_and(|seconds| seconds >= 0);
        let best_effort = || charged.pod.qos_class() == QosClass::BestEffort;
        match self.name.as_str() {
            "Terminating" => terminating,
            "NotTerminating" => !terminating,
            "BestEffort" => best_effort(),
            "NotBestEffort" => !best_effort(),
            "PriorityClass" => self.selects(charged.priority_class.filter(|name| !name.is_empty())),
            "CrossNamespacePodAffinity" => is_cross_namespace(charged.spec),
            _ => false,
        }
    }

    /// The operators are those of label selectors: `NotIn` matches what is absent, too.
    fn selects(&self, class: Option<&str>) -> bool {
        let listed = || class.is_some_and(|class| self.values.iter().any(|value| value == class));
        match self.operator.as_str() {
            "Exists" => class.is_some(),
            "DoesNotExist" => class.is_none(),
            "In" => listed(),
            "NotIn" => !listed(),
            _ => false,
        }
    }
}

/// Whether any term of Pod affinity or anti-affinity names namespaces, required or preferred.
fn is_cross_namespace(spec: &PodSpec) -> bool {
    let crosses = |term: &PodAffinityTerm| {
        term.namespaces.as_ref().is_some_and(|namespaces| !namespaces.is_empty()) || term.namespace_selector.is_some()
    };
    let Some(affinity) = &spec.affinity else { return false };
    let near = affinity.pod_affinity.iter().flat_map(|near| {
        let required = near.required_during_scheduling_ignored_during_execution.iter().flatten();
        let preferred = near.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        required.chain(preferred.map(|weighted| &weighted.pod_affinity_term))
    });
    let far = affinity.pod_anti_affinity.iter().flat_map(|far| {
        let required = far.required_during_scheduling_ignored_during_execution.iter().flatten();
        let preferred = far.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        required.chain(preferred.map(|weighted| &weighted.pod_affinity_term))
    });
    near.chain(far).any(crosses)
}

#[cfg(test)]
mod tests;
use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    PodAffinityTerm, PodSpec, ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement,
};

use crate::aggregate::ResourceList;
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::reference::{Origin, Related};
use crate::resources::{PodResources, QosClass};
use crate::validation::defaulting::read_list;
use crate::validation::is_overcommittable;

/// A ResourceQuota of one namespace.
#[derive(Debug, Clone)]
pub struct Quota {
    /// The object's name.
    pub name: String,
    /// Where it was read, for related locations.
    pub origin: Origin,
    hard: ResourceList,
    used: Option<ResourceList>,
    scopes: Vec<Scope>,
}

/// A Pod before a quota.
#[derive(Debug, Clone, Copy)]
pub struct Charged<'a> {
    /// Its spec.
    pub spec: &'a PodSpec,
    /// Its resources after all defaulting.
    pub pod: &'a PodResources,
    /// The PriorityClass that it will have: its own, or the cluster's default.
    pub priority_class: Option<&'a str>,
}

/// Why a quota refuses Pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Containers do not set what the quota counts: by resource, their names.
    Unset(BTreeMap<String, BTreeSet<String>>),
    /// There would be too much.
    Exceeded(Vec<Excess>),
}

/// One resource of which there would be too much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excess {
    /// The resource, as the quota names it (`requests.memory`).
    pub resource: String,
    /// What is asked for.
    pub requested: Quantity,
    /// What others use.
    pub used: Quantity,
    /// What the quota allows.
    pub hard: Quantity,
}

impl Quota {
    /// Reads a ResourceQuota. What its status says is in force goes before its spec.
    #[must_use]
    pub fn new(object: &ResourceQuota, origin: Origin) -> Self {
        let spec = object.spec.as_ref();
        let hard = spec.and_then(|spec| spec.hard.as_ref());
        let mut quota = Self {
            name: object.metadata.name.clone().unwrap_or_default(),
            origin,
            hard: hard.map(read_list).unwrap_or_default(),
            used: None,
            scopes: spec.map(Scope::of_spec).unwrap_or_default(),
        };
        let in_force = object.status.as_ref().and_then(|status| status.hard.as_ref());
        if let Some(in_force) = in_force.filter(|list| !list.is_empty()) {
            quota.hard = read_list(in_force);
        }
        quota.take_usage(object);
        quota
    }

    /// Takes over what the same quota says is used.
    pub fn take_usage(&mut self, object: &ResourceQuota) {
        let used = object.status.as_ref().and_then(|status| status.used.as_ref());
        self.used = used.map(read_list).or(self.used.take());
    }

    /// Whether it is known what is used. Where it is not, nothing counts as used.
    #[must_use]
    pub fn knows_usage(&self) -> bool {
        self.used.is_some()
    }

    /// What is used of a resource.
    #[must_use]
    pub fn used(&self, resource: &str) -> Quantity {
        self.used.as_ref().and_then(|used| used.get(resource)).copied().unwrap_or_default()
    }

    /// Whether the quota counts a Pod: all of its scopes match.
    #[must_use]
    pub fn counts(&self, charged: Charged<'_>) -> bool {
        self.hard.keys().any(|name| is_of_pods(name)) && self.scopes.iter().all(|scope| scope.matches(charged))
    }

    /// What the quota says to so many Pods that are alike, beside what is used. `freed` is what will be given back
    /// before they come.
    ///
    /// # Errors
    /// Why it refuses them.
    pub fn check(&self, charged: Charged<'_>, pods: i64, freed: &ResourceList) -> Result<(), Refusal> {
        if !self.counts(charged) {
            return Ok(());
        }
        self.check_set(charged)?;
        let usage = usage(charged.pod);
        let excess = self.hard.iter().filter_map(|(resource, hard)| {
            let requested = usage.get(resource).filter(|amount| !amount.is_zero())?.saturating_mul(pods);
            let freed = freed.get(resource).copied().unwrap_or_default();
            let used = self.used(resource);
            let used = if freed.is_zero() { used } else { used.saturating_sub(freed).max(Quantity::ZERO) };
            let too_much = used + requested > *hard;
            too_much.then(|| Excess { resource: resource.clone(), requested, used, hard: *hard })
        });
        let excess: Vec<Excess> = excess.collect();
        if excess.is_empty() { Ok(()) } else { Err(Refusal::Exceeded(excess)) }
    }

    /// What the quota would say if nothing were used yet.
    ///
    /// # Errors
    /// Why it refuses even then.
    pub fn alone(&self, charged: Charged<'_>, pods: i64) -> Result<(), Refusal> {
        Self { used: None, ..self.clone() }.check(charged, pods, &ResourceList::new())
    }

    /// The place of what the quota allows, for a finding.
    #[must_use]
    pub fn related(&self) -> Related {
        let message = format!("ResourceQuota {} is set here", self.name);
        Related { origin: Some(self.origin), at: FieldPath::of(&["spec", "hard"]), message }
    }

    /// A quota on CPU or memory wants every container to set them, but for Pods that set them as a whole.
    fn check_set(&self, charged: Charged<'_>) -> Result<(), Refusal> {
        const WANTED: [&str; 6] = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
        let level = charged.pod.pod_level.as_ref().map(|level| &level.effective);
        if level.is_some_and(|level| !(level.requests.is_empty() && level.limits.is_empty())) {
            return Ok(());
        }
        let mut unset: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for resource in WANTED.iter().filter(|resource| self.hard.contains_key(**resource)) {
            for container in &charged.pod.containers {
                let (requests, limits) = (&container.effective.requests, &container.effective.limits);
                let set = match resource.split_once('.') {
                    Some(("limits", name)) => limits.contains_key(name),
                    Some((_, name)) => requests.contains_key(name),
                    None => requests.contains_key(*resource),
                };
                if !set {
                    unset.entry((*resource).to_owned()).or_default().insert(container.name.clone());
                }
            }
        }
        if unset.is_empty() { Ok(()) } else { Err(Refusal::Unset(unset)) }
    }

    /// A refusal in the API server's words.
    #[must_use]
    pub fn words(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::Unset(unset) => {
                let parts: Vec<String> = unset
                    .iter()
                    .map(|(resource, containers)| {
                        let names: Vec<&str> = containers.iter().map(String::as_str).collect();
                        format!("{resource} for: {}", names.join(","))
                    })
                    .collect();
                format!("failed quota: {}: must specify {}", self.name, parts.join("; "))
            }
            Refusal::Exceeded(excess) => {
                let list = |amount: fn(&Excess) -> Quantity| {
                    let parts: Vec<String> =
                        excess.iter().map(|excess| format!("{}={}", excess.resource, amount(excess))).collect();
                    parts.join(",")
                };
                format!(
                    "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                    self.name,
                    list(|excess| excess.requested),
                    list(|excess| excess.used),
                    list(|excess| excess.hard)
                )
            }
        }
    }
}

/// What the first quota that refuses a Pod says, in the API server's words: those that want something set go before
/// those that are used up.
#[must_use]
pub fn refusal(quotas: &[Quota], charged: Charged<'_>) -> Option<String> {
    let counting = || quotas.iter().filter(|quota| quota.counts(charged));
    let unset = counting().find_map(|quota| Some(quota.words(&quota.check_set(charged).err()?)));
    unset.or_else(|| {
        counting().find_map(|quota| Some(quota.words(&quota.check(charged, 1, &ResourceList::new()).err()?)))
    })
}

/// What one Pod is charged with (`PodUsageFunc`), overhead and Pod-level resources included.
#[must_use]
pub fn usage(pod: &PodResources) -> ResourceList {
    usage_of(&pod.requests(), &pod.limits())
}

/// The same of a Pod's total requests and limits.
#[must_use]
pub fn usage_of(requests: &ResourceList, limits: &ResourceList) -> ResourceList {
    const COUNTED: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
    let one = Quantity::count(1);
    let mut usage = ResourceList::from([("count/pods".to_owned(), one), ("pods".to_owned(), one)]);
    for (name, amount) in requests {
        let is_counted = COUNTED.contains(&name.as_str());
        if is_counted || name.starts_with("hugepages-") {
            usage.insert(name.clone(), *amount);
        }
        if is_counted || !is_overcommittable(name) || name.starts_with(DEVICES) {
            usage.insert(format!("requests.{name}"), *amount);
        }
    }
    for (name, amount) in limits.iter().filter(|(name, _)| COUNTED.contains(&name.as_str())) {
        usage.insert(format!("limits.{name}"), *amount);
    }
    usage
}

const DEVICES: &str = "deviceclass.resource.kubernetes.io/";

/// Whether a quota's resource is one that Pods are charged with (`MatchingResources`).
fn is_of_pods(name: &str) -> bool {
    match name {
        "count/pods" | "pods" | "cpu" | "memory" | "ephemeral-storage" => true,
        _ if name.starts_with("hugepages-") => true,
        _ => match name.split_once('.') {
            Some(("limits", name)) => matches!(name, "cpu" | "memory" | "ephemeral-storage"),
            Some(("requests", name)) => {
                matches!(name, "cpu" | "memory" | "ephemeral-storage")
                    || name.starts_with(DEVICES)
                    || !is_overcommittable(name)
            }
            _ => false,
        },
    }
}
