//! [`Inventory`]: what is known of the cluster besides the object under review.
use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::node::v1::RuntimeClass;
use memlint_capacity::Capacity;
use memlint_kubernetes::aggregate::ResourceList;
use memlint_kubernetes::limit_range::LimitRange;
use memlint_kubernetes::quota::Quota;
use memlint_kubernetes::reference::Origin;
use memlint_kubernetes::resources::runtime_class_overhead;
use memlint_kubernetes::scale::Autoscaler;

use crate::annotation::is_allowance;

/// LimitRanges and ResourceQuotas by namespace, RuntimeClasses, autoscalers, and the capacity of the nodes.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    limit_ranges: BTreeMap<String, Vec<LimitRange>>,
    quotas: BTreeMap<String, Vec<Quota>>,
    runtime_classes: BTreeMap<String, (RuntimeClass, ResourceList)>,
    autoscalers: Vec<Autoscaler>,
    allowances: BTreeMap<String, BTreeMap<String, String>>,
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
        self.runtime_classes.insert(name, (class.clone(), runtime_class_overhead(class)));
    }

    /// Adds a ResourceQuota; `namespace` is where it will live.
    pub fn add_resource_quota(&mut self, namespace: &str, object: &core::ResourceQuota, origin: Origin) {
        let of_namespace = self.quotas.entry(namespace.to_owned()).or_default();
        of_namespace.push(Quota::new(object, origin));
        of_namespace.sort_by(|a, b| (&a.name, a.origin).cmp(&(&b.name, b.origin)));
    }

    /// Adds a Namespace, for what its annotations exempt from rules.
    pub fn add_namespace(&mut self, name: &str, annotations: &BTreeMap<String, String>) {
        let allowances = annotations.iter().filter(|(key, _)| is_allowance(key));
        let allowances: BTreeMap<String, String> = allowances.map(|(key, why)| (key.clone(), why.clone())).collect();
        if !allowances.is_empty() {
            self.allowances.insert(name.to_owned(), allowances);
        }
    }

    /// Adds an autoscaler, for the most replicas that its target may come to have.
    pub fn add_autoscaler(&mut self, autoscaler: Autoscaler) {
        self.autoscalers.push(autoscaler);
    }

    /// Sets what is known of the nodes, and takes over the LimitRanges, ResourceQuotas and RuntimeClasses that are known
    /// with them. Those that were added before go first: they are what is about to be applied.
    pub fn set_capacity(&mut self, capacity: Arc<Capacity>) {
        for known in capacity.limit_ranges() {
            let metadata = &known.object.metadata;
            let namespace = metadata.namespace.as_deref().unwrap_or_default();
            let name = metadata.name.as_deref().unwrap_or_default();
            if !self.limit_ranges(namespace).iter().any(|added| added.name == name) {
                self.add_limit_range(namespace, &known.object, known.origin);
            }
        }
        for known in capacity.resource_quotas() {
            let metadata = &known.object.metadata;
            let namespace = metadata.namespace.as_deref().unwrap_or_default();
            let mut of_namespace = self.quotas.get_mut(namespace).into_iter().flatten();
            match of_namespace.find(|quota| Some(&quota.name) == metadata.name.as_ref()) {
                // What is used is known from the cluster alone.
                Some(quota) => quota.take_usage(&known.object),
                None => self.add_resource_quota(namespace, &known.object, known.origin),
            }
        }
        for known in capacity.runtime_classes() {
            let name = known.object.metadata.name.as_deref();
            if self.overhead(name).is_none() {
                self.add_runtime_class(&known.object);
            }
        }
        for (name, annotations) in capacity.allowances() {
            if !self.allowances.contains_key(name) {
                self.add_namespace(name, annotations);
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

    /// The ResourceQuotas of a namespace, in the order of their names.
    #[must_use]
    pub fn quotas(&self, namespace: &str) -> &[Quota] {
        self.quotas.get(namespace).map(Vec::as_slice).unwrap_or_default()
    }

    /// The annotations with which a Namespace exempts what is in it.
    #[must_use]
    pub fn allowances(&self, namespace: &str) -> Option<&BTreeMap<String, String>> {
        self.allowances.get(namespace)
    }

    /// A RuntimeClass.
    #[must_use]
    pub fn runtime_class(&self, name: Option<&str>) -> Option<&RuntimeClass> {
        self.runtime_classes.get(name?).map(|(class, _)| class)
    }

    /// The overhead of a RuntimeClass.
    #[must_use]
    pub fn overhead(&self, runtime_class: Option<&str>) -> Option<&ResourceList> {
        self.runtime_classes.get(runtime_class?).map(|(_, overhead)| overhead)
    }

    /// The autoscaler of an object in a namespace.
    #[must_use]
    pub fn autoscaler(&self, namespace: &str, kind: &str, name: &str) -> Option<&Autoscaler> {
        self.autoscalers.iter().find(|autoscaler| autoscaler.scales(namespace, kind, name))
    }

    /// The PriorityClass that Pods get that name none.
    #[must_use]
    pub fn default_priority_class(&self) -> Option<&str> {
        let classes = self.capacity.as_ref().map(|capacity| capacity.priority_classes()).unwrap_or_default();
        let default = classes.iter().find(|class| class.object.global_default == Some(true))?;
        default.object.metadata.name.as_deref()
    }

    /// Whether any LimitRange is known.
    #[must_use]
    pub fn has_limit_ranges(&self) -> bool {
        !self.limit_ranges.is_empty()
    }

    /// Whether any ResourceQuota is known.
    #[must_use]
    pub fn has_quotas(&self) -> bool {
        !self.quotas.is_empty()
    }
}
