//! What a verdict costs: four servers with the same TLS, HTTP and limits, asked in turns by one client.
//!
//! `fixed` answers without looking, `envelope` reads the envelope and echoes the uid, `value` reads everything as most
//! webhooks do (the object as `serde_json::Value`) and echoes the uid, `memlint` is memlint with 5,000 nodes in 40
//! classes and 100 DaemonSets. Servers run on one core, the client on another (where `taskset` is there); blocks
//! alternate and only ratios within a round count, so that a busy machine is no harm. CPU time is that of the server's
//! threads, by the scheduler's own clock.
//!
//! At the end a webhook that watches an API server is asked, with heartbeats and without: see [`churn`].
//!
//! `cargo bench -p memlint-webhook --bench load`, about two minutes; `-- churn` runs the last part alone.

#![expect(clippy::print_stdout, reason = "a benchmark reports")]

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod churn;
mod client;
mod corpus;
#[expect(dead_code, reason = "tests ask more of it")]
#[path = "../../tests/webhook/fake.rs"]
mod fake;
mod server;
mod statistics;

use std::process::{Child, Command, Stdio};

use client::{Client, Load};
use statistics::{Summary, interval, median};

const KINDS: [&str; 4] = ["fixed", "envelope", "value", "memlint"];
const ROUNDS: usize = 8;

/// A server in a process of its own.
struct Server {
    kind: &'static str,
    process: Child,
    client: Client,
}

impl Server {
    fn start(kind: &'static str) -> Self {
        Self::start_with(kind, &[])
    }

    /// With these variables set.
    fn start_with(kind: &'static str, variables: &[(&str, &str)]) -> Self {
        let me = std::env::current_exe().expect("a path");
        let pinned = Command::new("taskset").args(["-c", "0", "true"]).status().is_ok_and(|status| status.success());
        let mut command = if pinned { Command::new("taskset") } else { Command::new(&me) };
        if pinned {
            command.args(["-c", "0"]).arg(&me);
        }
        command.envs(variables.iter().copied());
        command.env("MEMLINT_BENCH_SERVER", kind).stdout(Stdio::piped());
        let mut process = command.spawn().expect("a server");
        let ready = server::read_ready(process.stdout.take().expect("a pipe"));
        Self { kind, process, client: Client::new(&ready) }
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn main() {
    if let Ok(kind) = std::env::var("MEMLINT_BENCH_SERVER") {
        return server::run(&kind);
    }
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    // The client keeps to the other core.
    _ = Command::new("taskset")
        .args(["-a", "-cp", "1", &std::process::id().to_string()])
        .stdout(Stdio::null())
        .status();
    if std::env::args().any(|argument| argument == "churn") {
        return churn::measure();
    }
    let mut servers = KINDS.map(Server::start);
    println!("resident memory: {}", memory(&servers));
    for (size, bodies) in &corpus::sizes() {
        let bytes = bodies.iter().map(Vec::len).sum::<usize>() / bodies.len();
        println!("\n{size}: {bytes} bytes on average, {} bodies, 8 connections, HTTP/1.1", bodies.len());
        for server in &mut servers {
            server.client.run(bodies, Load::Closed { millis: 300 });
        }
        let rounds: Vec<[Summary; 4]> = (0..ROUNDS).map(|round| one_round(&mut servers, bodies, round)).collect();
        report(&rounds);
        if *size == "ordinary" {
            at_fixed_rate(&mut servers, bodies, &rounds);
        }
    }
    println!("\nresident memory at the end: {}", memory(&servers));
    drop(servers);
    churn::measure();
}

/// Every server once, in this order or the other.
fn one_round(servers: &mut [Server; 4], bodies: &[Vec<u8>], round: usize) -> [Summary; 4] {
    let mut summaries = [const { None }; 4];
    let order: Vec<usize> = if round.is_multiple_of(2) { (0..4).collect() } else { (0..4).rev().collect() };
    for index in order {
        let server = &mut servers[index];
        let before = (statistics::cpu(server.pid()), statistics::cpu(std::process::id()));
        let done = server.client.run(bodies, Load::Closed { millis: 600 });
        let after = (statistics::cpu(server.pid()), statistics::cpu(std::process::id()));
        summaries[index] = Some(Summary::new(&done, after.0 - before.0, after.1 - before.1));
    }
    summaries.map(|summary| summary.expect("every server had its turn"))
}

fn report(rounds: &[[Summary; 4]]) {
    let of =
        |index: usize, figure: fn(&Summary) -> f64| -> Vec<f64> { rounds.iter().map(|r| figure(&r[index])).collect() };
    for (index, kind) in KINDS.iter().enumerate() {
        println!(
            "  {kind:9} {:7.1} us CPU a request, {:6.0} requests/s, p50 {:6.2} ms, p99 {:6.2} ms; client {:3.0} % busy",
            median(&of(index, |s| s.cpu_micros)),
            median(&of(index, |s| s.rate)),
            median(&of(index, |s| s.p50)),
            median(&of(index, |s| s.p99)),
            median(&of(index, |s| s.client_busy * 100.0)),
        );
    }
    for (what, a, b) in [("memlint / envelope", 3, 1), ("memlint / value", 3, 2), ("envelope / fixed", 1, 0)] {
        let ratio = |figure: fn(&Summary) -> f64| {
            interval(&rounds.iter().map(|r| figure(&r[a]) / figure(&r[b])).collect::<Vec<_>>())
        };
        println!("  {what:19} CPU {}, rate {}, p99 {}", ratio(|s| s.cpu_micros), ratio(|s| s.rate), ratio(|s| s.p99));
    }
}

/// Latency at half of what the slowest can do, counted from when a request should have been sent.
fn at_fixed_rate(servers: &mut [Server; 4], bodies: &[Vec<u8>], rounds: &[[Summary; 4]]) {
    let most = |index: usize| median(&rounds.iter().map(|round| round[index].rate).collect::<Vec<_>>());
    let rate = (0..KINDS.len()).map(most).fold(f64::INFINITY, f64::min) / 2.0;
    println!("  at {rate:.0} requests/s, from the intended time of sending:");
    let mut all: Vec<[Summary; 4]> = Vec::new();
    for _ in 0..3 {
        all.push(std::array::from_fn(|index| {
            let done = servers[index].client.run(bodies, Load::Open { millis: 1_500, rate });
            Summary::new(&done, 0.0, 0.0)
        }));
    }
    for (index, server) in servers.iter().enumerate() {
        let of =
            |figure: fn(&Summary) -> f64| median(&all.iter().map(|round| figure(&round[index])).collect::<Vec<_>>());
        println!("    {:9} p50 {:6.2} ms, p99 {:6.2} ms", server.kind, of(|s| s.p50), of(|s| s.p99));
    }
    let ratio =
        |figure: fn(&Summary) -> f64| interval(&all.iter().map(|r| figure(&r[3]) / figure(&r[1])).collect::<Vec<_>>());
    println!("    memlint / envelope  p50 {}, p99 {}", ratio(|s| s.p50), ratio(|s| s.p99));
}

fn memory(servers: &[Server; 4]) -> String {
    let each = servers.iter().map(|server| format!("{} {:.1} MiB", server.kind, statistics::resident(server.pid())));
    each.collect::<Vec<_>>().join(", ")
}
