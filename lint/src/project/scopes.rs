//! [`Scopes`]: which LimitRanges and ResourceQuotas count for which files, where manifests leave their namespace open.
//!
//! Whoever applies such manifests chooses one namespace for all of them, so that they belong together. But a tree of
//! examples or of several applications is not applied as one: where more than one folder has such limits of its own,
//! each counts for its folder and for what lies below.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::node::v1::RuntimeClass;
use memlint_capacity::Capacity;
use memlint_files::held::Held;
use memlint_kubernetes::decode::{self, Leniency};
use memlint_kubernetes::reference::Origin;
use memlint_kubernetes::scale::Autoscaler;
use memlint_kubernetes::workload::Object;
use memlint_policies::inventory::Inventory;

/// The namespace of objects that do not set one, when the command line does not name it either.
pub const DEFAULT_NAMESPACE: &str = "default";

/// Inventories by folder.
#[derive(Debug)]
pub struct Scopes {
    whole: Inventory,
    /// What is known in each folder that has limits of its own, if there are several of them.
    folders: BTreeMap<String, Inventory>,
    /// What is known outside of these.
    common: Inventory,
    /// What is known in each chart or kustomization that brings limits of its own, by its index.
    renderings: BTreeMap<usize, Inventory>,
}

/// An object that says something about others, and the namespace it will live in.
#[derive(Debug)]
pub(crate) struct Fact {
    object: Known,
    namespace: String,
    /// Whether neither the object nor the command line sets its namespace.
    namespace_is_open: bool,
    origin: Origin,
}

#[derive(Debug)]
enum Known {
    LimitRange(Box<core::LimitRange>),
    ResourceQuota(Box<core::ResourceQuota>),
    RuntimeClass(Box<RuntimeClass>),
    Autoscaler(Box<Autoscaler>),
    Namespace { name: String, annotations: BTreeMap<String, String> },
}

impl Scopes {
    /// Divides what is known; of each fact the document is given that it comes from. What a chart or a kustomization
    /// renders to says nothing of what is beside it: another one may be for another cluster.
    pub(crate) fn new(facts: &[(&Held, Fact)], capacity: Option<&Arc<Capacity>>) -> Self {
        let inventory = |counts: &dyn Fn(&Held, &Fact) -> bool| {
            let mut inventory = Inventory::default();
            let facts = facts.iter().filter(|(held, fact)| counts(held, fact));
            facts.for_each(|(_, fact)| fact.add_to(&mut inventory));
            if let Some(capacity) = capacity {
                inventory.set_capacity(capacity.clone());
            }
            inventory
        };
        let is_written = |held: &Held| held.rendering.is_none();
        let rendered: BTreeSet<usize> = facts.iter().filter_map(|(held, _)| Some(held.rendering?.index)).collect();
        let of_rendering = |index: &usize| {
            let is_in_it = |held: &Held| held.rendering.is_some_and(|rendering| rendering.index == *index);
            (*index, inventory(&|held, fact| is_in_it(held) || (is_written(held) && !fact.is_open())))
        };
        let renderings = rendered.iter().map(of_rendering).collect();
        let whole = inventory(&|_, _| true);
        let open = facts.iter().filter(|(held, fact)| fact.is_open() && is_written(held));
        let open: BTreeSet<&str> = open.map(|(held, _)| folder(&held.file)).collect();
        if open.len() < 2 {
            let common = if rendered.is_empty() { whole.clone() } else { inventory(&|held, _| is_written(held)) };
            return Self { common, whole, folders: BTreeMap::new(), renderings };
        }
        let of_folder = |of: &&str| {
            let counts = |held: &Held, fact: &Fact| {
                is_written(held) && (!fact.is_open() || is_at_or_above(folder(&held.file), of))
            };
            ((*of).to_owned(), inventory(&counts))
        };
        let folders = open.iter().map(of_folder).collect();
        let common = inventory(&|held, fact| is_written(held) && !fact.is_open());
        Self { whole, folders, common, renderings }
    }

    /// All that is known.
    #[must_use]
    pub fn whole(&self) -> &Inventory {
        &self.whole
    }

    /// What counts for the objects of a document.
    #[must_use]
    pub fn of(&self, held: &Held) -> &Inventory {
        if let Some(inventory) = held.rendering.and_then(|rendering| self.renderings.get(&rendering.index)) {
            return inventory;
        }
        let mut at = folder(&held.file);
        loop {
            match (self.folders.get(at), at.is_empty()) {
                (Some(inventory), _) => return inventory,
                (None, true) => return &self.common,
                (None, false) => at = folder(at),
            }
        }
    }
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn is_at_or_above(folder: &str, other: &str) -> bool {
    let below = other.strip_prefix(folder);
    below.is_some_and(|below| folder.is_empty() || below.is_empty() || below.starts_with('/'))
}

impl Fact {
    /// Reads an object of a kind that says something about others. If `default` is empty, the namespace of objects
    /// that do not set one is open.
    pub(crate) fn read(object: &Object<'_, '_>, default: &str, origin: Origin) -> Option<Self> {
        let reference = &object.reference;
        let namespace_is_open = reference.namespace.is_none() && default.is_empty();
        let default = if namespace_is_open { DEFAULT_NAMESPACE } else { default };
        let namespace = reference.namespace.as_deref().unwrap_or(default);
        let fact = |object| Some(Self { object, namespace: namespace.to_owned(), namespace_is_open, origin });
        if let Some(autoscaler) = Autoscaler::read(reference, object.value, namespace, origin) {
            return fact(Known::Autoscaler(Box::new(autoscaler)));
        }
        if (reference.api_version.as_str(), reference.kind.as_str()) == ("v1", "Namespace") {
            let (name, annotations) = (reference.name.clone()?, object.texts("annotations"));
            return fact(Known::Namespace { name, annotations });
        }
        let name = decode::type_of(&reference.api_version, &reference.kind)?;
        let problems = || decode::check(object.value, name, Leniency::Strict);
        fact(match name {
            "LimitRange" => Known::LimitRange(decode::from_value_pruned(object.value, &problems()).unwrap_or_default()),
            "ResourceQuota" => {
                Known::ResourceQuota(decode::from_value_pruned(object.value, &problems()).unwrap_or_default())
            }
            "RuntimeClass" => {
                Known::RuntimeClass(decode::from_value_pruned(object.value, &problems()).unwrap_or_default())
            }
            _ => return None,
        })
    }

    /// Whether it limits a namespace, and which one is open.
    fn is_open(&self) -> bool {
        self.namespace_is_open && matches!(self.object, Known::LimitRange(_) | Known::ResourceQuota(_))
    }

    fn add_to(&self, inventory: &mut Inventory) {
        let (namespace, origin) = (self.namespace.as_str(), self.origin);
        match &self.object {
            Known::LimitRange(object) => inventory.add_limit_range(namespace, object, origin),
            Known::ResourceQuota(object) => inventory.add_resource_quota(namespace, object, origin),
            Known::RuntimeClass(object) => inventory.add_runtime_class(object),
            Known::Namespace { name, annotations } => inventory.add_namespace(name, annotations),
            Known::Autoscaler(autoscaler) => inventory.add_autoscaler((**autoscaler).clone()),
        }
    }
}
