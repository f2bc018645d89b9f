//! Logs whose newest line comes first, as cloud consoles and `gcloud logging read` give them.
//!
//! A report read backwards says nothing, so whoever reads such a log has to turn it round. Moments that the lines
//! state tell: they fall from line to line.

use super::prefix::{Stamp, strip};
use super::wrapper;

/// Lines that are looked at.
const LINES: usize = 4000;
/// With fewer falls nothing is certain.
const FEW: usize = 8;
/// The time of an entry, in JSON over several lines; other times in it say when it was collected.
const TIME_KEYS: [&str; 4] = ["timestamp", "@timestamp", "time", "__REALTIME_TIMESTAMP"];

/// Whether the beginning of a log shows that its newest line comes first.
pub fn newest_first(head: &[u8]) -> bool {
    let (mut falls, mut rises) = (0_usize, 0_usize);
    let (mut uptime, mut time): (Option<u64>, Option<String>) = (None, None);
    for line in head.split(|byte| *byte == b'\n').take(LINES) {
        let Some(stamp) = stamp(&String::from_utf8_lossy(line)) else { continue };
        let order = if let Some(now) = stamp.uptime {
            uptime.replace(now).map(|before| before.cmp(&now))
        } else {
            // Only a time that begins with the year is ordered as text.
            let now = stamp.time.filter(|time| time.starts_with("20"));
            now.and_then(|now| Some(time.replace(now.clone())?.cmp(&now)))
        };
        match order {
            Some(std::cmp::Ordering::Greater) => falls = falls.saturating_add(1),
            Some(std::cmp::Ordering::Less) => rises = rises.saturating_add(1),
            _ => {}
        }
    }
    falls >= FEW && falls / 4 > rises
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
        assert!(!newest_first(log(|number| format!("May  1 12:34:{number} n kernel: text"), true).as_bytes()));
        assert!(!newest_first(b"") && !newest_first(&[0xff; 100]));
    }
}
