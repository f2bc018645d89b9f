//! A serde [`Deserializer`] over [`Value`]: from what was written to k8s-openapi's types.
//!
//! As for the API server, null is the zero value of everything. Numbers keep their text for quantities. It never
//! recurses into what no type asks for, so that the depth of a value is no danger.
use std::collections::HashMap;
use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::{Problem, ProblemKind};
use crate::object::Value;
use crate::path::{FieldPath, Segment};

/// The first place where a value could not be turned into a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct DecodeError {
    /// The field.
    pub at: FieldPath,
    message: String,
}

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { at: FieldPath::root(), message: message.to_string() }
    }
}

impl DecodeError {
    fn below(mut self, segment: Segment) -> Self {
        let mut prefix = FieldPath::root();
        match segment {
            Segment::Key(key) => prefix.push_key(key),
            Segment::Index(index) => prefix.push_index(index),
        }
        self.at = self.at.below(&prefix);
        self
    }
}

/// Turns a value into a type.
///
/// # Errors
/// At the first value that does not have the type it must have. Fields that the type does not know are passed over.
pub fn from_value<T: DeserializeOwned>(value: &Value<'_>) -> Result<T, DecodeError> {
    T::deserialize(Decoder { value, cut: None, depth: 0, lossy: false })
}

/// How deep a value may be where a type takes anything.
const MAX_DEPTH: u16 = 120;

#[derive(Clone, Copy)]
pub(super) struct Decoder<'v> {
    pub(super) value: &'v Value<'v>,
    /// What is to be read as if it were not there.
    pub(super) cut: Option<&'v Cut>,
    pub(super) depth: u16,
    /// Whether a value of the wrong type is read as the zero value.
    pub(super) lossy: bool,
}

static NULL: Value<'static> = Value::Null;

impl<'v> Decoder<'v> {
    fn wrong(&self, expected: &str) -> DecodeError {
        serde::de::Error::custom(format_args!("{} where {expected} is expected", self.value.describe()))
    }

    /// The text of a scalar for quantities and times: that of a number as it was written.
    fn text(&self) -> Option<&'v str> {
        match self.value {
            Value::String(text) | Value::Number(text) => Some(text),
            _ => None,
        }
    }

    fn integer<T: std::str::FromStr + Default>(&self) -> Result<T, DecodeError> {
        match self.value {
            Value::Null => Ok(T::default()),
            Value::Number(text) => match text.parse() {
                Err(_) if self.lossy => Ok(T::default()),
                number => number
                    .map_err(|_| serde::de::Error::custom(format_args!("{text} where a whole number is expected"))),
            },
            _ if self.lossy => Ok(T::default()),
            _ => Err(self.wrong("a whole number")),
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            visitor.$visit(self.integer()?)
        }
    )*};
}

