//! `memlint explain` and `memlint rules`: what the rules say of themselves.

mod args;

use std::fmt::Write as _;

use memlint_policies::rule::Rule;
use memlint_policies::rules::{self, RULES};

use crate::choices::Format;
use crate::{exit, output};

pub use args::{ExplainArgs, RulesArgs};

/// Prints the page of a rule.
///
/// # Errors
/// When there is no such rule.
pub(crate) fn explain(args: &ExplainArgs) -> anyhow::Result<u8> {
    output::print(&page(find(&args.rule)?))?;
    Ok(exit::CLEAN)
}

/// Prints all rules.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn list(args: &RulesArgs) -> anyhow::Result<u8> {
    let printed = match args.format {
        Format::Text => table(),
        Format::Json => json(),
    };
    output::print(&printed)?;
    Ok(exit::CLEAN)
}

/// The rule of a name that was typed.
///
/// # Errors
/// When there is none; with the nearest name.
pub(crate) fn find(id: &str) -> anyhow::Result<&'static Rule> {
    rules::find(id).ok_or_else(|| anyhow::anyhow!("{}; memlint rules lists them all", rules::unknown(id)))
}

fn page(rule: &Rule) -> String {
    let mut page = rule.docs();
    _ = write!(page, "\n## In a policy file\n\n```yaml\nrules:\n  {}: {}\n```\n", rule.id, example(rule));
    _ = write!(page, "\nGroup {}, level {} by default.\n", rule.group, rule.level);
    page
}

/// All rules as a table.
fn table() -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut out = format!("{:width$}  {:9}  {:5}  {}\n", "RULE", "GROUP", "LEVEL", "FINDS");
    for rule in &RULES {
        let (group, level) = (rule.group.to_string(), rule.level.to_string());
        _ = writeln!(out, "{:width$}  {group:9}  {level:5}  {}", rule.id, rule.summary);
    }
    out
}

/// All rules as JSON.
fn json() -> String {
    let params = |rule: &Rule| -> Vec<serde_json::Value> {
        let param = |param: &memlint_policies::rule::Param| serde_json::json!({"name": param.name, "default": param.default, "summary": param.summary});
        rule.params.iter().map(param).collect()
    };
    let rule = |rule: &Rule| {
        serde_json::json!({
            "id": rule.id, "group": rule.group.to_string(), "level": rule.level.to_string(),
            "summary": rule.summary, "params": params(rule), "docs": rule.docs(),
        })
    };
    let all: Vec<_> = RULES.iter().map(rule).collect();
    let root = serde_json::json!({"version": 1, "rules": all});
    format!("{root:#}\n")
}

fn example(rule: &Rule) -> String {
    let params: String = rule.params.iter().map(|param| format!(", {}: {}", param.name, param.default)).collect();
    if params.is_empty() { rule.level.to_string() } else { format!("{{level: {}{params}}}", rule.level) }
}
