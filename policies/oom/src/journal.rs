//! `journalctl -o verbose`, `-o export` and `-o json-pretty`: an entry's fields stand on lines of their own, around its message.
//!
//! A message is kept until its entry ends, as its host or time may follow it. In the export format a value that is
//! no clean text, such as a message of several lines, is counted: its name alone on a line, the length in eight
//! bytes, the value.
use super::clock::from_unix_micros;
use super::prefix::Stamp;
use super::tag::KERNEL;
use super::text::MAX_LINE;

/// Lines kept of one entry's message.
const MAX_HELD: usize = 512;
/// Bytes of a counted value's length.
const COUNT: usize = 8;

/// A line of a message, with where and when it was printed.
pub(super) type Message = (u64, String, Stamp);

/// What the entry's fields have said so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal {
    form: Form,
    stamp: Stamp,
    held: Vec<(u64, String)>,
    counted: Option<Counted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    #[default]
    None,
    Verbose,
    Export,
    /// `-o json-pretty`: an object's fields, each on a line.
    Pretty,
}

/// A counted value of which not all has come.
#[derive(Debug, Clone)]
struct Counted {
    name: String,
    line: u64,
    bytes: Vec<u8>,
}

impl Journal {
    /// Whether the log is of such a format, so that every line of it matters.
    pub(super) fn is_active(&self) -> bool {
        self.form != Form::None
    }

    /// Takes a line, if it is part of an entry; appends the messages of an entry that it ends.
    pub(super) fn take(&mut self, number: u64, line: &[u8], ended: &mut Vec<Message>) -> bool {
        if let Some(counted) = self.counted.take() {
            self.continued(counted, line);
            return true;
        }
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\r', '\n']);
        let entry = text.trim();
        if let Some(time) = header(entry) {
            self.end(ended);
            self.form = Form::Verbose;
            self.stamp.time = Some(time.to_owned());
            return true;
        }
        if let Some((key, value)) = member(entry) {
            // journald's own fields tell its objects from others.
            if key.starts_with('_') {
                self.form = Form::Pretty;
            }
            if self.form == Form::Pretty {
                match key.as_str() {
                    "MESSAGE" => self.hold(number, text),
                    _ => self.field(&key, &value),
                }
                return true;
            }
        }
        if self.form == Form::Pretty {
            if entry.starts_with('}') {
                self.end(ended);
            }
            return false;
        }
        if text.starts_with("__CURSOR=") {
            self.end(ended);
            self.form = Form::Export;
            return true;
        }
        if !self.is_active() {
            return false;
        }
        if entry.is_empty() {
            self.end(ended);
            return true;
        }
        match entry.split_once('=').filter(|(key, _)| is_key(key)) {
            Some(("MESSAGE", _)) => self.hold(number, text),
            Some((key, value)) => self.field(key, value),
            None if self.form == Form::Export && is_key(entry) => {
                self.counted = Some(Counted { name: entry.to_owned(), line: number, bytes: Vec::new() });
            }
            // A message of several lines, as `verbose` shows it.
            None if !self.held.is_empty() => self.hold(number, text),
            None => return false,
        }
        true
    }

    /// The end of an entry, or of the log.
    pub(super) fn end(&mut self, ended: &mut Vec<Message>) {
        self.counted = None;
        let stamp = Stamp { prefixed: true, ..std::mem::take(&mut self.stamp) };
        ended.extend(self.held.drain(..).map(|(number, text)| (number, text, stamp.clone())));
    }

    fn hold(&mut self, number: u64, text: &str) {
        if self.held.len() < MAX_HELD {
            self.held.push((number, text.to_owned()));
        }
    }

    /// Takes a further line of a counted value.
    fn continued(&mut self, mut counted: Counted, line: &[u8]) {
        let bytes = &mut counted.bytes;
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
        let Some((count, value)) = bytes.split_first_chunk::<COUNT>() else {
            self.counted = Some(counted);
            return;
        };
        // Of a length that no message has, the bytes are something else.
        let Some(length) = usize::try_from(u64::from_le_bytes(*count)).ok().filter(|length| *length <= MAX_LINE) else {
            return;
        };
        match value.get(..length).filter(|_| value.len() > length) {
            Some(value) if counted.name == "MESSAGE" => {
                let text = format!("MESSAGE={}", String::from_utf8_lossy(value));
                self.hold(counted.line, &text);
            }
            Some(value) => {
                let value = String::from_utf8_lossy(value).into_owned();
                self.field(&counted.name, &value);
            }
            None => self.counted = Some(counted),
        }
    }

