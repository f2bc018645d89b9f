//! Reading an object without the parts that no rule looks at: `status` and `metadata.managedFields`, which are often
//! larger than all the rest.

use std::borrow::Cow;
use std::fmt;

use memlint_policies::object::Value;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::text::fault;

/// The value of an object.
///
/// # Errors
/// When it is no map, or nested too deep.
pub(crate) fn read(raw: &RawValue) -> Result<Value<'_>, String> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    Trimmed { without: "status", below: Some("metadata") }
        .deserialize(&mut deserializer)
        .map_err(|error| format!("the object cannot be read: {}", fault(&error)))
}

/// Reads a map without one key, and below another key a map without `managedFields`.
#[derive(Clone, Copy)]
struct Trimmed {
    without: &'static str,
    below: Option<&'static str>,
}

impl<'de> DeserializeSeed<'de> for Trimmed {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Trimmed {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        let mut entries: Vec<(Cow<'de, str>, Value<'de>)> = Vec::with_capacity(8);
        while let Some(Value::String(key)) = map.next_key::<Value<'de>>()? {
            if key == self.without {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = match self.below {
                Some(below) if key == below => {
                    map.next_value_seed(Trimmed { without: "managedFields", below: None })?
                }
                _ => map.next_value()?,
            };
            entries.push((key, value));
        }
        Ok(Value::Map(entries))
    }
}
