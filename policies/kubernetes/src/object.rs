//! [`Value`]: a Kubernetes object as it was written, before any type is imposed on it.
//!
//! It keeps what a typed decode would lose: the order of keys, duplicate keys, nulls, the exact text of numbers,
//! and everything of the wrong type. Strings are borrowed from the text where the reader can.

mod json;

use std::borrow::Cow;

use crate::path::{FieldPath, Segment};

/// A YAML or JSON value, read as Kubernetes reads it (`yes` is a boolean, `0777` is 511).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// Nothing, `null`, `~`.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, as JSON text that keeps every digit.
    Number(Cow<'a, str>),
    /// A string.
    String(Cow<'a, str>),
    /// A list.
    List(Vec<Value<'a>>),
    /// A map in the order of the text. A key that stands twice is here twice; the last one counts.
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// The value of a key, if this is a map that has it. Of duplicates, the last.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries().iter().rev().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// The value at a path below this one, if it is all there.
    #[must_use]
    pub fn at(&self, path: &FieldPath) -> Option<&Value<'a>> {
        path.segments().iter().try_fold(self, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.items().get(*index),
        })
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a map, in the order of the text; none if this is no map.
    #[must_use]
    pub fn entries(&self) -> &[(Cow<'a, str>, Value<'a>)] {
        match self {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none if this is no list.
    #[must_use]
    pub fn items(&self) -> &[Value<'a>] {
        match self {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// What this is, for a message: `a list`, `a string`.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}
