//! What memlint says about the fixtures, word for word.

use memlint_oom::{Kill, advise};

use super::common;

fn first(fixture: &str) -> Kill {
    let (_, path) = common::fixtures().into_iter().find(|(name, _)| name == fixture).unwrap();
    common::kills(&std::fs::read(path.join("log.txt")).unwrap()).remove(0)
}

fn says(fixture: &str, capacity: Option<u64>, expected: &str) {
    assert_eq!(advise(&first(fixture), capacity).to_string(), expected, "{fixture}");
}

#[test]
fn own_limits() {
    says(
        "pod-v2-systemd-containerd-child",
        None,
        "the pod reached its memory limit of 500Mi; uvicorn (3 processes) held 485.6Mi; raise limits.memory if this is normal use, find the leak if it grows without end",
    );
    says(
        "shmem-memory-volume",
        None,
        "the pod reached its memory limit of 500Mi, and 292.9Mi of that is shared memory: an emptyDir with medium Memory or /dev/shm; give the volume a sizeLimit, or raise limits.memory by what it holds",
    );
    says(
        "socket-memory",
        None,
        "the container reached its memory limit of 500Mi, and 439.4Mi of that is data in sockets that nobody has read yet; read faster, keep fewer connections or smaller buffers, or raise limits.memory",
    );
    says(
        "kernel-memory-slab",
        None,
        "the container reached its memory limit of 500Mi, and 449.2Mi of that is the kernel's: many open files, directory entries, sockets or threads; use fewer, or raise limits.memory",
    );
}

#[test]
fn nodes_and_machines() {
    says(
        "node-kubepods-slice-v2",
        None,
        "all Pods of the node together reached their limit of 4Gi, so raising the limit of worker will not help; raise requests to real use, or take larger nodes; worker held 2.3Gi",
    );
    // 4Gi of capacity: 700 stands for a request of 1.2Gi; worker requested nothing.
    says(
        "node-kubepods-slice-v2",
        Some(4 << 30),
        "all Pods of the node together reached their limit of 4Gi, so raising the limit of worker will not help; raise requests to real use, or take larger nodes; worker held 2.3Gi, 2.3Gi beyond its request",
    );
    says(
        "system-slice-service",
        None,
        "/system.slice/kubelet.service reached its own memory limit of 300Mi, no Pod's request or limit is involved; raise MemoryMax of the unit, or kubeReserved or systemReserved where enforceNodeAllocatable sets it",
    );
    assert!(advise(&first("machine-global-oom-515"), None).to_string().contains("ran out of its memory of 7.9Gi"));
    assert!(advise(&first("numa-memory-policy"), None).to_string().starts_with("the NUMA nodes"));
    assert!(advise(&first("machine-sysrq"), None).to_string().starts_with("someone asked for it"));
    assert!(advise(&first("node-is-an-lxc-guest"), None).to_string().contains("container or virtual machine"));
    says(
        "killed-line-alone",
        None,
        "uvicorn was killed holding 393.7Mi at a cgroup's limit, not that of the whole machine; whose it was (its container's, its Pod's, that of all Pods of the node, a service's) is in the lines just before: in dmesg or journalctl -k of that node, look for oom-kill:constraint= or Task in",
    );
    says(
        "reaper-line-alone",
        None,
        "app was killed, but the log does not say whose limit it was: that is in the lines just before: in dmesg or journalctl -k of that node, look for oom-kill:constraint= or Task in",
    );
}

#[test]
fn messages_keep_the_house_style() {
    for (name, path) in common::fixtures() {
        for kill in common::kills(&std::fs::read(path.join("log.txt")).unwrap()) {
            let text = advise(&kill, Some(8 << 30)).to_string();
            let first = text.chars().next().unwrap();
            // A command's or cgroup's own name may begin the sentence.
            assert!(!first.is_uppercase() && !text.ends_with('.'), "{name}: {text}");
        }
    }
    let note = first("pod-v2-systemd-containerd-child").death_note().unwrap();
    assert!(note.contains("1.28") && note.contains("singleProcessOOMKill"));
    assert!(first("kernel-50-oom-kill-and-sacrifice").death_note().unwrap().contains("cgroup v1"));
    assert!(first("oom-group-v2").death_note().unwrap().contains("whole container"));
}

#[test]
fn requests_are_told_of_processes_in_pods_alone() {
    const NODE: u64 = 16 << 30;
    let told = |fixture: &str| {
        let kill = first(fixture);
        let asks: Vec<(String, i64)> = kill
            .contributors
            .iter()
            .filter(|each| kill.request_of(each, NODE).is_some())
            .map(|each| (each.name.clone(), each.oom_score_adj.unwrap()))
            .collect();
        (kill.victim_request(NODE).is_some(), asks)
    };
    let of = |names: &[(&str, i64)]| names.iter().map(|(name, adj)| ((*name).to_owned(), *adj)).collect::<Vec<_>>();
    assert_eq!(told("burstable-victim-of-1000"), (false, of(&[("node", 975)])));
    assert_eq!(told("machine-user-session"), (false, of(&[("kubelet", -999)])));
    assert_eq!(told("machine-global-oom-515"), (true, of(&[("java", 1000), ("kubelet", -999)])));
    assert!(told("node-kubepods-slice-v2").1.len() > 1);
}
