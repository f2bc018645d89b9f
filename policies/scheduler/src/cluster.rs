//! [`Cluster`]: nodes and the Pods on them, in the form in which filters ask about them.
//!
//! Pods that no selector can tell apart are one group with a count per node, so that a candidate's terms are matched
//! once per group however many replicas there are.
use std::collections::BTreeMap;

use memlint_kubernetes::aggregate::{ResourceList, add};

use super::amounts::{Columns, Grid};
use super::bound::{Bound, Kin, Occupant};
use super::candidate::Candidate;
use super::ports::HostPort;
use super::selector::Labels;
use super::topology::Topologies;
use crate::class::{NodeSet, Overhead};
use crate::node::Node;

/// Which of the Pods on a node count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Only those of DaemonSets: could the Pod ever run here?
    Empty,
    /// All of them: could it run now?
    Now,
}

/// A cluster to place Pods in. Built once, read by many; see [`super::ClusterBuilder`].
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    pub(super) nodes: NodeSet,
    pub(super) columns: Columns,
    allocatable: Grid,
    slots: Vec<i64>,
    empty: Usage,
    now: Usage,
    pub(super) groups: Vec<Group>,
    /// The groups of each namespace.
    pub(super) by_namespace: BTreeMap<String, Vec<usize>>,
    /// The groups whose Pods keep others away.
    pub(super) repelling: Vec<usize>,
    ports: BTreeMap<usize, Vec<TakenPort>>,
    namespaces: BTreeMap<String, Labels>,
    pub(super) topologies: Topologies,
    /// Whether nodes of one class have the same room while only DaemonSets count: not once Pods of one were taken away.
    pub(super) empty_by_class: bool,
}

/// What is taken of the nodes, in one view.
#[derive(Debug, Clone, Default)]
struct Usage {
    amounts: Grid,
    pods: Vec<i64>,
}

/// Pods that are alike to every selector, and where they are.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) kin: Kin,
    /// Node and number, each node once.
    pub(super) nodes: Vec<(usize, i64)>,
    /// What they take of those nodes, in the same order.
    amounts: Grid,
}

/// A host port in use.
#[derive(Debug, Clone)]
struct TakenPort {
    port: HostPort,
    /// Whether by the Pod of a DaemonSet.
    daemon: bool,
    /// The group of the Pod.
    group: usize,
}

/// Plain amounts taken of a node, not told apart by Pod.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) node: String,
    pub(super) requests: ResourceList,
    pub(super) pods: i64,
    pub(super) daemon: bool,
}

impl Cluster {
    pub(super) fn build(
        nodes: BTreeMap<String, Node>,
        pods: Vec<Bound>,
        taken: Vec<Taken>,
        namespaces: BTreeMap<String, Labels>,
    ) -> Self {
        let pods: Vec<Bound> = pods.into_iter().filter(|pod| nodes.contains_key(&pod.node)).collect();
        let taken: Vec<Taken> = taken.into_iter().filter(|taken| nodes.contains_key(&taken.node)).collect();
        let lists = nodes.values().map(|node| &node.allocatable).chain(pods.iter().map(|bound| &bound.pod.requests));
        let columns = Columns::of(lists.chain(taken.iter().map(|taken| &taken.requests)));

        let mut overheads: BTreeMap<String, Overhead> = BTreeMap::new();
        let of_pods = pods.iter().map(|bound| (&bound.node, &bound.pod.requests, 1, bound.pod.kin.daemon));
        let of_taken = taken.iter().map(|taken| (&taken.node, &taken.requests, taken.pods, taken.daemon));
        let uses: Vec<(&String, &ResourceList, i64, bool)> = of_pods.chain(of_taken).collect();
        for (node, requests, pods, _) in uses.iter().filter(|(_, _, _, daemon)| *daemon) {
            let overhead = overheads.entry((*node).clone()).or_default();
            add(&mut overhead.requests, requests);
            overhead.pods = overhead.pods.saturating_add(*pods);
        }
        let nodes = nodes.into_values().map(|node| {
            let overhead = overheads.remove(&node.name).unwrap_or_default();
            (node, overhead)
        });
        let nodes = NodeSet::new(nodes);

        let mut cluster = Self {
            topologies: Topologies::new(&nodes),
            allocatable: Grid::new(&columns, nodes.len()),
            slots: vec![0; nodes.len()],
            empty: Usage::new(&columns, nodes.len()),
            now: Usage::new(&columns, nodes.len()),
            namespaces,
            nodes,
            columns,
            empty_by_class: true,
            ..Self::default()
        };
        for class in cluster.nodes.classes() {
            for node in &class.nodes {
                cluster.allocatable.add(&cluster.columns, *node, &class.allocatable);
                cluster.slots[*node] = class.allocatable.get("pods").map_or(0, |pods| pods.value());
            }
        }
        for (node, requests, pods, daemon) in uses {
            let Some(node) = cluster.nodes.find(node) else { continue };
            cluster.now.add(&cluster.columns, node, requests, pods);
            if daemon {
                cluster.empty.add(&cluster.columns, node, requests, pods);
            }
        }
        cluster.group(&pods);
        cluster
    }

