//! `journalctl -o verbose` and `-o export`: an entry's fields stand on lines of their own, before its message.

use super::clock::from_unix_micros;
use super::prefix::Stamp;

/// What the entry's fields have said so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal(Stamp);

impl Journal {
    /// Takes a line; of a message's own, answers where and when it was printed.
    pub(super) fn take(&mut self, line: &str) -> Stamp {
        let text = line.trim();
        if let Some(time) = header(text) {
            self.0 = Stamp { time: Some(time.to_owned()), ..Stamp::default() };
        } else if text.is_empty() || text.starts_with("__CURSOR=") {
            self.0 = Stamp::default();
        } else if text.starts_with("MESSAGE=") {
            return self.0.clone();
        } else if let Some((key, value)) = text.split_once('=').filter(|(key, _)| key.starts_with('_')) {
            self.field(key, value);
        }
        Stamp::default()
    }

    fn field(&mut self, key: &str, value: &str) {
        match key {
            "_HOSTNAME" => self.0.host = Some(value.to_owned()),
            "__REALTIME_TIMESTAMP" => self.0.time = value.parse().ok().map(from_unix_micros),
            // The kernel's own clock goes before journald's.
            "_SOURCE_MONOTONIC_TIMESTAMP" => self.0.uptime = value.parse().ok(),
            "__MONOTONIC_TIMESTAMP" => self.0.uptime = self.0.uptime.or(value.parse().ok()),
            _ => {}
        }
    }
}

/// `Fri 2026-05-01 12:34:56.123456 UTC [s=..;i=..;b=..]`: the time.
fn header(text: &str) -> Option<&str> {
    let (time, cursor) = text.split_once(" [s=")?;
    (cursor.ends_with(']') && cursor.contains(";i=") && time.len() <= 64).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_belong_to_the_next_message() {
        let mut journal = Journal::default();
        for line in
            ["Fri 2026-05-01 12:34:56.123456 UTC [s=a;i=1;b=f]", "    _HOSTNAME=n", "    __MONOTONIC_TIMESTAMP=9"]
        {
            assert_eq!(journal.take(line), Stamp::default());
        }
        journal.take("    _SOURCE_MONOTONIC_TIMESTAMP=7");
        let stamp = journal.take("    MESSAGE=x");
        assert_eq!((stamp.host.as_deref(), stamp.uptime), (Some("n"), Some(7)));
        assert_eq!(stamp.time.as_deref(), Some("Fri 2026-05-01 12:34:56.123456 UTC"));
        journal.take("");
        journal.take("__REALTIME_TIMESTAMP=1777638896123456");
        let stamp = journal.take("MESSAGE=y");
        assert_eq!((stamp.time.as_deref(), stamp.host), (Some("2026-05-01T12:34:56.123456Z"), None));
    }
}
