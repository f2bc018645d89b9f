//! The `exemptions` and `annotations` blocks of a policy.

use std::collections::BTreeMap;

use jiff::civil::Date;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;

use crate::exemption::{Exemption, Matcher, Patterns};
use crate::policy::Policy;
use crate::policy::read::Reader;
use crate::rules;

const KEYS: [&str; 4] = ["rules", "match", "reason", "expires"];
const MATCH_KEYS: [&str; 6] = ["namespaces", "kinds", "names", "labels", "files", "containers"];

/// Reads `exemptions:`.
pub(crate) fn read(value: &Value<'_>, at: &FieldPath, reader: &mut Reader) -> Vec<Exemption> {
    if !matches!(value, Value::List(_) | Value::Null) {
        reader.error(at, format!("exemptions is a list, this is {}", value.describe()), "start each entry with a -");
    }
    value.items().iter().enumerate().map(|(i, item)| read_one(item, at.index(i), reader)).collect()
}

/// Reads `annotations:`.
pub(crate) fn read_annotations(policy: &mut Policy, value: &Value<'_>, at: &FieldPath, reader: &mut Reader) {
    for (key, at, value) in reader.entries(value, at, &["allow", "allowNamespaces"], "annotations") {
        let rules = read_rules(value, &at, reader);
        match key {
            "allow" => policy.allow = rules,
            _ => policy.allow_namespaces = rules,
        }
    }
}

fn read_one(value: &Value<'_>, at: FieldPath, reader: &mut Reader) -> Exemption {
    let mut exemption = Exemption {
        rules: Vec::new(),
        matcher: Matcher::default(),
        reason: String::new(),
        expires: None,
        at: at.clone(),
    };
    for (key, at, value) in reader.entries(value, &at, &KEYS, "an exemption") {
        match key {
            "rules" => exemption.rules = read_rules(value, &at, reader),
            "match" => exemption.matcher = read_match(value, &at, reader),
            "reason" => exemption.reason = reader.text(value, &at).unwrap_or_default().trim().to_owned(),
            _ => exemption.expires = read_date(value, &at, reader),
        }
    }
    for (key, help) in [
        ("rules", "name the rules, such as rules: [missing-memory-limit]"),
        ("match", "say what is exempt, such as match: {namespaces: [monitoring]}"),
        ("reason", "say why, so that someone can tell later whether it still holds"),
    ] {
        let written = value.get(key);
        let empty = match written {
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(Value::List(items)) => items.is_empty(),
            Some(Value::Map(entries)) => entries.is_empty(),
            Some(Value::Null) | None => true,
            Some(_) => false,
        };
        if empty {
            let at = if written.is_some() { at.key(key) } else { at.clone() };
            reader.error(&at, format!("an exemption needs {key}"), help);
        }
    }
    exemption
}

fn read_rules(value: &Value<'_>, at: &FieldPath, reader: &mut Reader) -> Vec<&'static str> {
    let mut ids = Vec::new();
    for (at, text) in reader.texts(value, at) {
        match rules::find(text) {
            Some(rule) => ids.push(rule.id),
            None => reader.error(&at, rules::unknown(text), "memlint rules lists them all"),
        }
    }
    ids
}

fn read_match(value: &Value<'_>, at: &FieldPath, reader: &mut Reader) -> Matcher {
    let mut matcher = Matcher::default();
    for (key, at, value) in reader.entries(value, at, &MATCH_KEYS, "match") {
        match key {
            "namespaces" => matcher.namespaces = read_patterns(value, &at, reader),
            "kinds" => matcher.kinds = read_patterns(value, &at, reader),
            "names" => matcher.names = read_patterns(value, &at, reader),
            "files" => matcher.files = read_patterns(value, &at, reader),
            "containers" => matcher.containers = read_patterns(value, &at, reader),
            _ => matcher.labels = read_labels(value, &at, reader),
        }
    }
    matcher
}

fn read_patterns(value: &Value<'_>, at: &FieldPath, reader: &mut Reader) -> Option<Patterns> {
    let mut patterns = Vec::new();
    for (at, text) in reader.texts(value, at) {
        match Patterns::compile(text) {
            Ok(pattern) => patterns.push(pattern),
            Err(why) => reader.error(&at, format!("{text} is no pattern: {why}"), "* stands for any characters"),
        }
    }
    if value.items().is_empty() && matches!(value, Value::List(_) | Value::Null) {
        reader.error(at, "an empty list matches nothing", "list patterns or leave the key out");
    }
    Some(Patterns(patterns))
}

fn read_labels(value: &Value<'_>, at: &FieldPath, reader: &mut Reader) -> BTreeMap<String, String> {
    if !matches!(value, Value::Map(_)) {
        reader.error(at, format!("labels is a map, this is {}", value.describe()), "write labels: {team: infra}");
    }
    let entries = value.entries().iter();
    entries.filter_map(|(key, v)| Some((key.to_string(), reader.text(v, &at.key(key.as_ref()))?.to_owned()))).collect()
}

fn read_date(value: &Value<'_>, at: &FieldPath, reader: &mut Reader) -> Option<Date> {
    let text = reader.text(value, at)?;
    let date = text.parse().ok();
    if date.is_none() {
        reader.error(at, format!("{text} is no day"), "write it as 2027-03-31");
    }
    date
}
