//! What the decision alone costs, without network and TLS: `cargo bench -p memlint-webhook --bench review`.
//!
//! `-- ordinary` runs one size only. Prints, for every size of body, the time of a review against that of reading the envelope alone and of reading
//! everything into a `serde_json::Value`, as ratios within one run.

#![expect(clippy::print_stdout, reason = "a benchmark reports")]

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "../load/corpus.rs"]
mod corpus;

use std::hint::black_box;
use std::time::Instant;

use memlint_review::{Options, ReviewCx, review};
use memlint_webhook::policy;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    request: Request<'a>,
}

#[derive(Deserialize)]
struct Request<'a> {
    uid: &'a str,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
}

fn main() {
    let cluster = corpus::cluster();
    let (rulebook, options) = (policy::shipped().expect("a policy"), Options::default());
    let cx = ReviewCx {
        policy: &rulebook.policy,
        policy_hash: &rulebook.hash,
        inventory: &cluster,
        nodes_are_certain: true,
        options: &options,
        today: jiff::civil::date(2026, 1, 1),
    };
    let quick = std::env::args().any(|argument| argument == "--test");
    let chosen = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    for (size, bodies) in corpus::sizes() {
        if chosen.as_deref().is_some_and(|chosen| chosen != size) {
            continue;
        }
        let rounds = if quick { 1 } else { 40_000_000 / bodies.iter().map(Vec::len).sum::<usize>() };
        let bytes = bodies.iter().map(Vec::len).sum::<usize>() / bodies.len();
        let mut best = [f64::INFINITY; 3];
        for _ in 0..5 {
            let times = [
                time(&bodies, rounds, |body| {
                    let envelope: Envelope<'_> = serde_json::from_slice(body).expect("a review");
                    black_box((envelope.request.uid, envelope.request.object));
                }),
                time(&bodies, rounds, |body| {
                    black_box(serde_json::from_slice::<serde_json::Value>(body).expect("a review"));
                }),
                time(&bodies, rounds, |body| {
                    black_box(review(body, &cx));
                }),
            ];
            best = std::array::from_fn(|index| best[index].min(times[index]));
        }
        let [envelope, value, verdict] = best;
        println!(
            "{size:9} {bytes:7} bytes: envelope {envelope:6.1} us, value {value:6.1} us, review {verdict:6.1} us: \
             {:.1} times the envelope, {:.1} times the value",
            verdict / envelope,
            verdict / value,
        );
    }
}

/// Microseconds for one body.
fn time(bodies: &[Vec<u8>], rounds: usize, mut run: impl FnMut(&[u8])) -> f64 {
    let start = Instant::now();
    for _ in 0..rounds {
        bodies.iter().for_each(|body| run(body));
    }
    let runs = u32::try_from(rounds * bodies.len()).unwrap_or(u32::MAX);
    start.elapsed().as_secs_f64() * 1e6 / f64::from(runs)
}
