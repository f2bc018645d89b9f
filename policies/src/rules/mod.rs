//! The rules, one file each. To add one: a file here, a line in the list below, a folder in `tests/fixtures/rules`.

use memlint_kubernetes::spelling::nearest;

use crate::rule::Rule;

macro_rules! rules {
    ($($rule:ident)*) => {
        $(mod $rule;)*

        /// Every rule, by the word in `kubectl get pods` that it prevents.
        pub static RULES: [Rule; [$(stringify!($rule)),*].len()] = [$($rule::RULE),*];
    };
}

rules! {
    invalid_manifest
    invalid_quantity
    tiny_quantity
    request_above_limit
    never_fits
    no_eligible_node
    does_not_fit_now
    replicas_do_not_fit
    rollout_does_not_fit
    daemonset_does_not_fit
    outside_limit_range
    quota_exceeded
    missing_memory_request
    limit_far_above_request
    unbounded_memory_volume
    missing_memory_limit
    limit_above_every_node
    heap_above_limit
    memory_volume_above_limit
}

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
