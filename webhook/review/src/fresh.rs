//! What an update makes worse: findings that the old object did not have, or not as badly.
//!
//! A finding is known again by its rule and its place, where items of lists go by their names: a container put in
//! front of the others makes no news of them.

use std::collections::HashMap;

use memlint_policies::finding::{Datum, Finding};
use memlint_policies::object::Value;
use memlint_policies::path::{FieldPath, Segment};

/// Where a finding stands, independent of the order of lists.
type Place = (&'static str, Vec<String>);

/// The findings of an old object.
#[derive(Debug)]
pub(crate) struct Known<'f>(HashMap<Place, &'f Finding>);

impl<'f> Known<'f> {
    pub(crate) fn new(findings: impl Iterator<Item = &'f Finding>, object: &Value<'_>) -> Self {
        Self(findings.map(|finding| (place(finding, object), finding)).collect())
    }

    /// Whether a finding of the new object is news.
    pub(crate) fn is_news(&self, finding: &Finding, object: &Value<'_>) -> bool {
        match self.0.get(&place(finding, object)) {
            None => true,
            Some(old) if finding.data.get("resource") != old.data.get("resource") => false,
            Some(old) => badness(finding).zip(badness(old)).is_some_and(|((n, d), (old_n, old_d))| {
                i128::from(n).saturating_mul(i128::from(old_d)) > i128::from(old_n).saturating_mul(i128::from(d))
            }),
        }
    }
}

fn place(finding: &Finding, object: &Value<'_>) -> Place {
    (finding.rule, names(&finding.at, object))
}

fn names(path: &FieldPath, object: &Value<'_>) -> Vec<String> {
    let mut here = Some(object);
    let step = |segment: &Segment| match segment {
        Segment::Key(key) => {
            here = here.and_then(|value| value.get(key));
            key.to_string()
        }
        Segment::Index(index) => {
            here = here.and_then(|value| value.items().get(*index));
            let name = here.and_then(|item| item.get("name")).and_then(Value::as_str);
            name.map_or_else(|| index.to_string(), |name| format!("[{name}]"))
        }
    };
    path.segments().iter().map(step).collect()
}

/// How bad it is by the rule's own figures, as a fraction; `None` where a rule gives none to compare.
fn badness(finding: &Finding) -> Option<(i64, i64)> {
    let figure = |key| match finding.data.get(key) {
        Some(Datum::Integer(figure)) => Some(*figure),
        _ => None,
    };
    match (figure("limitBytes"), figure("requestBytes"), figure("heapBytes"), figure("volumeBytes")) {
        (Some(limit), Some(request), _, _) => Some((limit, request)),
        (Some(limit), None, None, None) => Some((-limit, 1)),
        (Some(limit), None, heap, volumes) => {
            Some((heap.unwrap_or_default().saturating_add(volumes.unwrap_or_default()), limit))
        }
        // What is missing of room, or wanted of it; else the amount itself, which is better the larger it is.
        (None, ..) => match figure("short").or(figure("needed")) {
            Some(missing) => Some((missing, 1)),
            None => figure("bytes").map(|bytes| (-bytes, 1)),
        },
    }
}
