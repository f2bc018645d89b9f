//! Finding a date and time at the start of a line, in whatever language the machine speaks.
//!
//! Weekdays and months are localised (`dmesg -T`, journalctl), so the clock is the anchor: the first word shaped
//! like `07:23:21`, with up to four words before it that could be a date. The text is kept as it is written.

use super::text::{is_digits, leading};

/// Splits a line into its time, if it starts with one, and what follows.
pub(super) fn time_prefix(text: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    let mut dated = false;
    for word in 0..5 {
        let rest = text.get(at..)?;
        let blanks = rest.len() - rest.trim_start().len();
        let start = at.checked_add(blanks)?;
        let rest = text.get(start..)?;
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let token = rest.get(..length)?;
        let end = start.checked_add(length)?;
        if has_clock(token) {
            let end = start.checked_add(token.trim_end_matches([':', ',']).len())?;
            return (word == 0 || dated).then_some(()).and_then(|()| finish(text, end)).map(without_severity);
        }
        if !date_like(token) {
            return None;
        }
        dated |= token.chars().any(|c| c.is_ascii_digit());
        at = end;
    }
    None
}

/// klog puts the severity before the date without a blank: `I1213 07:23:21.123456`.
fn without_severity<'a>((time, rest): (&'a str, &'a str)) -> (&'a str, &'a str) {
    let date = time
        .strip_prefix(['I', 'W', 'E', 'F'])
        .filter(|date| date.split(' ').next().is_some_and(|date| date.len() == 4 && is_digits(date)));
    (date.unwrap_or(time), rest)
}

/// Takes a zone (`UTC` of journalctl's short-full) or a year that follows the clock into the time.
fn finish(text: &str, end: usize) -> Option<(&str, &str)> {
    let (time, rest) = text.split_at_checked(end)?;
    let next = rest.trim_start();
    let word = next.get(..next.find(char::is_whitespace).unwrap_or(next.len()))?;
    let year = word.len() == 4 && is_digits(word) && (word.starts_with("19") || word.starts_with("20"));
    let zone = time.contains('-')
        && !time.contains('T')
        && (word == "UTC" || (word.len() >= 3 && word.len() <= 5 && word.bytes().all(|b| b.is_ascii_uppercase())));
    if year || zone {
        let taken = end.checked_add(rest.len() - next.len())?.checked_add(word.len())?;
        let (time, rest) = text.split_at_checked(taken)?;
        return Some((time.trim(), rest.trim_start_matches([':', ','])));
    }
    Some((time.trim(), rest.trim_start_matches([':', ','])))
}

/// Whether a word is, or ends in, `HH:MM:SS`, with a fraction and a zone allowed after it.
pub(super) fn has_clock(word: &str) -> bool {
    let clock = match word.split_once('T') {
        Some((date, clock)) if date.bytes().all(|b| b.is_ascii_digit() || b == b'-') && date.len() >= 8 => clock,
        _ => word,
    };
    let Some(rest) = clock_digits(clock) else { return false };
    let fraction = rest.strip_prefix(['.', ',']).unwrap_or(rest).trim_start_matches(|c: char| c.is_ascii_digit());
    let fraction = fraction.trim_end_matches([':', ',']);
    fraction.is_empty()
        || fraction == "Z"
        || fraction.strip_prefix(['+', '-']).is_some_and(|zone| zone.bytes().all(|b| b.is_ascii_digit() || b == b':'))
}

/// What follows `HH:MM:SS`.
fn clock_digits(text: &str) -> Option<&str> {
    let (hour, rest) = leading(text)?;
    let (minute, rest) = two_digits(rest.strip_prefix(':')?)?;
    let (second, rest) = two_digits(rest.strip_prefix(':')?)?;
    (hour < 25 && minute < 60 && second < 62).then_some(rest)
}

fn two_digits(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    is_digits(digits).then_some((digits.parse().ok()?, rest))
}

