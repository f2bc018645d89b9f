//! Printing a report.

pub mod json;
pub mod text;

use std::io::{self, Write};

/// Writes all of a text; a closed pipe is no error, the reader has seen enough.
///
/// # Errors
/// When standard output cannot be written for any other reason.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
