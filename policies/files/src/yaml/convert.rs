//! From the span tree to the [`Value`] that Kubernetes would see: scalars resolved, aliases expanded, maps merged.
//!
//! Aliases make a small text stand for a huge value. Their expansion is limited by the rule of Go's yaml v2, which
//! bounds time and memory; nesting is limited as in the text itself.

use std::borrow::Cow;
use std::collections::HashMap;

use memlint_kubernetes::object::Value;

use super::merge::{Entry, Merged, is_merge};
use super::problem::Fault;
use super::scalar::{self, Meaning};
use super::tree::{Kind, MAX_DEPTH, Style, Tree, too_deep};

/// A key that stands twice in one map: the nodes of both keys.
#[derive(Debug)]
pub(super) struct Repeated {
    pub(super) first: usize,
    pub(super) again: usize,
}

/// The value of a tree, and the keys that are repeated in it.
pub(super) fn convert<'a>(tree: &Tree<'a>) -> Result<(Value<'a>, Vec<Repeated>), Fault> {
    let mut converter = Converter { tree, depth: 0, decoded: 1, aliased: 0, alias_depth: 0, repeated: Vec::new() };
    let value = converter.value(0)?;
    converter.repeated.sort_unstable_by_key(|repeated| repeated.again);
    Ok((value, converter.repeated))
}

/// Maps up to this size are searched for repeated keys one by one.
const SMALL: usize = 12;

struct Converter<'t, 'a> {
    tree: &'t Tree<'a>,
    depth: usize,
    /// Values made so far, and how many of them by aliases.
    decoded: u64,
    aliased: u64,
    alias_depth: usize,
    repeated: Vec<Repeated>,
}

