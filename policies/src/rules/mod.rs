//! The rules, one file each. Adding one: a file here, a line in [`RULES`], a folder in `tests/fixtures/rules`.

mod daemonset_does_not_fit;
mod does_not_fit_now;
mod heap_above_limit;
mod invalid_manifest;
mod invalid_quantity;
mod limit_above_every_node;
mod limit_far_above_request;
mod memory_volume_above_limit;
mod missing_memory_limit;
mod missing_memory_request;
mod never_fits;
mod no_eligible_node;
mod outside_limit_range;
mod quota_exceeded;
mod replicas_do_not_fit;
mod request_above_limit;
mod rollout_does_not_fit;
mod tiny_quantity;
mod unbounded_memory_volume;

use memlint_kubernetes::spelling::nearest;

use crate::rule::Rule;

/// Every rule, by the word in `kubectl get pods` that it prevents.
pub static RULES: [Rule; 19] = [
    invalid_manifest::RULE,
    invalid_quantity::RULE,
    tiny_quantity::RULE,
    request_above_limit::RULE,
    never_fits::RULE,
    no_eligible_node::RULE,
    does_not_fit_now::RULE,
    replicas_do_not_fit::RULE,
    rollout_does_not_fit::RULE,
    daemonset_does_not_fit::RULE,
    outside_limit_range::RULE,
    quota_exceeded::RULE,
    missing_memory_request::RULE,
    limit_far_above_request::RULE,
    unbounded_memory_volume::RULE,
    missing_memory_limit::RULE,
    limit_above_every_node::RULE,
    heap_above_limit::RULE,
    memory_volume_above_limit::RULE,
];

/// The rule with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// The place of a rule in [`RULES`].
pub(crate) fn position(id: &str) -> Option<usize> {
    RULES.iter().position(|rule| rule.id == id)
}

/// What to say of an id that is no rule's, with the nearest that is.
#[must_use]
pub fn unknown(id: &str) -> String {
    let ids = || RULES.iter().map(|rule| rule.id);
    let part = ids().find(|known| id.len() > 2 && known.contains(id));
    match nearest(id, ids()).or(part) {
        Some(near) => format!("there is no rule {id}; did you mean {near}?"),
        None => format!("there is no rule {id}"),
    }
}
