//! The values that a chart is rendered with, each with the file it is from.
//!
//! They are merged as Helm merges them: maps by key, everything else as a whole, the later source before the earlier;
//! null removes a key.

use std::borrow::Cow;

use memlint_files::held::Held;
use memlint_files::yaml::{self, Document, Embedded};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use serde_json::{Map, json};

/// A place that holds values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Index of a document of the corpus.
    pub(super) document: usize,
    /// Where in it: the root of a values file, `spec.values` of a HelmRelease.
    pub(super) at: FieldPath,
    /// Whether they are a text there, which is YAML itself.
    pub(super) is_text: bool,
    /// The keys under which the chart has them: the name of a subchart, the name of a parameter.
    pub(super) below: Vec<String>,
}

/// A value and where it is written.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    Leaf(Leaf),
}

/// What is neither map nor list.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// As JSON.
    pub(super) value: serde_json::Value,
    /// The source it is from, by its place in the list of sources.
    pub(super) source: usize,
    /// Its path in the values of that source.
    pub(super) path: FieldPath,
}

/// Merges what stands in some places, the first one the weakest.
pub(super) fn merged(documents: &[Held], places: &[Place]) -> Node {
    let mut all = Node::Map(Vec::new());
    for (source, place) in places.iter().enumerate() {
        let read = |value: &Value<'_>| node(value, source, &FieldPath::root());
        let Some(values) = with(documents, place, |values| values.map(read)).flatten() else { continue };
        let values = place.below.iter().rev().fold(values, |values, key| Node::Map(vec![(key.clone(), values)]));
        all = merge(all, values);
    }
    all
}

/// Does something with the values in a place; with nothing where there are none.
pub(super) fn with<T>(documents: &[Held], place: &Place, then: impl FnOnce(Option<&Value<'_>>) -> T) -> Option<T> {
    let document = yaml::parse(documents.get(place.document)?.document.raw()).ok()?;
    let at = document.value().at(&place.at);
    if !place.is_text {
        return Some(then(at));
    }
    let text = at?.as_str()?;
    let inner = yaml::parse(*yaml::split(text).first()?).ok()?;
    Some(then(Some(inner.value())))
}

/// Does something with the document in which the values of a place are written.
pub(super) fn in_document<T>(
    documents: &[Held],
    place: &Place,
    then: impl FnOnce(&Document<'_>, Option<(&Document<'_>, &Embedded)>) -> T,
) -> Option<T> {
    let document = yaml::parse(documents.get(place.document)?.document.raw()).ok()?;
    if !place.is_text {
        return Some(then(&document, None));
    }
    let embedded = Embedded::find(&document, &place.at)?;
    let inner = yaml::parse(*yaml::split(&embedded.text).first()?).ok()?;
    Some(then(&document, Some((&inner, &embedded))))
}

fn node(value: &Value<'_>, source: usize, path: &FieldPath) -> Node {
    match value {
        Value::Map(entries) => Node::Map(
            entries.iter().map(|(key, value)| (key.to_string(), node(value, source, &path.key(key)))).collect(),
        ),
        Value::List(items) => {
            Node::List(items.iter().enumerate().map(|(index, item)| node(item, source, &path.index(index))).collect())
        }
        scalar => Node::Leaf(Leaf { value: scalar_json(scalar), source, path: path.clone() }),
    }
}

fn scalar_json(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Bool(value) => json!(value),
        Value::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        Value::String(text) => json!(Cow::as_ref(text)),
        _ => serde_json::Value::Null,
    }
}

fn merge(below: Node, above: Node) -> Node {
    match (below, above) {
        (Node::Map(mut below), Node::Map(above)) => {
            for (key, value) in above {
                match below.iter().position(|(known, _)| *known == key) {
                    Some(at) => {
                        let (_, known) = below.remove(at);
                        below.insert(at, (key, merge(known, value)));
                    }
                    None => below.push((key, value)),
                }
            }
            Node::Map(below)
        }
        (_, above) => above,
    }
}

impl Node {
    /// The values as JSON, each leaf as `show` has it, which is told its keys.
    pub(super) fn json(
        &self,
        keys: &mut Vec<String>,
        show: &mut dyn FnMut(&Leaf, &[String]) -> serde_json::Value,
    ) -> serde_json::Value {
        match self {
            Node::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    keys.push(key.clone());
                    map.insert(key.clone(), value.json(keys, show));
                    keys.pop();
                }
                serde_json::Value::Object(map)
            }
            Node::List(items) => items.iter().map(|item| item.json(keys, show)).collect(),
            Node::Leaf(leaf) => show(leaf, keys),
        }
    }
}
