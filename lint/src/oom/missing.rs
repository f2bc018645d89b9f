//! Containers that Kubernetes knows as OOMKilled and no log tells of: which node's log to fetch.

use std::collections::HashSet;

use memlint_oom::Kill;

use super::pods::{Found, KnownContainer, KnownPod, Pods};

/// The containers that the logs told of.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// A Pod's UID and the container's name, or no name where the log does not tell which one it was.
    seen: HashSet<(String, Option<String>)>,
}

impl Told {
    /// Notes the container of a kill.
    pub(super) fn note(&mut self, pods: &Pods, kill: &Kill) {
        if let Some(Found { pod, container }) = pods.find(kill) {
            self.seen.insert((pod.uid.clone(), container.map(|container| container.name.clone())));
        }
    }

    /// The containers whose last end was an OOM kill that no log tells of, by node.
    pub(super) fn missing<'a>(&self, pods: &'a Pods) -> Vec<(&'a KnownPod, &'a KnownContainer)> {
        let is_told = |pod: &KnownPod, name: Option<String>| self.seen.contains(&(pod.uid.clone(), name));
        let all = pods.all().iter().filter(|pod| !is_told(pod, None));
        let containers = all.flat_map(|pod| pod.containers.iter().map(move |container| (pod, container)));
        let mut missing: Vec<_> = containers
            .filter(|(pod, container)| {
                let killed = container.last_state.as_ref().is_some_and(|(reason, _, _)| reason == "OOMKilled");
                killed && !is_told(pod, Some(container.name.clone()))
            })
            .collect();
        missing.sort_by_key(|(pod, _)| pod.node.as_deref());
        missing
    }
}
