//! What values of options may be.

use std::time::Duration;

use clap::ValueEnum as _;
use tokio::sync::Semaphore;

use super::EnforcementArg;

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

/// A namespace and what goes there, such as `team-*=warn`.
pub(super) fn enforcement_for(text: &str) -> Result<(String, EnforcementArg), String> {
    let (name, level) = text.split_once('=').ok_or("write NAMESPACE=LEVEL, such as team-a=warn")?;
    let level = EnforcementArg::from_str(level, false).map_err(|_| "the level is audit, warn or deny")?;
    Ok((namespace(name)?, level))
}

/// A namespace, or the beginning of some and a `*`.
pub(super) fn namespace(text: &str) -> Result<String, String> {
    let is_in_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let name = text.strip_suffix('*').unwrap_or(text);
    if text.is_empty() || text.len() > 64 || !name.chars().all(is_in_name) {
        return Err(format!("{text:?} is no namespace, nor the beginning of one and a *"));
    }
    Ok(text.to_owned())
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
