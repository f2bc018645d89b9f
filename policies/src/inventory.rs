//! [`Inventory`]: what is known of the cluster besides the object under review.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::node::v1::RuntimeClass;

use crate::aggregate::ResourceList;
use crate::capacity::Capacity;
use crate::finding::Origin;
use crate::limit_range::LimitRange;
use crate::resources::runtime_class_overhead;

/// LimitRanges by namespace, RuntimeClasses, and the capacity of the nodes.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    limit_ranges: BTreeMap<String, Vec<LimitRange>>,
    overhead: BTreeMap<String, ResourceList>,
    capacity: Option<Arc<Capacity>>,
}

impl Inventory {
    /// Adds a LimitRange; `namespace` is where it will live.
    ///
    /// Several in one namespace apply in the order of their names: the API server's order is not defined.
    pub fn add_limit_range(&mut self, namespace: &str, object: &core::LimitRange, origin: Origin) {
        let of_namespace = self.limit_ranges.entry(namespace.to_owned()).or_default();
        of_namespace.push(LimitRange::new(object, origin));
        of_namespace.sort_by(|a, b| (&a.name, a.origin).cmp(&(&b.name, b.origin)));
    }

    /// Adds a RuntimeClass, for the overhead of the Pods that name it.
    pub fn add_runtime_class(&mut self, class: &RuntimeClass) {
        let name = class.metadata.name.clone().unwrap_or_default();
        self.overhead.insert(name, runtime_class_overhead(class));
    }

    /// Sets what is known of the nodes, and takes over the LimitRanges and RuntimeClasses that are known with them.
    /// Those that were added before go first: they are what is about to be applied.
    pub fn set_capacity(&mut self, capacity: Arc<Capacity>) {
        for known in capacity.limit_ranges() {
            let metadata = &known.object.metadata;
            let namespace = metadata.namespace.as_deref().unwrap_or_default();
            let name = metadata.name.as_deref().unwrap_or_default();
            if !self.limit_ranges(namespace).iter().any(|added| added.name == name) {
                self.add_limit_range(namespace, &known.object, known.origin);
            }
        }
        for known in capacity.runtime_classes() {
            let name = known.object.metadata.name.as_deref();
            if self.overhead(name).is_none() {
                self.add_runtime_class(&known.object);
            }
        }
        self.capacity = Some(capacity);
    }

    /// What is known of the nodes; `None` if no source was given.
    #[must_use]
    pub fn capacity(&self) -> Option<&Capacity> {
        self.capacity.as_deref()
    }

    /// The LimitRanges of a namespace, in the order in which they apply.
    #[must_use]
    pub fn limit_ranges(&self, namespace: &str) -> Vec<&LimitRange> {
        self.limit_ranges.get(namespace).into_iter().flatten().collect()
    }

    /// The overhead of a RuntimeClass.
    #[must_use]
    pub fn overhead(&self, runtime_class: Option<&str>) -> Option<&ResourceList> {
        self.overhead.get(runtime_class?)
    }

    /// Whether any LimitRange is known.
    #[must_use]
    pub fn has_limit_ranges(&self) -> bool {
        !self.limit_ranges.is_empty()
    }
}
