//! What tools put before a line that another program wrote: grep, container runtimes, collectors, viewers.
//!
//! Where a tool says which of several sources a line came from, that becomes the stamp's origin.

use super::clock::{has_clock, time_prefix};
use super::prefix::{Stamp, peel, uptime};
use super::text::is_digits;

/// What grep puts before a line: `1234:`, `/var/log/messages:`, `messages.1:1234:`.
pub(super) fn grep(text: &str) -> Option<&str> {
    let (file, rest) = text.split_once(':').filter(|(file, _)| file.len() <= 250)?;
    let numbered = rest.split_once(':').filter(|(number, _)| is_digits(number)).map(|(_, rest)| rest);
    let rest = match numbered {
        Some(rest) if !file.contains(char::is_whitespace) => rest,
        // A path may also begin what is left of a broken line, so a known prefix has to follow.
        _ if is_digits(file) || file.contains(['/', '.']) && !file.contains(char::is_whitespace) => {
            peel(rest, &mut Stamp::default()).map(|_| rest)?
        }
        _ => return None,
    };
    (!rest.starts_with(' ')).then_some(rest)
}

/// `level=warn msg="text" ..` (logfmt), `1777638896123,"text"` (CSV), `- "text"` (YAML).
pub(super) fn quoted(text: &str) -> Option<&str> {
    const OPEN: [&str; 4] = ["msg=\"", "message=\"", "MESSAGE=\"", "log=\""];
    let named = OPEN.iter().filter_map(|open| Some(text.find(open)?.saturating_add(open.len()))).min();
    let listed = || text.ends_with('"').then(|| text.find([',', '-', '\t']).filter(|at| *at <= 60))?;
    let inner = match named {
        Some(at) => text.get(at..)?,
        None => text.get(listed()?.saturating_add(1)..)?.trim_start().strip_prefix('"')?,
    };
    let mut escaped = false;
    let end = inner.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    inner.get(..end.unwrap_or(inner.len()))
}

/// journalctl's short-unix: `1777638896.123456 host kernel: text`.
pub(super) fn unix_seconds(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once(' ')?;
    let (seconds, fraction) = word.split_once('.')?;
    (seconds.len() == 10 && is_digits(seconds) && is_digits(fraction) && rest.contains("kernel:")).then_some(rest)
}

/// `MESSAGE: 'text'`, of entries as YAML. Without quotes it ends with the line.
pub(super) fn yaml(text: &str) -> Option<&str> {
    const OPEN: [&str; 5] = ["MESSAGE: ", "message: ", "textPayload: ", "log: ", "msg: "];
    let value = OPEN.iter().find_map(|open| text.strip_prefix(open))?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
    Some(match quote {
        // A long text goes on in the next line, and the quote ends there.
        Some(quote) => value.strip_prefix(quote)?.trim_end_matches(quote),
        None => value,
    })
}

/// The stream and the partial flag of a container's log: `stderr F text`.
pub(super) fn stream(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("stdout ").or_else(|| text.strip_prefix("stderr "))?;
    rest.strip_prefix("F ").or_else(|| rest.strip_prefix("P "))
}

/// `kern  :err   : text` (dmesg -x), `kern.warn: text`, `10.0.0.2: kern: warning: text` (Talos).
pub(super) fn facility<'a>(text: &'a str, stamp: &mut Stamp) -> Option<&'a str> {
    let (mut name, mut rest) = text.split_once(':')?;
    let is_word = |word: &str| word.len() <= 8 && word.bytes().all(|b| b.is_ascii_lowercase());
    if name.strip_prefix("kern.").is_some_and(is_word) {
        return Some(rest);
    }
    let mut node = None;
    if name.len() <= 45 && name.contains('.') && rest.trim_start().starts_with("kern:") {
        node = Some(name);
        (name, rest) = rest.trim_start().split_once(':')?;
    }
    let (level, rest) = rest.split_once(':')?;
    let known = matches!(name.trim(), "kern" | "user" | "daemon" | "syslog" | "local0");
    let level = level.trim();
    (known && !level.is_empty() && is_word(level)).then(|| {
        stamp.comes_from(node);
        rest
    })
}

