//! Taking a log line's prefix off: what is left is what the kernel printed.
//!
//! Tools stack prefixes (a container runtime's, around syslog's, around the kernel's own), so they are peeled one
//! by one until none is left. What was learned on the way is kept in a [`Stamp`]; the innermost time wins, as it
//! is the nearest to the kernel's.
use super::clock::{has_clock, time_prefix};
use super::logfmt;
use super::tag::{KERNEL, is_tagged, is_tagged_by_name};
use super::text::{cut, is_digits, leading};

/// Where and when a line was printed, as far as its prefix says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stamp {
    /// The time as written.
    pub(super) time: Option<String>,
    /// Microseconds since boot.
    pub(super) uptime: Option<u64>,
    /// Host name.
    pub(super) host: Option<String>,
    /// Whatever else tells lines of several sources apart: a Pod, a file, a log stream.
    pub(super) origin: Option<String>,
    /// The printing thread or CPU (`T1234`, `C3`), if the kernel was built with CONFIG_PRINTK_CALLER.
    pub(super) caller: Option<String>,
    /// Some prefix was there.
    pub(super) prefixed: bool,
    /// The line carries the tag of a program that is not the kernel: what it says of kills is quoted.
    pub(super) foreign: bool,
}

impl Stamp {
    /// Fills what `outer` knows and `self` does not.
    pub(super) fn or(mut self, outer: &Self) -> Self {
        self.time = self.time.or_else(|| outer.time.clone());
        self.uptime = self.uptime.or(outer.uptime);
        self.host = self.host.or_else(|| outer.host.clone());
        // A wrapper around knows better which stream it was.
        self.origin = outer.origin.clone().or(self.origin);
        self.caller = self.caller.or_else(|| outer.caller.clone());
        self.prefixed |= outer.prefixed;
        self.foreign |= outer.foreign;
        self
    }

    /// Notes where the line came from, in the words of the outermost that says so.
    pub(super) fn comes_from<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) {
        let words = words.into_iter().collect::<Vec<_>>().join(" ");
        if self.origin.is_none() && !words.is_empty() {
            self.origin = Some(cut(&words, 256).to_owned());
        }
    }
}

/// Peels every known prefix off.
pub(super) fn strip(line: &str) -> (Stamp, &str) {
    let mut stamp = Stamp::default();
    let mut rest = line.trim_start_matches('\u{feff}');
    // No tool stacks more than a few; the bound keeps hostile lines cheap.
    for _ in 0..12 {
        rest = rest.trim_start().trim_start_matches(['>', '|', '\u{1e}']).trim_start();
        rest = marked(rest).unwrap_or(rest);
        match peel(rest, &mut stamp) {
            Some(inner) => {
                rest = inner;
                stamp.prefixed = true;
            }
            None => break,
        }
    }
    stamp.foreign |= is_tagged(rest);
    (stamp, rest.trim_end())
}

/// What a list or a comment puts before a line: `* [36370.036951] text`, as `minikube logs` prints it.
fn marked(text: &str) -> Option<&str> {
    let rest = ["* ", "# ", "// "].iter().find_map(|mark| text.strip_prefix(mark))?.trim_start();
    peel(rest, &mut Stamp::default()).map(|_| rest)
}

/// The line's number that an editor or `cat -n` put before it: `1234 Dec 13 07:23:21 host kernel: text`.
fn numbered(text: &str) -> Option<&str> {
    let (number, rest) = text.split_once([' ', '\t'])?;
    let rest = rest.trim_start();
    let is_year = number.len() == 4 && number.starts_with(['1', '2']);
    let dated = rest.starts_with(char::is_alphabetic) && time_prefix(rest).is_some();
    (is_digits(number) && !is_year && dated).then_some(rest)
}

pub(super) fn peel<'a>(text: &'a str, stamp: &mut Stamp) -> Option<&'a str> {
    match text.bytes().next()? {
        b'[' => bracket(text, stamp),
        b'<' => priority(text, stamp),
        b'0'..=b'9' => kmsg(text, stamp)
            .or_else(|| numbered(text))
            .or_else(|| time(text, stamp))
            .or_else(|| unix_seconds(text))
            .or_else(|| facility(text, stamp))
            .or_else(|| quoted(text))
            .or_else(|| grep(text))
            .or_else(|| label(text, stamp)),
        b'{' => label(text, stamp),
        _ => text
            .strip_prefix("MESSAGE=")
            .or_else(|| stream(text))
            .or_else(|| yaml(text))
            .or_else(|| facility(text, stamp))
            .or_else(|| host(text, stamp))
            .or_else(|| time(text, stamp))
            .or_else(|| {
                let inner = quoted(text)?;
                let (time, host) = logfmt::around(text, inner);
                stamp.time = stamp.time.take().or(time);
                stamp.host = stamp.host.take().or(host);
                Some(inner)
            })
            .or_else(|| grep(text))
            .or_else(|| label(text, stamp)),
    }
}

