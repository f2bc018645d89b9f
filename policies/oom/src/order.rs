//! Logs whose newest line comes first, as cloud consoles and `gcloud logging read` give them.
//!
//! A report read backwards says nothing, so whoever reads such a log has to turn it round. The parts of a report
//! tell, as the kernel prints them in one order only; where none is near, moments that the lines state do: they
//! fall from line to line.

use super::clock::has_clock;
use super::layers::Layers;
use super::prefix::{Stamp, strip};
use super::record::{Record, read};
use super::wrapper;
use std::cmp::Ordering;

/// Lines that are looked at.
const LINES: usize = 4000;
/// With fewer falls nothing is certain.
const FEW: usize = 8;
/// The time of an entry, in JSON over several lines; other times in it say when it was collected.
const TIME_KEYS: [&str; 4] = ["timestamp", "@timestamp", "time", "__REALTIME_TIMESTAMP"];

/// Whether the beginning of a log shows that its newest line comes first.
pub fn newest_first(head: &[u8]) -> bool {
    match by_parts(head) {
        Some(order) => order == Ordering::Greater,
        None => by_times(head),
    }
}

/// How often one thing is after, or before, the one that it follows.
#[derive(Default)]
struct Votes {
    rises: usize,
    falls: usize,
}

impl Votes {
    fn count(&mut self, order: Ordering) {
        match order {
            Ordering::Less => self.rises = self.rises.saturating_add(1),
            Ordering::Greater => self.falls = self.falls.saturating_add(1),
            Ordering::Equal => {}
        }
    }
}

/// Whether the parts of reports rise or fall; `None` if there are too few, or both.
fn by_parts(head: &[u8]) -> Option<Ordering> {
    const FEW: usize = 4;
    let (mut votes, mut before) = (Votes::default(), None);
    let mut layers = Layers::default();
    for (index, line) in head.split(|byte| *byte == b'\n').take(LINES).enumerate() {
        if index == 0 {
            layers.head(line);
        }
        let text = String::from_utf8_lossy(line);
        layers.take(0, text.trim_end_matches('\r'), &Stamp::default(), &mut |line| {
            if let Some(now) = read(&line.text).as_ref().and_then(rank)
                && let Some(before) = before.replace(now)
            {
                votes.count(before.cmp(&now));
            }
        });
    }
    let Votes { rises, falls } = votes;
    if rises >= FEW && rises / 2 > falls {
        Some(Ordering::Less)
    } else {
        (falls >= FEW && falls / 2 > rises).then_some(Ordering::Greater)
    }
}

/// A record's place in the kernel's report.
fn rank(record: &Record<'_>) -> Option<u8> {
    Some(match record {
        Record::Trigger(_) => 0,
        Record::Cpu { .. } | Record::Cpuset { .. } => 1,
        Record::TaskIn { .. } => 2,
        Record::Counter(_) | Record::MemInfo => 3,
        Record::Stats { .. } | Record::CutStats(_) => 4,
        Record::Stat { .. } | Record::Ram { .. } => 5,
        Record::Header(_) => 6,
        Record::Row { .. } => 7,
        Record::OomKill(_) => 8,
        Record::Chosen(_) | Record::Killed(..) => 9,
        Record::Reaped(_) => 10,
        _ => return None,
    })
}

fn by_times(head: &[u8]) -> bool {
    let mut votes = Votes::default();
    let (mut uptime, mut time): (Option<u64>, Option<String>) = (None, None);
    for line in head.split(|byte| *byte == b'\n').take(LINES) {
        let Some(stamp) = stamp(&String::from_utf8_lossy(line)) else { continue };
        let order = if let Some(now) = stamp.uptime {
            uptime.replace(now).map(|before| before.cmp(&now))
        } else {
            stamp.time.and_then(|now| compare(&time.replace(now.clone())?, &now))
        };
        votes.count(order.unwrap_or(Ordering::Equal));
    }
    votes.falls >= FEW && votes.falls / 4 > votes.rises
}