/// Where a line came from, before a time or at its start: `pod container [36370.036951] text` (stern), `stream
/// 2026-05-01T12:34:56Z text` (aws logs tail), `name-1  | text` (docker compose), `{host="n"} text` (logcli).
pub(super) fn label<'a>(text: &'a str, stamp: &mut Stamp) -> Option<&'a str> {
    if let Some((pairs, rest)) = text.strip_prefix('{').and_then(|inner| inner.split_once("} ")) {
        let known = pairs.split(',').filter_map(|pair| pair.trim().split_once('='));
        let known = known.filter(|(key, value)| is_source(key) && value.starts_with('"'));
        stamp.comes_from(known.map(|(_, value)| value.trim_matches('"')));
        return pairs.contains("=\"").then_some(rest);
    }
    let bar = text.split_once(" | ").filter(|(name, _)| is_name(name.trim_end()));
    let (name, rest) = bar.or_else(|| before_time(text)).or_else(|| before_uptime(text))?;
    stamp.comes_from(name.split_whitespace().filter(|word| tells_source(word)));
    Some(rest)
}

/// Whether a collector's field says where a line came from, and is the same for all lines from there.
pub(super) fn is_source(key: &str) -> bool {
    const KEYS: [&str; 15] = [
        "host",
        "hostname",
        "node",
        "node_name",
        "nodename",
        "nodeName",
        "instance",
        "instance_id",
        "pod",
        "pod_name",
        "container",
        "container_name",
        "filename",
        "logStreamName",
        "_MACHINE_ID",
    ];
    KEYS.contains(&key)
}

/// Up to four words before the kernel's own time.
fn before_uptime(text: &str) -> Option<(&str, &str)> {
    let at = text.match_indices('[').map(|(at, _)| at).take_while(|at| *at <= 200).find(|at| {
        let inner = text.get(at.saturating_add(1)..).and_then(|rest| rest.split_once(']'));
        inner.is_some_and(|(inner, _)| uptime(inner.trim()).is_some())
    })?;
    let (name, rest) = text.split_at_checked(at)?;
    let words = name.split_whitespace().count();
    ((1..=4).contains(&words) && !name.contains('"')).then_some((name, rest))
}

/// Up to three words before a date.
fn before_time(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    for _ in 0..3 {
        let (word, after) = rest.split_once(' ')?;
        if !is_name(word) {
            return None;
        }
        rest = after.trim_start();
        if time_prefix(rest).is_some() {
            return text.split_at_checked(text.len().checked_sub(rest.len())?);
        }
    }
    None
}

/// A word as machines, Pods and containers are named, and no date.
fn is_name(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    word.len() <= 120 && word.chars().all(fits) && word.contains(|c: char| c.is_ascii_alphabetic()) && !has_clock(word)
}

/// Severities and numbers differ between lines of one source.
fn tells_source(word: &str) -> bool {
    const SEVERITIES: [&str; 15] = [
        "emerg", "alert", "crit", "critical", "err", "error", "warn", "warning", "notice", "info", "debug", "trace",
        "kern", "kernel", "user",
    ];
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    word.contains(|c: char| c.is_alphabetic()) && !word.contains('=') && !SEVERITIES.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::prefix::strip;

    #[test]
    fn sources_are_learned() {
        for (line, origin) in [
            ("dmesg-x2x4z dmesg [36370.036951] text 1", "dmesg-x2x4z dmesg"),
            ("dmesg-x2x4z dmesg 2026-05-01T12:34:56Z [36370.036951] text 1", "dmesg-x2x4z dmesg"),
            ("2026-05-01T12:34:56Z i-0abc.dmesg [36370.036951] text 1", "i-0abc.dmesg"),
            ("2026-05-01T12:34:56Z i-0abc.messages May  1 12:34:56 node-7 kernel: text 1", "i-0abc.messages"),
            ("dmesg-1  | [36370.036951] text 1", "dmesg-1"),
            ("2026-05-01T12:34:56Z {host=\"n1\", detected_level=\"warn\"} text 1", "n1"),
            ("[pod/dmesg-x2x4z/dmesg] 2026-05-01T12:34:56Z [36370.036951] text 1", "pod/dmesg-x2x4z/dmesg"),
            ("10.0.0.2: kern: warning: [2026-05-01T12:34:56.5Z]: text 1", "10.0.0.2"),
            ("WARN kernel node-7 [36370.036951] text 1", "node-7"),
        ] {
            let (stamp, text) = strip(line);
            assert_eq!((text, stamp.origin.as_deref()), ("text 1", Some(origin)), "{line}");
        }
        for line in ["ERROR [36370.036951] text 1", "[36370.036951] text 1", "May  1 12:34:56 node-7 kernel: text 1"] {
            assert_eq!(strip(line).0.origin, None, "{line}");
        }
    }
}
