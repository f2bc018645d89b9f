//! What both OOM tests share: reading a log, and writing a diagnosis as JSON so that `expected.json` is readable.

use std::path::PathBuf;

use memlint_oom::{
    Beyond, CgroupVersion, Constraint, Contributor, Counters, Death, Driver, Fate, Gauge, Kill, Memory, Qos, Repeats,
    Runtime, Stream, Task, Victim, advise,
};
use serde_json::{Map, Value, json};

/// Every fixture's name and log.
pub(crate) fn fixtures() -> Vec<(String, PathBuf)> {
    let root = memlint_tests::fixtures().join("oom");
    let mut found: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    found.sort();
    found
}

/// All kills of a log.
pub(crate) fn kills(log: &[u8]) -> Vec<Kill> {
    let (mut stream, mut kills) = (Stream::new(), Vec::new());
    for block in log.chunks(1 << 16) {
        stream.push(block, &mut kills);
    }
    stream.finish(&mut kills);
    kills
}

/// The whole diagnosis of a log.
pub(crate) fn diagnosis(log: &[u8]) -> Value {
    let kills = kills(log);
    let mut repeats = Repeats::default();
    for kill in &kills {
        repeats.add(kill);
    }
    let repeated: Vec<Value> = repeats
        .groups()
        .into_iter()
        .filter(|group| group.count > 1 && group.place.is_some())
        .map(|group| {
            json!({"place": group.place, "name": group.name, "names": group.names, "level": group.level.map(memlint_oom::Level::name),
                "count": group.count, "containers": group.containers, "firstLine": group.first_line,
                "firstTime": group.first_time, "lastLine": group.last_line, "lastTime": group.last_time})
        })
        .collect();
    let mut all = json!({"kills": kills.iter().map(kill).collect::<Vec<_>>()});
    if !repeated.is_empty() {
        all["repeats"] = json!(repeated);
    }
    prune(all)
}

fn kill(kill: &Kill) -> Value {
    let trigger = kill.trigger.as_ref();
    let mut told = json!({
        "level": kill.level.map(memlint_oom::Level::name),
        "beyond": kill.beyond.map(|beyond| match beyond {
            Beyond::Node => "node",
            Beyond::Container => "container",
        }),
        "line": kill.evidence.line,
        "time": kill.time,
        "uptimeMicros": kill.uptime,
        "host": kill.host,
        "oomCgroup": kill.oom_cgroup,
        "taskCgroup": kill.task_cgroup,
        "inferredFrom": kill.inferred_from,
        "podUid": kill.pod.as_ref().map(|pod| &pod.uid),
        "staticPod": kill.pod.as_ref().map(|pod| pod.is_static),
        "qosClass": kill.qos.map(|qos| match qos {
            Qos::Guaranteed => "Guaranteed",
            Qos::Burstable => "Burstable",
            Qos::BestEffort => "BestEffort",
        }),
        "containerId": kill.container,
        "runtime": kill.runtime.map(|runtime| match runtime {
            Runtime::Containerd => "containerd",
            Runtime::CriO => "cri-o",
            Runtime::Docker => "docker",
            Runtime::Podman => "podman",
        }),
        "cgroupDriver": kill.driver.map(|driver| match driver {
            Driver::Systemd => "systemd",
            Driver::Cgroupfs => "cgroupfs",
        }),
        "cgroupVersion": kill.cgroup_version.map(|version| match version {
            CgroupVersion::V1 => 1,
            CgroupVersion::V2 => 2,
        }),
        "limitBytes": kill.limit,
        "unlimited": kill.unlimited,
        "usageBytes": kill.usage,
        "failcnt": kill.failcnt,
        "counters": counters(&kill.counters),
        "chosen": kill.chosen.as_ref().map(|chosen| json!({"pid": chosen.pid, "name": chosen.name})),
        "triggerContainer": trigger.and_then(|trigger| trigger.container.as_ref()),
        "contributors": kill.contributors.iter().map(contributor).collect::<Vec<_>>(),
        "byCgroup": kill.by_cgroup.iter().map(|each| json!({"path": each.path, "memory": memory(&each.memory)})).collect::<Vec<_>>(),
        "triggerName": trigger.map(|trigger| &trigger.name),
        "gfpMask": trigger.and_then(|trigger| trigger.gfp_mask.as_ref()),
        "order": trigger.and_then(|trigger| trigger.order),
        "constraint": kill.constraint.map(|constraint| match constraint {
            Constraint::None => "CONSTRAINT_NONE",
            Constraint::Cpuset => "CONSTRAINT_CPUSET",
            Constraint::MemoryPolicy => "CONSTRAINT_MEMORY_POLICY",
            Constraint::Memcg => "CONSTRAINT_MEMCG",
        }),
        "kernel": kill.kernel,
        "ramBytes": kill.ram,
        "capacityBytes": kill.capacity,
        "victims": kill.victims.iter().map(victim).collect::<Vec<_>>(),
        "groupKill": kill.group_kill,
        "death": kill.death.map(|death| match death {
            Death::Group => "group",
            Death::Main => "main",
            Death::Child => "child",
        }),
        "memory": memory(&kill.memory),
        "tasks": kill.tasks.iter().map(task).collect::<Vec<_>>(),
        "pageSizeBytes": kill.page_size.bytes,
        "pageSizeAssumed": kill.page_size.assumed,
        "complete": kill.complete,
        "advice": advise(kill, None).kind(),
    });
    told["mixed"] = json!(kill.mixed);
    told["panic"] = json!(kill.panic);
    told["freeHugePagesBytes"] = json!(kill.memory.free_huge_pages);
    told["outcome"] = json!(Some(kill.outcome().name()).filter(|name| *name != "killed"));
    told
}

