//! From times to figures.

use std::time::Duration;

/// What a client did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) times: Vec<Duration>,
    pub(crate) took: Duration,
}

/// What came of one block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) cpu_micros: f64,
    pub(crate) rate: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) client_busy: f64,
}

impl Summary {
    pub(crate) fn new(done: &Done, server_cpu: f64, client_cpu: f64) -> Self {
        let mut millis: Vec<f64> = done.times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        millis.sort_by(f64::total_cmp);
        let at = |share: usize| millis[(millis.len() * share / 100).min(millis.len() - 1)];
        let requests = f64::from(u32::try_from(millis.len()).expect("few"));
        Self {
            cpu_micros: server_cpu * 1e6 / requests,
            rate: requests / done.took.as_secs_f64(),
            p50: at(50),
            p99: at(99),
            client_busy: client_cpu / done.took.as_secs_f64(),
        }
    }
}

/// Seconds of CPU that a process has used, summed over its threads.
pub(crate) fn cpu(pid: u32) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
    let nanos = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    nanos.sum::<f64>() / 1e9
}

/// Resident memory of a process in MiB.
pub(crate) fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a figure");
    line.trim().trim_end_matches("kB").trim().parse::<f64>().expect("a number") / 1024.0
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The median, and where 95 % of the medians of resampled values lie.
pub(crate) fn interval(values: &[f64]) -> String {
    let mut seed = 0x9e37_79b9_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % 1_000_003).expect("small")
    };
    let mut medians: Vec<f64> =
        (0..1_000).map(|_| median(&values.iter().map(|_| values[next() % values.len()]).collect::<Vec<_>>())).collect();
    medians.sort_by(f64::total_cmp);
    format!("{:.2} ({:.2}..{:.2})", median(values), medians[25], medians[974])
}