macro_rules! same_as {
    ($($method:ident $other:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.$other(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Decoder<'_> {
    type Error = DecodeError;

    same_as! {
        deserialize_char deserialize_str deserialize_string deserialize_str deserialize_bytes deserialize_str
        deserialize_byte_buf deserialize_str deserialize_identifier deserialize_str deserialize_f32 deserialize_f64
    }

    integers! {
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32 deserialize_u64 visit_u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.depth > MAX_DEPTH {
            return Err(serde::de::Error::custom("nested too deep"));
        }
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(text) => visitor.visit_str(text),
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
            Value::Number(text) => match (text.parse::<i64>(), text.parse::<u64>()) {
                (Ok(number), _) => visitor.visit_i64(number),
                (_, Ok(number)) => visitor.visit_u64(number),
                _ => self.deserialize_f64(visitor),
            },
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Null => visitor.visit_bool(false),
            _ if self.lossy => visitor.visit_bool(false),
            _ => Err(self.wrong("a boolean")),
        }
    }

    // No type that memlint judges by holds a float; only what takes any value comes here.
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Number(text) => visitor.visit_f64(text.parse().unwrap_or_default()),
            Value::Null => visitor.visit_f64(0.0),
            _ if self.lossy => visitor.visit_f64(0.0),
            _ => Err(self.wrong("a number")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::String(text) => visitor.visit_str(text),
            Value::Null => visitor.visit_str(""),
            _ if self.lossy => visitor.visit_str(self.text().unwrap_or_default()),
            _ => Err(self.wrong("a string")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    /// Quantities and times are newtypes in k8s-openapi, known here by their names.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match (name, self.text()) {
            ("Quantity", Some(text)) => visitor.visit_newtype_struct(StrDeserializer::new(text)),
            ("Quantity", None) if self.lossy || self.value.is_null() => {
                visitor.visit_newtype_struct(StrDeserializer::new("0"))
            }
            ("Quantity", None) => Err(self.wrong("a quantity")),
            ("Time" | "MicroTime", Some(text)) if !self.lossy || text.parse::<jiff::Timestamp>().is_ok() => {
                visitor.visit_newtype_struct(StrDeserializer::new(text))
            }
            ("Time" | "MicroTime", _) if self.lossy || self.value.is_null() => {
                visitor.visit_newtype_struct(StrDeserializer::new("0001-01-01T00:00:00Z"))
            }
            ("Time" | "MicroTime", _) => Err(self.wrong("a time")),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::List(items) => visitor.visit_seq(Items { items: items.iter().enumerate(), parent: self }),
            Value::Null => visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<&str>())),
            _ if self.lossy => visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<&str>())),
            _ => Err(self.wrong("a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Map(entries) => visitor.visit_map(Entries { entries: entries.iter(), next: None, parent: self }),
            Value::Null => visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, &str)>())),
            _ if self.lossy => visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, &str)>())),
            _ => Err(self.wrong("a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_enum(self.text().unwrap_or_default().into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 }
}

struct Items<'v> {
    items: std::iter::Enumerate<std::slice::Iter<'v, Value<'v>>>,
    parent: Decoder<'v>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some((index, value)) = self.items.next() else { return Ok(None) };
        let cut = self.parent.cut.and_then(|cut| cut.item(index));
        // An item cannot be taken out: the others would move.
        let value = if cut.is_some_and(Cut::is_whole) { &NULL } else { value };
        let item = Decoder { value, cut, depth: self.parent.depth + 1, ..self.parent };
        seed.deserialize(item).map(Some).map_err(|error| error.below(Segment::Index(index)))
    }
}

struct Entries<'v> {
    entries: std::slice::Iter<'v, (std::borrow::Cow<'v, str>, Value<'v>)>,
    next: Option<(&'v str, Decoder<'v>)>,
    parent: Decoder<'v>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        for (key, value) in self.entries.by_ref() {
            let cut = self.parent.cut.and_then(|cut| cut.key(key));
            if !cut.is_some_and(Cut::is_whole) {
                self.next = Some((key, Decoder { value, cut, depth: self.parent.depth + 1, ..self.parent }));
                return seed.deserialize(StrDeserializer::new(key)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        let (key, value) = self.next.take().unwrap_or(("", Decoder { value: &NULL, ..self.parent }));
        seed.deserialize(value).map_err(|error| error.below(Segment::Key(key.into())))
    }
}

/// Turns a value into a type, passing over the places with problems: a key of a map is left out, an item of a list
/// is its zero value. Values of the wrong type that no problem names count as zero values.
///
/// # Errors
/// When the root itself is of another kind than the type (`apiVersion` and `kind` differ).
pub fn from_value_pruned<T: DeserializeOwned>(value: &Value<'_>, problems: &[Problem]) -> Result<T, DecodeError> {
    let mut cut = Cut::default();
    let unreadable = |problem: &&Problem| matches!(problem.kind, ProblemKind::WrongType | ProblemKind::InvalidQuantity);
    problems.iter().filter(unreadable).for_each(|problem| cut.add(&problem.at));
    // Few types refuse more than the lossy reading lets through; each such place is cut out in turn.
    for _ in 0..16 {
        match T::deserialize(Decoder { value, cut: Some(&cut), depth: 0, lossy: true }) {
            Err(error) if error.at != FieldPath::root() => cut.add(&error.at),
            result => return result,
        }
    }
    T::deserialize(Decoder { value, cut: Some(&cut), depth: 0, lossy: true })
}

/// Places to leave out, as a tree.
#[derive(Debug, Default)]
pub(super) struct Cut {
    whole: bool,
    below: HashMap<Segment, Cut>,
}

impl Cut {
    fn add(&mut self, path: &FieldPath) {
        let place = path.segments().iter().fold(self, |cut, segment| cut.below.entry(segment.clone()).or_default());
        place.whole = true;
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    pub(super) fn key(&self, key: &str) -> Option<&Cut> {
        if self.below.is_empty() { None } else { self.below.get(&Segment::Key(key.into())) }
    }

    pub(super) fn item(&self, index: usize) -> Option<&Cut> {
        self.below.get(&Segment::Index(index))
    }
}
