//! [`Rule`]: one thing that can be wrong, and what it is given to find out.
//!
//! A rule is one file in `rules/`: its documentation (the `//!` lines at its top, which `memlint explain` prints),
//! its parameters, its messages and its check are all there.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use json_patch::Patch;
use memlint_capacity::Capacity;
use memlint_kubernetes::aggregate::ResourceList;
use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::quota;
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::resources::{ContainerResources, PodResources};
use memlint_kubernetes::scale::Autoscaler;
use memlint_kubernetes::workload::Workload;

use crate::admission::Admitted;
use crate::finding::{Datum, Group, Level};
use crate::inventory::Inventory;
use crate::placing::Placing;

/// One rule of the registry [`crate::rules::RULES`].
#[derive(Debug)]
pub struct Rule {
    /// The name, in kebab case; it names the bad thing.
    pub id: &'static str,
    /// The word in `kubectl get pods` that it prevents.
    pub group: Group,
    /// The level where no policy says otherwise.
    pub level: Level,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// The text of its own file, for its documentation.
    pub source: &'static str,
    /// What a policy can set, besides the level.
    pub params: &'static [Param],
    /// What it needs to know beyond the object.
    pub needs: Needs,
    /// Whether a resource block is enough for it, where what is absent may be set elsewhere: see [`Workload::is_block`].
    pub judges_blocks: bool,
    /// The check itself. It cannot fail and reads nothing but `Cx`.
    pub check: fn(&Cx<'_>, &mut Sink),
}

impl Rule {
    /// The documentation, Markdown.
    #[must_use]
    pub fn docs(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
    }
}

/// What a rule needs to know beyond the object; without it the rule is *not run*, and that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// At least one LimitRange.
    LimitRanges,
    /// The nodes, or pools of them.
    Nodes,
    /// The nodes, and the Pods that are on them.
    BoundPods,
    /// At least one ResourceQuota.
    Quotas,
    /// The nodes, or at least one ResourceQuota.
    NodesOrQuotas,
}

impl Needs {
    /// Whether it speaks of what room nodes have.
    #[must_use]
    pub fn is_by_nodes(self) -> bool {
        matches!(self, Needs::Nodes | Needs::BoundPods | Needs::NodesOrQuotas)
    }

    /// What is missing, in words; `None` if the inventory has it.
    #[must_use]
    pub fn missing(self, inventory: &Inventory) -> Option<&'static str> {
        let nodes = inventory.capacity().is_some_and(Capacity::knows_nodes);
        let pods = inventory.capacity().is_some_and(Capacity::knows_bound_pods);
        match self {
            Needs::LimitRanges if !inventory.has_limit_ranges() => Some("no LimitRange among the files"),
            Needs::Nodes | Needs::BoundPods if !nodes => Some("no nodes known; see --capacity"),
            Needs::BoundPods if !pods => Some("no Pods known to be on the nodes"),
            Needs::Quotas if !inventory.has_quotas() => Some("no ResourceQuota known"),
            Needs::NodesOrQuotas if !nodes && !inventory.has_quotas() => Some("no nodes known; see --capacity"),
            _ => None,
        }
    }
}

/// A number that a policy can set for a rule.
#[derive(Debug)]
pub struct Param {
    /// The key under the rule's name.
    pub name: &'static str,
    /// What it is when the policy is silent; a Kubernetes quantity.
    pub default: &'static str,
    /// What values it takes.
    pub kind: ParamKind,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// The values that a [`Param`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// A number of at least one, such as `1.5`.
    Ratio,
    /// A whole number from 1 to 100.
    Percent,
    /// An amount of memory, such as `1Mi`.
    Bytes,
}

/// The parameters of one rule, all set.
#[derive(Debug, Clone, Default)]
pub struct Params(pub(crate) BTreeMap<&'static str, Quantity>);

impl Params {
    /// The value of a parameter. Asking for one that the rule does not declare gives zero.
    #[must_use]
    pub fn get(&self, name: &str) -> Quantity {
        self.0.get(name).copied().unwrap_or_default()
    }
}

/// What a rule sees.
#[derive(Debug)]
pub struct Cx<'a> {
    /// The object under review.
    pub workload: &'a Workload,
    /// Its containers' resources.
    pub pod: &'a PodResources,
    /// Its Pod, as the API server would store it.
    pub admitted: &'a Admitted<'a>,
    /// What else is known.
    pub inventory: &'a Inventory,
    /// The namespace that the Pods will live in, as far as it is known.
    pub namespace: &'a str,
    /// The rule's parameters.
    pub params: &'a Params,
    /// Its Pod before the nodes, once a rule has asked.
    pub(crate) placing: &'a OnceCell<Option<Placing<'a>>>,
}

