//! What to type instead: the nearest field, the quantity that was meant.

use super::schema::{Kind, Schema, Type};
use super::{Problem, ProblemKind};
use crate::object::Value;
use crate::path::FieldPath;
use crate::quantity::Quantity;

/// What may have been meant by a field that `known` does not have.
pub(super) fn unknown_field_help(schema: &Schema, key: &str, known: &Type, parent: Option<&Type>) -> Option<String> {
    if known.name == "ResourceRequirements" && is_resource(key) {
        return Some("move it under requests or limits".to_owned());
    }
    let same = |name: &str| name.eq_ignore_ascii_case(key) || name.replace(['-', '_'], "").eq_ignore_ascii_case(key);
    if let Some((name, _)) = known.fields().find(|(name, _)| same(name)) {
        return Some(format!("did you mean {name}?"));
    }
    if let Some(place) = deeper(schema, key, known) {
        return Some(place);
    }
    let nearest =
        known.fields().map(|(name, _)| (strsim::jaro_winkler(name, key), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((score, name)) = nearest
        && score >= 0.84
    {
        return Some(format!("did you mean {name}?"));
    }
    parent.filter(|parent| parent.field(key).is_some()).map(|_| "move it one level up, by its indentation".to_owned())
}

/// The field below which a misplaced one belongs: written too far to the left.
fn deeper(schema: &Schema, key: &str, known: &Type) -> Option<String> {
    let has = |index: &usize| schema.type_at(*index).filter(|below| below.field(key).is_some());
    let bundle = |below: &Type| {
        let ends = ["Spec", "SecurityContext", "ResourceRequirements", "ObjectMeta", "Affinity", "Lifecycle"];
        ends.iter().any(|end| below.name.ends_with(end))
    };
    known.fields().find_map(|(name, kind)| match kind {
        Kind::Struct(index) => has(index).filter(|below| bundle(below)).map(|_| format!("move it under {name}")),
        Kind::List(item) => match &**item {
            Kind::Struct(index) if name == "containers" => has(index).map(|_| "move it into a container".to_owned()),
            _ => None,
        },
        _ => None,
    })
}

fn is_resource(key: &str) -> bool {
    matches!(key, "cpu" | "memory" | "ephemeral-storage" | "storage")
        || key.starts_with("hugepages-")
        || key.contains('/')
}

/// How to write a value so that it has the right type.
pub(super) fn wrong_type_help(value: &Value<'_>, kind: &Kind) -> Option<String> {
    match (kind, value) {
        (Kind::String, Value::Number(text)) => Some(format!("put it in quotes: \"{text}\"")),
        (Kind::String, Value::Bool(text)) => Some(format!("put it in quotes: \"{text}\"")),
        (Kind::Int32 | Kind::Int64, Value::String(text)) if text.parse::<i64>().is_ok() => {
            Some(format!("write {text} without quotes"))
        }
        (Kind::Bool, Value::String(text)) if matches!(&**text, "true" | "false") => {
            Some(format!("write {text} without quotes"))
        }
        (Kind::List(_), Value::Map(_)) => Some("write a dash before each item".to_owned()),
        (Kind::List(_), Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
            Some("write it as an item of a list, after a dash".to_owned())
        }
        (Kind::Map(_), Value::List(_)) => Some("write it as a map: name: value, without dashes or brackets".to_owned()),
        _ => None,
    }
}

/// The problem with a quantity, at no place yet, if there is one. `resource` is what it is a quantity of.
pub(super) fn quantity_problem(text: &str, resource: &str) -> Option<Problem> {
    Quantity::parse(text).err()?;
    let shown = text.escape_debug();
    let message = if text.trim().is_empty() {
        format!("{resource} is empty, but a quantity is expected")
    } else {
        format!("{resource} is \"{shown}\", which is no quantity")
    };
    let meant = meant(text);
    let help = match meant.as_slice() {
        [] => "write digits and one of the suffixes Ki, Mi, Gi (binary) or k, M, G (decimal), such as 512Mi".to_owned(),
        [one] => format!("write {one}"),
        [decimal, binary, ..] => format!("write {decimal} (decimal) or {binary} (binary)"),
    };
    let suggestion = quantity_suggestion(text);
    let problem = Problem::new(ProblemKind::InvalidQuantity, FieldPath::root(), message).help(help);
    Some(Problem { suggestion, ..problem })
}

/// What was meant by a text that is no quantity, where only one thing can be meant: `1 Gi` is `1Gi`, and `512MB` may
/// be `512M` or `512Mi`.
#[must_use]
pub fn quantity_suggestion(text: &str) -> Option<String> {
    match meant(text).as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// The quantities that may have been meant: none, one, or the decimal and the binary reading.
fn meant(text: &str) -> Vec<String> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let Some(number) = number_meant(number) else { return Vec::new() };
    let lower = unit.to_ascii_lowercase();
    // A lower-case `m` alone is a valid suffix, so it never comes here but with another fault beside it.
    let units: &[&str] = match (unit, lower.as_str()) {
        ("" | "m" | "k" | "M" | "G" | "T" | "P" | "E", _) => &[unit],
        ("K", _) => &["k"],
        (_, "b" | "byte" | "bytes" | "core" | "cores" | "cpu" | "cpus") => &[""],
        (_, "ki" | "kib" | "kibibyte" | "kibibytes") => &["Ki"],
        (_, "mi" | "mib" | "mebibyte" | "mebibytes") => &["Mi"],
        (_, "gi" | "gib" | "gibibyte" | "gibibytes") => &["Gi"],
        (_, "ti" | "tib" | "tebibyte" | "tebibytes") => &["Ti"],
        (_, "pi" | "pib") => &["Pi"],
        (_, "ei" | "eib") => &["Ei"],
        (_, "kb" | "kbyte" | "kbytes" | "kilobyte" | "kilobytes") => &["k", "Ki"],
        (_, "mb" | "mbyte" | "mbytes" | "meg" | "megs" | "megabyte" | "megabytes") => &["M", "Mi"],
        (_, "g" | "gb" | "gbyte" | "gbytes" | "gig" | "gigs" | "gigabyte" | "gigabytes") => &["G", "Gi"],
        (_, "t" | "tb" | "terabyte" | "terabytes") => &["T", "Ti"],
        (_, "p" | "pb") => &["P", "Pi"],
        (_, "millicore" | "millicores" | "millicpu") => &["m"],
        _ => &[],
    };
    let quantities = units.iter().map(|unit| format!("{number}{unit}"));
    quantities.filter(|quantity| Quantity::parse(quantity).is_ok()).collect()
}

/// `1,5` is 1.5, `1,024` may be anything.
fn number_meant(number: &str) -> Option<String> {
    let number = match number.split_once(',') {
        None => number.to_owned(),
        Some((whole, fraction)) if !number.contains('.') && (1..=2).contains(&fraction.len()) => {
            format!("{whole}.{fraction}")
        }
        Some(_) => return None,
    };
    let digits = number.bytes().any(|b| b.is_ascii_digit());
    let separators = number.bytes().filter(|b| !b.is_ascii_digit()).count();
    (digits && separators <= 1).then_some(number)
}
