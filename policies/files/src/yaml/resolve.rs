//! From a field path to the place in the text where the field's value is written.

use memlint_kubernetes::path::{FieldPath, Segment};

use super::merge::is_merge;
use super::scalar;
use super::tree::{Kind, Tree};

/// Nodes at the end of a path, as far as it exists.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    /// The node of the key, if the value is one of a map.
    pub(super) key: Option<usize>,
    /// The node of the value, never an alias.
    pub(super) value: usize,
    /// Where the document makes use of it: the alias or merge key nearest to the value that the path went through.
    pub(super) used_at: Option<usize>,
    /// How many steps of the path exist.
    pub(super) depth: usize,
}

/// Walks down a path as far as it exists.
pub(super) fn resolve(tree: &Tree<'_>, path: &FieldPath) -> Found {
    let mut found = step_into(tree, Found::default(), 0, None);
    for segment in path.segments() {
        let next = match segment {
            Segment::Key(key) => entry(tree, found.value, key),
            Segment::Index(index) => item(tree, found.value, *index),
        };
        let Some(next) = next else { break };
        let depth = found.depth + 1;
        let outer = found.used_at;
        found = step_into(tree, found, next.value, next.key);
        found.used_at = next.used_at.or(found.used_at).or(outer);
        found.depth = depth;
    }
    found
}

/// One step of a path, before its alias is followed.
struct Step {
    key: Option<usize>,
    value: usize,
    used_at: Option<usize>,
}

fn step_into(tree: &Tree<'_>, found: Found, value: usize, key: Option<usize>) -> Found {
    let target = tree.target(value);
    // An alias's target may not be an alias: YAML has no anchor on an alias.
    Found { key, value: target, used_at: (target != value).then_some(value).or(found.used_at), depth: found.depth }
}

fn item(tree: &Tree<'_>, list: usize, index: usize) -> Option<Step> {
    if tree.node(list)?.kind != Kind::List {
        return None;
    }
    let value = tree.children(list).nth(index)?;
    Some(Step { key: None, value, used_at: None })
}

/// The entry that decides a key of a map: the last of those written and merged.
fn entry(tree: &Tree<'_>, map: usize, wanted: &str) -> Option<Step> {
    if tree.node(map)?.kind != Kind::Map {
        return None;
    }
    let mut decisive = None;
    for (key, value) in tree.entries(map) {
        if is_merge(tree, key) {
            decisive = merged(tree, value, wanted).or(decisive);
        } else if is_key(tree, key, wanted) {
            decisive = Some(Step { key: Some(key), value, used_at: None });
        }
    }
    decisive
}

/// The entry that a merge key's value brings.
fn merged(tree: &Tree<'_>, value: usize, wanted: &str) -> Option<Step> {
    let from = |source: usize| {
        let mut step = entry(tree, tree.target(source), wanted)?;
        step.used_at = Some(source);
        Some(step)
    };
    match tree.node(value)?.kind {
        Kind::List => tree.children(value).find_map(from),
        _ => from(value),
    }
}

fn is_key(tree: &Tree<'_>, key: usize, wanted: &str) -> bool {
    let key = tree.target(key);
    tree.node(key).is_some_and(|node| match scalar::key(tree.peek(key).into(), node.style, node.tag) {
        Ok(text) => text == wanted,
        Err(_) => false,
    })
}
