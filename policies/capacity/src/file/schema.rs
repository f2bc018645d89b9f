//! The JSON Schema of a capacity file, for editors; from the same table that reading follows.

use serde_json::{Map, Value as Json, json};

use super::fields::{EFFECTS, FILE, Field, Kind};

/// A number with a suffix, as Kubernetes reads it, not negative.
const AMOUNT: &str = r"^ *\+?([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)? *$";
const PERCENT: &str = r"^(100(\.0{1,6})?|[0-9]{1,2}(\.[0-9]{1,6})?)%$";
const VERSION: &str = r"^[vV]?[0-9]+\.[0-9]+([.+-].*)?$";

/// The schema (2020-12).
#[must_use]
pub fn json_schema() -> Json {
    let mut schema = map(&FILE);
    let mut root = Map::new();
    root.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    root.insert("title".to_owned(), "memlint capacity file".into());
    root.insert("description".to_owned(), "What the nodes of a cluster can give, for memlint --capacity.".into());
    if let Some(schema) = schema.as_object_mut() {
        root.append(schema);
    }
    root.into()
}

fn map(fields: &[Field]) -> Json {
    let property = |field: &Field| {
        let mut schema = kind(&field.kind);
        // Null is as good as nothing, but not for what must be there.
        if !field.required {
            schema = json!({"anyOf": [schema, {"type": "null"}]});
        }
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), field.docs.into());
        }
        (field.name.to_owned(), schema)
    };
    let properties: Map<String, Json> = fields.iter().map(property).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({"type": "object", "additionalProperties": false, "properties": properties});
    if let Some(schema) = schema.as_object_mut().filter(|_| !required.is_empty()) {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

fn kind(kind: &Kind) -> Json {
    let amount = || json!({"anyOf": [{"type": "string", "pattern": AMOUNT}, {"type": "number", "minimum": 0}]});
    let or_null = |schema: Json| json!({"anyOf": [schema, {"type": "null"}]});
    match kind {
        Kind::Constant(text) => json!({"const": text}),
        Kind::Text => json!({"type": "string", "minLength": 1}),
        Kind::Version => json!({"type": "string", "pattern": VERSION}),
        Kind::OneOf(known) => json!({"enum": known}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Count => json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}),
        Kind::Amount => amount(),
        Kind::Threshold => json!({"anyOf": [amount(), {"type": "string", "pattern": PERCENT}]}),
        Kind::Amounts => json!({"type": "object", "additionalProperties": amount()}),
        Kind::Texts => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Kind::Map(fields) => map(fields),
        Kind::CountOr(fields) => json!({"anyOf": [map(fields), self::kind(&Kind::Count)]}),
        Kind::TaintOr(fields) => {
            let text = format!("^[^=:]+(=[^:]*)?:({})$", EFFECTS.join("|"));
            json!({"anyOf": [map(fields), {"type": "string", "pattern": text}]})
        }
        Kind::List(item) => json!({"type": "array", "items": self::kind(item)}),
        Kind::Object(api_version, kind, namespaced) => {
            let text = json!({"type": "string", "minLength": 1});
            let required: &[&str] = if *namespaced { &["name", "namespace"] } else { &["name"] };
            json!({
                "type": "object",
                "properties": {
                    "apiVersion": or_null(json!({"const": api_version})),
                    "kind": or_null(json!({"const": kind})),
                    "metadata": {"type": "object", "properties": {"name": text, "namespace": text}, "required": required},
                },
                "required": ["metadata"],
            })
        }
    }
}
