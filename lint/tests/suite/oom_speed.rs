//! A large log: read in constant memory, at a speed told as a ratio to `wc -l` and `grep -c` on the same file.
//!
//! `cargo test --release -p memlint oom_speed -- --ignored --nocapture` writes a log of 1 GB and measures.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Writes about so many bytes of a node's syslog, with an OOM kill in every two megabytes; returns how many kills.
fn generate(out: &mut dyn Write, bytes: usize) -> u64 {
    const QUIET: [&str; 6] = [
        "kubelet[911]: I1213 07:22:58.120034     911 kuberuntime_container.go:777] \"Killing container with a grace period\"",
        "containerd[702]: time=\"2026-05-01T12:34:56Z\" level=info msg=\"StopPodSandbox for a0a0a0 returns successfully\"",
        "kernel: [36350.120001] eth0: renamed from veth1a2b3c4",
        "systemd[1]: run-containerd-runc-k8s.io-roomservice.mount: Deactivated successfully.",
        "CRON[2231]: (root) CMD (test -e /run/systemd/system || /usr/bin/true)",
        "kubelet[911]: E1213 07:22:59.000001     911 pod_workers.go:1301] \"Error syncing pod, skipping\" err=\"failed to \\\"StartContainer\\\" for \\\"web\\\" with CrashLoopBackOff: back-off 5m0s restarting failed container=web pod=api_shop(89eb331f)\"",
    ];
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/oom");
    let reports = ["pod-v2-systemd-containerd-child", "node-kubepods-slice-v2"];
    let reports = reports.map(|name| std::fs::read_to_string(fixtures.join(name).join("log.txt")).unwrap());
    let (mut written, mut kills, mut next) = (0, 0, 1 << 20);
    let mut dice = 7_u64;
    let mut block = String::new();
    while written < bytes {
        block.clear();
        for _ in 0..500 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let line = QUIET[usize::try_from(dice >> 40).unwrap() % QUIET.len()];
            writeln!(block, "Dec 13 07:22:{:02} node-7 {line}", (dice >> 33) % 60).unwrap();
        }
        if written >= next {
            let report = &reports[usize::try_from(kills).unwrap() % reports.len()];
            // Another second each time: the same kill twice in one moment would count once.
            block.push_str(&report.replace("[36370.", &format!("[{}.", 40_000 + kills)));
            kills += 1;
            next += 2 << 20;
        }
        out.write_all(block.as_bytes()).unwrap();
        written += block.len();
    }
    kills
}

fn memlint(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memlint"));
    command.arg("oom").args(args).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// The most memory that a running process has had, in bytes.
fn peak(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10)
}

/// Pipes a log of so many bytes in; returns the peak, measured before the end of the log is given away.
fn peak_of(bytes: usize) -> Option<u64> {
    let mut child = memlint(&["-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let kills = generate(&mut stdin, bytes);
    let peak = peak(&child);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains(&format!("{kills} OOM kills of 2 kinds")));
    peak
}

#[test]
fn memory_does_not_grow_with_the_log() {
    let (Some(small), Some(large)) = (peak_of(6 << 20), peak_of(30 << 20)) else { return };
    assert!(large < small + (4 << 20), "{small} bytes for 6 MiB of log, {large} for 30 MiB");
    assert!(large < 64 << 20, "{large}");
}

fn fastest(mut command: impl FnMut() -> Command) -> Duration {
    let run = |command: &mut Command| {
        let started = Instant::now();
        // Not to /dev/null: grep stops at its first match there.
        assert!(command.stdout(Stdio::piped()).output().unwrap().status.success());
        started.elapsed()
    };
    (0..5).map(|_| run(&mut command())).min().unwrap()
}

#[test]
#[ignore = "writes a log of 1 GB"]
fn a_gigabyte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("syslog");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let kills = generate(&mut file, 1_000_000_000);
    drop(file);
    let path = path.to_str().unwrap();
    let with = |name: &str, args: &[&str]| {
        let mut command = Command::new(name);
        command.args(args).arg(path).env("LC_ALL", "C");
        command
    };
    let wc = fastest(|| with("wc", &["-l"]));
    let grep = fastest(|| with("grep", &["-c", "Killed process"]));
    let grep_two = fastest(|| with("grep", &["-cE", "Killed process|invoked oom-killer|oom-kill:"]));
    let text = fastest(|| memlint(&[path]));
    let json = fastest(|| memlint(&[path, "--format", "json"]));
    let ratio = |other: Duration| format!("{:.2}", text.as_secs_f64() / other.as_secs_f64());
    eprintln!("1 GB, {kills} kills: memlint oom {text:?} (--format json {json:?})");
    eprintln!(
        "  {} times wc -l ({wc:?}), {} times grep -c ({grep:?}), {} times grep -cE of three ({grep_two:?})",
        ratio(wc),
        ratio(grep),
        ratio(grep_two)
    );
    eprintln!("  peak {} KiB", peak_of(1_000_000_000).unwrap_or(0) >> 10);
}
