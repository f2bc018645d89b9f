//! Decoding around what is broken: the rest of a Pod is judged even where one field of it cannot be read.

use std::collections::HashMap;

use serde::de::DeserializeOwned;

use super::de::{DecodeError, Decoder};
use super::{Problem, ProblemKind};
use crate::object::Value;
use crate::path::{FieldPath, Segment};

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
