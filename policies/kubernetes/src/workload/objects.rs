//! [`objects`]: the Kubernetes objects in a document, through `List`s.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::object::Value;
use crate::path::FieldPath;
use crate::reference::ObjectRef;

/// One object of a document.
#[derive(Debug, Clone)]
pub struct Object<'v, 'a> {
    /// Its place in the document: the root, or `items[3]` of a List.
    pub at: FieldPath,
    /// Its names.
    pub reference: Arc<ObjectRef>,
    /// What it holds.
    pub value: &'v Value<'a>,
}

impl Object<'_, '_> {
    /// A map of strings of the metadata, such as `labels`.
    #[must_use]
    pub fn texts(&self, field: &str) -> BTreeMap<String, String> {
        let map = self.value.get("metadata").and_then(|metadata| metadata.get(field));
        let entries = map.map(Value::entries).unwrap_or_default().iter();
        entries.filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_owned()))).collect()
    }
}

/// The objects of a document: the document itself, or the items of a `List` (and of lists in lists). Empty if it is
/// no object: no map, without `kind`, or without `apiVersion` where the kind is none of Kubernetes' own workloads.
#[must_use]
pub fn objects<'v, 'a>(document: &'v Value<'a>) -> Vec<Object<'v, 'a>> {
    let mut found = Vec::new();
    collect(document, &FieldPath::root(), None, &mut found);
    found
}

fn collect<'v, 'a>(
    value: &'v Value<'a>,
    at: &FieldPath,
    inherited: Option<(&str, &str)>,
    found: &mut Vec<Object<'v, 'a>>,
) {
    let text = |key| value.get(key).and_then(Value::as_str);
    let kind = text("kind").or(inherited.map(|(_, kind)| kind));
    let api_version = text("apiVersion").or(inherited.map(|(api_version, _)| api_version));
    let Some(kind) = kind else { return };
    let Some(api_version) = api_version.or_else(|| super::is_own(kind).then_some("")) else { return };
    if let (Some(item_kind), Some(Value::List(items))) = (kind.strip_suffix("List"), value.get("items")) {
        // The items of a typed list may leave their kind to the list.
        let inherited = (!item_kind.is_empty()).then_some((api_version, item_kind));
        for (index, item) in items.iter().enumerate() {
            collect(item, &at.key("items").index(index), inherited, found);
        }
        return;
    }
    let metadata = |key| value.get("metadata")?.get(key)?.as_str();
    let name = metadata("name").map(Cow::from);
    let name = name.or_else(|| metadata("generateName").map(|prefix| format!("{prefix}*").into()));
    let reference = ObjectRef {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: metadata("namespace").map(str::to_owned),
        name: name.map(Cow::into_owned),
    };
    found.push(Object { at: at.clone(), reference: Arc::new(reference), value });
}
