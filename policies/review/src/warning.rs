//! Warnings that survive the API server: it cuts long ones, drops what does not fit into 4,096 characters together,
//! and silently loses those that cannot be an HTTP header (`endpoints/filters/warning.go`).

use memlint_policies::exemption::ExemptedBy;

use crate::judge::{Judged, Judgement};
use crate::reply::Action;
use crate::text::{ascii, clip, count};

/// How many warnings go with one answer.
pub const MAX_WARNINGS: usize = 10;
/// How many characters one may have.
pub const MAX_WARNING: usize = 120;

/// What goes before the findings that would be denials if no nodes could come.
const IN_DOUBT: &str = "never refused for want of room here, as nodes may come that are not known:";

/// The warnings about an object.
pub(crate) fn of(judgement: &Judgement, scope_note: Option<&str>) -> Vec<String> {
    let warned = judgement.findings.iter().filter(|judged| judged.action == Action::Warn);
    let (doubtful, others): (Vec<&Judged>, Vec<&Judged>) = warned.partition(|judged| judged.is_doubtful);
    let mut all = Vec::new();
    if !doubtful.is_empty() {
        all.push(one(IN_DOUBT, None));
        all.extend(doubtful.into_iter().map(finding));
    }
    all.extend(scope_note.map(|note| one(note, None)));
    all.extend(others.into_iter().map(finding));
    all.extend(judgement.notes.iter().map(|note| one(note, None)));
    for exempted in &judgement.exemptions {
        let who = match exempted.by {
            ExemptedBy::Policy => continue,
            ExemptedBy::Object => "its own annotation",
            ExemptedBy::Namespace => "an annotation of its namespace",
        };
        let whose = exempted.container.as_deref().map(|name| format!(" in container {name}")).unwrap_or_default();
        all.push(one(&format!("exempted by {who}{whose}: {}", exempted.reason), Some(exempted.rule)));
    }
    bounded(all)
}

/// A warning that stands alone.
pub(crate) fn one(message: &str, rule: Option<&str>) -> String {
    let end = rule.map(|rule| format!(" ({rule})")).unwrap_or_default();
    let room = MAX_WARNING.saturating_sub("memlint: ".len() + end.len());
    format!("memlint: {}{end}", clip(&ascii(message), room))
}

fn finding(judged: &Judged) -> String {
    one(&judged.finding.message, Some(judged.finding.rule))
}

/// Not too many, each once.
fn bounded(all: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(MAX_WARNINGS);
    let mut more = 0;
    for warning in all {
        if kept.len() < MAX_WARNINGS {
            if !kept.contains(&warning) {
                kept.push(warning);
            }
        } else {
            more += 1;
        }
    }
    if more > 0 {
        kept.truncate(MAX_WARNINGS - 1);
        kept.push(one(&format!("and {}; memlint on the manifest shows all", count(more + 1, "more warning")), None));
    }
    kept
}