    fn field(&mut self, key: &str, value: &str) {
        match key {
            "_HOSTNAME" => self.stamp.host = Some(value.to_owned()),
            "SYSLOG_IDENTIFIER" => self.stamp.foreign = value != KERNEL,
            "_MACHINE_ID" => self.stamp.comes_from([value]),
            "__REALTIME_TIMESTAMP" => self.stamp.time = value.parse().ok().map(from_unix_micros),
            // The kernel's own clock goes before journald's.
            "_SOURCE_MONOTONIC_TIMESTAMP" => self.stamp.uptime = value.parse().ok(),
            "__MONOTONIC_TIMESTAMP" => self.stamp.uptime = self.stamp.uptime.or(value.parse().ok()),
            _ => {}
        }
    }
}

/// `"_HOSTNAME" : "node-7",`: a field of journald's on a line of its own.
fn member(line: &str) -> Option<(String, String)> {
    let (key, value) = line.strip_prefix('"')?.split_once('"')?;
    let value = value.trim_start().strip_prefix(':')?.trim().trim_end_matches(',');
    (is_key(key) && value.starts_with('"')).then_some(())?;
    Some((key.to_owned(), serde_json::from_str(value).ok()?))
}

/// A field's name as journald allows them.
fn is_key(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(fits)
        && !text.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

/// `Fri 2026-05-01 12:34:56.123456 UTC [s=..;i=..;b=..]`: the time.
fn header(text: &str) -> Option<&str> {
    let (time, cursor) = text.split_once(" [s=")?;
    (cursor.ends_with(']') && cursor.contains(";i=") && time.len() <= 64).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(log: &[u8]) -> Vec<Message> {
        let (mut journal, mut ended) = (Journal::default(), Vec::new());
        for (line, number) in log.split(|byte| *byte == b'\n').zip(1..) {
            assert!(journal.take(number, line, &mut ended), "{number}");
        }
        journal.end(&mut ended);
        ended
    }

    #[test]
    fn fields_around_a_message_are_its_own() {
        let verbose = "Fri 2026-05-01 12:34:56.123456 UTC [s=a;i=1;b=f]\n    __MONOTONIC_TIMESTAMP=9\n    MESSAGE=x\n        more\n    _HOSTNAME=n\n    _SOURCE_MONOTONIC_TIMESTAMP=7";
        let found = messages(verbose.as_bytes());
        assert_eq!(found.len(), 2);
        for (message, text) in found.iter().zip(["    MESSAGE=x", "        more"]) {
            assert_eq!((message.1.as_str(), message.2.host.as_deref(), message.2.uptime), (text, Some("n"), Some(7)));
            assert_eq!(message.2.time.as_deref(), Some("Fri 2026-05-01 12:34:56.123456 UTC"));
        }
        let export =
            "__CURSOR=s=1\nMESSAGE=x\n_HOSTNAME=n\n__REALTIME_TIMESTAMP=1777638896123456\n\n__CURSOR=s=2\nMESSAGE=y\n";
        let found = messages(export.as_bytes());
        assert_eq!(
            (found[0].2.host.as_deref(), found[0].2.time.as_deref()),
            (Some("n"), Some("2026-05-01T12:34:56.123456Z"))
        );
        assert_eq!((found[1].0, found[1].1.as_str(), &found[1].2.host), (7, "MESSAGE=y", &None));
    }

    #[test]
    fn counted_values_of_any_length() {
        for length in [1_usize, 9, 10, 11, 266, 2570, 70_000] {
            let value: String = "a\nb".repeat(length).chars().take(length).collect();
            let mut log = b"__CURSOR=s=1\nMESSAGE\n".to_vec();
            log.extend(u64::try_from(length).unwrap().to_le_bytes());
            log.extend(value.as_bytes());
            log.extend(b"\n_HOSTNAME=n");
            let found = messages(&log);
            assert_eq!(found.len(), 1, "{length}");
            assert_eq!((found[0].1.strip_prefix("MESSAGE="), found[0].2.host.as_deref()), (Some(&*value), Some("n")));
        }
    }
}
