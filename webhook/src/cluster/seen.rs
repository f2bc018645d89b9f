//! [`Seen`]: an object as a list or a watch brings it, cut down while it is being read.
//!
//! A node is a dozen kilobytes, of which a few hundred bytes count, and says that it is alive every few seconds. What is
//! large and counts for nothing is not even put together, and of all that is read only a short text is kept. An object
//! that cannot be read does not hold up the others of its list.
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::kept::{Kept, KeyPath};

/// What is kept of an object, as JSON: a fraction of the memory that the type takes with all that it could have.
pub(super) type Text = Arc<[u8]>;

/// An object that has come.
#[derive(Debug, Clone)]
pub(super) struct Seen<K> {
    /// Its name, its namespace and its version, nothing else.
    metadata: ObjectMeta,
    /// What is kept of it; `None` if it does not count.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(super) kept: Result<Option<Text>, String>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kept> Seen<K> {
    fn new(value: Value) -> Self {
        let field = |name: &str| value.get("metadata")?.get(name)?.as_str().map(str::to_owned);
        let metadata = ObjectMeta {
            name: field("name"),
            namespace: field("namespace"),
            resource_version: field("resourceVersion"),
            ..ObjectMeta::default()
        };
        Self { metadata, kept: keep::<K>(value), kind: PhantomData }
    }
}

/// What is kept of an object, if it counts.
///
/// # Errors
/// Why it is of no use.
fn keep<K: Kept>(value: Value) -> Result<Option<Text>, String> {
    let mut object: K = serde_json::from_value(value).map_err(|error| error.to_string())?;
    if !object.counts() {
        return Ok(None);
    }
    object.trim();
    if let Some(fault) = object.fault() {
        return Err(fault);
    }
    let text = serde_json::to_vec(&object).map_err(|error| error.to_string())?;
    Ok(Some(text.into()))
}

impl<'de, K: Kept> Deserialize<'de> for Seen<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let paths = K::UNREAD.iter().copied().chain([MANAGED_FIELDS]).collect();
        Without(paths).deserialize(deserializer).map(Self::new)
    }
}

impl<K: Kept> Resource for Seen<K> {
    type DynamicType = ();
    type Scope = K::Scope;

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn metadata_api() -> bool {
        K::METADATA_ONLY
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// Who set which field: of all kinds, and of no use to any rule.
const MANAGED_FIELDS: KeyPath = &["metadata", "managedFields"];

/// Reads a value but for what stands at some paths.
struct Without(Vec<KeyPath>);

impl<'de> DeserializeSeed<'de> for Without {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.0.is_empty() { Value::deserialize(deserializer) } else { deserializer.deserialize_any(self) }
    }
}

impl<'de> Visitor<'de> for Without {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let below = self.0.iter().filter_map(|path| path.split_first()).filter(|(first, _)| **first == key);
            let below: Vec<KeyPath> = below.map(|(_, rest)| rest).collect();
            if below.iter().any(|rest| rest.is_empty()) {
                map.next_value::<IgnoredAny>()?;
            } else {
                entries.insert(key, map.next_value_seed(Without(below))?);
            }
        }
        Ok(Value::Object(entries))
    }

    // Of no real object is any of these what a path leads through; it is for the object's type to say so.
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Value, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(items))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Node;
    use serde_json::json;

    use super::*;

    fn seen(value: &Value) -> Seen<Node> {
        serde_json::from_str(&value.to_string()).expect("JSON")
    }

    #[test]
    fn what_is_left_out_is_what_counts_for_nothing() {
        let small = json!({
            "metadata": {"name": "a", "labels": {"pool": "x"}},
            "spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]},
            "status": {"allocatable": {"memory": "1Gi"}, "capacity": {"memory": "2Gi"}},
        });
        let mut large = small.clone();
        large["metadata"]["managedFields"] = json!([{"manager": "kubelet"}]);
        large["metadata"]["resourceVersion"] = json!("8");
        large["status"]["images"] = json!([{"names": ["x"]}, 5]);
        large["status"]["conditions"] = json!("of another type");
        let (small, large) = (seen(&small), seen(&large));
        assert_eq!(small.kept, large.kept);
        let kept = large.kept.expect("it can be read").expect("it counts");
        assert!(String::from_utf8_lossy(&kept).contains(r#""pool":"x""#));
        assert_eq!(large.metadata.name.as_deref(), Some("a"));
        assert_eq!(large.metadata.resource_version.as_deref(), Some("8"));
    }

    #[test]
    fn an_object_that_cannot_be_read_has_its_name_still() {
        for (metadata, spec, status) in [
            (json!({"name": "a"}), json!({}), json!("x")),
            (json!({"name": "a"}), json!([]), json!({"allocatable": {"memory": "1Gi"}})),
            (json!({"name": "a"}), json!(null), json!(null)),
            (json!({"name": "a", "labels": 5}), json!({}), json!({"allocatable": {"memory": "1Gi"}})),
            (json!({"name": "a"}), json!({}), json!({"allocatable": {"memory": "much"}})),
        ] {
            let seen = seen(&json!({"metadata": metadata, "spec": spec, "status": status}));
            assert_eq!(seen.metadata.name.as_deref(), Some("a"));
            assert!(seen.kept.is_err(), "{seen:?}");
        }
        for metadata in [json!(null), json!(1), json!(-1), json!(0.5), json!(true), json!("x"), json!([])] {
            assert!(seen(&json!({"metadata": metadata})).kept.is_err());
        }
    }
}
