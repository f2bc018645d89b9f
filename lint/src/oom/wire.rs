//! The wire format of one kill, version 1. Every size is in bytes and says so in its key.

use memlint_oom::{Contributor, ImpliedRequest, Kill, Qos, Task, Victim};
use serde::Serialize;

use super::join::{Joined, implied};
use super::wire_joined::{WireManifest, WirePod, manifest, pod};
use super::wire_memory::{WireCgroup, WireCounters, WireMemory, cgroup, counters, memory};
use super::words;
use crate::project::corpus::Corpus;

/// A kill with all that is known of it. What is not known is `null`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireKill<'a> {
    level: Option<&'static str>,
    beyond: Option<&'static str>,
    mixed: bool,
    file: &'a str,
    line: u64,
    evidence: &'a str,
    time: Option<&'a str>,
    uptime_micros: Option<u64>,
    host: Option<&'a str>,
    oom_cgroup: Option<&'a str>,
    task_cgroup: Option<&'a str>,
    inferred_from_line: Option<u64>,
    pod_uid: Option<&'a str>,
    static_pod: bool,
    container_id: Option<&'a str>,
    qos_class: Option<&'static str>,
    runtime: Option<&'static str>,
    cgroup_driver: Option<&'static str>,
    cgroup_version: Option<u8>,
    kernel: Option<&'a str>,
    constraint: Option<&'static str>,
    limit_bytes: Option<u64>,
    unlimited: bool,
    usage_bytes: Option<u64>,
    limit_hit_count: Option<u64>,
    counters: WireCounters,
    chosen: Option<WireProcess<'a>>,
    node_memory_bytes: Option<u64>,
    group_kill: bool,
    death: Option<&'static str>,
    death_note: Option<&'static str>,
    victims: Vec<WireVictim<'a>>,
    implied_request: Option<WireImplied>,
    memory: WireMemory,
    memory_by_cgroup: Vec<WireCgroup<'a>>,
    contributors: Vec<WireContributor<'a>>,
    tasks: Vec<WireTask<'a>>,
    tasks_left_out_count: u64,
    page_size_bytes: u64,
    page_size_assumed: bool,
    trigger: Option<WireTrigger<'a>>,
    panic: bool,
    complete: bool,
    outcome: &'static str,
    advice_kind: &'static str,
    advice: String,
    pod: Option<WirePod<'a>>,
    manifest: Option<WireManifest<'a>>,
    raised_to_bytes: Option<u64>,
    room: Option<&'a str>,
    command: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireVictim<'a> {
    pid: u64,
    name: &'a str,
    uid: Option<u64>,
    anon_bytes: Option<u64>,
    file_bytes: Option<u64>,
    shmem_bytes: Option<u64>,
    total_vm_bytes: Option<u64>,
    pgtables_bytes: Option<u64>,
    oom_score_adj: Option<i64>,
    fate: &'static str,
    reaped: bool,
    line: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireImplied {
    meaning: &'static str,
    min_bytes: Option<u64>,
    max_bytes: Option<u64>,
}

#[derive(Serialize)]
struct WireProcess<'a> {
    pid: u64,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireContributor<'a> {
    name: &'a str,
    processes: u64,
    rss_bytes: u64,
    shared_pages_counted_once: bool,
    swap_bytes: u64,
    oom_score_adj: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTask<'a> {
    pid: u64,
    name: &'a str,
    uid: Option<u64>,
    rss_bytes: u64,
    rss_anon_bytes: Option<u64>,
    rss_file_bytes: Option<u64>,
    rss_shmem_bytes: Option<u64>,
    total_vm_bytes: Option<u64>,
    pgtables_bytes: Option<u64>,
    swap_bytes: Option<u64>,
    oom_score_adj: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTrigger<'a> {
    name: &'a str,
    gfp_mask: Option<&'a str>,
    order: Option<i64>,
    oom_score_adj: Option<i64>,
    container_id: Option<&'a str>,
}