impl<'a> Converter<'_, 'a> {
    fn value(&mut self, index: usize) -> Result<Value<'a>, Fault> {
        self.count(index)?;
        let Some(node) = self.tree.node(index) else {
            return Ok(Value::Null);
        };
        match node.kind {
            Kind::Scalar | Kind::Composed => self.scalar(index),
            Kind::Alias => {
                self.alias_depth += 1;
                let value = self.value(self.tree.target(index));
                self.alias_depth -= 1;
                value
            }
            Kind::List => self.nested(index, Self::list),
            Kind::Map => self.nested(index, Self::map),
        }
    }

    fn nested(
        &mut self,
        index: usize,
        read: fn(&mut Self, usize) -> Result<Value<'a>, Fault>,
    ) -> Result<Value<'a>, Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(too_deep(self.start(index)));
        }
        self.depth += 1;
        let value = read(self, index);
        self.depth -= 1;
        value
    }

    fn list(&mut self, index: usize) -> Result<Value<'a>, Fault> {
        // Counted first: most lists and maps are small, and growing them would waste half of the memory.
        let mut items = Vec::with_capacity(self.tree.children(index).count());
        for child in self.tree.children(index) {
            items.push(self.value(child)?);
        }
        Ok(Value::List(items))
    }

    fn map(&mut self, index: usize) -> Result<Value<'a>, Fault> {
        let tree = self.tree;
        if tree.entries(index).any(|(key, _)| is_merge(tree, key)) {
            let mut merged = Merged::default();
            self.merge_map(index, &mut merged, false)?;
            let entries = merged.entries.into_iter().map(|entry| (entry.key, entry.value));
            return Ok(Value::Map(entries.collect()));
        }
        let mut entries = Vec::with_capacity(tree.entries(index).count());
        for (key, value) in tree.entries(index) {
            entries.push((self.key(key)?, self.value(value)?));
        }
        if self.alias_depth == 0 {
            self.note_repeated(index, &entries);
        }
        Ok(Value::Map(entries))
    }

    /// Adds the entries of a map with merge keys in their order: as Go's reader has it, a merge overrides what stands
    /// before it, and is overridden by what follows.
    fn merge_map(&mut self, index: usize, into: &mut Merged<'a>, merging: bool) -> Result<(), Fault> {
        let tree = self.tree;
        for (key, value) in tree.entries(index) {
            if is_merge(tree, key) {
                self.merge(value, into)?;
                continue;
            }
            let entry = Entry { key: self.key(key)?, value: self.value(value)?, node: (!merging).then_some(key) };
            if let Some(first) = into.add(entry)
                && self.alias_depth == 0
            {
                self.repeated.push(Repeated { first, again: key });
            }
        }
        Ok(())
    }

    /// Merges a map, an alias of one, or a list of those, of which the first counts most.
    fn merge(&mut self, index: usize, into: &mut Merged<'a>) -> Result<(), Fault> {
        if self.tree.node(index).is_some_and(|node| node.kind == Kind::List) {
            let sources: Vec<usize> = self.tree.children(index).collect();
            return sources.into_iter().rev().try_for_each(|source| self.merge_one(source, into));
        }
        self.merge_one(index, into)
    }

    fn merge_one(&mut self, index: usize, into: &mut Merged<'a>) -> Result<(), Fault> {
        self.count(index)?;
        let target = self.tree.target(index);
        if self.tree.node(target).is_none_or(|node| node.kind != Kind::Map) {
            let fault = Fault::new(self.start(index), "a merge key << takes a map, or a list of maps");
            return Err(fault.help("name the anchor of a map, as in <<: *defaults"));
        }
        if self.depth >= MAX_DEPTH {
            return Err(too_deep(self.start(index)));
        }
        let aliased = usize::from(target != index);
        self.alias_depth += aliased;
        self.depth += 1;
        if aliased > 0 {
            self.count(target)?;
        }
        let merged = self.merge_map(target, into, true);
        self.depth -= 1;
        self.alias_depth -= aliased;
        merged
    }

    fn scalar(&self, index: usize) -> Result<Value<'a>, Fault> {
        let Some(node) = self.tree.node(index) else {
            return Ok(Value::Null);
        };
        if node.style == Style::JsonNumber {
            return Ok(Value::Number(self.tree.text(index)));
        }
        let meaning = scalar::meaning(self.tree.peek(index), node.style, node.tag);
        match meaning.map_err(|tag| self.misfit(index, tag))? {
            Meaning::Null => Ok(Value::Null),
            Meaning::Bool(value) => Ok(Value::Bool(value)),
            Meaning::String => Ok(Value::String(self.tree.text(index))),
            Meaning::Number(number) => number.json(self.tree.text(index)).map(Value::Number).ok_or_else(|| {
                let fault = Fault::new(node.start(), "infinity and NaN are no values in Kubernetes");
                fault.help("write a finite number, or put it in quotes if it is text")
            }),
            Meaning::Binary => scalar::decode_base64(self.tree.peek(index))
                .map(|text| Value::String(Cow::Owned(text)))
                .ok_or_else(|| self.misfit(index, "!!binary")),
        }
    }

    fn misfit(&self, index: usize, tag: &str) -> Fault {
        let needs = if tag == "!!binary" { "base64" } else { tag.trim_start_matches('!') };
        Fault::new(self.start(index), format!("the tag {tag} stands before a value that is no {needs}"))
            .help("remove the tag")
    }

    fn key(&mut self, index: usize) -> Result<Cow<'a, str>, Fault> {
        self.count(index)?;
        let target = self.tree.target(index);
        if target != index {
            self.count(target)?;
        }
        let text = self.tree.text(target);
        let what = match self.tree.node(target) {
            Some(node) if node.kind == Kind::Map => "a map",
            Some(node) if node.kind == Kind::List => "a list",
            Some(node) => match scalar::key(text, node.style, node.tag) {
                Ok(key) => return Ok(key),
                Err(what) if what.starts_with("!!") => return Err(self.misfit(target, what)),
                Err(what) => what,
            },
            None => return Ok(text),
        };
        let fault = Fault::new(self.start(index), format!("a key of a map must be a string, and this is {what}"));
        Err(fault.help("put the key in quotes"))
    }

    /// Counts a value, and refuses when too many of them come from aliases.
    fn count(&mut self, index: usize) -> Result<(), Fault> {
        self.decoded += 1;
        if self.alias_depth == 0 {
            return Ok(());
        }
        self.aliased += 1;
        if self.aliased > 100 && self.decoded > 1000 && blows_up(self.aliased, self.decoded) {
            let fault = Fault::new(self.start(index), "aliases blow this document up to many times its size");
            return Err(fault.help("write the values out, or use fewer aliases of aliases"));
        }
        Ok(())
    }

    fn start(&self, index: usize) -> usize {
        self.tree.node(index).map_or(0, super::tree::Node::start)
    }

    fn note_repeated(&mut self, map: usize, entries: &[(Cow<'a, str>, Value<'a>)]) {
        let mut seen = HashMap::new();
        let mut repeated = Vec::new();
        for (position, (key, _)) in entries.iter().enumerate() {
            let first = if entries.len() <= SMALL {
                entries.iter().take(position).position(|(other, _)| other == key)
            } else {
                let first = *seen.entry(key.as_ref()).or_insert(position);
                (first != position).then_some(first)
            };
            repeated.extend(first.map(|first| (first, position)));
        }
        if repeated.is_empty() {
            return;
        }
        let keys: Vec<usize> = self.tree.entries(map).map(|(key, _)| key).collect();
        let nodes = repeated.into_iter().filter_map(|(first, again)| Some((*keys.get(first)?, *keys.get(again)?)));
        self.repeated.extend(nodes.map(|(first, again)| Repeated { first, again }));
    }
}

/// Whether aliases make up more of a document than Go's yaml v2 lets them: nearly all of a small document, a tenth of
/// a large one.
fn blows_up(aliased: u64, decoded: u64) -> bool {
    const LOW: u64 = 400_000;
    const HIGH: u64 = 4_000_000;
    const RANGE: u128 = (HIGH - LOW) as u128;
    // The share that is allowed, in hundredths of RANGE.
    let above = u128::from(decoded.clamp(LOW, HIGH) - LOW);
    let allowed = 99 * RANGE - 89 * above;
    u128::from(aliased) * 100 * RANGE > u128::from(decoded) * allowed
}
