//! The verdict on an AdmissionReview: bytes in, bytes out.
//!
//! [`review`] is one pure function: no I/O, no clock, no state, so that the same bytes, policy and knowledge of the
//! cluster give the same answer, in the webhook and in `memlint review`. Kubernetes' wire types are private to this
//! crate; the rules know nothing of them.

#[cfg(feature = "clap")]
mod args;
mod audit;
mod denial;
mod fresh;
mod glance;
mod judge;
mod limit_ranger;
pub mod nodes;
mod object;
mod options;
mod pods;
mod regarding;
mod reply;
mod request;
mod response;
mod scope;
mod text;
mod trim;
mod verdict;
mod warning;
mod weight;
mod words;
use jiff::civil::Date;
use memlint_policies::inventory::Inventory;
use memlint_policies::policy::Policy;
use sha2::{Digest as _, Sha256};

#[cfg(feature = "clap")]
pub use args::ReviewOptions;
pub use denial::Denial;
pub use limit_ranger::ANNOTATION as LIMIT_RANGER_ANNOTATION;
pub use nodes::Nodes;
pub use options::{Enforcement, OnDoubt, Options, Workloads};
pub use regarding::About;
pub use reply::{Action, Outcome, Reply, Told, Verdict};
pub use text::plain;
pub use warning::{MAX_WARNING, MAX_WARNINGS};
pub use weight::weight;

use request::Read;
use scope::Scope;

/// What a review is done with.
#[derive(Debug, Clone, Copy)]
pub struct ReviewCx<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// What tells this policy from others: see [`policy_hash`].
    pub policy_hash: &'a str,
    /// What is known of the cluster.
    pub inventory: &'a Inventory,
    /// Whether a Pod may be refused because no node has room for it: not where nodes may come that are not known.
    pub nodes_are_certain: bool,
    /// What was set for the webhook.
    pub options: &'a Options,
    /// The day on which exemptions expire or not.
    pub today: Date,
}

/// Answers an AdmissionReview.
#[must_use]
pub fn review(body: &[u8], cx: &ReviewCx<'_>) -> Reply {
    let request = match request::read(body) {
        Err(why) => return reply::refused(&why),
        Ok(Read::Partly { request, why }) => return reply::undecided(&request, cx, &why),
        Ok(Read::Whole(request)) => request,
    };
    let scope = match scope::of(&request, cx.options) {
        Scope::Untouched(why) => return reply::untouched(&request, why),
        scope => scope,
    };
    match judge::judge(&request, scope, cx) {
        Ok(Some(judgement)) => reply::judged(&request, scope, cx, judgement),
        Ok(None) => reply::untouched(&request, "it is being deleted, or is the image of a static Pod"),
        Err(why) => reply::undecided(&request, cx, &why),
    }
}

/// The answer where there is no time for a verdict: that of [`Options::on_timeout`], with the right uid.
#[must_use]
pub fn out_of_time(body: &[u8], cx: &ReviewCx<'_>) -> Reply {
    match request::read(body) {
        Err(why) => reply::refused(&why),
        Ok(Read::Whole(request) | Read::Partly { request, .. }) => reply::late(&request, cx),
    }
}

/// The first half of the SHA-256 of a policy file, as `sha256sum` prints it.
#[must_use]
pub fn policy_hash(text: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text).iter().take(16).fold(String::new(), |mut hash, byte| {
        _ = write!(hash, "{byte:02x}");
        hash
    })
}
