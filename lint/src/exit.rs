//! How a command ends: its exit code, and what it complains of on standard error.

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

/// Prints what is wrong with the files that a command needs, and gives its exit code.
pub(crate) fn refuse(problems: &[Problem]) -> u8 {
    complain(&text::problems(problems, is_coloured(&std::io::stderr())));
    FAILED
}

/// The day in UTC, on which exemptions expire.
pub(crate) fn today() -> Date {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let timestamp = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap_or(i64::MAX)).unwrap_or_default();
    jiff::tz::Offset::UTC.to_datetime(timestamp).date()
}

pub(crate) fn complain(message: &str) {
    _ = writeln!(std::io::stderr(), "{}", message.trim_end());
}
