//! The log: lines for people or for machines. Bodies, environments and tokens are never in it, at any level.
use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Context as _;
use memlint_review::{Outcome, Verdict};
use tracing::field::Empty;
use tracing::{Dispatch, Span};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::LogFormat;
use crate::seldom::Seldom;
use crate::state;

/// Starts logging to standard error.
///
/// # Errors
/// When the filter cannot be read, or something logs already.
pub fn start(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let dispatch = dispatch(format, filter, std::io::stderr, std::io::stderr().is_terminal())?;
    dispatch.try_init().context("the log cannot be started")
}

/// A log to somewhere.
///
/// # Errors
/// When the filter cannot be read.
pub fn dispatch<W>(format: LogFormat, filter: &str, writer: W, colours: bool) -> anyhow::Result<Dispatch>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter).with_context(|| format!("--log {filter} is no filter"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(colours);
    Ok(match format {
        LogFormat::Text => Dispatch::new(builder.with_target(false).finish()),
        LogFormat::Json => {
            Dispatch::new(builder.json().flatten_event(true).with_current_span(true).with_span_list(false).finish())
        }
    })
}

/// The span of a request, with the trace that the API server's call belongs to. What else it has is known later.
pub fn span(trace: Option<&str>) -> Span {
    // At the level of errors, so that it is there for whatever is logged.
    let (uid, operation, kind, namespace) = (Empty, Empty, Empty, Empty);
    tracing::error_span!("request", trace, uid, operation, kind, namespace)
}

/// One line for a request: at `info` for a denial, at `warn` for what could not be judged, else at `debug`.
pub fn outcome(span: &Span, outcome: &Outcome, took: Duration, strangers: &Seldom) {
    let Outcome { verdict, uid, namespace, object, user, operation, kind, dry_run, why, .. } = outcome;
    span.record("uid", uid).record("operation", operation).record("kind", kind).record("namespace", namespace);
    let _entered = span.enter();
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let rules = outcome.findings.keys().map(|(rule, action)| format!("{rule}={}", action.label()));
    let rules: Vec<String> = rules.collect();
    let (verdict_label, rules) = (verdict.label(), rules.join(","));
    match verdict {
        Verdict::Deny => tracing::info!(verdict = verdict_label, object, user, dry_run, rules, micros, "denied"),
        Verdict::Undecided => tracing::warn!(verdict = verdict_label, object, user, dry_run, why, micros, "not judged"),
        Verdict::Invalid => match strangers.turn(state::now()) {
            Some(held_back) => {
                tracing::warn!(verdict = verdict_label, why, micros, held_back, "no AdmissionReview");
            }
            None => tracing::debug!(verdict = verdict_label, why, micros, "no AdmissionReview"),
        },
        Verdict::Untouched | Verdict::Allow | Verdict::Warn => {
            tracing::debug!(verdict = verdict_label, object, user, dry_run, rules, why, micros, "allowed");
        }
    }
}
