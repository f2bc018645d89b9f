//! The first step of reading: every place where a file does not have the shape of its fields.

use memlint_kubernetes::decode::{self, Leniency};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::spelling::nearest;

use super::fields::{EFFECTS, Field, Kind};
use crate::error::CapacityError;
use crate::sizing::{KubernetesVersion, Percent};

/// Collects mistakes.
#[derive(Debug, Default)]
pub(super) struct Checker {
    pub(super) errors: Vec<CapacityError>,
}

impl Checker {
    /// Notes a mistake in a value.
    pub(super) fn error(&mut self, at: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        let (message, help) = (message.into(), help.into());
        self.errors.push(CapacityError { origin: None, at: at.clone(), on_key: false, message, help });
    }

    /// Checks a map with known keys.
    pub(super) fn map(&mut self, value: &Value<'_>, fields: &'static [Field], at: &FieldPath, what: &str) {
        if !matches!(value, Value::Map(_)) {
            self.error(at, format!("{what} is a map, this is {}", value.describe()), "write it as keys and values");
            return;
        }
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in value.entries() {
            let place = at.key(key.as_ref());
            let Some(field) = fields.iter().find(|field| field.name == key) else {
                let names = fields.iter().map(|field| field.name);
                let help = match nearest(key, names.clone()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("{what} has {}", names.collect::<Vec<_>>().join(", ")),
                };
                self.key_error(&place, format!("unknown key {key}"), help);
                continue;
            };
            if seen.contains(&field.name) {
                self.key_error(&place, format!("{key} stands here twice"), "keep one of them");
                continue;
            }
            seen.push(field.name);
            self.field(value, &field.kind, &place);
        }
        for field in fields.iter().filter(|field| field.required) {
            if value.get(field.name).is_none_or(Value::is_null) {
                let help = match field.kind {
                    Kind::Constant(text) => format!("write {}: {text}", field.name),
                    _ => format!("write {}", field.name),
                };
                self.error(at, format!("{what} has no {}", field.name), help);
            }
        }
    }

    fn field(&mut self, value: &Value<'_>, kind: &'static Kind, at: &FieldPath) {
        if value.is_null() {
            return;
        }
        match kind {
            Kind::Constant(expected) => {
                if value.as_str() != Some(expected) {
                    let found = value.as_str().unwrap_or(value.describe());
                    self.error(
                        at,
                        format!("this is {found}, a capacity file has {expected}"),
                        format!("write {expected}"),
                    );
                }
            }
            Kind::Text => _ = self.text(value, at),
            Kind::Version => self.version(value, at),
            Kind::OneOf(known) => self.one_of(value, known, at),
            Kind::Flag => {
                if !matches!(value, Value::Bool(_)) {
                    self.error(
                        at,
                        format!("true or false is expected, this is {}", value.describe()),
                        "write true or false",
                    );
                }
            }
            Kind::Count => self.count(value, at),
            Kind::Amount => self.amount(value, at, "512Mi"),
            Kind::Threshold => self.threshold(value, at),
            Kind::Amounts => self.entries(value, at, |checker, value, at| {
                let example = if at.last_key() == Some("cpu") { "500m" } else { "512Mi" };
                checker.amount(value, at, if at.last_key() == Some("pods") { "30" } else { example });
            }),
            Kind::Texts => self.entries(value, at, |checker, value, at| {
                if value.as_str().is_none() {
                    let help = "write it in quotes";
                    checker.error(at, format!("a string is expected, this is {}", value.describe()), help);
                }
            }),
            Kind::Map(fields) => self.map(value, fields, at, &name(at)),
            Kind::CountOr(fields) => match value {
                Value::Number(_) => self.count(value, at),
                _ => self.map(value, fields, at, &name(at)),
            },
            Kind::TaintOr(fields) => match value.as_str() {
                Some(text) => self.taint(text, at),
                None => self.map(value, fields, at, "a taint"),
            },
            Kind::List(item) => match value {
                Value::List(items) => {
                    for (index, value) in items.iter().enumerate() {
                        match value {
                            Value::Null => {
                                self.error(&at.index(index), "this entry is empty", "write it, or remove the dash");
                            }
                            value => self.field(value, item, &at.index(index)),
                        }
                    }
                }
                _ => self.error(
                    at,
                    format!("{} is a list, this is {}", name(at), value.describe()),
                    "write it as a list",
                ),
            },
            Kind::Object(api_version, kind, namespaced) => self.object(value, at, api_version, kind, *namespaced),
        }
    }

    fn key_error(&mut self, at: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        self.error(at, message, help);
        if let Some(last) = self.errors.last_mut() {
            last.on_key = true;
        }
    }

    fn text<'v>(&mut self, value: &'v Value<'_>, at: &FieldPath) -> Option<&'v str> {
        match value.as_str() {
            Some("") => self.error(at, "this is empty", "write a name"),
            Some(text) => return Some(text),
            None => self.error(at, format!("a string is expected, this is {}", value.describe()), "write it in quotes"),
        }
        None
    }

