//! # rollout-does-not-fit
//!
//! All replicas find a place, but while a rolling update goes on, the Pods that it adds (`maxSurge`) do not, on the
//! nodes or in the ResourceQuota, and none of the old ones may go first (`maxUnavailable` comes to 0).
//!
//! ## Why it matters
//!
//! The update waits for ever: the new Pod is Pending, or is never created, and the old ones stay until it runs. By
//! default `maxUnavailable` is 25 %, rounded down: with three replicas none may be missing.
//!
//! ## Bad
//!
//! ```yaml
//! replicas: 3               # of 1.5Gi, on three nodes with 2Gi each
//! strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! replicas: 3
//! strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}
//! ```
//!
//! ## Source
//!
//! `pkg/controller/deployment/util`: surge is rounded up, unavailable down, and one of the two is never 0. StatefulSets
//! and, by default, DaemonSets delete the old Pod first.

use memlint_kubernetes::aggregate::ResourceList;
use memlint_kubernetes::amounts;
use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::quota::Refusal;
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::scale::Update;
use memlint_scheduler::{filter, nodes, pack};

use crate::finding::{Group, Level};
use crate::placing::Placing;
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "rollout-does-not-fit",
    group: Group::Pending,
    level: Level::Warn,
    summary: "the Pods that a rolling update adds have no room, on nodes or in the quota",
    source: include_str!("rollout_does_not_fit.rs"),
    params: &[],
    needs: Needs::NodesOrQuotas,
    judges_blocks: false,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let Update::Rolling { at, .. } = &cx.workload.scale.update else { return };
    let replicas = cx.workload.scale.replicas;
    let (surge, unavailable) = cx.workload.scale.update.steps(replicas);
    if surge == 0 || unavailable > 0 || replicas == 0 {
        return;
    }
    let placing = cx.placing();
    if let Some(placing) = placing.filter(|placing| placing.is_daemon_set()) {
        return daemon_set(cx, placing, sink);
    }
    let stuck = match placing.and_then(|placing| nodes_are_full(placing, replicas)) {
        Some(next) => Some((format!("finds no node: \"{next}\""), None)),
        None => quota_is_full(cx, replicas).map(|(words, related)| (format!("is refused: {words}"), Some(related))),
    };
    let Some((why, related)) = stuck else { return };
    let message = format!(
        "a rolling update of {replicas} replicas would hang: none of them may be missing, and one more Pod {why}"
    );
    let help = "set strategy.rollingUpdate to {maxSurge: 0, maxUnavailable: 1}, or make room for one more Pod";
    let mut draft = Draft::new(at.clone(), message, help).measure(Measure::count(surge));
    draft = draft.data("replicas", replicas).data("surge", surge);
    sink.report(draft.related(related));
}

/// What the scheduler says to the first Pod of the surge, if the replicas themselves find a place.
fn nodes_are_full(placing: &Placing<'_>, replicas: u64) -> Option<String> {
    let packing = pack(placing.grown(), &placing.candidate, replicas.saturating_add(1), placing.packing_look());
    let next = packing.next.filter(|_| packing.placed == replicas)?;
    next.message(placing.capacity.release())
}

/// What a quota says to it, if it has room for the replicas.
fn quota_is_full(cx: &Cx<'_>, replicas: u64) -> Option<(String, Related)> {
    let charged = cx.admitted.charged();
    let pods = i64::try_from(replicas).unwrap_or(i64::MAX);
    let freed = cx.freed_quota();
    let full = cx.inventory.quotas(cx.namespace).iter().filter(|quota| {
        // Without knowing which Pods are its own, only a quota that is too small by itself is surely so.
        quota.check(charged, pods, &freed).is_ok()
    });
    full.filter_map(|quota| {
        let refusal = quota.check(charged, pods.saturating_add(1), &freed).err()?;
        matches!(refusal, Refusal::Exceeded(_)).then(|| (quota.words(&refusal), quota.related()))
    })
    .next()
}

/// A DaemonSet with a surge puts the new Pod beside the old one, on every node.
fn daemon_set(cx: &Cx<'_>, placing: &Placing<'_>, sink: &mut Sink) {
    let Update::Rolling { at, .. } = &cx.workload.scale.update else { return };
    let look = placing.packing_look();
    let one = filter(placing.now(), &placing.candidate, look);
    let twice: ResourceList =
        cx.pod.requests().into_iter().map(|(name, amount)| (name, amount.saturating_mul(2))).collect();
    let mut both = placing.candidate.clone();
    for (resource, amount) in &twice {
        both = both.with_request(resource, *amount);
    }
    let two = filter(placing.now(), &both, look);
    let tight: Vec<usize> =
        one.feasible().iter().filter(|node| two.feasible().binary_search(node).is_err()).copied().collect();
    let Some(first) = tight.first() else { return };
    let (allocatable, taken) = placing.now().room(*first, "memory", look.view);
    let left = amounts::at_most("memory", allocatable.saturating_sub(taken));
    let message = format!(
        "a rolling update would hang: on {} of {} there is no room for the new Pod beside the old one, such as {}, with \
         {left} of memory for both",
        tight.len(),
        nodes(one.feasible().len()),
        placing.now().nodes().name(*first),
    );
    let help = "set updateStrategy.rollingUpdate to {maxSurge: 0, maxUnavailable: 1}";
    let stuck = i64::try_from(tight.len()).unwrap_or(i64::MAX);
    sink.report(Draft::new(at.clone(), message, help).measure(Measure::count(stuck)));
}