/// The order of two times as written. Only one that begins with the year is ordered as text; of others the clocks of
/// one day are.
fn compare(before: &str, now: &str) -> Option<Ordering> {
    let day = |time: &str| time.split_whitespace().take_while(|word| !has_clock(word)).collect::<Vec<_>>().join(" ");
    let is_text = |time: &str| time.starts_with("20");
    (is_text(before) && is_text(now) || day(before) == day(now)).then(|| before.cmp(now))
}

/// When the line was printed, as far as it says so.
fn stamp(line: &str) -> Option<Stamp> {
    let (outer, rest) = strip(line.trim_end_matches('\r'));
    if let Some((key, _)) = rest.strip_prefix('"').and_then(|rest| rest.split_once("\":").or(rest.split_once("\" :"))) {
        let (_, value) = wrapper::unwrap(rest).filter(|_| TIME_KEYS.contains(&key))?.pop()?;
        return Some(strip(&value).0);
    }
    if rest.contains("{\"") {
        let (inner, message) = wrapper::unwrap(rest)?.into_iter().next()?;
        return Some(strip(&message).0.or(&inner).or(&outer));
    }
    Some(outer)
}

#[cfg(test)]
mod tests {
    use super::newest_first;

    fn log(line: impl Fn(u32) -> String, backwards: bool) -> String {
        let lines: Vec<u32> = if backwards { (10..40).rev().collect() } else { (10..40).collect() };
        lines.into_iter().map(|number| line(number) + "\n").collect()
    }

    #[test]
    fn parts_of_a_report_tell_without_any_time() {
        let report = [
            "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=9",
            "memory: usage 4kB, limit 4kB, failcnt 1",
            "Memory cgroup stats for /a:",
            "anon 4096",
            "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
            "[      7]     0     7       9        1     4096        0             9 java",
            "Memory cgroup out of memory: Killed process 7 (java) total-vm:36kB, anon-rss:4kB, file-rss:0kB",
        ];
        let forwards = report.join("\n");
        let backwards = report.into_iter().rev().collect::<Vec<_>>().join("\n");
        assert!(newest_first(backwards.as_bytes()) && !newest_first(forwards.as_bytes()));
        // Whatever the times say: machines' logs one after the other, the newest machine first.
        let falling: Vec<String> =
            report.iter().zip((0..9).rev()).map(|(line, n)| format!("[ {n}.5] {line}")).collect();
        assert!(!newest_first(falling.join("\n").as_bytes()));
    }

    #[test]
    fn falling_moments_are_noticed_and_nothing_else() {
        let shapes: [fn(u32) -> String; 4] = [
            |number| format!("[ 1234.5000{number}] text"),
            |number| format!("2026-05-01T12:34:{number}Z node-7 kernel: text"),
            |number| format!("{{\"textPayload\":\"text\",\"timestamp\":\"2026-05-01T12:34:{number}Z\"}}"),
            |number| {
                format!(
                    "  {{\n    \"receiveTimestamp\": \"2026-05-01T12:35:{number}Z\",\n    \"timestamp\": \"2026-05-01T12:34:{number}Z\"\n  }},"
                )
            },
        ];
        for shape in shapes {
            assert!(newest_first(log(shape, true).as_bytes()), "{}", shape(1));
            assert!(!newest_first(log(shape, false).as_bytes()), "{}", shape(1));
        }
        let within_a_day = |number| format!("May  1 12:34:{number} n kernel: text");
        assert!(newest_first(log(within_a_day, true).as_bytes()) && !newest_first(log(within_a_day, false).as_bytes()));
        let days = |number| format!("May {number} 12:34:56 n kernel: text");
        assert!(!newest_first(log(days, true).as_bytes()));
        assert!(!newest_first(b"") && !newest_first(&[0xff; 100]));
    }
}