/// One kill for the wire.
pub(super) fn kill<'a>(file: &'a str, kill: &'a Kill, joined: &'a Joined<'_>, corpus: &'a Corpus) -> WireKill<'a> {
    WireKill {
        level: kill.level.map(memlint_oom::Level::name),
        beyond: kill.beyond.map(words::beyond),
        mixed: kill.mixed,
        file,
        line: kill.evidence.line,
        evidence: &kill.evidence.text,
        time: kill.time.as_deref(),
        uptime_micros: kill.uptime,
        host: kill.host.as_deref(),
        oom_cgroup: kill.oom_cgroup.as_deref(),
        task_cgroup: kill.task_cgroup.as_deref(),
        inferred_from_line: kill.inferred_from,
        pod_uid: kill.pod.as_ref().map(|pod| pod.uid.as_str()),
        static_pod: kill.pod.as_ref().is_some_and(|pod| pod.is_static),
        container_id: kill.container.as_deref(),
        qos_class: kill.qos.map(words::qos),
        runtime: kill.runtime.map(words::runtime),
        cgroup_driver: kill.driver.map(words::driver),
        cgroup_version: kill.cgroup_version.map(words::cgroup_version),
        kernel: kill.kernel.as_deref(),
        constraint: kill.constraint.map(words::constraint),
        limit_bytes: kill.limit,
        unlimited: kill.unlimited,
        usage_bytes: kill.usage,
        limit_hit_count: kill.failcnt,
        counters: counters(&kill.counters),
        chosen: kill.chosen.as_ref().map(|chosen| WireProcess { pid: chosen.pid, name: &chosen.name }),
        node_memory_bytes: joined.node_memory,
        group_kill: kill.group_kill,
        death: joined.death.map(words::death),
        death_note: kill.note_on(joined.death),
        victims: kill.victims.iter().map(victim).collect(),
        implied_request: implied(kill, joined.node_memory, joined.found).map(|implied| wire_implied(implied, kill.qos)),
        memory: memory(&kill.memory),
        memory_by_cgroup: kill.by_cgroup.iter().map(cgroup).collect(),
        contributors: kill.contributors.iter().map(contributor).collect(),
        tasks: kill.tasks.iter().map(task).collect(),
        tasks_left_out_count: kill.tasks_left_out,
        page_size_bytes: kill.page_size.bytes,
        page_size_assumed: kill.page_size.assumed,
        trigger: kill.trigger.as_ref().map(|trigger| WireTrigger {
            name: &trigger.name,
            gfp_mask: trigger.gfp_mask.as_deref(),
            order: trigger.order,
            oom_score_adj: trigger.oom_score_adj,
            container_id: trigger.container.as_deref(),
        }),
        panic: kill.panic,
        complete: kill.complete,
        outcome: kill.outcome().name(),
        advice_kind: joined.advice.kind(),
        advice: joined.advice.to_string(),
        pod: pod(joined),
        manifest: manifest(joined, corpus),
        raised_to_bytes: joined.raised,
        room: joined.room.as_deref(),
        command: joined.command.as_deref(),
    }
}

fn victim(victim: &Victim) -> WireVictim<'_> {
    WireVictim {
        pid: victim.pid,
        name: &victim.name,
        uid: victim.uid,
        anon_bytes: victim.anon,
        file_bytes: victim.file,
        shmem_bytes: victim.shmem,
        total_vm_bytes: victim.total_vm,
        pgtables_bytes: victim.pgtables,
        oom_score_adj: victim.oom_score_adj,
        fate: words::fate(victim.fate),
        reaped: victim.reaped,
        line: victim.line,
    }
}

fn wire_implied(implied: ImpliedRequest, class: Option<Qos>) -> WireImplied {
    let (meaning, min_bytes, max_bytes) = match implied {
        ImpliedRequest::Between { from, to } => ("request", Some(from), to),
        ImpliedRequest::BestEffort => ("none", None, None),
        ImpliedRequest::Guaranteed => (words::lowest(class), None, None),
        ImpliedRequest::Sandbox => ("sandbox", None, None),
        ImpliedRequest::NodeAgent => ("node-agent", None, None),
        ImpliedRequest::Foreign => ("not-by-kubelet", None, None),
    };
    WireImplied { meaning, min_bytes, max_bytes }
}

fn contributor(each: &Contributor) -> WireContributor<'_> {
    WireContributor {
        name: &each.name,
        processes: each.processes,
        rss_bytes: each.rss,
        shared_pages_counted_once: each.shared_once,
        swap_bytes: each.swap,
        oom_score_adj: each.oom_score_adj,
    }
}

fn task(task: &Task) -> WireTask<'_> {
    WireTask {
        pid: task.pid,
        name: &task.name,
        uid: task.uid,
        rss_bytes: task.rss,
        rss_anon_bytes: task.rss_anon,
        rss_file_bytes: task.rss_file,
        rss_shmem_bytes: task.rss_shmem,
        total_vm_bytes: task.total_vm,
        pgtables_bytes: task.pgtables,
        swap_bytes: task.swap,
        oom_score_adj: task.oom_score_adj,
    }
}
