//! # invalid-manifest
//!
//! The Pod template has something that the API server refuses, or silently drops: a field it does not know
//! (`limit:` for `limits:`), a list where a map belongs, a resource name that does not exist, a key that stands twice,
//! a value that Kubernetes' own validation does not take.
//!
//! ## Why it matters
//!
//! At best `kubectl apply` fails. At worst a client without strict validation, or a controller, drops the unknown
//! field, and the Pod runs without the limit that everyone believes it has.
//!
//! ## Bad
//!
//! ```yaml
//! resources:
//!   limit:
//!     memory: 512Mi
//! ```
//!
//! ## Good
//!
//! ```yaml
//! resources:
//!   limits:
//!     memory: 512Mi
//! ```
//!
//! ## Source
//!
//! Strict field validation of the API server, and `pkg/apis/core/validation` of Kubernetes. In custom resources only
//! the containers' `resources` are checked: the rest may have fields of its own.

use memlint_kubernetes::decode::{Problem, ProblemKind};
use memlint_kubernetes::path::{FieldPath, Segment};
use memlint_kubernetes::places::Places;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::resources::ContainerResources;
use memlint_kubernetes::validation;

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "invalid-manifest",
    group: Group::Valid,
    level: Level::Deny,
    summary: "the API server refuses the Pod template, or drops parts of it",
    source: include_str!("invalid_manifest.rs"),
    params: &[],
    needs: Needs::Nothing,
    judges_blocks: false,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let unread = cx.workload.problems.iter().filter(|problem| problem.kind != ProblemKind::InvalidQuantity).cloned();
    let mut problems = unread.chain(validation::validate(cx.workload, cx.pod)).peekable();
    if problems.peek().is_none() {
        return;
    }
    let containers = cx.pod.places();
    for problem in problems {
        sink.report(draft(cx, &containers, problem));
    }
}

fn draft(cx: &Cx<'_>, containers: &Places<'_, &ContainerResources>, problem: Problem) -> Draft {
    let of_name = is_of_name(&problem);
    let on_key = of_name || matches!(problem.kind, ProblemKind::UnknownField | ProblemKind::DuplicateField);
    let split = problem.at.last_key().filter(|key| of_name && is_amount(key));
    let help = split.map(|key| format!("a comma separates entries here; write a point, such as 0.{key}"));
    let help = help.or(problem.help).unwrap_or_else(|| {
        if let Some(missing) = problem.message.strip_suffix(" is missing") {
            return format!("add {missing}:");
        }
        let kind = cx.workload.object.kind.to_lowercase();
        let mut known = problem.at.clone();
        if of_name {
            known.pop();
        }
        format!("see kubectl explain {kind}.{} for the fields it accepts", keys(&known))
    });
    let container = containers.around(&problem.at).map(|(container, _)| *container);
    let draft = Draft::new(problem.at, problem.message, help).on_key(on_key);
    draft.container(container)
}

/// Whether a name is an amount with a unit: what is left of `0,5Gi` in braces.
fn is_amount(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_digit()) && Quantity::parse(key).is_ok()
}

/// Whether validation refuses the key itself: the name of a resource that does not exist.
fn is_of_name(problem: &Problem) -> bool {
    let quoted = problem.message.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    quoted.is_some_and(|(name, _)| problem.at.last_key() == Some(name))
}

/// The path as `kubectl explain` wants it: keys only.
fn keys(at: &FieldPath) -> String {
    let keys = at.segments().iter().filter_map(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) => None,
    });
    keys.collect::<Vec<_>>().join(".")
}
