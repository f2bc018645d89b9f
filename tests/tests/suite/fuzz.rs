//! Linting of arbitrary bytes: fixtures, mutated, as many as fit into `MEMLINT_FUZZ_SECONDS` (5 if that is not set).
//! No input may panic, take long, or be pointed at outside of itself. `MEMLINT_FUZZ_SEED` chooses another sequence.

use std::time::{Duration, Instant};

use memlint_policies::policy::Policy;
use memlint_tests::mutate::{Mutator, Random};
use memlint_tests::{fixtures, memory, walk};

/// One input may take this long, in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn seeds() -> Vec<Vec<u8>> {
    let files = walk::files(&fixtures().join("rules")).into_iter().chain(walk::files(&fixtures().join("yaml")));
    let files = files.filter(|file| !file.ends_with("expected.txt"));
    files.map(|file| std::fs::read(file).expect("a readable file")).filter(|bytes| bytes.len() < 20_000).collect()
}

#[test]
fn no_bytes_do_harm() {
    let seed = setting("MEMLINT_FUZZ_SEED", 1);
    let end = Instant::now() + Duration::from_secs(setting("MEMLINT_FUZZ_SECONDS", 5));
    let mut mutator = Mutator::new(seeds(), Random::new(seed));
    let policy = Policy::default();
    let mut count = 0;
    while Instant::now() < end {
        let bytes = mutator.next_input();
        let name = if count % 5 == 0 { "input.json" } else { "input.yaml" };
        check(name, &bytes, &policy, &format!("seed {seed}, input {count}"));
        count += 1;
    }
    assert!(count > 20, "only {count} inputs were tried");
    println!("{count} inputs");
}

/// Lints bytes; says which they were if that goes wrong.
fn check(name: &str, bytes: &[u8], policy: &Policy, which: &str) {
    let started = Instant::now();
    let linted = std::panic::catch_unwind(|| {
        let (corpus, report) = memory::lint(&[(name, bytes)], policy);
        let style = memlint::output::text::Style { color: false, quiet: false };
        let printed = memlint::output::text::render(&report, &corpus, style);
        let mut json = Vec::new();
        json.extend(memlint::output::json::render(&report, &corpus).into_bytes());
        (corpus, report, printed, json)
    });
    let shown = || format!("{which}:\n{}", String::from_utf8_lossy(bytes));
    let Ok((corpus, report, printed, json)) = linted else { panic!("a panic on {}", shown()) };
    assert!(started.elapsed() < LONGEST, "{:?} for {}", started.elapsed(), shown());
    assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok(), "{}", shown());
    assert!(printed.ends_with('\n'), "{}", shown());
    let lines = 1 + bytes.iter().filter(|byte| **byte == b'\n' || **byte == b'\r').count();
    for found in &report.findings {
        let places = std::iter::once(&found.place).chain(&found.related);
        for place in places {
            let held = corpus.documents.get(place.document).unwrap_or_else(|| panic!("no document: {}", shown()));
            let (raw, span) = (held.document.raw(), place.span);
            let inside = raw.start <= span.start && span.start <= span.end && span.end <= raw.start + raw.text.len();
            assert!(inside, "{span:?} is outside of {}..{}: {}", raw.start, raw.start + raw.text.len(), shown());
            assert!(raw.text.is_char_boundary(span.start - raw.start), "{span:?} is inside a character: {}", shown());
            assert!(span.line <= span.end_line && span.end_line <= lines, "{span:?} of {lines} lines: {}", shown());
        }
        assert!(!found.finding.message.is_empty() && !found.finding.help.is_empty(), "{}", shown());
    }
    for problem in &report.problems {
        assert!(problem.line >= 1 && problem.line <= lines && problem.column >= 1, "{problem:?}: {}", shown());
    }
}

#[test]
fn fixtures_as_they_are_do_no_harm_cut_at_any_byte() {
    let policy = Policy::default();
    for seed in seeds().iter().take(6) {
        for end in (0..seed.len()).step_by(7) {
            check("cut.yaml", &seed[..end], &policy, &format!("cut at {end}"));
        }
    }
}
