//! [`Account`]: how many amounts of memory are written, and how many of them were judged.
//!
//! An amount is what stands under `memory` in a map of requests or limits. It is judged if a rule has seen it: in a Pod
//! template, in a resource block, in something that was rendered. It is unknown if it is a placeholder.

use std::collections::BTreeMap;
use std::sync::Arc;

use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::placeholder::is_placeholder;

/// Amounts of memory.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Account {
    /// All that are written.
    pub written: usize,
    /// Those that rules have seen.
    pub judged: usize,
    /// Those that are not known yet.
    pub unknown: usize,
    /// How many are neither, by file and by what holds them.
    pub rest: BTreeMap<(Arc<str>, String), usize>,
}

impl Account {
    /// Adds the amounts of a value. `is_judged` says which were seen; `holder` is what they stand in.
    pub(super) fn add(
        &mut self,
        file: &Arc<str>,
        value: &Value<'_>,
        holder: &str,
        is_judged: &dyn Fn(&FieldPath) -> bool,
    ) {
        let mut amounts = Vec::new();
        find(value, &FieldPath::root(), &mut amounts);
        for (at, is_unknown) in amounts {
            self.written += 1;
            if is_unknown {
                self.unknown += 1;
            } else if is_judged(&at) {
                self.judged += 1;
            } else {
                *self.rest.entry((file.clone(), holder.to_owned())).or_default() += 1;
            }
        }
    }

    /// Adds what another part of the run has counted.
    pub(super) fn merge(&mut self, other: Self) {
        self.written += other.written;
        self.judged += other.judged;
        self.unknown += other.unknown;
        for (key, count) in other.rest {
            *self.rest.entry(key).or_default() += count;
        }
    }
}

/// The amounts in a value, each with whether it is a placeholder.
fn find(value: &Value<'_>, at: &FieldPath, found: &mut Vec<(FieldPath, bool)>) {
    for (index, item) in value.items().iter().enumerate() {
        find(item, &at.index(index), found);
    }
    for (key, child) in value.entries() {
        let here = at.key(key.as_ref());
        if matches!(key.as_ref(), "requests" | "limits")
            && let Some(memory) = child.get("memory")
        {
            match memory {
                Value::String(text) => found.push((here.key("memory"), is_placeholder(text))),
                Value::Number(_) => found.push((here.key("memory"), false)),
                _ => {}
            }
        } else {
            find(child, &here, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use memlint_files::yaml::{parse, split};

    use super::Account;

    #[test]
    fn amounts_are_counted() {
        let text =
            "a: {requests: {memory: 1Gi, cpu: 1}, limits: {memory: '${M}'}}\nb: [{limits: {memory: 2}}]\nmemory: 3\n";
        let document = parse(split(text)[0]).expect("YAML");
        let mut account = Account::default();
        account.add(&"x.yaml".into(), document.value(), "a document", &|at| at.to_string().starts_with('a'));
        assert_eq!((account.written, account.judged, account.unknown), (3, 1, 1));
        assert_eq!(account.rest.values().sum::<usize>(), 1);
    }
}
