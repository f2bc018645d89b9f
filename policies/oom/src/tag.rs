//! Which program a line is of: the kernel's own tag, another program's, or none.
//!
//! Programs quote the kernel: `sudo` logs the grep that looks for its lines, a ticket holds one. What carries another
//! program's tag is no report, however much it looks like one.

use super::text::is_digits;

/// The kernel's own tag.
pub(super) const KERNEL: &str = "kernel";

/// Whether another program's tag with its process id stands within the first words: `host sudo[1234]: text`.
pub(super) fn is_tagged(text: &str) -> bool {
    let tag = |word: &str| {
        let (name, pid) = word.strip_suffix("]:")?.split_once('[')?;
        (is_tag(name) && name != KERNEL && is_digits(pid)).then_some(())
    };
    text.split_whitespace().take(3).any(|word| tag(word).is_some())
}

/// Whether, behind a time, a host and a tag without a process id stand: `host sudo: text`.
pub(super) fn is_tagged_by_name(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let (Some(host), Some(word)) = (words.next(), words.next()) else { return false };
    let tag = word.strip_suffix(':').filter(|tag| is_tag(tag) && *tag != KERNEL);
    tag.is_some() && host.contains(char::is_alphanumeric) && !host.contains(':')
}

/// How programs name themselves in syslog.
fn is_tag(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '(' | ')' | '@' | '+');
    (1..=64).contains(&name.len()) && name.chars().all(fits) && name.contains(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    #[test]
    fn other_programs_tags_are_known() {
        for line in [
            "Dec 13 07:23:21 host sudo[123]: text",
            "Dec 13 07:23:21 host sudo: alice : COMMAND=text",
            "2026-05-01T12:34:56.123456+00:00 host helpdesk: text",
            "<13>1 2026-05-01T12:34:56Z host helpdesk 12 - - text",
            "1777638896.123456 host bash[9]: text",
            "host cron[9]: text",
        ] {
            assert!(super::super::prefix::strip(line).0.foreign, "{line}");
        }
        for line in [
            "Dec 13 07:23:21 host kernel: text",
            "Dec 13 07:23:21 host relay[5]: [36370.036951] text",
            "Dec 13 07:23:21 host relay: [ 6370.036951] text",
            "2026-05-01T12:34:56Z memory: usage 4kB",
            "2026-05-01T12:34:56Z Out of memory: Killed process 1 (x)",
            "[36370.036951] a b: c",
            "Out of memory: Killed process 1 (x)",
        ] {
            assert!(!super::super::prefix::strip(line).0.foreign, "{line}");
        }
    }
}
