//! From one CA to the next without a moment in which an API server is shown what it does not trust.
//!
//! Replicas share nothing but the Secret. Each of them looks at it and takes the one step that is due; the step of
//! whoever is first holds, and the others find it taken:
//!
//! 1. *begin*: there is no CA, so one is made.
//! 2. *prepare*: it has a third of its life left, so the next is made and published beside it, and signs nothing.
//! 3. *promote*: the next has been in the caBundle for a while, so every API server trusts it: now it signs.
//! 4. *drop*: nothing that the old one has signed can be served any more, so it is trusted no more.

use std::time::Duration;

use super::held::{Held, Old};
use crate::tls::{Ca, seconds};

/// How long things take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// The life of a CA.
    pub ca: Duration,
    /// The life of what it signs.
    pub leaf: Duration,
    /// How long a new caBundle must have been seen before anyone relies on it.
    pub grace: Duration,
    /// How much longer than a leaf's life an old CA is trusted: for clocks that differ and replicas that lag behind.
    pub spare: Duration,
    /// How often the Secret is looked at.
    pub poll: Duration,
}

impl Default for Times {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            ca: DAY * 365,
            leaf: DAY * 7,
            grace: Duration::from_secs(600),
            spare: DAY,
            poll: Duration::from_secs(10),
        }
    }
}

/// What is to be done to the Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make the first CA.
    Begin,
    /// Make the next CA.
    Prepare,
    /// Let the next CA sign.
    Promote,
    /// Forget the old CA.
    Drop,
    /// Nothing.
    Rest,
}

/// The step that is due. `published` is for how long, as this replica has seen it, the live caBundle has been all that
/// the Secret holds; it is told by a clock that only goes forward.
#[must_use]
pub fn step(held: Option<&Held>, published: Option<Duration>, now: i64, times: &Times) -> Step {
    let Some(held) = held else { return Step::Begin };
    if held.current.not_after <= now {
        // Too late for an overlap: nothing that is served is trusted any more.
        return if held.next.is_some() { Step::Promote } else { Step::Prepare };
    }
    match (&held.old, &held.next) {
        (Some(old), _) if old.until <= now => Step::Drop,
        // One change at a time: what the old one has signed may still be served.
        (Some(_), _) => Step::Rest,
        (None, Some(_)) if published.is_some_and(|published| published >= times.grace) => Step::Promote,
        (None, Some(_)) => Step::Rest,
        (None, None) if held.current.not_after.saturating_sub(now) <= due(times) => Step::Prepare,
        (None, None) => Step::Rest,
    }
}

/// How much of a CA's life is left when the next is due. No leaf would outlive it yet.
fn due(times: &Times) -> i64 {
    (seconds(times.ca) / 3).max(seconds(times.leaf).saturating_mul(2))
}

/// What the Secret holds after a step.
///
/// # Errors
/// When no CA can be made.
pub fn take(step: Step, held: Option<&Held>, now: i64, times: &Times) -> Result<Option<Held>, String> {
    let Some(held) = held.cloned() else {
        let begins = step == Step::Begin;
        return begins.then(|| Ok(Held { current: Ca::make(now, times.ca)?, next: None, old: None })).transpose();
    };
    let after = match (step, held.next) {
        (Step::Begin | Step::Rest, next) => Held { next, ..held },
        (Step::Prepare, _) => Held { next: Some(Ca::make(now, times.ca)?), ..held },
        (Step::Promote, Some(next)) => {
            let until = now.saturating_add(seconds(times.leaf)).saturating_add(seconds(times.spare));
            Held { current: next, next: None, old: Some(Old { certificate: held.current.certificate, until }) }
        }
        (Step::Promote, None) => Held { next: None, ..held },
        (Step::Drop, next) => Held { next, old: None, ..held },
    };
    Ok(Some(after))
}