    fn group(&mut self, pods: &[Bound]) {
        let mut groups: BTreeMap<&Kin, BTreeMap<usize, Vec<&Occupant>>> = BTreeMap::new();
        for Bound { node, pod } in pods {
            let Some(node) = self.nodes.find(node) else { continue };
            groups.entry(&pod.kin).or_default().entry(node).or_default().push(pod);
        }
        for (index, (kin, members)) in groups.into_iter().enumerate() {
            self.by_namespace.entry(kin.namespace.clone()).or_default().push(index);
            if !kin.anti_affinity.is_empty() {
                self.repelling.push(index);
            }
            let (kin, amounts) = (kin.clone(), Grid::new(&self.columns, members.len()));
            let mut group = Group { kin, nodes: Vec::with_capacity(members.len()), amounts };
            for (row, (node, pods)) in members.into_iter().enumerate() {
                group.nodes.push((node, i64::try_from(pods.len()).unwrap_or(i64::MAX)));
                for pod in pods {
                    group.amounts.add(&self.columns, row, &pod.requests);
                    let daemon = group.kin.daemon;
                    for port in pod.ports.iter().cloned() {
                        self.ports.entry(node).or_default().push(TakenPort { port, daemon, group: index });
                    }
                }
            }
            self.groups.push(group);
        }
    }

    /// How many Pods of one workload are on its nodes; see [`Cluster::without`].
    #[must_use]
    pub fn pods_of(&self, namespace: &str, kind: &str, name: &str) -> i64 {
        let groups = self.by_namespace.get(namespace).into_iter().flatten().map(|index| &self.groups[*index]);
        let own = groups.filter(|group| group.kin.is_of(kind, name));
        own.flat_map(|group| &group.nodes).fold(0, |sum, (_, pods)| sum.saturating_add(*pods))
    }

    /// The cluster without the Pods of one workload, as if it were not there yet; `None` if it has none.
    ///
    /// Pods are known by their controller: a ReplicaSet or a Job by its name, which begins with that of the Deployment
    /// or CronJob. What was only given as sums per node stays.
    #[must_use]
    pub fn without(&self, namespace: &str, kind: &str, name: &str) -> Option<Self> {
        let is_own = |group: &&usize| self.groups[**group].kin.is_of(kind, name);
        let own: Vec<usize> = self.by_namespace.get(namespace)?.iter().filter(is_own).copied().collect();
        if own.is_empty() {
            return None;
        }
        let mut cluster = self.clone();
        for index in own {
            let group = &mut cluster.groups[index];
            let (nodes, amounts) = (std::mem::take(&mut group.nodes), std::mem::take(&mut group.amounts));
            let daemon = group.kin.daemon;
            cluster.empty_by_class &= !daemon;
            for (row, (node, pods)) in nodes.into_iter().enumerate() {
                cluster.now.give_back(node, &amounts, row, pods);
                if daemon {
                    cluster.empty.give_back(node, &amounts, row, pods);
                }
                if let Some(ports) = cluster.ports.get_mut(&node) {
                    ports.retain(|port| port.group != index);
                }
            }
        }
        Some(cluster)
    }

