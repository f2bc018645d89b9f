//! Merge keys: `<<: *defaults`, in the order of Go's yaml v2.
//!
//! A merge overrides what stands before it in the map, against the letter of YAML, and is overridden by what follows.

use std::borrow::Cow;
use std::collections::HashMap;

use memlint_kubernetes::object::Value;

use super::tree::{Kind, Style, Tag, Tree};

/// An entry of a map being built: where its key stands, or that a merge brought it.
pub(super) struct Entry<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) value: Value<'a>,
    /// The key's node; `None` if it was merged in.
    pub(super) node: Option<usize>,
}

/// Whether a node is the merge key `<<`.
pub(super) fn is_merge(tree: &Tree<'_>, key: usize) -> bool {
    tree.node(key).is_some_and(|node| {
        matches!(node.kind, Kind::Scalar | Kind::Composed)
            && tree.peek(key) == "<<"
            && match node.tag {
                Tag::None => node.style == Style::Plain,
                Tag::NonSpecific | Tag::Merge => true,
                _ => false,
            }
    })
}

/// The entries of a map that has merge keys.
#[derive(Default)]
pub(super) struct Merged<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    by_key: HashMap<String, usize>,
}

impl<'a> Merged<'a> {
    /// Adds an entry. It replaces one of the same key if a merge brought either; otherwise both stay, and the node of
    /// the one before is returned.
    pub(super) fn add(&mut self, entry: Entry<'a>) -> Option<usize> {
        let Some(position) = self.by_key.get(entry.key.as_ref()) else {
            self.by_key.insert(entry.key.to_string(), self.entries.len());
            self.entries.push(entry);
            return None;
        };
        let known = self.entries.get_mut(*position)?;
        match (known.node, entry.node) {
            (Some(first), Some(_)) => {
                self.by_key.insert(entry.key.to_string(), self.entries.len());
                self.entries.push(entry);
                Some(first)
            }
            _ => {
                *known = entry;
                None
            }
        }
    }
}
