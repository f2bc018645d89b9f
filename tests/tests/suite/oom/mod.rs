//! OOM kills: every fixture log with its whole diagnosis, damaged logs, and the advice word for word.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod advice;
mod common;
mod current;
mod fixtures;
mod merged;
mod robustness;