/// Everything in brackets: uptime, `dmesg -T` date, caller, relative time.
fn bracket<'a>(text: &'a str, stamp: &mut Stamp) -> Option<&'a str> {
    let (inner, rest) = text.strip_prefix('[')?.split_once(']')?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let inner = inner.trim();
    if inner.is_empty() || inner.len() > 160 {
        return None;
    }
    if inner.strip_prefix(['T', 'C']).is_some_and(is_digits) {
        stamp.caller = Some(inner.to_owned());
        return Some(rest);
    }
    // `dmesg -d` adds `<    0.000012>` to whatever stands in the brackets.
    let shown = inner.split_once('<').map_or(inner, |(shown, _)| shown).trim();
    if shown.is_empty() {
        return inner.ends_with('>').then_some(rest);
    }
    if let Some(uptime) = uptime(shown) {
        // Whoever passes it on, the kernel's own clock stands before its own words.
        (stamp.uptime, stamp.foreign) = (Some(uptime), false);
        return Some(rest);
    }
    if shown.strip_prefix('+').is_some_and(|delta| delta.contains('.') && leading(delta).is_some()) {
        return Some(rest);
    }
    let last_words = shown.split_whitespace().rev().take(3);
    let minute = |word: &str| word.split_once(':').is_some_and(|(hour, minute)| is_digits(hour) && is_digits(minute));
    if last_words.into_iter().any(|word| has_clock(word) || minute(word)) {
        stamp.time = Some(shown.to_owned());
        return Some(rest);
    }
    // `[pod/name/container]` and what else tools put there. The kernel's own are rows, their header and addresses.
    let named = shown.starts_with(char::is_alphanumeric) && shown.contains(char::is_alphabetic) && shown != "pid";
    if named && shown.contains('/') {
        stamp.comes_from([shown]);
    }
    named.then_some(rest)
}

/// `36370.036951` as microseconds.
pub(super) fn uptime(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.')?;
    if !is_digits(seconds) || !is_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let micros = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    let micros = micros.fold(0_u64, |sum, digit| sum * 10 + u64::from(digit.wrapping_sub(b'0')));
    seconds.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
}

/// `<3>`, and what RFC 5424 puts after it: `1 time host app procid msgid data`.
fn priority<'a>(text: &'a str, stamp: &mut Stamp) -> Option<&'a str> {
    let (number, rest) = text.strip_prefix('<')?.split_once('>')?;
    if !is_digits(number) || number.len() > 3 {
        return None;
    }
    match rest.strip_prefix("1 ").and_then(|inner| rfc5424(inner, stamp)) {
        Some(inner) => Some(inner),
        None => Some(rest),
    }
}

fn rfc5424<'a>(text: &'a str, stamp: &mut Stamp) -> Option<&'a str> {
    let mut words = text.splitn(6, ' ');
    let (time, host) = (words.next()?, words.next()?);
    let (app, _procid, _msgid, rest) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if time != "-" && !has_clock(time) {
        return None;
    }
    stamp.time = (time != "-").then(|| time.to_owned());
    stamp.host = (host != "-").then(|| host.to_owned());
    stamp.foreign = !matches!(app, "-" | KERNEL);
    let rest = match rest.strip_prefix('-') {
        Some(rest) => rest,
        None => {
            let mut rest = rest;
            // An uptime is in brackets too, but has no `=`.
            while let Some((data, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
                if !data.contains('=') {
                    break;
                }
                rest = after;
            }
            rest
        }
    };
    Some(rest.trim_start().trim_start_matches('\u{feff}'))
}

/// `3,2034,36370037095,-,caller=T12;text` as /dev/kmsg gives it: the third number is microseconds.
fn kmsg<'a>(text: &'a str, stamp: &mut Stamp) -> Option<&'a str> {
    let (header, rest) = text.split_once(';')?;
    let mut fields = header.split(',');
    let (level, sequence, micros) = (fields.next()?, fields.next()?, fields.next()?);
    if !is_digits(level) || !is_digits(sequence) || !is_digits(micros) || header.len() > 120 {
        return None;
    }
    stamp.uptime = micros.parse().ok();
    if let Some(caller) = fields.find_map(|field| field.strip_prefix("caller=")) {
        stamp.caller = Some(caller.to_owned());
    }
    Some(rest)
}

