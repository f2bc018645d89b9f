//! The `rules` block of a policy: levels and parameters.

use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::quantity::Quantity;

use crate::finding::Level;
use crate::policy::Setting;
use crate::policy::read::Reader;
use crate::rule::{Param, ParamKind, Rule};
use crate::rules::{self, RULES};

/// Reads `rules:` into the settings, one per rule of the registry.
pub(crate) fn read(settings: &mut [Setting], value: &Value<'_>, at: &FieldPath, reader: &mut Reader) {
    let known: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    for (id, at, value) in reader.entries(value, at, &known, "rules") {
        let Some(index) = rules::position(id) else { continue };
        if let (Some(setting), Some(rule)) = (settings.get_mut(index), RULES.get(index)) {
            read_rule(rule, setting, value, &at, reader);
        }
    }
}

fn read_rule(rule: &Rule, setting: &mut Setting, value: &Value<'_>, at: &FieldPath, reader: &mut Reader) {
    if !matches!(value, Value::Map(_)) {
        if let Some(level) = read_level(value, at, reader) {
            setting.level = level;
        }
        return;
    }
    let known: Vec<&str> = ["level"].into_iter().chain(rule.params.iter().map(|param| param.name)).collect();
    for (key, at, value) in reader.entries(value, at, &known, rule.id) {
        match rule.params.iter().find(|param| param.name == key) {
            Some(param) => {
                if let Some(quantity) = read_param(param, value, &at, reader) {
                    setting.params.0.insert(param.name, quantity);
                }
            }
            None => {
                if let Some(level) = read_level(value, &at, reader) {
                    setting.level = level;
                }
            }
        }
    }
}

/// A level; YAML reads a bare `off` as false.
fn read_level(value: &Value<'_>, at: &FieldPath, reader: &mut Reader) -> Option<Option<Level>> {
    match (value, value.as_str()) {
        (Value::Bool(false), _) | (_, Some("off")) => Some(None),
        (_, Some("warn")) => Some(Some(Level::Warn)),
        (_, Some("deny")) => Some(Some(Level::Deny)),
        (Value::Bool(true), _) => {
            reader.error(at, "on is no level", "write warn or deny");
            None
        }
        (_, text) => {
            let found = text.unwrap_or(value.describe());
            reader.error(at, format!("{found} is no level"), "write off, warn or deny");
            None
        }
    }
}

fn read_param(param: &Param, value: &Value<'_>, at: &FieldPath, reader: &mut Reader) -> Option<Quantity> {
    let text = match value {
        Value::String(text) | Value::Number(text) => text.as_ref(),
        _ => value.describe(),
    };
    let quantity = Quantity::parse(text).ok().filter(|quantity| param.kind.takes(*quantity));
    if quantity.is_none() {
        let help = format!("write {}, such as {}", param.kind.describe(), param.default);
        reader.error(at, format!("{text} is no value for {}", param.name), help);
    }
    quantity
}

impl ParamKind {
    /// Whether a value is in the range.
    #[must_use]
    pub fn takes(self, value: Quantity) -> bool {
        match self {
            ParamKind::Ratio => value >= Quantity::count(1),
            ParamKind::Percent => value.is_integer() && (1..=100).contains(&value.value()),
            ParamKind::Bytes => value > Quantity::ZERO,
        }
    }

    /// A value as one would write it: `1.5`, where a quantity would be `1500m`.
    #[must_use]
    pub fn show(self, value: Quantity) -> String {
        const NANOS: i128 = 1_000_000_000;
        if self != ParamKind::Ratio {
            return value.to_string();
        }
        let text = format!("{}.{:09}", value.nanos() / NANOS, (value.nanos() % NANOS).abs());
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// The range in words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            ParamKind::Ratio => "a number of at least 1",
            ParamKind::Percent => "a whole number from 1 to 100",
            ParamKind::Bytes => "an amount of memory",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_shown_as_they_are_written() {
        for (kind, written, shown) in [
            (ParamKind::Ratio, "1.5", "1.5"),
            (ParamKind::Ratio, "2", "2"),
            (ParamKind::Ratio, "10", "10"),
            (ParamKind::Ratio, "1.05", "1.05"),
            (ParamKind::Percent, "80", "80"),
            (ParamKind::Bytes, "1Mi", "1Mi"),
        ] {
            assert_eq!(kind.show(Quantity::parse(written).expect("a quantity")), shown);
        }
    }
}
