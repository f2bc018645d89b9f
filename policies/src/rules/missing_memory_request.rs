//! # missing-memory-request
//!
//! A container has no memory request, neither written nor from its limit, its Pod or a LimitRange. A request of zero
//! counts as none, as it does for the kubelet.
//!
//! ## Why it matters
//!
//! The scheduler places the Pod as if it needed nothing, on a node that may already be full. When memory runs short
//! there, everything that the Pod uses is above its request, so it is the first to be Evicted.
//!
//! ## Bad
//!
//! ```yaml
//! containers:
//! - name: api
//!   resources:
//!     requests: {cpu: 100m}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! containers:
//! - name: api
//!   resources:
//!     requests: {cpu: 100m, memory: 256Mi}
//! ```
//!
//! ## Source
//!
//! `rankMemoryPressure` in `pkg/kubelet/eviction`: Pods that use more than they request go first.

use memlint_kubernetes::resources::{List, MEMORY};

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "missing-memory-request",
    group: Group::Evicted,
    level: Level::Deny,
    summary: "no memory request: placed by luck, evicted first",
    source: include_str!("missing_memory_request.rs"),
    params: &[],
    needs: Needs::Nothing,
    judges_blocks: false,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    if cx.pod.pod_level_memory(List::Requests).is_some() {
        return;
    }
    for container in cx.pod.containers.iter().filter(|container| !container.unreadable) {
        if container.memory(List::Requests).is_some() {
            continue;
        }
        let found = match container.effective.requests.get(MEMORY) {
            Some(_) => "requests 0 memory, which counts as none",
            None => "requests no memory",
        };
        let message =
            format!("container {} {found}: it is placed as if it needed nothing, and evicted first", container.name);
        let help = "set requests.memory to what it uses in normal operation, such as 256Mi";
        sink.report(Draft::new(container.value_at(List::Requests, MEMORY), message, help).container(container));
    }
}
