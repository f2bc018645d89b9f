//! Reading the recorded answers: the object that was sent, and the fields that an error names.

use std::borrow::Cow;
use std::collections::BTreeSet;

use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::{FieldPath, Segment};
use serde_json::Value as Json;

/// `spec.containers.0.name`: one spelling for all.
pub(crate) fn dotted(path: &FieldPath) -> String {
    let text = path.segments().iter().map(|segment| match segment {
        Segment::Key(key) => key.replace('[', ".").replace(']', ""),
        Segment::Index(index) => index.to_string(),
    });
    text.collect::<Vec<_>>().join(".")
}

/// The fields that the API server's error names, each as its kind and its path.
pub(crate) fn named_by(error: &str) -> BTreeSet<String> {
    const KINDS: [&str; 9] = [
        "Invalid value",
        "Required value",
        "Forbidden",
        "Unsupported value",
        "Duplicate value",
        "Not found",
        "Too many",
        "Too long",
        "Internal error",
    ];
    let body = error.split_once(" is invalid: ").map_or(error, |(_, body)| body);
    let body = body.strip_prefix('[').unwrap_or(body);
    let marked = body.replace(", spec", "\0spec").replace(", metadata", "\0metadata");
    let place = |part: &str| {
        let ends = KINDS.iter().filter_map(|kind| part.find(&format!(": {kind}")));
        Some(api_path(&part[..ends.min()?]))
    };
    marked.split('\0').filter_map(place).collect()
}

/// The API server's path as [`dotted`], at the place that it really means.
fn api_path(path: &str) -> String {
    let path = path.trim_end_matches(".{topologyKey, whenUnsatisfiable}");
    let dotted = path.replace('[', ".").replace(']', "").replace(".overhead.limits.", ".overhead.");
    if let Some((spec, rest)) = dotted.split_once(".resources.containers.")
        && let Some((index, resource)) = rest.strip_suffix(".limits").and_then(|rest| rest.split_once('.'))
    {
        return format!("{spec}.containers.{index}.resources.limits.{resource}");
    }
    for name in ["labels", "annotations"] {
        if let Some(template) = dotted.strip_suffix(&format!("template.{name}")) {
            return format!("{template}template.metadata.{name}");
        }
    }
    dotted
}

/// The fields that a strict decoding error names.
pub(crate) fn unknown_by(error: &str) -> Option<BTreeSet<String>> {
    let (_, list) = error.split_once("strict decoding error: ")?;
    let fields = list.split(", ").filter_map(|part| {
        let path = part.strip_prefix("unknown field ").or_else(|| part.strip_prefix("duplicate field "))?;
        let path: String = serde_json::from_str(path).unwrap_or_else(|_| path.trim_matches('"').to_owned());
        Some(api_path(&path))
    });
    Some(fields.collect())
}

/// The field that has the wrong type, without the indices, which Go leaves out.
pub(crate) fn undecodable_by(error: &str) -> Option<String> {
    let (_, path) = error.split_once(" into Go struct field ")?;
    let (path, _) = path.split_once(" of type ")?;
    let (_, path) = path.split_once('.')?;
    // Fields of Go that are no fields of the object.
    Some(
        ["VolumeSource.", "EphemeralContainerCommon.", "ProbeHandler.", "LocalObjectReference."]
            .iter()
            .fold(path.to_owned(), |path, inline| path.replace(inline, "")),
    )
}

/// A dotted path without its indices.
pub(crate) fn without_indices(path: &str) -> String {
    path.split('.').filter(|part| part.parse::<usize>().is_err()).collect::<Vec<_>>().join(".")
}

/// The object of a case, if it is about one.
pub(crate) fn object_of(line: &str, case: &Json) -> Option<Value<'static>> {
    let text = |value: &Value<'_>| value.as_str().map(str::to_owned);
    let whole = parse(line);
    if let Some(raw) = whole.get("raw").and_then(text) {
        // What is no JSON is for the reader of files to refuse.
        return serde_json::from_str::<Json>(&raw).is_ok().then(|| parse(&raw));
    }
    if let Some(object) = whole.get("object") {
        return Some(object.clone());
    }
    let spec = match whole.get("quantity") {
        Some(quantity) => memory_request(quantity.clone()),
        None => whole.get("spec").or_else(|| whole.get("pod"))?.clone(),
    };
    let name = if case.get("pod").is_some() { "q" } else { "m" };
    let metadata = Value::Map(vec![("name".into(), Value::String(name.into()))]);
    Some(Value::Map(vec![
        ("apiVersion".into(), Value::String("v1".into())),
        ("kind".into(), Value::String("Pod".into())),
        ("metadata".into(), metadata),
        ("spec".into(), spec),
    ]))
}

/// A Pod spec of one container that requests so much memory.
fn memory_request(quantity: Value<'static>) -> Value<'static> {
    let map = |entries: Vec<(&'static str, Value<'static>)>| {
        Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    };
    let resources = map(vec![("requests", map(vec![("memory", quantity)]))]);
    let name = || Value::String("q".into());
    let container = map(vec![("name", name()), ("image", name()), ("resources", resources)]);
    map(vec![("containers", Value::List(vec![container]))])
}

/// JSON as [`Value`]: numbers keep their text, keys given twice are there twice.
pub(crate) fn parse(text: &str) -> Value<'static> {
    let mut rest = text.trim_start();
    parse_value(&mut rest)
}

fn parse_value(rest: &mut &str) -> Value<'static> {
    *rest = rest.trim_start();
    match rest.as_bytes().first() {
        Some(b'{') => Value::Map(parse_items(rest, '}', |rest| {
            let key = parse_string(rest);
            *rest = rest.trim_start().strip_prefix(':').expect("a colon");
            (Cow::Owned(key), parse_value(rest))
        })),
        Some(b'[') => Value::List(parse_items(rest, ']', parse_value)),
        Some(b'"') => Value::String(parse_string(rest).into()),
        _ => {
            let end = rest.find([',', '}', ']', ' ', '\n']).unwrap_or(rest.len());
            let (token, after) = rest.split_at(end);
            *rest = after;
            match token {
                "null" => Value::Null,
                "true" | "false" => Value::Bool(token == "true"),
                number => Value::Number(number.to_owned().into()),
            }
        }
    }
}

fn parse_items<T>(rest: &mut &str, close: char, item: impl Fn(&mut &str) -> T) -> Vec<T> {
    let mut items = Vec::new();
    *rest = rest[1..].trim_start();
    while !rest.starts_with(close) {
        items.push(item(rest));
        *rest = rest.trim_start();
        *rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    *rest = &rest[1..];
    items
}

fn parse_string(rest: &mut &str) -> String {
    let mut escaped = false;
    let end = rest.bytes().skip(1).position(|b| {
        let ends = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    });
    let (token, after) = rest.split_at(end.expect("a closing quote") + 2);
    *rest = after;
    serde_json::from_str(token).expect("a JSON string")
}
