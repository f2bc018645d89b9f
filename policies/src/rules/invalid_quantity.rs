//! # invalid-quantity
//!
//! A quantity that no API server takes, such as `512MB`, `1 Gi` or `1,5Gi`.
//!
//! ## Why it matters
//!
//! The object is refused, and with it everything that was to be rolled out.
//!
//! ## Bad
//!
//! ```yaml
//! memory: 512MB
//! ```
//!
//! ## Good
//!
//! ```yaml
//! memory: 512Mi   # 512 × 1024 × 1024 bytes; 512M is 512 × 1000 × 1000
//! ```
//!
//! ## Source
//!
//! `ParseQuantity` in `k8s.io/apimachinery/pkg/api/resource`. Suffixes are `Ki Mi Gi Ti Pi Ei` (powers of 1024),
//! `n u m k M G T P E` (powers of 1000) and exponents such as `e6`; capitals count.

use memlint_kubernetes::decode::ProblemKind;

use crate::finding::{Group, Level};
use crate::rule::{Cx, Draft, Needs, Rule, Sink, replace};

pub(super) const RULE: Rule = Rule {
    id: "invalid-quantity",
    group: Group::Valid,
    level: Level::Deny,
    summary: "a quantity that no API server takes",
    source: include_str!("invalid_quantity.rs"),
    params: &[],
    needs: Needs::Nothing,
    judges_blocks: true,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let mut problems =
        cx.workload.problems.iter().filter(|problem| problem.kind == ProblemKind::InvalidQuantity).peekable();
    if problems.peek().is_none() {
        return;
    }
    let containers = cx.pod.places();
    for problem in problems {
        let help = problem.help.clone().unwrap_or_else(|| "write a number and a suffix, such as 512Mi".to_owned());
        let fix = problem.suggestion.as_deref().and_then(|suggestion| replace(&problem.at, suggestion));
        let draft = Draft::new(problem.at.clone(), problem.message.clone(), help).fix(fix);
        sink.report(draft.container(containers.around(&problem.at).map(|(container, _)| *container)));
    }
}
