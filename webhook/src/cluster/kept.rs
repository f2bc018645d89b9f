//! [`Kept`]: what is kept of an object. All the rest is dropped as it comes in.
use std::collections::BTreeMap;
use std::fmt::Debug;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use memlint_policies::annotation::ALLOW_ANNOTATION;
use memlint_scheduler::Node;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of objects that are watched.
pub(super) trait Kept:
    Resource<DynamicType = ()> + DeserializeOwned + Serialize + Clone + Debug + Send + Sync + 'static
{
    /// The name for metrics.
    const KIND: &'static str;

    /// Which objects the API server is asked for, if not for all.
    const FIELDS: Option<&'static str> = None;

    /// Whether the API server is asked for nothing but the metadata of objects.
    const METADATA_ONLY: bool = false;

    /// What is not even read, beside `metadata.managedFields`: what is large, or changes often.
    const UNREAD: &'static [KeyPath] = &[];

    /// Whether the object counts at all.
    fn counts(&self) -> bool {
        true
    }

    /// Drops what no rule looks at.
    fn trim(&mut self);

    /// Why the object is of no use, if it is not.
    fn fault(&self) -> Option<String> {
        None
    }
}

pub(super) fn trim_metadata(metadata: &mut ObjectMeta, labels: bool) {
    *metadata = ObjectMeta {
        name: metadata.name.take(),
        namespace: metadata.namespace.take(),
        labels: metadata.labels.take().filter(|_| labels),
        ..ObjectMeta::default()
    };
}

impl Kept for core::Node {
    const KIND: &'static str = "Node";
    const UNREAD: &'static [KeyPath] = &[
        &["metadata", "annotations"],
        &["status", "addresses"],
        &["status", "conditions"],
        &["status", "images"],
        &["status", "nodeInfo"],
        &["status", "volumesAttached"],
        &["status", "volumesInUse"],
    ];

    fn trim(&mut self) {
        trim_metadata(&mut self.metadata, true);
        let spec = self.spec.take().unwrap_or_default();
        let (taints, unschedulable) = (spec.taints, spec.unschedulable);
        self.spec = Some(core::NodeSpec { taints, unschedulable, ..core::NodeSpec::default() });
        let status = self.status.take().unwrap_or_default();
        let (allocatable, capacity) = (status.allocatable, status.capacity);
        self.status = Some(core::NodeStatus { allocatable, capacity, ..core::NodeStatus::default() });
    }

    fn fault(&self) -> Option<String> {
        let allocatable = self.status.as_ref().and_then(|status| status.allocatable.as_ref());
        if allocatable.is_none_or(BTreeMap::is_empty) {
            return Some("it has no status.allocatable".to_owned());
        }
        let problems = Node::read(self).1;
        problems.first().map(|problem| format!("{problem:?}"))
    }
}

impl Kept for DaemonSet {
    const KIND: &'static str = "DaemonSet";
    const UNREAD: &'static [KeyPath] = &[&["metadata", "annotations"], &["status"]];

    fn trim(&mut self) {
        trim_metadata(&mut self.metadata, false);
        if let Some(metadata) = &mut self.spec.template.metadata {
            trim_metadata(metadata, true);
        }
        let Some(template) = self.spec.template.spec.as_mut() else { return };
        trim_containers(template);
        template.volumes = None;
    }
}

/// What containers request, and the ports that they may take on their node.
pub(super) fn trim_containers(spec: &mut core::PodSpec) {
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        let core::Container { name, resources, restart_policy, ports, .. } = std::mem::take(container);
        *container = core::Container { name, resources, restart_policy, ports, ..core::Container::default() };
    }
}

impl Kept for core::LimitRange {
    const KIND: &'static str = "LimitRange";

    fn trim(&mut self) {
        trim_metadata(&mut self.metadata, false);
    }
}

impl Kept for RuntimeClass {
    const KIND: &'static str = "RuntimeClass";

    fn trim(&mut self) {
        trim_metadata(&mut self.metadata, false);
    }
}

impl Kept for core::Namespace {
    const KIND: &'static str = "Namespace";
    const METADATA_ONLY: bool = true;
    // What comes calls itself a PartialObjectMetadata.
    const UNREAD: &'static [KeyPath] = &[&["apiVersion"], &["kind"], &["spec"], &["status"]];

    fn trim(&mut self) {
        let annotations = self.metadata.annotations.take();
        trim_metadata(&mut self.metadata, true);
        // What exempts from rules is all that is asked of them.
        let allowances = annotations.into_iter().flatten().filter(|(key, _)| key.starts_with(ALLOW_ANNOTATION));
        self.metadata.annotations = Some(allowances.collect()).filter(|kept: &BTreeMap<_, _>| !kept.is_empty());
    }
}

/// Keys from the root down.
pub(super) type KeyPath = &'static [&'static str];
