//! `memlint oom` from the outside: every way to hand it a log, and what it prints, word for word.
//!
//! The expected files lie in `tests/oom/`; `MEMLINT_BLESS=1 cargo test -p memlint oom` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oom")
}

fn log(fixture: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/oom");
    root.join(fixture).join("log.txt")
}

fn memlint(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_memlint"))
        .arg("oom")
        .args(args)
        .current_dir(here())
        .env("COLUMNS", "100")
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything.
    _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

fn json(args: &[&str], stdin: &[u8]) -> Value {
    let output = memlint(&[args, &["--format", "json"]].concat(), stdin);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Compares what is printed with the file of that name.
fn prints(name: &str, args: &[&str], stdin: &[u8]) {
    let output = memlint(args, stdin);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let found = String::from_utf8(output.stdout).unwrap();
    let path = here().join(name);
    if std::env::var_os("MEMLINT_BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{name}");
}

/// The rules that memlint has for scheduling, eviction and kills.
const RULES: [&str; 14] = [
    "never-fits",
    "no-eligible-node",
    "does-not-fit-now",
    "replicas-do-not-fit",
    "rollout-does-not-fit",
    "daemonset-does-not-fit",
    "missing-memory-request",
    "limit-far-above-request",
    "unbounded-memory-volume",
    "missing-memory-limit",
    "limit-above-every-node",
    "heap-above-limit",
    "memory-volume-above-limit",
    "quota-exceeded",
];

const JOIN: [&str; 6] = ["--pods", "pods.json", "--capacity", "pods.json", "--manifests", "manifests"];

fn joined(name: &str, fixture: &str) {
    let text = std::fs::read(log(fixture)).unwrap();
    prints(name, &[&["-"], &JOIN[..]].concat(), &text);
}

#[test]
fn a_pod_limit_points_at_the_line() {
    joined("pod.expected.txt", "pod-v2-systemd-containerd-child");
}

#[test]
fn a_node_limit_points_at_the_request() {
    joined("node.expected.txt", "node-kubepods-slice-v2");
}

#[test]
fn an_in_memory_volume_is_shown() {
    joined("volume.expected.txt", "shmem-memory-volume");
}

#[test]
fn a_static_pod_is_known_by_its_hash() {
    joined("static.expected.txt", "static-pod-systemd");
}

#[test]
fn a_log_alone_says_what_it_can() {
    let text = std::fs::read(log("same-container-three-times")).unwrap();
    prints("alone.expected.txt", &[], &text);
    let text = std::fs::read(log("machine-global-oom-515")).unwrap();
    prints("machine.expected.txt", &["--node-memory", "8Gi"], &text);
    let text = std::fs::read(log("killed-line-alone")).unwrap();
    prints("unknown.expected.txt", &[], &text);
    let text = std::fs::read(log("machine-user-session")).unwrap();
    prints("session.expected.txt", &["--node-memory", "16Gi"], &text);
    let text = std::fs::read(log("dirty-page-cache-v2")).unwrap();
    prints("unwritten.expected.txt", &[], &text);
}

#[test]
fn a_log_with_its_newest_line_first_is_turned_round() {
    for fixture in ["pod-v2-systemd-containerd-child", "journalctl-json", "same-container-three-times"] {
        let text = std::fs::read_to_string(log(fixture)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let turned: String = lines.iter().rev().flat_map(|line| [*line, "\n"]).collect();
        let (forth, back) = (json(&[], text.as_bytes()), json(&[], turned.as_bytes()));
        let kills = |all: &Value| -> Vec<(Value, u64)> {
            let kills = all["kills"].as_array().unwrap().iter();
            kills.map(|kill| (kill["usageBytes"].clone(), kill["line"].as_u64().unwrap())).collect()
        };
        let last = u64::try_from(lines.len()).unwrap() + 1;
        let expected: Vec<_> = kills(&forth).into_iter().map(|(usage, line)| (usage, last - line)).collect();
        assert_eq!(kills(&back), expected, "{fixture}");
    }
}

#[test]
fn other_killers_are_told_apart_from_the_kernel() {
    let log = "May 01 12:34:56 n systemd-oomd[5]: Killed /user.slice/app.scope due to memory pressure for /user.slice \
        being 62.55% > 50.00% for > 20s with reclaim activity\n\
        May 01 12:34:57 n earlyoom[8]: sending SIGTERM to process 4 uid 1 \"java\": oom_score 903, VmRSS 1234 MiB\n";
    prints("others.expected.txt", &[], log.as_bytes());
    let others = &json(&[], log.as_bytes())["logs"][0]["others"];
    assert_eq!((&others[0]["program"], &others[1]["firstLine"]), (&"systemd-oomd".into(), &2.into()));
}

#[test]
fn what_others_saw_and_what_no_log_tells_is_named() {
    let pods: Value = serde_json::from_slice(&std::fs::read(here().join("pods.json")).unwrap()).unwrap();
    let web = &pods["items"][0];
    let id = web["status"]["containerStatuses"][0]["containerID"].as_str().unwrap().trim_start_matches("containerd://");
    let uid = web["metadata"]["uid"].as_str().unwrap();
    let (gone, slice) = ("ab".repeat(32), uid.replace('-', "_"));
    let log = format!(
        "May 01 12:34:55 n containerd[8]: time=\"t\" level=info msg=\"TaskOOM event container_id:\\\"{id}\\\"\"\n\
         May 01 12:34:56 n containerd[8]: time=\"t\" level=info msg=\"TaskOOM event container_id:\\\"{gone}\\\"\"\n\
         May 01 12:34:57 n systemd[1]: cri-containerd-{id}.scope: A process of this unit has been killed by the OOM killer.\n\
         May 01 12:34:58 n systemd-oomd[5]: Killed /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{slice}.slice \
         due to memory pressure for /kubepods.slice being 62.55% > 50.00% for > 20s with reclaim activity\n\
         user: warning: [2026-05-01T12:34:59Z]: [talos] Sending SIGKILL to cgroup {{\"controller\": \"runtime.OOMController\", \
         \"cgroup\": \"/sys/fs/cgroup/kubepods/burstable/pod{uid}\"}}\n\
         May 01 12:35:00 n kubelet[9]: I0501 12:35:00.1 9 eviction_manager.go:616] \"Eviction manager: pod is evicted successfully\" pod=\"{}/{}\"\n\
         May 01 12:35:00 n kubelet[9]: I0501 12:35:00.2 9 eviction_manager.go:366] \"Eviction manager: attempting to reclaim\" resourceName=\"memory\"\n\
         May 01 12:35:01 n kubelet[9]: I0501 12:35:01.3 9 eviction_manager.go:616] \"Eviction manager: pod is evicted successfully\" pod=\"{}/{}\"\n",
        "shop",
        "before",
        web["metadata"]["namespace"].as_str().unwrap(),
        web["metadata"]["name"].as_str().unwrap()
    );
    prints("places.expected.txt", &["-", "--pods", "pods.json"], log.as_bytes());
    let all = json(&["-", "--pods", "pods.json"], log.as_bytes());
    for other in all["logs"][0]["others"].as_array().unwrap() {
        assert_eq!(other["places"][0]["pod"]["name"], web["metadata"]["name"], "{other}");
    }
    assert_eq!(all["missing"][0]["container"], "worker");
}

#[test]
fn events_name_their_rules() {
    prints("events.expected.txt", &["--events", "events.json"], b"");
    prints("events.expected.json", &["--events", "events.json", "--format", "json"], b"");
    let all = json(&["--events", "events.json"], b"");
    for kind in all["events"]["kinds"].as_array().unwrap() {
        for rule in kind["rules"].as_array().unwrap() {
            assert!(rule["count"].as_u64().unwrap() <= kind["count"].as_u64().unwrap());
            assert!(RULES.contains(&rule["rule"].as_str().unwrap()), "{rule}");
        }
    }
}

#[test]
fn json_has_what_the_design_promises() {
    let all =
        json(&[log("pod-v2-systemd-containerd-child").to_str().unwrap(), JOIN[0], JOIN[1], JOIN[4], JOIN[5]], b"");
    assert_eq!((&all["version"], all["kills"].as_array().unwrap().len()), (&1.into(), 1));
    let kill = &all["kills"][0];
    assert_eq!(kill["level"], "pod");
    assert_eq!((&kill["line"], &kill["time"]), (&47.into(), &"Dec 13 07:23:21".into()));
    assert_eq!((&kill["limitBytes"], &kill["usageBytes"]), (&524_288_000.into(), &524_288_000.into()));
    assert_eq!((&kill["qosClass"], &kill["groupKill"]), (&"Burstable".into(), &false.into()));
    assert!(kill["podUid"].is_string() && kill["containerId"].is_string() && kill["oomCgroup"].is_string());
    let victim = &kill["victims"][0];
    for key in ["pid", "name", "uid", "anonBytes", "fileBytes", "shmemBytes", "oomScoreAdj"] {
        assert!(!victim[key].is_null(), "{key}");
    }
    assert!(kill["memory"]["anonBytes"].is_u64() && kill["tasks"][0]["rssBytes"].is_u64());
    assert_eq!(kill["pod"]["container"], "web");
    let manifest = &kill["manifest"];
    assert_eq!((&manifest["file"], &manifest["line"]), (&"manifests/shop.yaml".into(), &22.into()));
    assert_eq!(manifest["matchedBy"], "owner");
    assert_eq!(manifest["fix"][1]["value"], "768Mi");
    let alone = json(&[], &std::fs::read(log("no-oom-in-sight")).unwrap());
    assert_eq!(alone["kills"], serde_json::json!([]));
}

#[test]
fn every_fixture_counts_the_same_in_every_packing() {
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let utf16 = |text: &str| {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    for fixture in ["container-crio-v2", "oom-group-v2", "journalctl-json", "kubectl-debug-banner", "docker-json-log"] {
        let text = std::fs::read_to_string(log(fixture)).unwrap();
        let plain = json(&["-"], text.as_bytes());
        assert!(!plain["kills"].as_array().unwrap().is_empty(), "{fixture}");
        for packed in [gzip(text.as_bytes()), utf16(&text), gzip(&utf16(&text))] {
            assert_eq!(json(&["-"], &packed)["kills"], plain["kills"], "{fixture}");
        }
        let named = json(&[log(fixture).to_str().unwrap()], b"");
        assert_eq!(named["kills"][0]["advice"], plain["kills"][0]["advice"]);
    }
}

#[test]
fn two_logs_with_the_same_kill_count_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("syslog");
    std::fs::copy(log("container-crio-v2"), &copy).unwrap();
    let all = json(&[log("container-crio-v2").to_str().unwrap(), copy.to_str().unwrap()], b"");
    assert_eq!(all["kills"].as_array().unwrap().len(), 1);
    assert_eq!(all["logs"].as_array().unwrap().len(), 2);
}

#[test]
fn what_cannot_be_read_is_said_and_ends_with_2() {
    let fails = |args: &[&str], stdin: &[u8], says: &str| {
        let output = memlint(args, stdin);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(says), "{args:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(fails(&["nowhere.log"], b"", "nowhere.log cannot be read"), "");
    fails(&["."], b"", "it is a folder");
    fails(&["-", "--pods", "nowhere.json"], b"", "nowhere.json cannot be read");
    fails(&["-", "--pods", "events.json"], b"", "holds no Pod");
    fails(&["-", "--manifests", "nowhere"], b"", "nowhere cannot be read");
    fails(&["--events", "pods.json"], b"", "holds no Event");
    for text in
        ["NAMESPACE   NAME   READY   STATUS\nshop   web   1/1   Running\n", "Name:         web\nNamespace:    shop\n"]
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("printed.txt");
        std::fs::write(&file, text).unwrap();
        fails(&["-", "--pods", file.to_str().unwrap()], b"", "write it with -o json");
        fails(&["--events", file.to_str().unwrap()], b"", "write it with -o json");
    }
    fails(&["-"], b"\xfd7zXZ\0\0\0", "xz -dc");
    fails(&["-", "--node-memory", "16GB"], b"", "quantities must match");
    // A log that is cut off still gives what came before.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    let text = std::fs::read_to_string(log("container-crio-v2")).unwrap();
    packed.write_all((text + &"quiet\n".repeat(50_000)).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let found = fails(&["-"], &packed[..packed.len() / 2], "cannot be read");
    assert!(found.contains("postgres was OOM-killed at its container's memory limit of 500Mi"), "{found}");
}

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let text = "[1.5] Memory cgroup out of memory: Killed process 5 (\u{7}\u{1b}]0;x\u{7}) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n";
    let output = memlint(&["-", "--color", "never"], text.as_bytes());
    assert!(!output.stdout.iter().any(|byte| *byte == 0x1b || *byte == 7));
    let output = memlint(&["-", "--color", "always"], text.as_bytes());
    assert!(output.stdout.starts_with(b"\x1b[1;31m"));
}

/// The Pod of the log and its manifest, each changed by the test.
fn changed(live: impl Fn(&mut Value), written: impl Fn(&str) -> String) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut pods: Value = serde_json::from_slice(&std::fs::read(here().join("pods.json")).unwrap()).unwrap();
    live(&mut pods["items"][0]["spec"]);
    let manifest = std::fs::read_to_string(here().join("manifests/shop.yaml")).unwrap();
    let (pods_at, manifest_at) = (folder.path().join("pods.json"), folder.path().join("shop.yaml"));
    std::fs::write(&pods_at, pods.to_string()).unwrap();
    std::fs::write(&manifest_at, written(&manifest)).unwrap();
    let text = std::fs::read(log("pod-v2-systemd-containerd-child")).unwrap();
    let args = ["-", "--pods", pods_at.to_str().unwrap(), "--manifests", manifest_at.to_str().unwrap()];
    let found = json(&args, &text)["kills"][0].clone();
    (found, String::from_utf8(memlint(&args, &text).stdout).unwrap())
}

#[test]
fn resources_of_the_whole_pod_are_changed_where_they_are_written() {
    let whole = serde_json::json!({"limits": {"memory": "500Mi"}, "requests": {"memory": "300Mi"}});
    let own = "        resources:\n          requests:\n            cpu: 100m\n            memory: 300Mi\n          limits:\n            memory: 500Mi\n";
    let of_pod =
        "      resources: {limits: {memory: 500Mi}, requests: {memory: 300Mi}}\n      containers:\n      - name: web\n";
    let (kill, text) = changed(
        |spec| {
            spec["resources"] = whole.clone();
            spec["containers"][0]["resources"] = Value::Null;
        },
        |manifest| manifest.replacen(own, "", 1).replacen("      containers:\n      - name: web\n", of_pod, 1),
    );
    assert_eq!(kill["manifest"]["path"], "spec.template.spec.resources.limits.memory");
    let paths: Vec<&Value> =
        kill["manifest"]["fix"].as_array().unwrap().iter().map(|operation| &operation["path"]).collect();
    assert!(paths.contains(&&"/spec/template/spec/resources/limits/memory".into()), "{paths:?}");
    assert_eq!(kill["command"], Value::Null);
    assert!(text.contains("its Pod as a whole has limit 500Mi, request 300Mi"), "{text}");
}

#[test]
fn a_report_that_breaks_off_is_no_kill_without_a_victim() {
    let cut = "[1.500000] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=9\n";
    let none = "[1.500009] Out of memory and no killable processes...\n";
    let found = |log: &str| String::from_utf8(memlint(&["-"], log.as_bytes()).stdout).unwrap();
    let text = found(cut);
    assert!(text.starts_with("java asked the kernel for memory, which started its OOM killer; the log"), "{text}");
    assert!(text.contains("(the report is cut short)") && !text.contains("no process to kill"), "{text}");
    assert!(text.contains("no proof of an OOM kill in 1 line") && text.contains("1 report without its end"), "{text}");
    let text = found(&format!("{cut}{none}"));
    assert!(text.starts_with("the kernel found no process to kill"), "{text}");
    assert!(
        text.contains("no proof of an OOM kill in 2 lines") && text.contains("; 1 time the kernel found"),
        "{text}"
    );
    assert_eq!(json(&["-"], cut.as_bytes())["logs"][0]["kills"], 0);
    // A whole report stands above those that are cut, however many.
    let whole = std::fs::read_to_string(log("container-crio-v2")).unwrap();
    let text = found(&format!("{}{whole}", (0..9).map(|n| cut.replace("1.5", &format!("{n}1.5"))).collect::<String>()));
    assert!(text.starts_with("postgres was OOM-killed") && text.contains("1 OOM kill of 2 kinds"), "{text}");
}

#[test]
fn a_report_cut_before_its_figures_is_placed_by_its_cpuset() {
    let mut pods: Value = serde_json::from_slice(&std::fs::read(here().join("pods.json")).unwrap()).unwrap();
    let text = std::fs::read(log("cut-after-a-cgroup-trace")).unwrap();
    let id = json(&["-"], &text)["kills"][0]["containerId"].as_str().unwrap().to_owned();
    pods["items"][0]["status"]["containerStatuses"][0]["containerID"] = format!("docker://{id}").into();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pods.json");
    std::fs::write(&file, pods.to_string()).unwrap();
    let args = ["-", "--pods", file.to_str().unwrap()];
    assert_eq!(json(&args, &text)["kills"][0]["pod"]["container"], "web");
    let found = String::from_utf8(memlint(&args, &text).stdout).unwrap();
    let found = found.split_whitespace().collect::<Vec<_>>().join(" ");
    let head = "java in container web of Pod shop/api-7d9f8b6c5-x2x7k asked the kernel for memory, which started its OOM \
                killer at a cgroup's memory limit that the log does not name; the log does not show whether a process was killed";
    assert!(found.starts_with(head), "{found}");
}

#[test]
fn a_limit_that_was_raised_since_is_left_alone() {
    let raise = |spec: &mut Value| spec["containers"][0]["resources"]["limits"]["memory"] = "1Gi".into();
    let (kill, text) = changed(raise, str::to_owned);
    assert_eq!((&kill["manifest"], &kill["command"]), (&Value::Null, &Value::Null));
    assert_eq!(kill["raisedToBytes"], 1_u64 << 30);
    assert!(text.contains("already raised to 1Gi since"), "{text}");
    // In the manifest, but not rolled out yet.
    let (kill, _) = changed(|_| (), |manifest| manifest.replacen("memory: 500Mi", "memory: 1Gi", 1));
    assert_eq!((&kill["manifest"], &kill["raisedToBytes"]), (&Value::Null, &(1_u64 << 30).into()));
}
