//! [`Inventory`]: what is known of the cluster besides the object under review.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::node::v1::RuntimeClass;

use crate::aggregate::ResourceList;
use crate::finding::Origin;
use crate::limit_range::LimitRange;
use crate::resources::runtime_class_overhead;

/// LimitRanges by namespace, and RuntimeClasses.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    limit_ranges: BTreeMap<String, Vec<LimitRange>>,
    overhead: BTreeMap<String, ResourceList>,
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