fn time<'a>(text: &'a str, stamp: &mut Stamp) -> Option<&'a str> {
    let (time, rest) = time_prefix(text)?;
    stamp.time = Some(time.to_owned());
    // Only a time is followed by `stdout F` or by a host and the tag.
    let rest = rest.trim_start();
    let inner = stream(rest).or_else(|| host(rest, stamp));
    stamp.foreign |= inner.is_none() && is_tagged_by_name(rest);
    Some(inner.unwrap_or(rest))
}

/// `host kernel: text` or `kernel: text`.
fn host<'a>(text: &'a str, stamp: &mut Stamp) -> Option<&'a str> {
    let at = text.find("kernel:").filter(|at| *at <= 260)?;
    let before = text.get(..at)?;
    let mut words = before.split_whitespace();
    let name = words.next();
    if words.next().is_some() || !(before.is_empty() || before.ends_with([' ', '\t'])) || before.contains([':', '=']) {
        return None;
    }
    if let Some(name) = name.filter(|name| name.contains(char::is_alphanumeric)) {
        stamp.host = Some(name.to_owned());
    }
    text.get(at..)?.strip_prefix("kernel:")
}

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
    use super::*;

    #[test]
    fn known_prefixes_peel_to_the_text() {
        for line in [
            "Dec 13 07:23:21 host kernel: [36370.036951] text 1",
            "Aug 30 06:58:55.050705 host kernel: text 1",
            "2026-05-01T12:34:56.123456+00:00 host kernel: [    1.5] text 1",
            "[36370.036951] text 1",
            "* [36370.036951] text 1",
            "# [Fri Oct  2 14:14:07 2026] text 1",
            "// Dec 13 07:23:21 host kernel: text 1",
            "1234 Dec 13 07:23:21   kernel: [36370.036951] text 1",
            "[36370.036951][ T1234] text 1",
            "[36370.036951] [   C3] text 1",
            "[36370.036951 <    0.000012>] text 1",
            "[Fri Oct  2 14:14:07 2026] text 1",
            "[月  1月 26 01:49:41 2026] text 1",
            "[2026-05-01T12:34:56,123456+00:00] text 1",
            "[  +0.000012] text 1",
            "[Oct 2 14:14] text 1",
            "kern  :err   : [36370.036951] text 1",
            "kern  :warn  : [Fri Oct  2 14:14:07 2026] text 1",
            "kern.warn: [36370.036951] text 1",
            "3,2034,36370037095,-;text 1",
            "6,2034,36370037095,-,caller=T12;text 1",
            "<3>1 2026-05-01T12:34:56Z host kernel - - - [36370.036951] text 1",
            "<3>1 2026-05-01T12:34:56Z host kernel - - [meta a=\"b\"] text 1",
            "<4>Dec 13 07:23:21 host kernel: text 1",
            "<6>[    1.234567] text 1",
            "2026-05-01T12:34:56.123456789Z stderr F [36370.036951] text 1",
            "    Dec 13 07:23:21 host kernel: text 1",
            "> [36370.036951] text 1",
            "MESSAGE=text 1",
            "[pod/dmesg-x2x4z/dmesg] [36370.036951] text 1",
            "[Fri Oct  2 02:14:07 PM 2026] text 1",
            "time=\"2026-05-01T12:34:56Z\" level=warning msg=\"text 1\" host=node-7",
            "1777638896123,\"[36370.036951] text 1\"",
            "- \"[36370.036951] text 1\"",
            "10.0.0.2: kern: warning: [2026-05-01T12:34:56.5Z]: text 1",
            "1777638896.123456 host kernel: text 1",
            "Fri 2026-05-01 12:34:56 UTC host kernel: text 1",
            "host kernel: text 1",
            "/var/log/messages:Dec 13 07:23:21 host kernel: text 1",
            "/var/log/messages:1234:Dec 13 07:23:21 host kernel: text 1",
            "kern.log.1:[36370.036951] text 1",
            "1234:[36370.036951] text 1",
        ] {
            let (stamp, text) = strip(line);
            assert_eq!((text, stamp.prefixed), ("text 1", true), "{line}");
        }
    }

    #[test]
    fn keeps_what_it_learns_and_leaves_kernel_text_alone() {
        let (stamp, _) = strip("Dec 13 07:23:21 node-1 kernel: [36370.036951] [ T12] x");
        assert_eq!(stamp.time.as_deref(), Some("Dec 13 07:23:21"));
        assert_eq!((stamp.uptime, stamp.host.as_deref()), (Some(36_370_036_951), Some("node-1")));
        assert_eq!(stamp.caller.as_deref(), Some("T12"));
        for text in [
            "[ 716518]     0 716518 255 pause",
            "memory: usage 5kB, limit 5kB, failcnt 0",
            "[  pid  ]   uid",
            "Out of memory: Kill",
            "CPU: 1 PID: 2",
        ] {
            assert_eq!(strip(text), (Stamp::default(), text));
        }
    }
}