fn victim(victim: &Victim) -> Value {
    json!({
        "pid": victim.pid,
        "name": victim.name,
        "uid": victim.uid,
        "oomScoreAdj": victim.oom_score_adj,
        "fate": match victim.fate {
            Fate::Killed => "killed",
            Fate::Chosen => "chosen",
            Fate::AlreadyExiting => "already-exiting",
        },
        "reaped": victim.reaped,
        "totalVmBytes": victim.total_vm,
        "anonBytes": victim.anon,
        "fileBytes": victim.file,
        "shmemBytes": victim.shmem,
        "pgtablesBytes": victim.pgtables,
    })
}

fn contributor(each: &Contributor) -> Value {
    json!({"name": each.name, "processes": each.processes, "rssBytes": each.rss, "sharedOnce": each.shared_once,
        "oomScoreAdj": each.oom_score_adj})
}

fn task(task: &Task) -> Value {
    json!({"pid": task.pid, "name": task.name, "rssBytes": task.rss, "rssAnonBytes": task.rss_anon,
        "rssFileBytes": task.rss_file, "rssShmemBytes": task.rss_shmem, "oomScoreAdj": task.oom_score_adj})
}

fn counters(counters: &Counters) -> Value {
    let gauge = |gauge: Option<Gauge>| {
        gauge.map(|gauge| json!({"usageBytes": gauge.usage, "limitBytes": gauge.limit, "failcnt": gauge.failcnt}))
    };
    json!({"swap": gauge(counters.swap), "memorySwap": gauge(counters.memory_swap), "kernel": gauge(counters.kernel)})
}

fn memory(memory: &Memory) -> Value {
    json!({"anonBytes": memory.anon, "fileBytes": memory.file, "shmemBytes": memory.shmem,
        "kernelBytes": memory.kernel, "slabBytes": memory.slab, "swapBytes": memory.swap,
        "sockBytes": memory.sock.filter(|bytes| *bytes > 0),
        "dirtyBytes": memory.dirty.filter(|bytes| *bytes > 0),
        "writebackBytes": memory.writeback.filter(|bytes| *bytes > 0)})
}

/// Without what is unknown, false or empty.
fn prune(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| (key, prune(value)))
                .filter(|(_, value)| says_something(value))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(list) => Value::Array(list.into_iter().map(prune).collect()),
        other => other,
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    }
}
