//! # limit-above-every-node
//!
//! A container's memory limit, or the Pod's, is above all that any eligible node can give to Pods.
//!
//! ## Why it matters
//!
//! The limit can never be reached: the node runs out first. What should have been one container OOMKilled at its own
//! limit becomes eviction, or a kill in `/kubepods`, of whatever the kernel finds, neighbours included.
//!
//! ## Bad
//!
//! ```yaml
//! limits: {memory: 16Gi}   # on nodes that can give 12Gi
//! ```
//!
//! ## Good
//!
//! ```yaml
//! limits: {memory: 8Gi}
//! ```
//!
//! ## Source
//!
//! `pkg/kubelet/cm/node_container_manager_linux.go`: the memory limit of `/kubepods` is what the node can allocate, plus
//! what eviction keeps free; the kubelet evicts before that.

use std::cmp::Reverse;

use memlint_kubernetes::amounts::{self, Compared};
use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::resources::{ContainerResources, List, MEMORY};
use memlint_scheduler::{View, nodes};

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "limit-above-every-node",
    group: Group::OomKilled,
    level: Level::Warn,
    summary: "the memory limit is above all that any eligible node can give: the node runs out first",
    source: include_str!("limit_above_every_node.rs"),
    params: &[],
    needs: Needs::Nodes,
    judges_blocks: true,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let Some(placing) = cx.placing() else { return };
    let cluster = placing.ever();
    let eligible = || {
        placing.ever_parts().iter().filter(|part| !part.reason.as_ref().is_some_and(memlint_scheduler::Reason::bars))
    };
    let gives = |node: &usize| cluster.room(*node, MEMORY, View::Empty).0;
    let offers = eligible().flat_map(|part| &part.samples).map(|node| (gives(node), Reverse(*node)));
    let Some((largest, node)) = offers.max() else { return };
    let count = eligible().map(|part| part.count).sum();
    let name = cluster.nodes().name(node.0);
    let of_pod = cx.pod.pod_level.as_ref().zip(cx.pod.pod_level_memory(List::Limits));
    if let Some((level, limit)) = of_pod {
        let at = level.at.keys(&[List::Limits.field(), MEMORY]);
        sink_if(sink, limit.value(), largest, || draft(at, "the Pod", limit.value(), largest, name, count));
        return;
    }
    for (index, container) in cx.pod.containers.iter().enumerate().filter(|(_, container)| !container.unreadable) {
        let Some(limit) = container.memory(List::Limits) else { continue };
        let source = cx.pod.source(index, List::Limits, MEMORY);
        sink_if(sink, limit.value(), largest, || {
            let draft = of_container(container, limit.value(), largest, name, count);
            draft.related(source.origin.is_some().then_some(source))
        });
    }
}

fn sink_if(sink: &mut Sink, limit: i64, largest: i64, draft: impl FnOnce() -> Draft) {
    if limit > largest {
        sink.report(draft());
    }
}

fn of_container(container: &ContainerResources, limit: i64, largest: i64, name: &str, count: usize) -> Draft {
    let at = container.value_at(List::Limits, MEMORY);
    draft(at, &format!("container {}", container.name), limit, largest, name, count).container(container)
}

fn draft(at: FieldPath, whose: &str, limit: i64, largest: i64, name: &str, count: usize) -> Draft {
    let Compared { needed: shown, offered: most, .. } = amounts::compare(MEMORY, limit, largest);
    let of = if count == 1 {
        "the only eligible node".to_owned()
    } else {
        format!("the largest of {} that are eligible", nodes(count))
    };
    let message = format!(
        "{whose} may use {shown} of memory, but {of}, {name}, has {most} for all its Pods: the node runs out before the \
         limit is reached"
    );
    let help = format!("lower limits.memory to {} or less", amounts::at_most(MEMORY, largest));
    Draft::new(at, message, help)
        .measure(Measure::count(limit.saturating_sub(largest)))
        .data("limitBytes", limit)
        .data("largestBytes", largest)
}
