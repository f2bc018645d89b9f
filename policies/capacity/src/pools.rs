//! From what sources say to clusters: nodes that exist, nodes that an autoscaler may add, DaemonSets on both.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::apps::v1::DaemonSet;
use memlint_kubernetes::aggregate::ResourceList;
use memlint_kubernetes::limit_range::LimitRange;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::Origin;
use memlint_kubernetes::resources::{Defaulting, PodResources, runtime_class_overhead};
use memlint_kubernetes::workload::Workload;
use memlint_scheduler::{Cluster, ClusterBuilder, Node, Overhead, Taint, UNKNOWN_LABEL};

use super::error::CapacityError;
use super::file::Pool;
use super::known::{Capacity, CapacityNote, PoolNodes, Sourced};
use super::offer::{NoOffer, Offer};
use super::sizing::{KubernetesVersion, WarningKind};

/// More nodes than any cluster has; a larger count is a slip of the pen.
pub(super) const MOST_NODES: u32 = 20_000;

/// Well-known labels that cloud providers give to nodes, and whose values do not follow from a pool's size.
const OPEN: [&str; 13] = [
    "agentpool",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "kubernetes.azure.com/agentpool",
    "kubernetes.azure.com/mode",
    "kubernetes.io/arch",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

const HOSTNAME: &str = "kubernetes.io/hostname";

/// A pool, and what its nodes offer.
#[derive(Debug)]
pub(super) struct DeclaredPool {
    pub(super) pool: Pool,
    pub(super) offer: Offer,
    pub(super) origin: Origin,
}

/// Everything that decides what the clusters look like.
pub(super) struct Plan {
    pub(super) nodes: BTreeMap<String, Sourced<Node>>,
    pub(super) pods: ClusterBuilder,
    pub(super) sees_pods: bool,
    pub(super) daemon_sets: Vec<DaemonSet>,
    pub(super) pools: Vec<DeclaredPool>,
}

impl DeclaredPool {
    pub(super) fn new(
        pool: &Pool,
        kubernetes: Option<KubernetesVersion>,
        origin: Origin,
    ) -> Result<Self, CapacityError> {
        let error = |at: &str, message: String, help: &str| {
            let at = if at.is_empty() { FieldPath::root() } else { FieldPath::of(&[at]) };
            CapacityError { origin: Some(origin), at, on_key: false, message, help: help.to_owned() }
        };
        let offer = pool.offer(kubernetes).map_err(|why| {
            let at = if matches!(why, NoOffer::Size(_)) { "size" } else { "" };
            error(at, format!("pool {}: {why}", pool.name), "give provider and size, or allocatable")
        })?;
        if pool.exists() > MOST_NODES {
            let message = format!("pool {} has {} nodes, more than {MOST_NODES}", pool.name, pool.exists());
            return Err(error("count", message, "give the number of nodes"));
        }
        Ok(Self { pool: pool.clone(), offer, origin })
    }

    /// A node of this pool.
    fn node(&self, name: String) -> Node {
        let mut labels = self.offer.labels.clone();
        labels.insert(HOSTNAME.to_owned(), name.clone());
        labels.extend(self.pool.labels.clone());
        // Which of these it has depends on what the pool does not say.
        for key in OPEN {
            labels.entry(key.to_owned()).or_insert_with(|| UNKNOWN_LABEL.to_owned());
        }
        Node {
            name,
            labels,
            taints: self.pool.taints.clone(),
            unschedulable: false,
            allocatable: self.offer.allocatable.clone(),
            capacity: self.offer.capacity.clone(),
        }
    }

    /// Whether a node that was found is one of this pool: it has the pool's labels, and its size.
    fn owns(&self, node: &Node) -> bool {
        let has = |(key, value): (&String, &String)| node.labels.get(key) == Some(value);
        let size = self.pool.size.as_ref().zip(node.labels.get("node.kubernetes.io/instance-type"));
        !self.pool.labels.is_empty()
            && self.pool.labels.iter().all(has)
            && size.is_none_or(|(_, found)| {
                self.offer
                    .labels
                    .get("node.kubernetes.io/instance-type")
                    .is_none_or(|ours| ours.eq_ignore_ascii_case(found))
            })
    }

    pub(super) fn note(&self, at: &[&str], message: &str) -> CapacityNote {
        let message = format!("pool {}: {message}", self.pool.name);
        CapacityNote { origin: Some(self.origin), at: FieldPath::of(at), message }
    }
}

/// A pool with its nodes, on the way.
struct Peopled {
    declared: DeclaredPool,
    nodes: Vec<String>,
    /// What a node to come looks like.
    model: Node,
    /// Whether the nodes were found, not made up.
    found: bool,
}

impl Plan {
    /// Builds the clusters of a capacity that has all the rest.
    pub(super) fn carry_out(mut self, mut capacity: Capacity) -> Result<Capacity, Vec<CapacityError>> {
        let has_nodes = !self.nodes.is_empty();
        let pools = std::mem::take(&mut self.pools);
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let mut builder = std::mem::take(&mut self.pods);
        let mut peopled = Vec::new();
        for declared in pools {
            let own = |(name, node): (&String, &Sourced<Node>)| {
                (!taken.contains(name) && declared.owns(&node.object)).then(|| name.clone())
            };
            let found: Vec<String> = self.nodes.iter().filter_map(own).collect();
            taken.extend(found.iter().cloned());
            peopled.push(if found.is_empty() {
                capacity.assumptions.extend(assumptions(&declared));
                capacity.notes.extend(doubts(&declared, has_nodes));
                people(declared, &mut builder)
            } else {
                let note = found_note(&declared, &found);
                capacity.notes.extend(note);
                self.adopt(declared, found, &mut builder)
            });
        }
        for node in self.nodes.values() {
            builder.node(node.object.clone());
        }
        self.add_daemon_sets(&mut builder, &capacity);
        let requested = peopled.iter().any(|pool| !pool.found && pool.declared.pool.requested.is_some());
        capacity.knows_bound_pods = self.sees_pods || requested;
        if capacity.knows_bound_pods {
            let silent = peopled.iter().filter(|pool| !pool.found && !pool.nodes.is_empty());
            let silent = silent.filter(|pool| pool.declared.pool.requested.is_none());
            let note =
                |pool: &Peopled| pool.declared.note(&[], "requested is not given, so its nodes count as empty today");
            capacity.notes.extend(silent.map(note));
        }
        // Most clusters have no pool that grows by declaration: then nothing large is copied.
        let grows = peopled.iter().any(|pool| pool.more() > 0);
        let now = Arc::new(if grows { builder.clone() } else { std::mem::take(&mut builder) }.build());
        let one = self.enlarged(&builder, &peopled, &now, 1);
        let all = self.enlarged(&builder, &peopled, &now, MOST_NODES);
        capacity.ever = one.map_or_else(|| now.clone(), Arc::new);
        capacity.grown = match all {
            Some(all) if all.nodes().len() > capacity.ever.nodes().len() => Arc::new(all),
            _ => capacity.ever.clone(),
        };
        capacity.now = now;
        capacity.pools = peopled.into_iter().map(Peopled::finish).collect();
        Ok(capacity)
    }

    /// Nodes that were found and belong to a declared pool: what was measured beats what was declared.
    fn adopt(&self, declared: DeclaredPool, found: Vec<String>, builder: &mut ClusterBuilder) -> Peopled {
        let nodes = found.iter().filter_map(|name| self.nodes.get(name)).map(|node| &node.object);
        let memory = |node: &&Node| node.allocatable.get("memory").copied().unwrap_or_default();
        let largest = nodes.max_by_key(memory).cloned();
        let mut model = largest.unwrap_or_else(|| declared.node(String::new()));
        model.unschedulable = false;
        model.taints.retain(|taint: &Taint| !taint.is_transient());
        let overhead = &declared.pool.daemon_sets;
        if !self.sees_pods && !is_nothing(overhead) {
            for name in &found {
                builder.taken(name, overhead.requests.clone(), overhead.pods, true);
            }
        }
        Peopled { declared, nodes: found, model, found: true }
    }

    /// The nodes that exist, and up to so many new ones a pool; `None` if no pool has any to come.
    fn enlarged(&self, builder: &ClusterBuilder, pools: &[Peopled], now: &Cluster, most: u32) -> Option<Cluster> {
        if pools.iter().all(|pool| pool.more() == 0) {
            return None;
        }
        let mut builder = builder.clone();
        let mut left = MOST_NODES;
        for pool in pools {
            for index in 0..pool.more().min(most).min(left) {
                let name = pool.new_name(index);
                let mut node = pool.model.clone();
                node.labels.insert(HOSTNAME.to_owned(), name.clone());
                node.name.clone_from(&name);
                builder.node(node);
                if let Some(overhead) = self.overhead_to_come(pool, now) {
                    builder.taken(&name, overhead.requests, overhead.pods, true);
                }
                left = left.saturating_sub(1);
            }
        }
        Some(builder.build())
    }

    /// What DaemonSets will take of a new node, besides those whose objects are known: as declared; else, where only
    /// their Pods are known, as on the pool's other nodes.
    fn overhead_to_come(&self, pool: &Peopled, now: &Cluster) -> Option<Overhead> {
        let declared = &pool.declared.pool.daemon_sets;
        if !is_nothing(declared) {
            return Some(declared.clone());
        }
        if !pool.found || !self.daemon_sets.is_empty() {
            return None;
        }
        let node = now.nodes().find(&pool.model.name)?;
        let class = now.nodes().classes().get(now.nodes().class_of(node))?;
        Some(class.overhead.clone()).filter(|overhead| !is_nothing(overhead))
    }

    fn add_daemon_sets(&self, builder: &mut ClusterBuilder, capacity: &Capacity) {
        for set in &self.daemon_sets {
            let spec = &set.spec;
            let namespace = set.metadata.namespace.as_deref().unwrap_or("default");
            let limit_ranges = capacity.limit_ranges.iter();
            let limit_ranges =
                limit_ranges.filter(|known| known.object.metadata.namespace.as_deref() == Some(namespace));
            let limit_ranges: Vec<LimitRange> =
                limit_ranges.map(|known| LimitRange::new(&known.object, known.origin)).collect();
            let wanted = spec.template.spec.as_ref().and_then(|spec| spec.runtime_class_name.as_deref());
            let mut classes = capacity.runtime_classes.iter().map(|known| &known.object);
            let class = classes.find(|class| wanted.is_some() && class.metadata.name.as_deref() == wanted);
            let overhead = class.map(runtime_class_overhead);
            let workload = Workload::of_daemon_set(set);
            let limit_ranges: Vec<&LimitRange> = limit_ranges.iter().collect();
            let pod = PodResources::new(&workload, &limit_ranges, overhead.as_ref(), Defaulting::Simulate);
            let name = set.metadata.name.as_deref().unwrap_or_default();
            builder.daemon_set(namespace, name, &spec.template, pod.requests());
        }
    }
}

/// The nodes of a pool that nothing was found of.
fn people(declared: DeclaredPool, builder: &mut ClusterBuilder) -> Peopled {
    let pool = &declared.pool;
    let mut nodes = Vec::new();
    for index in 0..pool.exists() {
        let name = format!("pool/{}-{}", pool.name, u64::from(index) + 1);
        builder.node(declared.node(name.clone()));
        builder.taken(&name, pool.daemon_sets.requests.clone(), pool.daemon_sets.pods, true);
        let requested = pool.requested.as_ref();
        let requested = requested.and_then(|nodes| nodes.get(usize::try_from(index).ok()?));
        if let Some(requested) = requested {
            builder.taken(&name, requested.requests.clone(), requested.pods, false);
        }
        nodes.push(name);
    }
    let model = declared.node(String::new());
    Peopled { declared, nodes, model, found: false }
}

impl Peopled {
    fn more(&self) -> u32 {
        let now = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.declared.pool.count.max.map_or(0, |max| max.saturating_sub(now))
    }

    fn new_name(&self, index: u32) -> String {
        match index {
            0 => format!("pool/{} (new)", self.declared.pool.name),
            _ => format!("pool/{} (new {})", self.declared.pool.name, u64::from(index) + 1),
        }
    }

    fn finish(self) -> PoolNodes {
        let more = self.more();
        PoolNodes {
            new_node: (more > 0).then(|| self.new_name(0)),
            name: self.declared.pool.name,
            nodes: self.nodes,
            more,
        }
    }
}

fn is_nothing(overhead: &Overhead) -> bool {
    overhead.pods == 0 && overhead.requests == ResourceList::new()
}

/// That the nodes that were found are not as many as were declared.
pub(super) fn found_note(declared: &DeclaredPool, found: &[String]) -> Option<CapacityNote> {
    let (declares, has) = (declared.pool.exists(), u32::try_from(found.len()).unwrap_or(u32::MAX));
    (declares != has).then(|| {
        let nodes = if has == 1 {
            "1 Node with its labels was found and counts"
        } else {
            &format!("{has} Nodes with its labels were found and count")
        };
        let message = format!("{nodes}, not the {declares} declared");
        declared.note(&["count"], &message)
    })
}

/// That nodes may be counted twice.
pub(super) fn doubts(declared: &DeclaredPool, has_nodes: bool) -> Option<CapacityNote> {
    let exists = declared.pool.exists();
    (has_nodes && exists > 0).then(|| {
        let why = if declared.pool.labels.is_empty() { "it declares no labels" } else { "no Node has its labels" };
        let nodes = if exists == 1 { "1 node is" } else { &format!("{exists} nodes are") };
        declared.note(&["count"], &format!("{why}, so its {nodes} counted beside the Nodes that were found"))
    })
}

/// What the numbers of a pool rest on.
pub(super) fn assumptions(declared: &DeclaredPool) -> Vec<CapacityNote> {
    let mut notes = Vec::new();
    if declared.offer.is_estimate() {
        notes.push(declared.note(&["size"], "memory is estimated from the size; capacity.memory of a Node is better"));
    }
    let count = declared.pool.count;
    let grows = count.max.is_some_and(|max| max > declared.pool.exists());
    if count.now.is_none() && declared.pool.requested.is_none() {
        let message = format!("count.now is not given, its minimum of {} is taken", declared.pool.exists());
        notes.push(declared.note(&["count"], &message));
    }
    let warnings = declared.offer.explanation.iter().flat_map(|explanation| &explanation.warnings);
    // What an autoscaler reckons with matters where it has nodes to add.
    for warning in warnings.filter(|warning| grows || warning.kind != WarningKind::AutoscalerForecast) {
        notes.push(declared.note(&[], &warning.text));
    }
    if declared.offer.has_unknown_disk() {
        let message = "ephemeral-storage is not given, so it never runs out here";
        notes.push(declared.note(&["allocatable"], message));
    }
    notes
}
