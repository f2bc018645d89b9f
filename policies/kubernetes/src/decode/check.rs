//! [`check`]: every place where a value is not what its type asks for.
//!
//! The rules are those of `sigs.k8s.io/json`: names are case-sensitive, null is the zero value of everything, and
//! nothing is converted (no number for a string, no fraction for an integer).

use std::collections::HashSet;

use super::hint::{quantity_problem, unknown_field_help, wrong_type_help};
use super::schema::{Kind, Schema, Type};
use super::{Problem, ProblemKind, tell};
use crate::object::Value;
use crate::path::FieldPath;

/// How much of a value must be as the type says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leniency {
    /// All of it: the API server knows the type.
    #[default]
    Strict,
    /// Only the `resources` of containers, and what looks like them beside a container's name: the template of a
    /// custom resource, which may have fields of its own.
    CustomResource,
}

/// Everything wrong with a value of the type `type_name` (see [`type_of`](super::type_of), or the name of any type
/// below one of those: `PodSpec`, `PodTemplateSpec`), in the order of the text. Nothing, if the type is not known.
#[must_use]
pub fn check(value: &Value<'_>, type_name: &str, leniency: Leniency) -> Vec<Problem> {
    let schema = Schema::get();
    let Some(root) = schema.named(type_name) else { return Vec::new() };
    let strict = leniency == Leniency::Strict;
    let mut checker = Checker { schema, steps: Vec::new(), parents: Vec::new(), problems: Vec::new(), strict };
    checker.structure(value, root);
    checker.problems
}

enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

struct Checker<'v> {
    schema: &'static Schema,
    steps: Vec<Step<'v>>,
    /// The types on the way, for guesses about a field that stands too deep.
    parents: Vec<&'static Type>,
    problems: Vec<Problem>,
    /// Whether what is looked at must be exactly as the type says.
    strict: bool,
}

impl<'v> Checker<'v> {
    fn kind(&mut self, value: &'v Value<'_>, kind: &'static Kind) {
        match (kind, value) {
            (_, Value::Null)
            | (Kind::Any, _)
            | (Kind::String, Value::String(_))
            | (Kind::Bool, Value::Bool(_))
            | (Kind::Float, Value::Number(_)) => {}
            (Kind::List(item), Value::List(values)) => {
                for (index, value) in values.iter().enumerate() {
                    self.below(Step::Index(index), |this| this.kind(value, item));
                }
            }
            (Kind::Map(item), Value::Map(entries)) => {
                self.duplicates(value, None);
                for (key, value) in entries {
                    self.below(Step::Key(key), |this| this.kind(value, item));
                }
            }
            (Kind::Struct(index), _) => {
                if let Some(known) = self.schema.type_at(*index) {
                    self.structure(value, known);
                }
            }
            _ if !self.strict => {}
            (Kind::Int32 | Kind::IntOrString, Value::Number(text)) => {
                if text.parse::<i32>().is_err() {
                    self.wrong_number(text, "a whole number of 32 bits");
                }
            }
            (Kind::Int64, Value::Number(text)) => {
                if text.parse::<i64>().is_err() {
                    self.wrong_number(text, "a whole number of 64 bits");
                }
            }
            (Kind::Quantity, Value::String(text) | Value::Number(text)) => {
                let key = self.steps.iter().rev().find_map(|step| match step {
                    Step::Key(key) => Some(*key),
                    Step::Index(_) => None,
                });
                if let Some(problem) = quantity_problem(text, key.unwrap_or_default()) {
                    let at = self.path();
                    tell(&mut self.problems, Problem { at, ..problem });
                }
            }
            (Kind::IntOrString, Value::String(_)) => {}
            (Kind::Time, Value::String(text)) if is_rfc3339(text) => {}
            (Kind::Bytes, Value::String(text)) if is_base64(text) => {}
            (Kind::Time, Value::String(text)) => self.wrong_text(text, "a time such as 2026-01-31T12:00:00Z"),
            (Kind::Bytes, Value::String(text)) => self.wrong_text(text, "base64"),
            _ => self.wrong_type(value, kind),
        }
    }

    fn structure(&mut self, value: &'v Value<'_>, known: &'static Type) {
        let was_strict = self.strict;
        // In a custom template only a container's resources are sure to be Kubernetes' own.
        self.strict |= known.name == "ResourceRequirements" && self.parents.last().is_some_and(|p| is_container(p));
        match value {
            Value::Null => {}
            Value::Map(entries) => {
                self.duplicates(value, Some(known));
                self.parents.push(known);
                for (index, (key, value)) in entries.iter().enumerate() {
                    match known.field(key) {
                        Some(kind) => self.below(Step::Key(key), |this| this.kind(value, kind)),
                        None if entries.iter().take(index).any(|(earlier, _)| earlier == key) => {}
                        None => self.unknown_field(key, value, known),
                    }
                }
                self.parents.pop();
            }
            _ if self.strict => self.wrong_structure(value, known),
            _ => {}
        }
        self.strict = was_strict;
    }

    fn below(&mut self, step: Step<'v>, look: impl FnOnce(&mut Self)) {
        self.steps.push(step);
        look(self);
        self.steps.pop();
    }