impl<'a> Cx<'a> {
    /// The Pod before the nodes; `None` where nothing can be said.
    pub(crate) fn placing(&self) -> Option<&'a Placing<'a>> {
        self.placing.get_or_init(|| Placing::new(self.workload, self.admitted, self.inventory)).as_ref()
    }

    /// The autoscaler of the workload.
    pub(crate) fn autoscaler(&self) -> Option<&'a Autoscaler> {
        let object = &self.workload.object;
        self.inventory.autoscaler(self.namespace, &object.kind, object.name.as_deref()?)
    }

    /// Whether it is known which Pods of the workload run already.
    pub(crate) fn knows_own_pods(&self) -> bool {
        self.placing().is_some_and(|placing| placing.running().is_some())
    }

    /// What quotas count for the workload's Pods that run already, as if they were like the new ones: it will be given
    /// back when they go.
    pub(crate) fn freed_quota(&self) -> ResourceList {
        let running = self.placing().and_then(Placing::running).unwrap_or(0);
        let usage = quota::usage(self.pod).into_iter();
        usage.map(|(name, amount)| (name, amount.saturating_mul(running))).collect()
    }
}

/// What a rule says before the policy has been applied.
#[derive(Debug)]
pub struct Draft {
    pub(crate) at: FieldPath,
    pub(crate) on_key: bool,
    pub(crate) part: Option<(usize, usize)>,
    pub(crate) container: Option<String>,
    pub(crate) at_most: Level,
    pub(crate) message: String,
    pub(crate) help: String,
    pub(crate) related: Vec<Related>,
    pub(crate) fix: Option<Patch>,
    pub(crate) measures: Vec<(Option<String>, Measure)>,
    pub(crate) data: BTreeMap<&'static str, Datum>,
}

impl Draft {
    /// A finding about one field: what is wrong, and what to type.
    #[must_use]
    pub fn new(at: FieldPath, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            at,
            on_key: false,
            part: None,
            container: None,
            at_most: Level::Deny,
            message: message.into(),
            help: help.into(),
            related: Vec::new(),
            fix: None,
            measures: Vec::new(),
            data: BTreeMap::new(),
        }
    }

    /// Says which container it is about, if it is about one.
    #[must_use]
    pub fn container<'c>(mut self, container: impl Into<Option<&'c ContainerResources>>) -> Self {
        self.container = container.into().map(|container| container.name.clone());
        self
    }

    /// Says that the key is wrong, not its value.
    #[must_use]
    pub fn on_key(mut self, on_key: bool) -> Self {
        self.on_key = on_key;
        self
    }

    /// Marks the part of the value that offends, in bytes.
    #[must_use]
    pub fn part(mut self, part: Option<(usize, usize)>) -> Self {
        self.part = part;
        self
    }

    /// Keeps the level at a warning, however strict the policy is on the rule.
    #[must_use]
    pub fn at_most_warn(mut self) -> Self {
        self.at_most = Level::Warn;
        self
    }

    /// Points at one more place, if there is one.
    #[must_use]
    pub fn related(mut self, related: impl Into<Option<Related>>) -> Self {
        self.related.extend(related.into());
        self
    }

    /// Offers a change that surely mends it.
    #[must_use]
    pub fn fix(mut self, fix: Option<Patch>) -> Self {
        self.fix = fix;
        self
    }

    /// Says how bad it is at its place.
    #[must_use]
    pub fn measure(mut self, measure: Measure) -> Self {
        self.measures.push((None, measure));
        self
    }

    /// Says how bad it is in aspects that do not depend on its place, such as each resource that a Pod lacks.
    #[must_use]
    pub fn measures(mut self, measures: impl IntoIterator<Item = (String, Measure)>) -> Self {
        self.measures.extend(measures.into_iter().map(|(aspect, measure)| (Some(aspect), measure)));
        self
    }

    /// Adds a figure for machines; the key's ending names the unit.
    #[must_use]
    pub fn data(mut self, key: &'static str, value: impl Into<Datum>) -> Self {
        self.data.insert(key, value.into());
        self
    }
}

/// Where rules put what they find.
#[derive(Debug, Default)]
pub struct Sink(pub(crate) Vec<Draft>);

impl Sink {
    /// Reports a finding.
    pub fn report(&mut self, draft: Draft) {
        self.0.push(draft);
    }
}

/// A patch that sets one value, replacing what is there.
#[must_use]
pub fn replace(at: &FieldPath, value: impl Into<serde_json::Value>) -> Option<Patch> {
    patch("replace", at, value)
}

/// A patch that adds one value whose parent is there.
#[must_use]
pub fn add(at: &FieldPath, value: impl Into<serde_json::Value>) -> Option<Patch> {
    patch("add", at, value)
}

fn patch(op: &str, at: &FieldPath, value: impl Into<serde_json::Value>) -> Option<Patch> {
    let patch = serde_json::json!([{"op": op, "path": at.to_pointer(), "value": value.into()}]);
    serde_json::from_value(patch).ok()
}