/// A word that could be part of a date: `Dec`, `13`, `1月`, `oct.`, `2026-05-01`, `2026/05/01`.
///
/// A name such as `node-7` has letters and digits; of dates only klog's do (`I1213`).
fn date_like(word: &str) -> bool {
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let named = letters > 1 && word.bytes().any(|b| b.is_ascii_digit());
    !named && word.len() <= 24 && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | '-' | '/'))
}

/// Microseconds since 1970 as `2026-05-01T12:34:56.123456Z`.
pub(super) fn from_unix_micros(micros: u64) -> String {
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let (days, clock) = (seconds / 86400, seconds % 86400);
    // Days to a civil date by eras of 400 years that begin in March, so that leap days come last.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day - day / 1460 + day / 36524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Microseconds between two times that differ in nothing but the fraction of their second; `None` where more differs.
pub(super) fn within_second(one: &str, other: &str) -> Option<u64> {
    let split = |text: &str| {
        let is_digit = |text: Option<&str>| text.is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        let Some((second, rest)) = text
            .rfind(['.', ','])
            .filter(|at| is_digit(text.get(at.saturating_add(1)..)) && is_digit(text.get(at.saturating_sub(1)..)))
            .and_then(|at| text.split_at_checked(at))
        else {
            return (text.to_owned(), 0);
        };
        let digits: String = rest.chars().skip(1).take_while(char::is_ascii_digit).collect();
        let after = rest.get(digits.len().saturating_add(1)..).unwrap_or("");
        let micros = digits.chars().chain(std::iter::repeat('0')).take(6).collect::<String>();
        (format!("{second}{after}"), micros.parse::<u64>().unwrap_or(0))
    };
    let ((second, micros), (other_second, other_micros)) = (split(one), split(other));
    (second == other_second).then(|| micros.abs_diff(other_micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_kinds() {
        for (line, time, rest) in [
            ("I1213 07:23:21.123456 700 kernel.go:12] x", "1213 07:23:21.123456", " 700 kernel.go:12] x"),
            ("Dec 13 07:23:21 host kernel: x", "Dec 13 07:23:21", " host kernel: x"),
            ("Aug 30 06:58:55.050705 host", "Aug 30 06:58:55.050705", " host"),
            ("2026-05-01T12:34:56.123456+00:00 h", "2026-05-01T12:34:56.123456+00:00", " h"),
            ("2026-05-01T12:34:56,1+02:00 h", "2026-05-01T12:34:56,1+02:00", " h"),
            ("Fri Oct  2 14:14:07 2026", "Fri Oct  2 14:14:07 2026", ""),
            ("月  1月 26 01:49:41 2026", "月  1月 26 01:49:41 2026", ""),
            ("Fri 2026-05-01 12:34:56 UTC host kernel:", "Fri 2026-05-01 12:34:56 UTC", " host kernel:"),
            ("2. Okt 14:14:07 host", "2. Okt 14:14:07", " host"),
        ] {
            assert_eq!(time_prefix(line), Some((time, rest)), "{line}");
        }
        for line in ["memory: usage 5kB", "a=b 07:23:21", "word word 07:23:21", "", "CPU: 3 PID: 4"] {
            assert_eq!(time_prefix(line), None, "{line}");
        }
    }

    #[test]
    fn unix_time() {
        assert_eq!(from_unix_micros(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(from_unix_micros(1_709_210_096_000_001), "2024-02-29T12:34:56.000001Z");
        assert!(!from_unix_micros(u64::MAX).is_empty());
    }

    #[test]
    fn moments_within_a_second() {
        for (one, other, micros) in [
            ("2026-05-01T12:34:56.000100+00:00", "2026-05-01T12:34:56.000140+00:00", Some(40)),
            ("2026-05-01T12:34:56,5Z", "2026-05-01T12:34:56,500001Z", Some(1)),
            ("Dec 13 07:23:21", "Dec 13 07:23:21", Some(0)),
            ("Dec 13 07:23:21", "Dec 13 07:23:22", None),
            ("2026-05-01T12:34:56.9Z", "2026-05-01T12:34:57.0Z", None),
            ("", ".", None),
        ] {
            assert_eq!(within_second(one, other), micros, "{one} {other}");
        }
    }
}
