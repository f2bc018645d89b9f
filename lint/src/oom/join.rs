//! [`Joiner`]: a kill brought together with what else is known: Pod, manifest, node, and so what to do.
use memlint_capacity::Capacity;
use memlint_oom::{Advice, Death, ImpliedRequest, Kill, Level, Repeat, advise};

use super::manifests::{Manifests, Match, owners};
use super::pods::{Found, Pods};
use super::target::{is_about_memory, quantity};
use super::{change, room};
use crate::report::Located;

/// What kills are joined with.
#[derive(Debug)]
pub(super) struct Joiner<'a> {
    pub(super) pods: &'a Pods,
    pub(super) manifests: &'a Manifests<'a>,
    /// The nodes' memory in bytes, as the user gave it.
    pub(super) node_memory: Option<u64>,
    /// What nodes there are, and what is on them.
    pub(super) capacity: Option<&'a Capacity>,
}

/// All that is known about a kill.
#[derive(Debug)]
pub(super) struct Joined<'a> {
    pub(super) found: Option<Found<'a>>,
    pub(super) matched: Option<Match<'a>>,
    /// The line to change.
    pub(super) change: Option<Located>,
    pub(super) advice: Advice,
    /// The node's memory, in bytes.
    pub(super) node_memory: Option<u64>,
    /// What died, as far as log, Pod and repeats tell.
    pub(super) death: Option<Death>,
    /// The limit that holds now, where it was raised since.
    pub(super) raised: Option<u64>,
    /// Whether the changed Pod would find a node.
    pub(super) room: Option<String>,
    /// What can be typed to try the change.
    pub(super) command: Option<String>,
}

impl<'a> Joiner<'a> {
    /// Joins one kill, which may stand for a group.
    pub(super) fn join(&self, kill: &Kill, repeat: Option<&Repeat>) -> Joined<'a> {
        let times = repeat.map_or(1, |repeat| repeat.count);
        let found = self.pods.find(kill);
        let matched = self.manifests.find(kill, found);
        let node_memory = self.node_memory(kill, found);
        let advice = advise(kill, node_memory);
        let change = matched.and_then(|matched| {
            let live = found.and_then(|found| found.container?.limit);
            change::locate(self.manifests, matched, kill, &advice, times, live)
        });
        let raised = change::raised(kill, found, matched);
        let command = found.filter(|_| raised.is_none()).and_then(|found| command(kill, &advice, found));
        let room = self.capacity.and_then(|capacity| room::room(capacity, kill, &advice, found, matched));
        let death = death(kill, found, repeat);
        Joined { found, matched, change, advice, node_memory, death, raised, room, command }
    }

    /// What a kill's Pod is called in groups: a Pod of a Deployment comes back under another name, so its workload
    /// counts.
    /// Whether that names the container too comes second.
    pub(super) fn identity(&self, kill: &Kill) -> Option<(String, bool)> {
        let Some(found) = self.pods.find(kill) else { return kill.pod.as_ref().map(|pod| (pod.uid.clone(), false)) };
        let (kind, name) = owners(found).into_iter().next()?;
        let container = found.container.map_or("", |container| container.name.as_str());
        let text = format!("{kind} {}/{name} {container}", found.pod.namespace);
        Some((text.trim_end().to_owned(), found.container.is_some()))
    }

    fn node_memory(&self, kill: &Kill, found: Option<Found<'_>>) -> Option<u64> {
        let names = [found.and_then(|found| found.pod.node.as_deref()), kill.host.as_deref()];
        let by_name = names.into_iter().flatten().find_map(|name| self.pods.node_memory(name));
        by_name.or(self.node_memory).or_else(|| self.pods.common_node_memory()).or(kill.capacity)
    }
}

/// The request of the first victim that its `oom_score_adj` tells.
pub(super) fn implied(kill: &Kill, node_memory: Option<u64>, found: Option<Found<'_>>) -> Option<ImpliedRequest> {
    let implied = kill.victim_request(node_memory.unwrap_or(0))?;
    let is_known = node_memory.is_some() || !matches!(implied, ImpliedRequest::Between { .. });
    let asks = found.and_then(|found| found.container?.request);
    // What the Pod says of itself goes before what the value seems to say.
    let is_refuted = implied == ImpliedRequest::BestEffort && asks.is_some();
    (is_known && !is_refuted).then_some(implied)
}

/// What died: the Pod tells how many containers it could have been, and a restart contradicts that it ran on.
fn death(kill: &Kill, found: Option<Found<'_>>, repeat: Option<&Repeat>) -> Option<Death> {
    let death = match found {
        Some(found) if kill.level == Some(Level::Pod) => match (found.pod.runs_together(), kill.death) {
            (_, Some(Death::Group)) => kill.death,
            (1, _) => kill.death_if_single,
            _ => None,
        },
        _ => kill.death,
    };
    let last = found.and_then(|found| found.container?.last_state.as_ref());
    let restarted =
        repeat.is_some_and(|repeat| repeat.containers > 1) || last.is_some_and(|(reason, _, _)| reason == "OOMKilled");
    death.filter(|death| *death != Death::Child || !restarted)
}

/// `kubectl set resources`, for the kinds that it can change.
fn command(kill: &Kill, advice: &Advice, found: Found<'_>) -> Option<String> {
    let container = found.container?;
    // It cannot change the Pod's own resources, and a container's would have to fit into them.
    if found.pod.spec.resources.as_ref().is_some_and(is_about_memory) {
        return None;
    }
    let (kind, name) = owners(found).into_iter().next()?;
    if !matches!(kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob") {
        return None;
    }
    let proposal = change::propose(kill, advice, container.request, container.limit)?;
    let value = |flag: &str, bytes: Option<u64>| {
        bytes.map(|bytes| format!(" --{flag}=memory={}", quantity(bytes))).unwrap_or_default()
    };
    Some(format!(
        "kubectl -n {} set resources {}/{name} -c {}{}{}",
        found.pod.namespace,
        kind.to_lowercase(),
        container.name,
        value("requests", proposal.request),
        value("limits", proposal.limit),
    ))
}

/// Whether several Pods shared the limit.
pub(super) fn is_shared(level: Option<Level>) -> bool {
    matches!(level, Some(Level::Qos | Level::Node | Level::Machine | Level::Numa))
}
