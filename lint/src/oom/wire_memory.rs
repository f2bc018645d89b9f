//! The wire format of memory: by kind, by cgroup, and the counters beside it.

use memlint_oom::{CgroupMemory, Counters, Gauge, Memory};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireMemory {
    anon_bytes: Option<u64>,
    file_bytes: Option<u64>,
    shmem_bytes: Option<u64>,
    kernel_bytes: Option<u64>,
    slab_bytes: Option<u64>,
    kernel_stack_bytes: Option<u64>,
    pagetables_bytes: Option<u64>,
    sock_bytes: Option<u64>,
    swap_bytes: Option<u64>,
    inactive_file_bytes: Option<u64>,
    active_file_bytes: Option<u64>,
    unevictable_bytes: Option<u64>,
    dirty_bytes: Option<u64>,
    writeback_bytes: Option<u64>,
    free_huge_pages_bytes: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct WireCgroup<'a> {
    path: &'a str,
    memory: WireMemory,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireCounters {
    swap: Option<WireGauge>,
    memory_swap: Option<WireGauge>,
    kernel: Option<WireGauge>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireGauge {
    usage_bytes: u64,
    limit_bytes: Option<u64>,
    limit_hit_count: Option<u64>,
}

pub(super) fn counters(counters: &Counters) -> WireCounters {
    let gauge = |gauge: Option<Gauge>| {
        gauge.map(|gauge| WireGauge {
            usage_bytes: gauge.usage,
            limit_bytes: gauge.limit,
            limit_hit_count: gauge.failcnt,
        })
    };
    WireCounters {
        swap: gauge(counters.swap),
        memory_swap: gauge(counters.memory_swap),
        kernel: gauge(counters.kernel),
    }
}

pub(super) fn memory(memory: &Memory) -> WireMemory {
    WireMemory {
        anon_bytes: memory.anon,
        file_bytes: memory.file,
        shmem_bytes: memory.shmem,
        kernel_bytes: memory.kernel,
        slab_bytes: memory.slab,
        kernel_stack_bytes: memory.kernel_stack,
        pagetables_bytes: memory.pagetables,
        sock_bytes: memory.sock,
        swap_bytes: memory.swap,
        inactive_file_bytes: memory.inactive_file,
        active_file_bytes: memory.active_file,
        unevictable_bytes: memory.unevictable,
        dirty_bytes: memory.dirty,
        writeback_bytes: memory.writeback,
        free_huge_pages_bytes: memory.free_huge_pages,
    }
}

pub(super) fn cgroup(each: &CgroupMemory) -> WireCgroup<'_> {
    WireCgroup { path: &each.path, memory: memory(&each.memory) }
}