    /// Keys that stand twice; in a structure only those it knows, as the others are reported anyway.
    fn duplicates(&mut self, map: &'v Value<'_>, known: Option<&Type>) {
        let entries = map.entries();
        // Few keys are the rule: comparing them is cheaper than a set.
        let repeated: Vec<&str> = if entries.len() <= 16 {
            let keys = entries.iter().enumerate();
            keys.filter(|(i, (key, _))| entries.iter().take(*i).any(|(k, _)| k == key))
                .map(|(_, (k, _))| &**k)
                .collect()
        } else {
            let mut seen = HashSet::new();
            entries.iter().map(|(key, _)| &**key).filter(|key| !seen.insert(*key)).collect()
        };
        let mut reported = HashSet::new();
        for key in repeated {
            if self.strict && known.is_none_or(|known| known.field(key).is_some()) && reported.insert(key) {
                let message = format!("{key} is given more than once, and only the last one counts");
                let problem = Problem::new(ProblemKind::DuplicateField, self.path().key(key), message);
                tell(&mut self.problems, problem.help(format!("keep one {key}")));
            }
        }
    }

    fn unknown_field(&mut self, key: &'v str, value: &Value<'_>, known: &'static Type) {
        let near_miss = is_container(known) && matches!(key, "limit" | "limits" | "request" | "requests" | "resource");
        let speaks = self.strict || near_miss && matches!(value, Value::Map(_));
        if !speaks {
            return;
        }
        let owner = self.steps.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(*key),
            Step::Index(_) => None,
        });
        let message = match owner {
            Some(owner) => format!("unknown field {key} in {owner}"),
            None => format!("unknown field {key}"),
        };
        let parent = self.parents.len().checked_sub(2).and_then(|index| self.parents.get(index)).copied();
        let help = unknown_field_help(self.schema, key, known, parent);
        let problem = Problem::new(ProblemKind::UnknownField, self.path().key(key), message);
        tell(&mut self.problems, Problem { help, ..problem });
    }

    fn wrong_type(&mut self, value: &Value<'_>, kind: &Kind) {
        let expected = match kind {
            Kind::List(_) => "a list",
            Kind::Map(_) | Kind::Struct(_) => "a map",
            Kind::Bool => "true or false",
            Kind::Int32 | Kind::Int64 => "a whole number",
            Kind::Float => "a number",
            Kind::Quantity => "a quantity such as 512Mi",
            Kind::IntOrString => "a whole number or a string",
            Kind::Time => "a time such as 2026-01-31T12:00:00Z",
            Kind::String | Kind::Bytes | Kind::Any => "a string",
        };
        self.mismatch(found(value), expected, wrong_type_help(value, kind));
    }

    fn wrong_structure(&mut self, value: &Value<'_>, known: &Type) {
        let help = match (known.name, value) {
            ("ResourceRequirements", _) => Some("write requests: and limits: as keys below it".to_owned()),
            (_, Value::List(_)) => Some("take the dash away: write the fields as keys below it".to_owned()),
            _ => None,
        };
        self.mismatch(found(value), "a map", help);
    }

    fn wrong_number(&mut self, text: &str, expected: &str) {
        self.mismatch(text.to_owned(), expected, None);
    }

    fn wrong_text(&mut self, text: &str, expected: &str) {
        self.mismatch(format!("{text:?}"), expected, None);
    }

    fn mismatch(&mut self, found: String, expected: &str, help: Option<String>) {
        let path = self.path();
        let name = path.last_key().unwrap_or("an item of the list").to_owned();
        let message = format!("{name} is {found}, but {expected} is expected");
        tell(&mut self.problems, Problem { help, ..Problem::new(ProblemKind::WrongType, path, message) });
    }

    fn path(&self) -> FieldPath {
        let mut path = FieldPath::root();
        for step in &self.steps {
            match step {
                Step::Key(key) => path.push_key(*key),
                Step::Index(index) => path.push_index(*index),
            }
        }
        path
    }
}

fn is_container(known: &Type) -> bool {
    matches!(known.name, "Container" | "EphemeralContainer")
}

/// What stands there, briefly: `a list`, `the string "5"`.
fn found(value: &Value<'_>) -> String {
    match value {
        Value::String(text) if text.chars().count() <= 40 => format!("the string {text:?}"),
        Value::Number(text) if text.len() <= 40 => format!("the number {text}"),
        Value::Bool(value) => format!("the boolean {value}"),
        other => other.describe().to_owned(),
    }
}

/// The times that Go's `time.RFC3339` reads.
fn is_rfc3339(text: &str) -> bool {
    let shape = |c: char, template: char| if template == '0' { c.is_ascii_digit() } else { c == template };
    let template = "0000-00-00T00:00:00";
    let matches = text.len() > template.len() && text.chars().zip(template.chars()).all(|(c, t)| shape(c, t));
    matches && text.parse::<jiff::Timestamp>().is_ok()
}

/// Padded base64 of the standard alphabet, line breaks allowed, as Go's `base64.StdEncoding` reads it.
fn is_base64(text: &str) -> bool {
    let digits: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let padding = digits.iter().rev().take_while(|b| **b == b'=').count();
    let body = digits.iter().take(digits.len() - padding);
    digits.len().is_multiple_of(4)
        && padding <= 2
        && body.into_iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}
