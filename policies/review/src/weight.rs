//! How much memory a review may take.
//!
//! The types of Kubernetes have all their fields in place: a volume of two bytes, `{}`, takes three thousand once it is
//! read, and a body of 16 KB has room for five thousand of them. What that comes to is known before any of it is taken.

use std::mem::size_of;

use k8s_openapi::api::core::v1 as core;
use memlint_kubernetes::object::Value;

/// The most that the lists of an object may take as types, in bytes: ten thousand containers fit in. While a list grows
/// it takes two to three times that for a moment.
const MOST: usize = 24 * 1024 * 1024;

/// What an item of a list may come to, whatever it is in the text: the largest of the items, three times for a list that
/// grows.
const ITEM: usize = 3 * size_of::<core::Volume>();
/// What a byte of a text may come to: texts are copied and looked through, with the place of each character.
const BYTE: usize = 64;

/// The most memory, in bytes, that the review of a body may take, by its length and how many values it has at most. Most
/// bodies take far less.
#[must_use]
pub fn weight(body: &[u8]) -> usize {
    let items = body.iter().filter(|byte| matches!(byte, b'{' | b'[' | b',')).count();
    items.saturating_mul(ITEM).saturating_add(body.len().saturating_mul(BYTE))
}

/// How much the lists of an object take as types, in bytes.
///
/// # Errors
/// That it is too much, together with what is there already.
pub(crate) fn bound(object: &Value<'_>, already: usize) -> Result<usize, String> {
    let all = already.saturating_add(lists(object));
    if all > MOST {
        return Err(format!("the object cannot be read: its lists would take more than {} MiB", MOST / 1024 / 1024));
    }
    Ok(all)
}

fn lists(value: &Value<'_>) -> usize {
    match value {
        Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| {
                // An item that cannot be read counts as one without fields, whatever it is.
                let here = value.items().len().saturating_mul(item(key));
                here.saturating_add(lists(value))
            })
            .fold(0, usize::saturating_add),
        Value::List(items) => items.iter().map(lists).fold(0, usize::saturating_add),
        _ => 0,
    }
}

/// What an item takes in a list of this name: the largest of the types that have such a list.
fn item(list: &str) -> usize {
    match list {
        "containers" | "initContainers" | "ephemeralContainers" => size_of::<core::EphemeralContainer>(),
        "volumes" => size_of::<core::Volume>(),
        "sources" => size_of::<core::VolumeProjection>(),
        "args" | "command" | "values" => size_of::<String>(),
        _ => size_of::<core::EnvVar>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trim;
    use serde_json::value::RawValue;

    fn lists_of(text: &str) -> Result<usize, String> {
        let raw = RawValue::from_string(text.to_owned()).expect("JSON");
        bound(&trim::read(&raw).expect("a value"), 0)
    }

    fn of_volumes(item: &str, count: usize) -> String {
        format!(r#"{{"spec": {{"volumes": [{}]}}}}"#, vec![item; count].join(","))
    }

    #[test]
    fn lists_weigh_what_their_items_take() {
        let (variable, container) = (size_of::<core::EnvVar>(), size_of::<core::EphemeralContainer>());
        for (text, weight) in [
            ("{}".to_owned(), 0),
            (
                r#"{"spec": {"containers": [{"args": ["a", "b"], "env": [{}, null]}]}}"#.to_owned(),
                container + 2 * variable + 48,
            ),
            (of_volumes("{}", 100), 100 * size_of::<core::Volume>()),
            (of_volumes("0", 100), 100 * size_of::<core::Volume>()),
            (r#"{"volumes": [null, "", [], 0, {}]}"#.to_owned(), 5 * size_of::<core::Volume>()),
            (r#"{"metadata": {"managedFields": [{}]}, "status": {"a": [{}]}}"#.to_owned(), 0),
        ] {
            assert_eq!(lists_of(&text), Ok(weight), "{text}");
        }
        for item in ["{}", "0", "null"] {
            let text = of_volumes(item, 10_000);
            assert!(lists_of(&text).expect_err("too much").contains("more than 24 MiB"));
            assert!(weight(text.as_bytes()) > 10_000 * size_of::<core::Volume>());
        }
        let containers = vec![r#"{"name":"a"}"#; 10_000].join(",");
        assert!(lists_of(&format!(r#"{{"containers": [{containers}]}}"#)).is_ok());
    }

    /// Types of items that are larger than what is counted would make the bound a lie.
    #[test]
    fn no_other_item_is_larger() {
        let all = [
            size_of::<core::Toleration>(),
            size_of::<core::TopologySpreadConstraint>(),
            size_of::<core::EnvFromSource>(),
            size_of::<core::ContainerPort>(),
            size_of::<core::VolumeMount>(),
            size_of::<core::VolumeDevice>(),
            size_of::<core::HostAlias>(),
            size_of::<core::WeightedPodAffinityTerm>(),
            size_of::<core::PodAffinityTerm>(),
            size_of::<core::PreferredSchedulingTerm>(),
            size_of::<core::NodeSelectorTerm>(),
            size_of::<core::NodeSelectorRequirement>(),
            size_of::<core::KeyToPath>(),
            size_of::<core::DownwardAPIVolumeFile>(),
            size_of::<core::PodResourceClaim>(),
        ];
        assert!(all.iter().all(|size| *size <= size_of::<core::EnvVar>()), "{all:?}");
        assert!(size_of::<core::Container>() <= size_of::<core::EphemeralContainer>());
        assert!(size_of::<core::EphemeralContainer>() <= size_of::<core::Volume>());
    }
}
