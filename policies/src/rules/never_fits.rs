//! # never-fits
//!
//! No node could hold the Pod even if it were empty but for DaemonSets. Cordons and taints that pass by themselves
//! (`not-ready`, an autoscaler's) are looked past; nodes that an autoscaler may add count.
//!
//! ## Why it matters
//!
//! The Pod stays Pending for ever, `0/3 nodes are available: 3 Insufficient memory.`, and no eviction, preemption or
//! scaling helps. What a machine type is called is not what its Pods can have: the kubelet, the system and every
//! DaemonSet take their part first.
//!
//! ## Bad
//!
//! ```yaml
//! requests: {memory: 8Gi}   # on nodes of 8Gi
//! ```
//!
//! ## Good
//!
//! ```yaml
//! requests: {memory: 5Gi}
//! ```
//!
//! ## Source
//!
//! `pkg/scheduler/framework/plugins/noderesources`: a request must be at most what is allocatable minus the requests
//! of the Pods that are there. `memlint capacity show` draws it; `memlint fit` says it of each node.

use memlint_kubernetes::amounts::Compared;
use memlint_scheduler::{Obstacle, Verdict, others, shown_toleration, sole_obstacles};

use crate::finding::{Group, Level};
use crate::placing::{Blame, Placing, heaviest};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "never-fits",
    group: Group::Pending,
    level: Level::Deny,
    summary: "no node could hold the Pod, however empty",
    source: include_str!("never_fits.rs"),
    params: &[],
    needs: Needs::Nodes,
    judges_blocks: true,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let Some(placing) = cx.placing().filter(|placing| !placing.is_daemon_set()) else { return };
    if placing.ever_standings().is_too_large() {
        sink.report(draft(cx, placing, &placing.ever_verdict()));
    }
}

fn draft(cx: &Cx<'_>, placing: &Placing<'_>, verdict: &Verdict<'_>) -> Draft {
    let cluster = placing.ever();
    let scheduler = verdict.message(placing.capacity.release()).unwrap_or_default();
    let blame = Blame::find(cluster, &placing.candidate, Placing::EVER, verdict, cx.pod);
    let others = others(verdict);
    let missing = Blame::shortfalls(cluster, &placing.candidate, Placing::EVER, verdict, cx.pod);
    let Some(blame) = blame else {
        let message = format!(
            "no node could ever take the Pod, not even if it were empty but for DaemonSets: {}{others}",
            scheduler.trim_end_matches('.')
        );
        let help = "ask for less, or add nodes that have all of it; memlint fit shows what each node lacks";
        let draft = Draft::new(cx.workload.spec_at.key("containers"), message, help).measures(missing);
        return draft.data("scheduler", scheduler);
    };
    let heaviest = heaviest(cx.pod, &blame.resource, &cx.workload.spec_at);
    let container = heaviest.container.and_then(|index| cx.pod.containers.get(index));
    let most = match container.filter(|_| cx.pod.containers.len() > 1) {
        Some(container) => format!(" (container {} most, {})", container.name, heaviest.amount),
        None => String::new(),
    };
    let Compared { needed, offered, short } = blame.amounts();
    let (resource, best) = (&blame.resource, cluster.nodes().name(blame.best.node));
    let eligible = if blame.eligible == 1 {
        "the only eligible node"
    } else {
        &format!("the best of {} eligible nodes", blame.eligible)
    };
    let message = format!(
        "the Pod needs {needed} of {resource}{most}, but {eligible}, {best}, offers {offered} even when empty but for \
         DaemonSets: short by {short}{others}"
    );
    let help = format!("{}{}", blame.largest(cx.pod, &heaviest), open(placing));
    let draft = Draft::new(heaviest.at, message, help).measures(missing);
    let draft = draft.data("resource", blame.resource.clone()).data("needed", blame.needed);
    let draft = draft.data("offered", blame.best.left()).data("short", blame.short()).data("scheduler", scheduler);
    draft.container(container)
}

/// What one toleration would open: nodes that have the room.
fn open(placing: &Placing<'_>) -> String {
    let sole = sole_obstacles(placing.ever(), &placing.candidate, Placing::EVER);
    let best = sole.into_iter().filter_map(|(obstacle, list)| match obstacle {
        Obstacle::Taint(taint) => Some((taint, list.len())),
        _ => None,
    });
    match best.max_by_key(|(_, count)| *count) {
        Some((taint, count)) => {
            let more = if count == 1 { "1 more node".to_owned() } else { format!("{count} more nodes") };
            format!("; {more} would fit with the toleration {}", shown_toleration(&taint))
        }
        None => String::new(),
    }
}
