//! # unbounded-memory-volume
//!
//! An `emptyDir` with `medium: Memory` has no `sizeLimit`.
//!
//! ## Why it matters
//!
//! What is written there is memory of the container that wrote it: it counts against that container's limit, is never
//! given back under pressure, and survives the container's restart. Without a `sizeLimit` the volume may grow to the
//! Pod's limit, or, where a container has none, to all that the node can allocate.
//!
//! ## Bad
//!
//! ```yaml
//! volumes:
//! - name: scratch
//!   emptyDir: {medium: Memory}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! volumes:
//! - name: scratch
//!   emptyDir: {medium: Memory, sizeLimit: 128Mi}
//! ```
//!
//! ## Source
//!
//! `pkg/volume/emptydir/empty_dir.go`.

use k8s_openapi::api::core::v1 as core;
use memlint_kubernetes::resources::List;
use memlint_kubernetes::volume::memory_volumes;

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "unbounded-memory-volume",
    group: Group::Evicted,
    level: Level::Warn,
    summary: "an in-memory emptyDir without a sizeLimit",
    source: include_str!("unbounded_memory_volume.rs"),
    params: &[],
    needs: Needs::Nothing,
    judges_blocks: false,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let limited = cx.pod.pod_level_memory(List::Limits).is_some()
        || cx.pod.containers.iter().all(|container| container.memory(List::Limits).is_some());
    let bound = match cx.pod.limits().get("memory").filter(|_| limited) {
        Some(limit) => format!("the Pod's memory limit of {limit}"),
        None => "all the memory that the node can allocate".to_owned(),
    };
    for volume in memory_volumes(cx.workload).into_iter().filter(|volume| !volume.is_bounded() && !volume.unreadable) {
        let found = if is_zero(cx, &volume.name) { "a sizeLimit of 0, which counts as none," } else { "no sizeLimit" };
        let message = format!("in-memory volume {} has {found} and may grow to {bound}", volume.name);
        let help = match volume.writers.as_slice() {
            writers if limited && !writers.is_empty() => {
                format!("set emptyDir.sizeLimit well below the memory limit of {}", writers.join(", "))
            }
            _ => "set emptyDir.sizeLimit, such as 64Mi".to_owned(),
        };
        sink.report(Draft::new(volume.at.keys(&["emptyDir", "sizeLimit"]), message, help));
    }
}

/// Whether a volume that is not bounded has a limit written all the same.
fn is_zero(cx: &Cx<'_>, name: &str) -> bool {
    let volumes = cx.workload.spec().volumes.iter().flatten();
    let limit = |volume: &core::Volume| volume.empty_dir.as_ref().is_some_and(|dir| dir.size_limit.is_some());
    volumes.into_iter().any(|volume| volume.name == name && limit(volume))
}
