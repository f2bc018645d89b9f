//! [`PodTerm`]: a term of required Pod affinity or anti-affinity, and which Pods it means (`AffinityTerm`).

use std::collections::HashSet;

use k8s_openapi::api::core::v1 as api;

use super::selector::{Labels, Requirement, Selector};

/// Pods by labels and namespaces, and the label of nodes that tells what "near" is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PodTerm {
    topology_key: String,
    selector: Selector,
    namespaces: Vec<String>,
    namespace_selector: Selector,
}

impl PodTerm {
    /// The required affinity terms of a Pod.
    pub(super) fn affinity(spec: &api::PodSpec, labels: &Labels, namespace: &str) -> Vec<Self> {
        let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.pod_affinity.as_ref());
        let terms = affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_deref());
        Self::each_once(terms, labels, namespace)
    }

    /// The required anti-affinity terms of a Pod.
    pub(super) fn anti_affinity(spec: &api::PodSpec, labels: &Labels, namespace: &str) -> Vec<Self> {
        let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        let terms = affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_deref());
        Self::each_once(terms, labels, namespace)
    }

    /// Reads terms in their order; one that stands there again says nothing new.
    fn each_once(terms: Option<&[api::PodAffinityTerm]>, labels: &Labels, namespace: &str) -> Vec<Self> {
        let mut seen = HashSet::new();
        let terms = terms.unwrap_or_default().iter().map(|term| Self::read(term, labels, namespace));
        terms.filter(|term| seen.insert(term.clone())).collect()
    }

    /// Reads a term of a Pod with these labels in this namespace. `matchLabelKeys` and `mismatchLabelKeys` become part
    /// of the selector, as the API server makes them when the Pod is created (KEP-3633).
    fn read(term: &api::PodAffinityTerm, labels: &Labels, namespace: &str) -> Self {
        let mut selector = Selector::read(term.label_selector.as_ref());
        for key in term.match_label_keys.iter().flatten() {
            if let Some(value) = labels.get(key) {
                selector = selector.and(Requirement::equals(key, value));
            }
        }
        for key in term.mismatch_label_keys.iter().flatten() {
            if let Some(value) = labels.get(key) {
                selector = selector.and(Requirement::differs(key, value));
            }
        }
        let mut namespaces = term.namespaces.clone().unwrap_or_default();
        if namespaces.is_empty() && term.namespace_selector.is_none() {
            namespaces.push(namespace.to_owned());
        }
        Self {
            topology_key: term.topology_key.clone(),
            selector,
            namespaces,
            namespace_selector: Selector::read(term.namespace_selector.as_ref()),
        }
    }

    /// The label that nodes near one another share.
    pub(super) fn topology_key(&self) -> &str {
        &self.topology_key
    }

    /// Whether the term, of a Pod that is there, speaks of Pods in this namespace. Its labels are asked for only if
    /// they matter.
    pub(super) fn covers(&self, namespace: &str, labels: impl FnOnce() -> Labels) -> bool {
        let named = self.namespaces.iter().any(|name| name == namespace);
        named
            || match &self.namespace_selector {
                Selector::Nothing => false,
                selector => selector.is_everything() || selector.matches(&labels()),
            }
    }

    /// Whether the term, of the Pod to be placed, speaks of Pods in this namespace.
    ///
    /// Such a term reaches further than it says: the scheduler looks up the namespaces that its selector matches, and
    /// then asks the selector again as if the other Pod's namespace had no labels at all, so that one which only
    /// excludes (`NotIn`, `DoesNotExist`) covers every namespace (`mergeAffinityTermNamespacesIfNotEmpty` changes its
    /// own copy of the term).
    pub(super) fn covers_for_candidate(&self, namespace: &str, labels: impl FnOnce() -> Labels) -> bool {
        self.namespace_selector.matches(&Labels::new()) || self.covers(namespace, labels)
    }

    /// Whether the term speaks of Pods with these labels, in a namespace that it covers.
    pub(super) fn selects(&self, labels: &Labels) -> bool {
        self.selector.matches(labels)
    }
}
