//! The time for one answer: the API server says in `?timeout=` how long it will wait, and counts a late answer as no
//! answer at all.

use std::time::Duration;

/// What is left for the way back.
const MARGIN: Duration = Duration::from_millis(200);

/// How long an answer may take, counted from when the request came in.
#[must_use]
pub fn budget(query: Option<&str>, most: Duration) -> Duration {
    let asked = query.and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("timeout=")));
    let limit = asked.and_then(parse).map_or(most, |asked| asked.min(most));
    limit.saturating_sub(MARGIN)
}

/// Reads what Go's `time.Duration` prints: `10s`, `1m30s`, `500ms`. Fractions are left out, signs refused.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let after = match after.strip_prefix('.') {
            Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
            None => after,
        };
        let unit = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, after) = after.split_at(unit);
        let millis = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(number.checked_mul(millis)?))?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_of_both_times_counts_less_a_margin() {
        let most = Duration::from_secs(3);
        let millis = |query| budget(query, most).as_millis();
        assert_eq!(millis(None), 2_800);
        assert_eq!(millis(Some("timeout=1s")), 800);
        assert_eq!(millis(Some("a=b&timeout=10s")), 2_800);
        assert_eq!(millis(Some("timeout=nonsense")), 2_800);
        assert_eq!(millis(Some("timeout=100ms")), 0);
    }

    #[test]
    fn times_are_read_as_go_prints_them() {
        for (text, millis) in [("10s", 10_000), ("1m30s", 90_000), ("1.5s", 1_000), ("500ms", 500), ("1h", 3_600_000)] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "-1s", "10", "s", "99999999999999999999s", "18446744073709551615h", "1x"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