    /// Puts Pods like a candidate on nodes, so many on each.
    pub fn place(&mut self, candidate: &Candidate, requests: &ResourceList, nodes: &BTreeMap<usize, u64>) {
        let index = self.groups.len();
        let kin = Kin {
            namespace: candidate.namespace.clone(),
            labels: candidate.labels.clone(),
            terminating: false,
            daemon: false,
            owner: None,
            anti_affinity: candidate.anti_affinity.clone(),
        };
        let mut group = Group { kin, nodes: Vec::new(), amounts: Grid::new(&self.columns, nodes.len()) };
        for (row, (node, pods)) in nodes.iter().enumerate() {
            for _ in 0..*pods {
                self.now.add(&self.columns, *node, requests, 1);
                group.amounts.add(&self.columns, row, requests);
            }
            group.nodes.push((*node, i64::try_from(*pods).unwrap_or(i64::MAX)));
            for port in candidate.ports.iter().cloned() {
                self.ports.entry(*node).or_default().push(TakenPort { port, daemon: false, group: index });
            }
        }
        self.by_namespace.entry(candidate.namespace.clone()).or_default().push(index);
        if !group.kin.anti_affinity.is_empty() {
            self.repelling.push(index);
        }
        self.groups.push(group);
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &NodeSet {
        &self.nodes
    }

    /// The labels of a namespace. Its name is always one of them, known or not (KEP-2161).
    #[must_use]
    pub fn namespace_labels(&self, namespace: &str) -> Labels {
        let mut labels = self.namespaces.get(namespace).cloned().unwrap_or_default();
        labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.to_owned());
        labels
    }

    /// What a node offers of a resource in the scheduler's unit (bytes, thousandths of a core, numbers), and how much
    /// of that is taken.
    #[must_use]
    pub fn room(&self, node: usize, resource: &str, view: View) -> (i64, i64) {
        let Some(column) = self.columns.find(resource) else { return (0, 0) };
        self.cell(column, node, view)
    }

    /// How many Pods a node takes, and how many it has.
    #[must_use]
    pub fn slots(&self, node: usize, view: View) -> (i64, i64) {
        (self.slots[node], self.usage(view).pods[node])
    }

    pub(super) fn cell(&self, column: usize, node: usize, view: View) -> (i64, i64) {
        (self.allocatable.get(column, node), self.usage(view).amounts.get(column, node))
    }

    /// The host ports that are taken on a node.
    pub(super) fn ports(&self, node: usize, view: View) -> impl Iterator<Item = &HostPort> {
        let ports = self.ports.get(&node).map(Vec::as_slice).unwrap_or_default();
        ports.iter().filter(move |taken| taken.daemon || view == View::Now).map(|taken| &taken.port)
    }

    fn usage(&self, view: View) -> &Usage {
        match view {
            View::Empty => &self.empty,
            View::Now => &self.now,
        }
    }
}

impl Usage {
    fn new(columns: &Columns, nodes: usize) -> Self {
        Self { amounts: Grid::new(columns, nodes), pods: vec![0; nodes] }
    }

    fn add(&mut self, columns: &Columns, node: usize, requests: &ResourceList, pods: i64) {
        self.amounts.add(columns, node, requests);
        self.pods[node] = self.pods[node].saturating_add(pods);
    }
    fn give_back(&mut self, node: usize, amounts: &Grid, row: usize, pods: i64) {
        self.amounts.subtract(node, amounts, row);
        self.pods[node] = self.pods[node].saturating_sub(pods);
    }
}

/// How to look at a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Which Pods count.
    pub view: View,
    /// Whether to look past cordons and past taints that say what state a node is in at the moment
    /// ([`crate::node::Taint::is_transient`]): the question is then whether the Pod could ever run. The scheduler does not.
    pub past_cordons: bool,
}

impl From<View> for Look {
    /// As the scheduler looks.
    fn from(view: View) -> Self {
        Self { view, past_cordons: false }
    }
}
