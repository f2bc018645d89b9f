//! # replicas-do-not-fit
//!
//! One Pod fits, but not as many as there are to be: the replicas, the most that an autoscaler (HorizontalPodAutoscaler,
//! KEDA) among the files may ask for, or what a Job runs at once. They are placed one by one on the nodes, by the
//! scheduler's filters, each counting for the next; sums of free memory are never compared.
//!
//! ## Why it matters
//!
//! Room for ten times 1Gi in total is worth nothing in pieces of 900Mi. The last replicas stay Pending, and an
//! autoscaler that reaches its maximum under load gets Pods that do not run.
//!
//! ## Bad
//!
//! ```yaml
//! replicas: 10   # of 1.5Gi each, on three nodes with 4Gi left
//! ```
//!
//! ## Good
//!
//! ```yaml
//! replicas: 6
//! ```
//!
//! ## Source
//!
//! kube-scheduler's filters, topology spread and Pod anti-affinity included. Nodes that an autoscaler may add count.

use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::resources::MEMORY;
use memlint_scheduler::{nodes, pack};

use crate::finding::{Group, Level};
use crate::placing::heaviest;
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "replicas-do-not-fit",
    group: Group::Pending,
    level: Level::Warn,
    summary: "not all replicas find a place, packed on the nodes one by one",
    source: include_str!("replicas_do_not_fit.rs"),
    params: &[],
    needs: Needs::Nodes,
    judges_blocks: false,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let Some(placing) = cx.placing().filter(|placing| !placing.is_daemon_set()) else { return };
    let scale = &cx.workload.scale;
    let autoscaler = cx.autoscaler().filter(|autoscaler| autoscaler.max > scale.replicas);
    let wanted = autoscaler.map_or(scale.replicas, |autoscaler| autoscaler.max);
    if wanted < 2 || placing.candidate.node_name().is_some() {
        return;
    }
    let packing = pack(placing.grown(), &placing.candidate, wanted, placing.packing_look());
    // Where not even one fits, other rules say so.
    if packing.placed == 0 || packing.placed >= wanted {
        return;
    }
    let next = packing.next.and_then(|verdict| verdict.message(placing.capacity.release())).unwrap_or_default();
    let what = match (&autoscaler, cx.workload.object.kind.as_str()) {
        (Some(autoscaler), _) => format!("{wanted} replicas that {} may ask for", autoscaler.name),
        (None, "Job" | "CronJob") => format!("{wanted} Pods at once"),
        (None, _) => format!("{wanted} replicas"),
    };
    let message = format!(
        "of {what} only {} find a place, on {}; for the next the scheduler would say \"{next}\"",
        packing.placed,
        nodes(packing.nodes.len()),
    );
    let field = scale.at.last_key().unwrap_or("replicas");
    let (at, help) = match autoscaler {
        Some(_) => (
            heaviest(cx.pod, MEMORY, &cx.workload.spec_at).at,
            format!("lower the autoscaler's maximum to {}, ask for less per Pod, or add nodes", packing.placed),
        ),
        None => {
            (scale.at.clone(), format!("set {field} to {} or less, ask for less per Pod, or add nodes", packing.placed))
        }
    };
    let left_over = Measure::count(wanted.saturating_sub(packing.placed));
    let draft = Draft::new(at, message, help).measures([("replicas".to_owned(), left_over)]);
    let mut draft = draft.data("wanted", wanted).data("placed", packing.placed);
    if let Some(autoscaler) = autoscaler {
        let message = format!("the autoscaler may ask for up to {} replicas", autoscaler.max);
        draft = draft.related(Related { origin: Some(autoscaler.origin), at: autoscaler.at.clone(), message });
    }
    sink.report(draft.data("scheduler", next));
}
