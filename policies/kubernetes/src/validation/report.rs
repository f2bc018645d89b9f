//! Collects problems, and words the ones that come up everywhere.

use crate::decode::{Problem, tell};
use crate::path::FieldPath;

/// What is wrong with a text, in words that follow it.
pub(super) type Fault = fn(&str) -> Option<String>;

#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) problems: Vec<Problem>,
}

impl Report {
    pub(super) fn add(&mut self, at: FieldPath, message: impl Into<String>) {
        tell(&mut self.problems, Problem::invalid(at, message));
    }

    pub(super) fn add_help(&mut self, at: FieldPath, message: impl Into<String>, help: impl Into<String>) {
        tell(&mut self.problems, Problem::invalid(at, message).help(help));
    }

    /// A field that must be there; returns whether it is.
    pub(super) fn required(&mut self, is_there: bool, at: impl FnOnce() -> FieldPath) -> bool {
        if !is_there {
            let at = at();
            let name = at.last_key().unwrap_or("a value").to_owned();
            self.add(at, format!("{name} is missing"));
        }
        is_there
    }

    /// A text that must follow a grammar.
    pub(super) fn fault(&mut self, text: &str, fault: Fault, at: impl FnOnce() -> FieldPath) {
        if let Some(fault) = fault(text) {
            self.add(at(), format!("\"{}\" {fault}", text.escape_debug()));
        }
    }

    /// A text that must be there and follow a grammar.
    pub(super) fn required_name(&mut self, text: &str, fault: Fault, at: impl Fn() -> FieldPath) {
        if self.required(!text.is_empty(), &at) {
            self.fault(text, fault, at);
        }
    }

    /// One of several words.
    pub(super) fn one_of(&mut self, text: &str, allowed: &[&str], at: impl FnOnce() -> FieldPath) {
        if allowed.contains(&text) {
            return;
        }
        let message = format!("\"{}\" is none of {}", text.escape_debug(), allowed.join(", "));
        let near = |word: &&&str| strsim::jaro_winkler(&word.to_lowercase(), &text.to_lowercase()) > 0.8;
        match allowed.iter().filter(|word| !word.is_empty()).find(near) {
            Some(word) => self.add_help(at(), message, format!("did you mean {word}?")),
            None => self.add(at(), message),
        }
    }

    /// A number between two others.
    pub(super) fn range(&mut self, value: i64, min: i64, max: i64, at: impl FnOnce() -> FieldPath) {
        if !(min..=max).contains(&value) {
            let at = at();
            let name = at.last_key().unwrap_or("it").to_owned();
            self.add(at, format!("{name} is {value}, but must be from {min} to {max}"));
        }
    }

    /// A number that is not below zero.
    pub(super) fn not_negative(&mut self, value: Option<impl Into<i64>>, at: impl FnOnce() -> FieldPath) {
        if let Some(value) = value.map(Into::into)
            && value < 0
        {
            let at = at();
            let name = at.last_key().unwrap_or("it").to_owned();
            self.add(at, format!("{name} is {value}, but must not be negative"));
        }
    }
}
