//! Reading an object without the parts that no rule looks at: `status` and `metadata.managedFields`, which are often
//! larger than all the rest.

use std::borrow::Cow;
use std::fmt;

use memlint_kubernetes::object::Value;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::text::fault;

/// The most values that the objects of a request may have together: ten thousand containers fit in. A value of three
/// bytes takes a hundred times as much memory once it is read, and three million bytes of them more than the whole
/// webhook may have.
const MAX_VALUES: usize = 64_000;

/// Whether the objects of a request are few enough values to be read.
///
/// # Errors
/// That they are too many.
pub(crate) fn bound(objects: [Option<&RawValue>; 2]) -> Result<(), String> {
    let texts = || objects.into_iter().flatten().map(RawValue::get);
    // Each value takes two bytes at least, so that most objects need not be counted.
    if texts().map(str::len).sum::<usize>() / 2 > MAX_VALUES && texts().map(values).sum::<usize>() > MAX_VALUES {
        return Err(format!("the object cannot be read: it has more than {MAX_VALUES} values"));
    }
    Ok(())
}

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

/// How many values a text of JSON has: each but the first of a list or map stands behind a comma.
fn values(text: &str) -> usize {
    let (mut count, mut quoted, mut escaped) = (1, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => count += 1,
            _ => {}
        }
    }
    count
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_without_what_is_in_texts() {
        for (text, count) in
            [("5", 1), (r#"["", ""]"#, 3), (r#"{"a": [1, 2], "b": "x,{[\",\\"}"#, 5), (r#""\\", ["#, 3)]
        {
            assert_eq!(values(text), count, "{text}");
        }
    }

    #[test]
    fn objects_of_too_many_values_are_not_read() {
        let object = |items: usize| {
            let text = format!("{{\"spec\": [{}0]}}", "0,".repeat(items));
            RawValue::from_string(text).expect("JSON")
        };
        let (all, half) = (object(MAX_VALUES - 3), object(MAX_VALUES / 2));
        assert_eq!(bound([Some(&all), None]), Ok(()));
        assert!(bound([Some(&object(MAX_VALUES)), None]).expect_err("too many").contains("more than 64000 values"));
        assert!(bound([Some(&half), Some(&half)]).is_err(), "both count");
    }
}
