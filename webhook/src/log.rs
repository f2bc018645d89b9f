//! The log: lines for people or for machines. Bodies, environments and tokens are never in it, at any level.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Context as _;
use memlint_review::{Outcome, Verdict};
use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

/// Starts logging to standard error.
///
/// # Errors
/// When the filter cannot be read, or something logs already.
pub fn start(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("--log {filter} is no filter"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))
}

/// One line for a request: at `info` for a denial, at `warn` for what could not be judged, else at `debug`.
pub fn outcome(outcome: &Outcome, trace: Option<&str>, took: Duration) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let Outcome { verdict, uid, object, user, operation, dry_run, why, .. } = outcome;
    let verdict_label = verdict.label();
    let rules: Vec<&str> = outcome.findings.keys().map(|(rule, _)| *rule).collect();
    let rules = rules.join(",");
    let trace = trace.unwrap_or_default();
    match verdict {
        Verdict::Deny => tracing::info!(
            verdict = verdict_label,
            uid,
            object,
            user,
            operation,
            dry_run,
            rules,
            trace,
            micros,
            "denied"
        ),
        Verdict::Undecided => tracing::warn!(
            verdict = verdict_label,
            uid,
            object,
            user,
            operation,
            dry_run,
            why,
            trace,
            micros,
            "not judged"
        ),
        Verdict::Invalid => tracing::warn!(verdict = verdict_label, why, trace, micros, "no AdmissionReview"),
        Verdict::Untouched | Verdict::Allow | Verdict::Warn => tracing::debug!(
            verdict = verdict_label,
            uid,
            object,
            user,
            operation,
            dry_run,
            rules,
            why,
            trace,
            micros,
            "allowed"
        ),
    }
}
