//! How a command ends: its exit code, and what it complains of on standard error.

use std::fmt;
use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use jiff::civil::Date;
use memlint_files::problem::Problem;

use crate::output::text;

/// Nothing at or above `--fail-on`.
pub(crate) const CLEAN: u8 = 0;

/// Findings, or documents that cannot be read.
pub(crate) const FOUND: u8 = 1;

/// memlint could not do its job.
pub(crate) const FAILED: u8 = 2;

/// Whether a stream is coloured. Unless `--color always` is given, only terminals are.
pub(crate) fn is_coloured(stream: &impl RawStream) -> bool {
    let is_forced = ColorChoice::global() == ColorChoice::Always;
    is_forced || (stream.is_terminal() && AutoStream::choice(stream) != ColorChoice::Never)
}

/// The files that a command needs are no good.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Vec<Problem>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.0.iter().map(|each| format!("{}:{}: {}", each.file, each.line, each.message));
        f.write_str(&said.collect::<Vec<_>>().join("; "))
    }
}

impl std::error::Error for Refused {}

/// Prints why a command could not do its job.
pub(crate) fn fail(error: &anyhow::Error) -> u8 {
    match error.downcast_ref() {
        Some(Refused(problems)) => complain(&text::problems(problems, is_coloured(&std::io::stderr()))),
        None => complain(&format!("memlint: {error:#}")),
    }
    FAILED
}

/// The day in UTC, on which exemptions expire.
pub(crate) fn today() -> Date {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let timestamp = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap_or(i64::MAX)).unwrap_or_default();
    jiff::tz::Offset::UTC.to_datetime(timestamp).date()
}

/// Prints to standard error.
pub(crate) fn complain(message: &str) {
    _ = writeln!(std::io::stderr(), "{}", message.trim_end());
}
