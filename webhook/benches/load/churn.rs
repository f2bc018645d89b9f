//! What 500 heartbeats of nodes a second do to answers: R9. A webhook that watches an API server of the benchmark's own
//! is asked in blocks, with heartbeats and without, in turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::client::Load;
use crate::corpus;
use crate::fake::{Fake, NODES};
use crate::statistics::{Summary, cpu, interval, median};
use crate::{Server, server};

/// Heartbeats a second: an event every so often.
const EVERY: Duration = Duration::from_millis(2);
/// Requests a second: more than API servers of the largest clusters are asked to create.
const RATE: f64 = 1_000.0;
const ROUNDS: usize = 12;
const BLOCK: u64 = 1_500;

/// Asks, and prints what came of it.
pub(crate) fn measure() {
    let [_, (_, bodies), _] = &corpus::sizes();
    let fake = Fake::new(&[]);
    let nodes: Vec<String> = (0..5_000).map(|index| corpus::node_json(index, 0).to_string()).collect();
    fake.with(|state| _ = state.objects.insert(NODES.to_owned(), nodes));
    let beating = Arc::new(AtomicBool::new(false));
    let api = serve(&fake, &beating);
    let mut server = Server::start_with("watching", &[(server::API, &api)]);
    server.client.run(bodies, Load::Open { millis: 500, rate: RATE });
    let mut rounds: Vec<[Summary; 2]> = Vec::new();
    for round in 0..ROUNDS {
        let mut summaries = [const { None }; 2];
        for busy in if round % 2 == 0 { [false, true] } else { [true, false] } {
            beating.store(busy, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(100));
            let before = cpu(server.pid());
            let done = server.client.run(bodies, Load::Open { millis: BLOCK, rate: RATE });
            summaries[usize::from(busy)] = Some(Summary::new(&done, cpu(server.pid()) - before, 0.0));
        }
        // Somebody listens still: a webhook that has lost its watch is not disturbed by anything.
        assert!(fake.with(|state| state.events.receiver_count()) > 0);
        rounds.push(summaries.map(|summary| summary.expect("both had their turn")));
    }
    println!("\n5,000 nodes are watched, {RATE:.0} requests/s, with and without 500 heartbeats a second:");
    let of = |index: usize, figure: fn(&Summary) -> f64| {
        median(&rounds.iter().map(|r| figure(&r[index])).collect::<Vec<_>>())
    };
    for (index, name) in ["without", "with"].into_iter().enumerate() {
        println!(
            "  {name:9} p50 {:6.2} ms, p99 {:6.2} ms, {:6.1} us CPU a request",
            of(index, |s| s.p50),
            of(index, |s| s.p99),
            of(index, |s| s.cpu_micros)
        );
    }
    let ratio = |figure: fn(&Summary) -> f64| {
        interval(&rounds.iter().map(|r| figure(&r[1]) / figure(&r[0])).collect::<Vec<_>>())
    };
    println!("  with / without      p50 {}, p99 {}", ratio(|s| s.p50), ratio(|s| s.p99));
}

/// The API server, on a thread of its own; sends heartbeats while it is told to. Returns its address.
fn serve(fake: &Fake, beating: &Arc<AtomicBool>) -> String {
    let (fake, beating) = (fake.clone(), beating.clone());
    let (sender, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            sender.send(format!("http://{}", fake.serve().await)).expect("someone waits for it");
            let beats: Vec<_> = (0..500).map(|index| corpus::node_json(index, 1)).collect();
            let mut every = tokio::time::interval(EVERY);
            for beat in beats.iter().cycle() {
                every.tick().await;
                if beating.load(Ordering::Relaxed) {
                    fake.event(NODES, "MODIFIED", beat);
                }
            }
        });
    });
    address.recv().expect("an address")
}
