//! [`CapacityBuilder`]: collects what sources say of nodes, from any number of them in any order.
//!
//! The command line hands in what `kubectl get -o yaml` prints and capacity files, the webhook what it watches; what
//! comes of the same objects is the same. Where two sources speak of the same object the later one counts, and a note
//! says so.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use memlint_kubernetes::aggregate::{ResourceList, pod_limits};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::Origin;
use memlint_scheduler::{ClusterBuilder, Labels, Node, NodeProblem};

use super::error::CapacityError;
use super::file::CapacityFile;
use super::known::{Capacity, CapacityNote, Sourced};
use super::pools::{DeclaredPool, MOST_NODES, Plan};
use super::sizing::KubernetesVersion;
use super::source::Known;

/// What the sources say, on its way to becoming a [`Capacity`].
#[derive(Debug, Default)]
pub struct CapacityBuilder {
    nodes: BTreeMap<String, Sourced<Node>>,
    pods: ClusterBuilder,
    bound: BTreeMap<(String, String), Limited>,
    sees_pods: bool,
    daemon_sets: BTreeMap<(String, String), DaemonSet>,
    limit_ranges: BTreeMap<(String, String), Sourced<core::LimitRange>>,
    resource_quotas: BTreeMap<(String, String), Sourced<core::ResourceQuota>>,
    runtime_classes: BTreeMap<(String, String), Sourced<RuntimeClass>>,
    priority_classes: BTreeMap<(String, String), Sourced<PriorityClass>>,
    namespaces: BTreeMap<String, Labels>,
    allowances: BTreeMap<String, BTreeMap<String, String>>,
    pools: Vec<DeclaredPool>,
    kubernetes: Option<KubernetesVersion>,
    foreign: BTreeMap<String, usize>,
    /// By kind, the names of what was given twice, and where the first of them stands again.
    repeated: BTreeMap<&'static str, (Vec<String>, Origin)>,
    notes: Vec<CapacityNote>,
    errors: Vec<CapacityError>,
}

/// A Pod on its node, with its limits.
#[derive(Debug)]
struct Limited {
    node: String,
    limits: ResourceList,
}

impl CapacityBuilder {
    /// Adds an object as it was written, and tells whether its kind says anything of capacity; one that does not is
    /// counted, for a note.
    pub fn add_object(&mut self, api_version: &str, kind: &str, value: &Value<'_>, origin: Origin) -> bool {
        let Some(known) = Known::read(api_version, kind, value) else {
            *self.foreign.entry(kind.to_owned()).or_default() += 1;
            return false;
        };
        match known {
            Err(unreadable) => self.errors.extend(unreadable.into_iter().map(|bad| CapacityError {
                origin: Some(origin),
                at: bad.at,
                on_key: false,
                message: bad.message,
                help: bad.help,
            })),
            Ok(Known::Node(node)) => self.add_node(&node, origin),
            Ok(Known::Pod(pod)) => self.add_pod(&pod),
            Ok(Known::DaemonSet(set)) => self.add_daemon_set(*set),
            Ok(Known::LimitRange(object)) => self.add_limit_range(object, origin),
            Ok(Known::ResourceQuota(object)) => self.add_resource_quota(object, origin),
            Ok(Known::RuntimeClass(object)) => self.add_runtime_class(object, origin),
            Ok(Known::PriorityClass(object)) => self.add_priority_class(object, origin),
            Ok(Known::Namespace(object)) => self.add_namespace(&object),
        }
        true
    }

    /// Adds a node.
    pub fn add_node(&mut self, node: &core::Node, origin: Origin) {
        let given = node.status.as_ref().and_then(|status| status.allocatable.as_ref());
        let stated = given.is_some_and(|list| !list.is_empty());
        let (node, mut problems) = Node::read(node);
        if !stated && !problems.iter().any(|problem| matches!(problem, NodeProblem::NoAllocatable { .. })) {
            problems.push(NodeProblem::NoAllocatable { node: node.name.clone() });
        }
        if !problems.is_empty() {
            self.errors.extend(problems.iter().map(|problem| CapacityError::of_node(problem, origin)));
            return;
        }
        let name = node.name.clone();
        if self.nodes.insert(name.clone(), Sourced { object: node, origin }).is_some() {
            self.repeat("node", name, origin);
        }
    }

    /// Adds a Pod. It counts where it is bound and not over.
    pub fn add_pod(&mut self, pod: &core::Pod) {
        self.sees_pods = true;
        self.pods.pod(pod);
        let Some(spec) = &pod.spec else { return };
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let node = spec.node_name.as_ref().filter(|node| !node.is_empty());
        let (Some(node), false) = (node, matches!(phase, Some("Succeeded" | "Failed"))) else { return };
        let limited = Limited { node: node.clone(), limits: pod_limits(spec, pod.status.as_ref()) };
        self.bound.insert(key(&pod.metadata), limited);
    }

