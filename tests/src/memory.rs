//! Linting through the library, without files or a process.

use std::sync::Arc;

use jiff::civil::{Date, date};
use memlint::linting::{self, Settings};
use memlint::project::corpus::{self, Corpus};
use memlint::report::Report;
use memlint_capacity::{Capacity, CapacityBuilder};
use memlint_files::held::Asked;
use memlint_files::yaml::Span;
use memlint_kubernetes::reference::Origin;
use memlint_policies::policy::Policy;

/// The day on which tests take place.
pub const TODAY: Date = date(2026, 1, 1);

/// Lints files that are given by name and content.
#[must_use]
pub fn lint(files: &[(&str, &[u8])], policy: &Policy) -> (Corpus, Report) {
    lint_on(files, policy, None)
}

/// The same with what is known of the nodes.
#[must_use]
pub fn lint_on(files: &[(&str, &[u8])], policy: &Policy, capacity: Option<&Arc<Capacity>>) -> (Corpus, Report) {
    let corpus = corpus::from_memory(files.iter().copied(), Asked::Met);
    let report = linting::lint(&corpus, Settings { policy, namespace: "", capacity, today: TODAY });
    (corpus, report)
}

/// Three nodes `n0` to `n2` of a pool `user`, each with this much memory to allocate.
///
/// # Panics
/// When the builder refuses what no API server would.
#[must_use]
pub fn three_nodes(memory: &str) -> Arc<Capacity> {
    let mut builder = CapacityBuilder::default();
    for index in 0..3 {
        let name = format!("n{index}");
        let allocatable = serde_json::json!({"cpu": "4", "memory": memory, "pods": "110"});
        let node = serde_json::json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"agentpool": "user", "kubernetes.io/hostname": name}},
            "status": {"allocatable": allocatable, "capacity": allocatable},
        });
        builder.add_node(&serde_json::from_value(node).expect("a Node"), Origin::default());
    }
    Arc::new(builder.build().expect("a capacity"))
}

/// The default policy with only one rule on.
#[must_use]
pub fn only(rule: &str) -> Policy {
    let mut policy = Policy::default();
    policy.retain_rules(|id| id == rule);
    policy
}

/// The text between a span's lines and columns, as a reader of the output would find it; `None` if it is not there.
#[must_use]
pub fn text_at(text: &str, span: Span) -> Option<String> {
    let from = offset(text, span.line, span.column)?;
    let to = offset(text, span.end_line, span.end_column)?;
    text.get(from..to).map(str::to_owned)
}

/// The byte at a line and a column in characters, both from 1; the column behind the last character counts.
#[must_use]
pub fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let mut start = 0;
    for _ in 1..line {
        start += text.get(start..)?.find('\n')? + 1;
    }
    let content = text.get(start..)?.split('\n').next()?;
    let mut places = content.char_indices().map(|(at, _)| at).chain([content.len()]);
    Some(start + places.nth(column.checked_sub(1)?)?)
}
