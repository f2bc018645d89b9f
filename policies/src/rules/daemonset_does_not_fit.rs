//! # daemonset-does-not-fit
//!
//! A DaemonSet's Pod fits only some of the nodes that it must run on.
//!
//! ## Why it matters
//!
//! Its controller makes one Pod for each node that its selector and tolerations let it on, room or not. Where there is
//! none the Pod stays Pending, and that node has no log agent, no network plugin, no storage driver. Small pools are
//! forgotten most often.
//!
//! ## Bad
//!
//! ```yaml
//! kind: DaemonSet
//! spec: {template: {spec: {containers: [{name: agent, resources: {requests: {memory: 1Gi}}}]}}}   # and a pool of 2Gi nodes
//! ```
//!
//! ## Good
//!
//! ```yaml
//! requests: {memory: 128Mi}
//! ```
//!
//! ## Source
//!
//! `NodeShouldRunDaemonPod` in `pkg/controller/daemon`, then kube-scheduler's filters for that one node. Pods of the
//! DaemonSet that run already do not count.

use memlint_kubernetes::amounts::{self, Compared};
use memlint_kubernetes::measure::Measure;
use memlint_scheduler::{Look, Standings, Verdict, View, filter, nodes};

use crate::finding::{Group, Level};
use crate::placing::{Blame, Placing, heaviest};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "daemonset-does-not-fit",
    group: Group::Pending,
    level: Level::Warn,
    summary: "a DaemonSet's Pod fits only some of the nodes it must run on",
    source: include_str!("daemonset_does_not_fit.rs"),
    params: &[],
    needs: Needs::Nodes,
    judges_blocks: false,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let Some(placing) = cx.placing().filter(|placing| placing.is_daemon_set()) else { return };
    if placing.ever_standings().full > 0 {
        return sink.report(draft(cx, placing, &placing.ever_verdict(), Placing::EVER));
    }
    if !placing.capacity.knows_bound_pods() {
        return;
    }
    let today = Look { view: View::Now, past_cordons: true };
    let now = filter(placing.now(), &placing.candidate, today);
    if Standings::of(&now).full > 0 {
        sink.report(draft(cx, placing, &now, today));
    }
}

fn draft(cx: &Cx<'_>, placing: &Placing<'_>, verdict: &Verdict<'_>, look: Look) -> Draft {
    let cluster = if look == Placing::EVER { placing.ever() } else { placing.now() };
    let counts = Standings::of(verdict);
    let must = counts.fit + counts.full + counts.company;
    let out = verdict.outcomes().iter().filter(|outcome| outcome.reasons.first().is_some_and(|reason| !reason.bars()));
    let out: Vec<usize> = out.flat_map(|outcome| outcome.nodes.iter().copied()).collect();
    let names: Vec<&str> = out.iter().take(3).map(|node| cluster.nodes().name(*node)).collect();
    let more = if out.len() > 3 { format!(" and {} more", out.len() - 3) } else { String::new() };
    let when = if look == Placing::EVER { "even if they were empty but for DaemonSets" } else { "today" };
    let requests = cx.pod.requests();
    // The node that is tightest says how much would fit everywhere.
    let tightest = |resource: &str| {
        let left = |node: &usize| {
            let (allocatable, taken) = cluster.room(*node, resource, look.view);
            allocatable.saturating_sub(taken).max(0)
        };
        out.iter().map(left).min()
    };
    let blame = Blame::of_resources(verdict).into_iter().next();
    let (at, why, help) = match &blame {
        Some(resource) => {
            let heaviest = heaviest(cx.pod, resource, &cx.workload.spec_at);
            let left = tightest(resource).unwrap_or(0);
            let needed = requests.get(resource).copied().unwrap_or_default();
            let needed = if resource == "cpu" { needed.milli_value() } else { needed.value() };
            let most = amounts::at_most(resource, left);
            let Compared { needed, offered, .. } = amounts::compare(resource, needed, left);
            let why = format!(": it needs {needed} of {resource}, the tightest of them has {offered} left");
            let help = format!(
                "lower requests.{resource} to {most} for the whole Pod to fit on all of them, or keep it from these nodes \
                 with a nodeSelector"
            );
            (heaviest.at, why, help)
        }
        None => {
            let help = "keep it from these nodes with a nodeSelector; memlint fit shows what stops it on each node";
            (cx.workload.spec_at.key("containers"), String::new(), help.to_owned())
        }
    };
    let missing = Blame::of_resources(verdict).into_iter().filter_map(|resource| {
        let needed = requests.get(&resource).copied().unwrap_or_default();
        let needed = if resource == "cpu" { needed.milli_value() } else { needed.value() };
        let short = needed.saturating_sub(tightest(&resource)?);
        Some((resource, Measure::count(short)))
    });
    let missing: Vec<(String, Measure)> = missing.collect();
    let message = format!(
        "the DaemonSet must run on {}, and {} of them cannot take its Pod {when} ({}{more}){why}",
        nodes(must),
        out.len(),
        names.join(", "),
    );
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let draft = Draft::new(at, message, help).measures(missing);
    let draft = draft.measures([("nodes".to_owned(), Measure::count(number(out.len())))]);
    draft.data("nodes", number(must)).data("full", number(out.len()))
}