    /// Adds a DaemonSet, for the nodes that none of its Pods is known on.
    pub fn add_daemon_set(&mut self, set: DaemonSet) {
        self.daemon_sets.insert(key(&set.metadata), set);
    }

    /// Adds a LimitRange.
    pub fn add_limit_range(&mut self, mut object: core::LimitRange, origin: Origin) {
        self.settle(&mut object.metadata, "LimitRange", origin);
        let known = self.limit_ranges.insert(key(&object.metadata), Sourced { object, origin });
        self.twice(known.map(|known| key(&known.object.metadata)), "LimitRange", origin);
    }

    /// Adds a ResourceQuota.
    pub fn add_resource_quota(&mut self, mut object: core::ResourceQuota, origin: Origin) {
        self.settle(&mut object.metadata, "ResourceQuota", origin);
        let known = self.resource_quotas.insert(key(&object.metadata), Sourced { object, origin });
        self.twice(known.map(|known| key(&known.object.metadata)), "ResourceQuota", origin);
    }

    /// Adds a RuntimeClass.
    pub fn add_runtime_class(&mut self, object: RuntimeClass, origin: Origin) {
        let known = self.runtime_classes.insert(key(&object.metadata), Sourced { object, origin });
        self.twice(known.map(|known| key(&known.object.metadata)), "RuntimeClass", origin);
    }

    /// Adds a PriorityClass.
    pub fn add_priority_class(&mut self, object: PriorityClass, origin: Origin) {
        self.priority_classes.insert(key(&object.metadata), Sourced { object, origin });
    }

    /// Adds a namespace, for its labels and for the annotations that exempt from rules.
    pub fn add_namespace(&mut self, object: &core::Namespace) {
        let name = object.metadata.name.clone().unwrap_or_default();
        let metadata = &object.metadata;
        self.allowances.insert(name.clone(), metadata.annotations.clone().unwrap_or_default());
        self.namespaces.insert(name, metadata.labels.clone().unwrap_or_default());
    }

    /// Adds a capacity file. `origin_of` marks a place in it, so that it can be found again.
    pub fn add_file(&mut self, file: &CapacityFile, origin_of: &mut dyn FnMut(&FieldPath) -> Origin) {
        let place = |list: &str, index: usize| FieldPath::of(&[list]).index(index);
        if let Some(version) = file.kubernetes
            && let Some(other) = self.kubernetes.replace(version).filter(|other| *other != version)
        {
            let origin = Some(origin_of(&FieldPath::root()));
            let message =
                format!("Kubernetes is {other} in one capacity file and {version} in a later one, which counts");
            self.notes.push(CapacityNote { origin, at: FieldPath::of(&["kubernetes"]), message });
        }
        for (index, pool) in file.pools.iter().enumerate() {
            let origin = origin_of(&place("pools", index));
            match DeclaredPool::new(pool, file.kubernetes, origin) {
                Ok(declared) => {
                    let before = self.pools.len();
                    self.pools.retain(|other| other.pool.name != pool.name);
                    if self.pools.len() < before {
                        self.repeat("pool", pool.name.clone(), origin);
                    }
                    self.pools.push(declared);
                }
                Err(error) => self.errors.push(error),
            }
        }
        for (index, object) in file.limit_ranges.iter().enumerate() {
            self.add_limit_range(object.clone(), origin_of(&place("limitRanges", index)));
        }
        for (index, object) in file.resource_quotas.iter().enumerate() {
            self.add_resource_quota(object.clone(), origin_of(&place("resourceQuotas", index)));
        }
        for (index, object) in file.runtime_classes.iter().enumerate() {
            self.add_runtime_class(object.clone(), origin_of(&place("runtimeClasses", index)));
        }
        for (index, object) in file.priority_classes.iter().enumerate() {
            self.add_priority_class(object.clone(), origin_of(&place("priorityClasses", index)));
        }
        file.namespaces.iter().for_each(|namespace| self.add_namespace(namespace));
    }

