//! OOM kills: every fixture log with its whole diagnosis, damaged logs, and the advice word for word.

mod advice;
mod common;
mod fixtures;
mod robustness;
