//! The annotations with which objects and Namespaces exempt themselves.

use std::collections::BTreeMap;

/// The annotation with which an object exempts itself: `memlint.dev/allow: "RULE: reason"`, several separated by
/// line breaks or `;`. With `.CONTAINER` behind it, it speaks of that container only.
pub const ALLOW_ANNOTATION: &str = "memlint.dev/allow";

/// Whether an annotation exempts from rules.
pub(crate) fn is_allowance(key: &str) -> bool {
    key.strip_prefix(ALLOW_ANNOTATION).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// An object's annotations.
pub(crate) type Annotations = BTreeMap<String, String>;