    /// Puts it all together.
    ///
    /// # Errors
    /// Everything that is wrong with the sources.
    pub fn build(mut self) -> Result<Capacity, Vec<CapacityError>> {
        self.errors.extend(too_many(&self.pools));
        self.note_repeated();
        self.note_foreign();
        self.note_lost_pods();
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let mut pods = self.pods;
        for (name, labels) in &self.namespaces {
            pods.namespace(name, labels.clone());
        }
        let mut limits: BTreeMap<String, ResourceList> = BTreeMap::new();
        for limited in self.bound.into_values() {
            memlint_kubernetes::aggregate::add(limits.entry(limited.node).or_default(), &limited.limits);
        }
        let capacity = Capacity {
            kubernetes: self.kubernetes,
            limits,
            limit_ranges: self.limit_ranges.into_values().collect(),
            resource_quotas: self.resource_quotas.into_values().collect(),
            runtime_classes: self.runtime_classes.into_values().collect(),
            priority_classes: self.priority_classes.into_values().collect(),
            namespaces: self.namespaces,
            allowances: self.allowances,
            notes: self.notes,
            ..Capacity::default()
        };
        let plan = Plan {
            nodes: self.nodes,
            pods,
            sees_pods: self.sees_pods,
            daemon_sets: self.daemon_sets.into_values().collect(),
            pools: self.pools,
        };
        plan.carry_out(capacity)
    }

    /// A namespaced object lives in `default` where it does not say otherwise, as for kubectl.
    fn settle(&mut self, metadata: &mut Metadata, kind: &str, origin: Origin) {
        if metadata.namespace.as_ref().is_none_or(String::is_empty) {
            let name = metadata.name.clone().unwrap_or_default();
            self.note(Some(origin), format!("{kind} {name} names no namespace; it is taken for one of default"));
            metadata.namespace = Some("default".to_owned());
        }
    }

    fn twice(&mut self, known: Option<(String, String)>, kind: &'static str, origin: Origin) {
        let Some((namespace, name)) = known else { return };
        self.repeat(kind, if namespace.is_empty() { name } else { format!("{namespace}/{name}") }, origin);
    }

    fn repeat(&mut self, kind: &'static str, name: String, origin: Origin) {
        self.repeated.entry(kind).or_insert_with(|| (Vec::new(), origin)).0.push(name);
    }

    fn note_repeated(&mut self) {
        for (kind, (mut names, origin)) in std::mem::take(&mut self.repeated) {
            names.sort_unstable();
            names.dedup();
            let (some, more) =
                (names.iter().take(3).cloned().collect::<Vec<_>>().join(", "), names.len().saturating_sub(3));
            let message = match (names.len(), more) {
                (1, _) => format!("{kind} {some} is given twice; the later one counts"),
                (_, 0) => format!("{kind}s {some} are given twice; the later ones count"),
                _ => format!("{kind}s {some} and {more} more are given twice; the later ones count"),
            };
            self.note(Some(origin), message);
        }
    }

    fn note(&mut self, origin: Option<Origin>, message: String) {
        self.notes.push(CapacityNote { origin, at: FieldPath::root(), message });
    }

    fn note_foreign(&mut self) {
        let total: usize = self.foreign.values().sum();
        if total > 0 {
            let mut kinds: Vec<(&String, &usize)> = self.foreign.iter().collect();
            kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), *kind));
            let some: Vec<String> = kinds.iter().take(5).map(|(kind, count)| format!("{count} {kind}")).collect();
            let more = if kinds.len() > 5 { format!(" and {} more kinds", kinds.len() - 5) } else { String::new() };
            let (objects, verb) = if total == 1 {
                ("1 object says".to_owned(), "counts")
            } else {
                (format!("{total} objects say"), "count")
            };
            let message = format!("{objects} nothing of capacity and {verb} for nothing: {}{more}", some.join(", "));
            self.note(None, message);
        }
    }

    fn note_lost_pods(&mut self) {
        let lost: Vec<&Limited> = self.bound.values().filter(|pod| !self.nodes.contains_key(&pod.node)).collect();
        if let Some(first) = lost.first() {
            let pods = if lost.len() == 1 { "1 Pod is" } else { &format!("{} Pods are", lost.len()) };
            let message =
                format!("{pods} on nodes that no source names, such as {}, and count for nothing", first.node);
            self.note(None, message);
        }
    }
}

type Metadata = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Namespace and name.
fn key(metadata: &Metadata) -> (String, String) {
    (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default())
}

/// That all pools together have more nodes than any cluster.
fn too_many(pools: &[DeclaredPool]) -> Option<CapacityError> {
    let total = pools.iter().fold(0_u32, |sum, declared| sum.saturating_add(declared.pool.exists()));
    let largest = pools.iter().max_by_key(|declared| declared.pool.exists())?;
    (total > MOST_NODES).then(|| CapacityError {
        origin: Some(largest.origin),
        at: FieldPath::of(&["count"]),
        on_key: false,
        message: format!("the pools have {total} nodes, more than {MOST_NODES}"),
        help: "give the number of nodes".to_owned(),
    })
}