    fn version(&mut self, value: &Value<'_>, at: &FieldPath) {
        if let Value::Number(number) = value {
            let message = format!("a version is a string, this is the number {number}: 1.30 as a number is 1.3");
            return self.error(at, message, "put it in quotes");
        }
        let Some(text) = self.text(value, at) else { return };
        if let Err(error) = text.parse::<KubernetesVersion>() {
            self.error(at, error.to_string().replace('`', ""), "write it as \"1.33\"");
        }
    }

    fn one_of(&mut self, value: &Value<'_>, known: &[&str], at: &FieldPath) {
        let Some(text) = self.text(value, at) else { return };
        if !known.contains(&text) {
            let help = match nearest(text, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("write one of {}", known.join(", ")),
            };
            self.error(at, format!("{text} is not known here"), help);
        }
    }

    fn count(&mut self, value: &Value<'_>, at: &FieldPath) {
        let Value::Number(text) = value else {
            let message = format!("{} is a whole number, this is {}", name(at), value.describe());
            return self.error(at, message, "write it without quotes");
        };
        if text.parse::<u32>().is_err() {
            let why = if text.starts_with('-') { "negative" } else { "no whole number that a cluster could have" };
            self.error(at, format!("{} is {text}, which is {why}", name(at)), "write a whole number from 0");
        }
    }

    fn amount(&mut self, value: &Value<'_>, at: &FieldPath, example: &str) {
        let (Value::String(text) | Value::Number(text)) = value else {
            let message = format!("a quantity is expected, this is {}", value.describe());
            return self.error(at, message, format!("write it as Kubernetes does, such as {example}"));
        };
        match Quantity::parse(text) {
            Err(_) => {
                let help = match decode::quantity_suggestion(text) {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => format!("write it as Kubernetes does, such as {example}"),
                };
                self.error(at, format!("{text:?} is no quantity"), help);
            }
            Ok(amount) if amount.is_negative() => self.error(at, format!("{text} is negative"), "write 0 or more"),
            Ok(_) => {}
        }
    }

    fn threshold(&mut self, value: &Value<'_>, at: &FieldPath) {
        match value.as_str() {
            Some(text) if text.trim_end().ends_with('%') => {
                if let Err(error) = text.parse::<Percent>() {
                    self.error(at, error.to_string().replace('`', ""), "write it as \"10%\"");
                }
            }
            _ => self.amount(value, at, "100Mi"),
        }
    }

    fn entries(&mut self, value: &Value<'_>, at: &FieldPath, check: impl Fn(&mut Self, &Value<'_>, &FieldPath)) {
        if !matches!(value, Value::Map(_)) {
            let message = format!("{} is a map, this is {}", name(at), value.describe());
            return self.error(at, message, "write it as keys and values");
        }
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in value.entries() {
            let place = at.key(key.as_ref());
            if seen.contains(&key.as_ref()) {
                self.key_error(&place, format!("{key} stands here twice"), "keep one of them");
            }
            seen.push(key);
            check(self, value, &place);
        }
    }

    fn taint(&mut self, text: &str, at: &FieldPath) {
        let help = format!("write one of {}", EFFECTS.join(", "));
        match text.rsplit_once(':') {
            Some((key, effect)) if !key.is_empty() && !key.starts_with('=') => {
                if !EFFECTS.contains(&effect) {
                    let help = nearest(effect, EFFECTS).map_or(help, |near| format!("did you mean {near}?"));
                    self.error(at, format!("{effect:?} is no effect of a taint"), help);
                }
            }
            _ => self.error(
                at,
                format!("{text:?} is no taint"),
                "write key=value:Effect, such as dedicated=gpu:NoSchedule",
            ),
        }
    }

    fn object(&mut self, value: &Value<'_>, at: &FieldPath, api_version: &str, kind: &str, namespaced: bool) {
        if !matches!(value, Value::Map(_)) {
            let message = format!("a {kind} is a map, this is {}", value.describe());
            return self.error(at, message, "write the object as kubectl prints it");
        }
        for (key, expected) in [("apiVersion", api_version), ("kind", kind)] {
            let found = value.get(key).filter(|found| !found.is_null());
            if let Some(found) = found.filter(|found| found.as_str() != Some(expected)) {
                let found = found.as_str().unwrap_or(found.describe());
                self.error(
                    &at.key(key),
                    format!("this is {found}, here belongs {expected}"),
                    format!("write {expected}"),
                );
            }
        }
        let text = |key: &str| value.get("metadata").and_then(|metadata| metadata.get(key)).and_then(Value::as_str);
        for key in ["name"].into_iter().chain(namespaced.then_some("namespace")) {
            if text(key).is_none_or(str::is_empty) {
                self.error(&at.key("metadata"), format!("this {kind} has no {key}"), format!("write metadata.{key}"));
            }
        }
        for problem in decode::check(value, kind, Leniency::Strict) {
            let help = problem.help.unwrap_or_else(|| "write the object as kubectl prints it".to_owned());
            let on_key =
                matches!(problem.kind, decode::ProblemKind::UnknownField | decode::ProblemKind::DuplicateField);
            let at = problem.at.below(at);
            self.errors.push(CapacityError { origin: None, at, on_key, message: problem.message, help });
        }
    }
}

/// What to call the value at a place: its key.
fn name(at: &FieldPath) -> String {
    at.last_key().map_or_else(|| "an entry".to_owned(), str::to_owned)
}
