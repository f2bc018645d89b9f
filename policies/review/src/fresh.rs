//! What an update makes worse: findings that the old object did not have, or not as badly.
//!
//! A finding is known again by its rule and its place, where items of lists go by their names: a container put in
//! front of the others makes no news of them. How bad it is, is said by its rule: see [`Measure`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::{FieldPath, Segment};
use memlint_policies::finding::Finding;

/// What a finding is about, independent of the order of lists: a rule, and a place or what the rule calls it.
type Subject = (&'static str, Vec<String>);

/// The findings of an old object, and how bad each was.
#[derive(Debug)]
pub(crate) struct Known(HashMap<Subject, Option<Measure>>);

impl Known {
    pub(crate) fn new<'f>(findings: impl Iterator<Item = &'f Finding>, object: &Value<'_>) -> Self {
        let mut known: HashMap<Subject, Option<Measure>> = HashMap::new();
        for (subject, measure) in findings.flat_map(|finding| subjects(finding, object)) {
            match known.entry(subject) {
                Entry::Vacant(entry) => _ = entry.insert(measure),
                Entry::Occupied(mut entry) => {
                    let worst = entry.get().zip(measure).map(|(known, measure)| known.worst(measure));
                    entry.insert(worst.or(*entry.get()).or(measure));
                }
            }
        }
        Self(known)
    }

    /// Whether a finding of the new object is news: not there before, or worse now.
    pub(crate) fn is_news(&self, finding: &Finding, object: &Value<'_>) -> bool {
        subjects(finding, object).into_iter().any(|(subject, measure)| match self.0.get(&subject) {
            None => true,
            Some(old) => measure.zip(*old).is_some_and(|(new, old)| new.is_worse_than(old)),
        })
    }
}

/// What a finding is about, each with how bad it is.
fn subjects(finding: &Finding, object: &Value<'_>) -> Vec<(Subject, Option<Measure>)> {
    let place = || names(&finding.at, object);
    if finding.measures.is_empty() {
        return vec![((finding.rule, place()), None)];
    }
    let subject = |aspect: &Option<String>| match aspect {
        Some(aspect) => vec![aspect.clone()],
        None => place(),
    };
    let measures = finding.measures.iter();
    measures.map(|(aspect, measure)| ((finding.rule, subject(aspect)), Some(*measure))).collect()
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
