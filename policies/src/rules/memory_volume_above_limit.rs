//! # memory-volume-above-limit
//!
//! The in-memory volumes that a container can write, together with its runtime's heap, come to more than its memory
//! limit.
//!
//! ## Why it matters
//!
//! Pages of an in-memory `emptyDir` are charged to the container that writes them. Long before the volume is full the
//! container is OOMKilled, and since the files survive its restart, it is killed again.
//!
//! ## Bad
//!
//! ```yaml
//! containers:
//! - name: encoder
//!   resources: {limits: {memory: 512Mi}}
//!   volumeMounts: [{name: frames, mountPath: /frames}]
//! volumes:
//! - name: frames
//!   emptyDir: {medium: Memory, sizeLimit: 1Gi}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! containers:
//! - name: encoder
//!   resources: {limits: {memory: 1536Mi}}
//!   volumeMounts: [{name: frames, mountPath: /frames}]
//! volumes:
//! - name: frames
//!   emptyDir: {medium: Memory, sizeLimit: 1Gi}
//! ```
//!
//! ## Source
//!
//! `pkg/volume/emptydir/empty_dir.go`; the kernel charges tmpfs pages to the cgroup that first touches them.

use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::resources::{List, MEMORY};
use memlint_kubernetes::volume::memory_volumes;

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};
use crate::runtimes;

pub(super) const RULE: Rule = Rule {
    id: "memory-volume-above-limit",
    group: Group::OomKilled,
    level: Level::Warn,
    summary: "in-memory volumes and heap exceed the limit of the container that writes them",
    source: include_str!("memory_volume_above_limit.rs"),
    params: &[],
    needs: Needs::Nothing,
    judges_blocks: false,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let volumes = memory_volumes(cx.workload);
    for (index, (place, container)) in cx.workload.containers.iter().zip(&cx.pod.containers).enumerate() {
        let limit = container.memory(List::Limits).or(cx.pod.pod_level_memory(List::Limits));
        let Some(limit) = limit else { continue };
        let written: Vec<_> = volumes.iter().filter(|volume| volume.writers.contains(&container.name)).collect();
        let sizes = || written.iter().filter_map(|volume| Some((volume.size?, *volume)));
        let Some((_, largest)) = sizes().max_by_key(|(size, _)| *size) else { continue };
        let total = sizes().fold(Quantity::ZERO, |sum, (size, _)| sum + size);
        let settings = runtimes::of_container(cx.workload, place, container, cx.pod);
        let heap = settings.into_iter().filter(|setting| setting.invalid.is_none()).max_by_key(|setting| setting.bytes);
        let heap_bytes = heap.as_ref().map_or(0, |heap| i64::try_from(heap.bytes).unwrap_or(i64::MAX));
        let heap_bytes = Quantity::bytes(heap_bytes);
        if total + heap_bytes <= limit {
            continue;
        }
        let names: Vec<_> = sizes().map(|(size, volume)| format!("{} ({size})", volume.name)).collect();
        let with_heap =
            heap.as_ref().map_or(String::new(), |heap| format!(" and the heap of {} ({heap_bytes})", heap.written));
        let parts = names.len() + usize::from(heap.is_some());
        let in_all = if parts > 1 { format!(", {} in all", total + heap_bytes) } else { String::new() };
        let message = format!(
            "container {} can fill in-memory {} {}{with_heap}{in_all}, above its memory limit of {limit}",
            container.name,
            if names.len() > 1 { "volumes" } else { "volume" },
            names.join(", "),
        );
        let enough = total + heap_bytes;
        let help = format!("raise its memory limit above {enough}, or lower sizeLimit");
        let mut draft = Draft::new(largest.at.keys(&["emptyDir", "sizeLimit"]), message, help).container(container);
        let aspect = format!("container {}", container.name);
        draft = draft
            .measures([(aspect, Measure::ratio(enough, limit))])
            .related(cx.pod.source(index, List::Limits, MEMORY))
            .data("limitBytes", limit.value())
            .data("volumeBytes", total.value());
        if let Some(heap) = heap {
            let related =
                Related { origin: None, at: heap.at, message: format!("{} sets the heap here", heap.written) };
            draft = draft.related(related).data("heapBytes", heap_bytes.value());
        }
        sink.report(draft);
    }
}
