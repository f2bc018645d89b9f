//! Strict decoding: what the API server says of an object before it looks at what the object means.
//!
//! [`check`] finds every unknown field, duplicate field and value of the wrong type, where the API server
//! (`sigs.k8s.io/json` under `fieldValidation=Strict`, as `kubectl apply` asks for) stops at the first.
//! [`from_value`] and [`from_value_pruned`] turn the same value into k8s-openapi's types. What the values mean
//! together is the business of [`crate::validation`].

mod check;
mod de;
mod hint;
mod schema;
use std::cmp::Ordering;

use crate::path::FieldPath;

pub use check::{Leniency, check};
pub use de::from_value_pruned;
pub use de::{DecodeError, from_value};
pub use hint::quantity_suggestion;
pub use schema::type_of;

/// What is wrong at one place of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// A field that the type does not have. The API server refuses it, or silently drops it when asked leniently.
    UnknownField,
    /// A key that stands twice in one map.
    DuplicateField,
    /// A list for a map, a string for a number, and their like.
    WrongType,
    /// A text that is no quantity.
    InvalidQuantity,
    /// A value of the right type that the API server refuses for what it means.
    Invalid,
}

/// One thing that the API server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing is wrong.
    pub kind: ProblemKind,
    /// The field: for an unknown field, that of the unknown key itself.
    pub at: FieldPath,
    /// What is wrong, with names and numbers.
    pub message: String,
    /// What to type instead.
    pub help: Option<String>,
    /// The text to put in the place of a bad quantity, where only one can be meant.
    pub suggestion: Option<String>,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, at: FieldPath, message: impl Into<String>) -> Self {
        Self { kind, at, message: message.into(), help: None, suggestion: None }
    }

    pub(crate) fn invalid(at: FieldPath, message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid, at, message)
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// The most problems that one look at an object tells of. Nobody reads more, and each takes its room.
const MOST_PROBLEMS: usize = 1_000;

/// Adds a problem, or says that there are too many.
pub(crate) fn tell(problems: &mut Vec<Problem>, problem: Problem) {
    match problems.len().cmp(&MOST_PROBLEMS) {
        Ordering::Less => problems.push(problem),
        Ordering::Equal => {
            let message = format!("there are more than {MOST_PROBLEMS} problems here, and the others are not told");
            problems.push(Problem::invalid(FieldPath::root(), message).help("mend these first"));
        }
        Ordering::Greater => {}
    }
}

#[cfg(test)]
mod tests;
