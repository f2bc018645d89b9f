//! # missing-memory-limit
//!
//! A container has no memory limit, neither written nor from its Pod or a LimitRange. A limit of zero counts as none.
//!
//! ## Why it matters
//!
//! Only the node stops it. A leak takes memory from every neighbour until the kernel picks a victim by its own
//! arithmetic, and that is often somebody else's container.
//!
//! ## Bad
//!
//! ```yaml
//! resources:
//!   requests: {memory: 256Mi}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! resources:
//!   requests: {memory: 256Mi}
//!   limits: {memory: 256Mi}
//! ```
//!
//! ## Source
//!
//! `pkg/kubelet/kuberuntime`: a container's `memory.max` is its limit, else that of its Pod, else nothing.

use memlint_kubernetes::resources::{List, MEMORY};

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "missing-memory-limit",
    group: Group::OomKilled,
    level: Level::Warn,
    summary: "no memory limit: only the node's own stops it",
    source: include_str!("missing_memory_limit.rs"),
    params: &[],
    needs: Needs::Nothing,
    judges_blocks: false,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    if cx.pod.pod_level_memory(List::Limits).is_some() {
        return;
    }
    for container in cx.pod.containers.iter().filter(|container| !container.unreadable) {
        if container.memory(List::Limits).is_some() {
            continue;
        }
        let found = match container.effective.limits.get(MEMORY) {
            Some(_) => "a memory limit of 0, which counts as none",
            None => "no memory limit",
        };
        let message = format!("container {} has {found}: nothing but the node's own memory limits it", container.name);
        let help = match container.memory(List::Requests) {
            Some(request) => {
                format!("set limits.memory to the most it may ever use, at least its request of {request}")
            }
            None => "set limits.memory to the most it may ever use, such as 512Mi".to_owned(),
        };
        sink.report(Draft::new(container.value_at(List::Limits, MEMORY), message, help).container(container));
    }
}
