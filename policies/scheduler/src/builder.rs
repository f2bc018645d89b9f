//! [`ClusterBuilder`]: collects nodes, Pods, DaemonSets and namespaces, from any number of sources in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1 as api;
use memlint_kubernetes::aggregate::ResourceList;

use super::bound::{Bound, Kin, Occupant};
use super::candidate::Candidate;
use super::cluster::{Cluster, Taken};
use super::pod_affinity::PodTerm;
use super::ports::HostPort;
use super::selector::Labels;
use crate::node::Node;

/// What is known of a cluster, on its way to becoming a [`Cluster`].
#[derive(Debug, Clone, Default)]
pub struct ClusterBuilder {
    nodes: BTreeMap<String, Node>,
    pods: BTreeMap<(String, String), Bound>,
    nameless: Vec<Bound>,
    taken: Vec<Taken>,
    namespaces: BTreeMap<String, Labels>,
    daemons: Vec<Daemon>,
}

/// A DaemonSet whose Pods are not all known.
#[derive(Debug, Clone)]
struct Daemon {
    name: String,
    candidate: Candidate,
    pod: Arc<Occupant>,
}

impl ClusterBuilder {
    /// Adds a node. Where there was one of that name, it is replaced and returned.
    pub fn node(&mut self, node: Node) -> Option<Node> {
        self.nodes.insert(node.name.clone(), node)
    }

    /// Adds a Pod, if it is bound and not over. The same Pod from two sources counts once, as it was given last.
    pub fn pod(&mut self, pod: &api::Pod) {
        let Some(bound) = Bound::read(pod) else { return };
        match &pod.metadata.name {
            Some(name) => _ = self.pods.insert((bound.pod.kin.namespace.clone(), name.clone()), bound),
            None => self.nameless.push(bound),
        }
    }

    /// Adds plain amounts that are taken of a node, by so many Pods: by DaemonSets, or by others.
    pub fn taken(&mut self, node: &str, requests: ResourceList, pods: i64, by_daemon_sets: bool) {
        self.taken.push(Taken { node: node.to_owned(), requests, pods, daemon: by_daemon_sets });
    }

    /// Adds a namespace with its labels.
    pub fn namespace(&mut self, name: &str, labels: Labels) {
        self.namespaces.insert(name.to_owned(), labels);
    }

    /// Adds a DaemonSet by its Pod template, which requests so much of each node it runs on.
    ///
    /// Its Pods are counted where they are known. Where they are not, one is put on every node that it may run on: on
    /// all such nodes if none of its Pods is known, else on those of which no Pod at all is known (nodes that an
    /// autoscaler has yet to add).
    pub fn daemon_set(&mut self, namespace: &str, name: &str, template: &api::PodTemplateSpec, requests: ResourceList) {
        let Some(spec) = &template.spec else { return };
        let metadata = template.metadata.as_ref();
        let labels = metadata.and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
        let candidate = Candidate::of_daemon_set(spec, &labels, namespace, &requests);
        let anti_affinity = PodTerm::anti_affinity(spec, &labels, namespace);
        let owner = Some(("DaemonSet".to_owned(), name.to_owned()));
        let namespace = namespace.to_owned();
        let kin = Kin { namespace, labels, terminating: false, daemon: true, owner, anti_affinity };
        let (daemon_set, ports) = (Some(name.to_owned()), HostPort::of_pod(spec));
        let pod = Arc::new(Occupant { kin, daemon_set, requests, ports });
        self.daemons.push(Daemon { name: name.to_owned(), candidate, pod });
    }

    /// Builds the cluster. Pods on nodes that are not known are left out, as the scheduler does.
    #[must_use]
    pub fn build(self) -> Cluster {
        let mut pods: Vec<Bound> = self.pods.into_values().chain(self.nameless).collect();
        let peopled: BTreeSet<String> = pods.iter().map(|pod| pod.node.clone()).collect();
        for daemon in self.daemons {
            let is_of = |pod: &&Bound| {
                pod.pod.daemon_set.as_ref() == Some(&daemon.name) && pod.pod.kin.namespace == daemon.pod.kin.namespace
            };
            let known: BTreeSet<String> = pods.iter().filter(is_of).map(|pod| pod.node.clone()).collect();
            let lacks =
                |node: &&Node| known.is_empty() || !(known.contains(&node.name) || peopled.contains(&node.name));
            let missing = self.nodes.values().filter(lacks).filter(|node| daemon.candidate.may_run_as_daemon(node));
            let missing = missing.map(|node| Bound { node: node.name.clone(), pod: daemon.pod.clone() });
            pods.extend(missing.collect::<Vec<_>>());
        }
        Cluster::build(self.nodes, pods, self.taken, self.namespaces)
    }
}

impl Candidate {
    /// Whether the DaemonSet controller puts this Pod on a node, whatever room there is (`NodeShouldRunDaemonPod`).
    #[must_use]
    pub fn may_run_as_daemon(&self, node: &Node) -> bool {
        let named = self.node_name().is_none_or(|name| name == node.name);
        let wanted = self.node_affinity.matches(&node.name, |key| node.labels.get(key).map(String::as_str));
        named && wanted && self.tolerations.untolerated(&node.taints).next().is_none()
    }
}
