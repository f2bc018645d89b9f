//! What values of options may be.

use std::time::Duration;

use tokio::sync::Semaphore;

/// A time such as `10s` or `500ms`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    crate::deadline::parse(text).ok_or_else(|| format!("{text} is no time: write it as 10s or 500ms"))
}

/// A time of which there must be some.
pub(super) fn some_time(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time.is_zero() { Err("it must be longer than nothing".to_owned()) } else { Ok(time) }
}

/// How many at a time.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    let most = Semaphore::MAX_PERMITS;
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("it must be a number from 1 to {most}"))
}

/// The crates that have something to say, as targets of the log begin.
const TARGETS: [&str; 8] =
    ["memlint_webhook", "kube_client", "kube_runtime", "hyper", "hyper_util", "rustls", "tokio_rustls", "tower"];

/// A filter for the log. One that names what never logs would be silence.
pub(super) fn filter(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    for part in text.split(',').filter(|part| !part.contains(['[', '{', ']', '}'])) {
        let target = part.split('=').next().unwrap_or_default().trim();
        let name = target.split("::").next().unwrap_or_default();
        if !TARGETS.contains(&name) && !LEVELS.contains(&target.to_ascii_lowercase().as_str()) {
            return Err(format!("{target:?} is neither a level nor one of those that log: {}", TARGETS.join(", ")));
        }
    }
    Ok(text.to_owned())
}
