//! # does-not-fit-now
//!
//! The Pod fits an empty node, but none has the room today, with the Pods that are there. Pods of the same workload
//! that run already do not count: an update replaces them.
//!
//! ## Why it matters
//!
//! The Pod stays Pending until something else goes, a node is added, or it preempts Pods of lower priority. Nodes whose
//! memory is hardly used are full all the same: the scheduler counts requests, not use.
//!
//! ## Bad
//!
//! ```yaml
//! requests: {memory: 2Gi}   # where every node has 1.8Gi left
//! ```
//!
//! ## Good
//!
//! ```yaml
//! requests: {memory: 1.5Gi}
//! ```
//!
//! ## Source
//!
//! kube-scheduler's filters, with every Pod that is bound and not over counted by its requests.

use memlint_kubernetes::amounts::{self, Compared};
use memlint_scheduler::{Look, Reason, Verdict, View, filter, others};

use crate::finding::{Group, Level};
use crate::placing::{Blame, Placing, heaviest};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "does-not-fit-now",
    group: Group::Pending,
    level: Level::Warn,
    summary: "the Pod fits an empty node, but none has the room today",
    source: include_str!("does_not_fit_now.rs"),
    params: &[],
    needs: Needs::BoundPods,
    judges_blocks: false,
    check,
};

const TODAY: Look = Look { view: View::Now, past_cordons: false };

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let Some(placing) = cx.placing().filter(|placing| !placing.is_daemon_set()) else { return };
    let ever = placing.ever_standings();
    if ever.is_too_large() || ever.is_barred() || placing.candidate.node_name().is_some() {
        return;
    }
    let verdict = filter(placing.now(), &placing.candidate, TODAY);
    // Pods that it wants to be near, or evenly spread with, may come with it.
    let waits = verdict
        .outcomes()
        .iter()
        .any(|outcome| matches!(outcome.reasons.first(), Some(Reason::PodAffinity | Reason::Spread)));
    if !verdict.fits() && !waits {
        sink.report(draft(cx, placing, &verdict));
    }
}

fn draft(cx: &Cx<'_>, placing: &Placing<'_>, verdict: &Verdict<'_>) -> Draft {
    let scheduler = verdict.message(placing.capacity.release()).unwrap_or_default();
    let growing: Vec<&str> =
        placing.capacity.pools().iter().filter(|pool| pool.more > 0).map(|pool| pool.name.as_str()).collect();
    let grow = match growing.join(", ") {
        none if none.is_empty() => none,
        pools => format!("; an autoscaler may add nodes to {pools}"),
    };
    let blame = Blame::find(placing.now(), &placing.candidate, TODAY, verdict, cx.pod);
    let missing = Blame::shortfalls(placing.now(), &placing.candidate, TODAY, verdict, cx.pod);
    let Some(blame) = blame else {
        let message = format!("no node has room for the Pod today; the scheduler would say \"{scheduler}\"");
        let help = format!("wait for room, or add nodes{grow}; memlint fit shows what stops it on each node");
        let draft = Draft::new(cx.workload.spec_at.key("containers"), message, help).measures(missing);
        return draft.data("scheduler", scheduler);
    };
    let heaviest = heaviest(cx.pod, &blame.resource, &cx.workload.spec_at);
    let container = heaviest.container.and_then(|index| cx.pod.containers.get(index));
    let Compared { needed, offered, short } = blame.amounts();
    let allocatable = amounts::at_most(&blame.resource, blame.best.allocatable);
    let (resource, best) = (&blame.resource, placing.now().nodes().name(blame.best.node));
    let best_of = if blame.eligible == 1 {
        format!("the only eligible node, {best},")
    } else {
        format!("the one of {} eligible nodes with the most {resource} left, {best},", blame.eligible)
    };
    let others = others(verdict);
    let message = format!(
        "the scheduler would say \"{scheduler}\" today: the Pod needs {needed} of {resource}, and {best_of} has \
         {offered} of {allocatable} left: short by {short}{others}"
    );
    let help = format!("{}; on an empty node it would fit{grow}", blame.largest(cx.pod, &heaviest));
    let draft = Draft::new(heaviest.at, message, help).measures(missing);
    let draft = draft.data("resource", blame.resource.clone()).data("needed", blame.needed);
    let draft = draft.data("offered", blame.best.left()).data("short", blame.short()).data("scheduler", scheduler);
    draft.container(container)
}
