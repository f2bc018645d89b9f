//! Helpers shared by memlint's tests: test data, running the command, linting in memory, printing objects as YAML.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

pub mod command;
pub mod diff;
pub mod folder;
pub mod memory;
pub mod mutate;
pub mod walk;
pub mod yaml;

/// Says that a test, or part of one, was skipped, and why. What macros print is only seen when a test fails.
///
/// # Panics
/// When there is no standard error.
pub fn skipped(why: &str) {
    std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes()).expect("standard error");
}

/// The folder of test data.
#[must_use]
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The lines of a gzipped file of JSON lines in `fixtures/conformance`.
///
/// # Panics
/// When the file is missing or broken: a test cannot go on without its data.
#[must_use]
pub fn conformance(name: &str) -> Vec<serde_json::Value> {
    let path = fixtures().join("conformance").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzipped UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}
