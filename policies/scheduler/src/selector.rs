//! [`Selector`] and [`Requirement`]: label selectors, as `k8s.io/apimachinery/pkg/labels` reads and matches them.
//!
//! A requirement that Kubernetes would refuse makes its whole selector match nothing; it is never skipped.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::node::UNKNOWN_LABEL;

/// The labels of an object.
pub type Labels = BTreeMap<String, String>;

/// A condition on one label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
    Gt(i64),
    Lt(i64),
}

impl Requirement {
    /// A requirement of the API, or nothing where `labels.NewRequirement` returns an error: unknown operators, too
    /// many or too few values, and keys and values that no label can have. `Gt` and `Lt` want an integer.
    pub(super) fn new(key: &str, operator: &str, values: &[String]) -> Option<Self> {
        let integer = || values.first().filter(|_| values.len() == 1)?.parse::<i64>().ok();
        let operator = match operator {
            "In" if !values.is_empty() => Operator::In(values.to_vec()),
            "NotIn" if !values.is_empty() => Operator::NotIn(values.to_vec()),
            "Exists" if values.is_empty() => Operator::Exists,
            "DoesNotExist" if values.is_empty() => Operator::DoesNotExist,
            "Gt" => Operator::Gt(integer()?),
            "Lt" => Operator::Lt(integer()?),
            _ => return None,
        };
        let valid = is_label_key(key) && values.iter().all(|value| is_label_value(value));
        valid.then(|| Self { key: key.to_owned(), operator })
    }

    /// One value and no other, unchecked: what `nodeSelector` and the API server's merging of label keys ask for.
    pub(super) fn equals(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), operator: Operator::In(vec![value.to_owned()]) }
    }

    /// Any value but this one; objects without the label match.
    pub(super) fn differs(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), operator: Operator::NotIn(vec![value.to_owned()]) }
    }

    /// The label's key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether an object matches whose label has this value, or which lacks it.
    pub(super) fn matches(&self, value: Option<&str>) -> bool {
        if value == Some(UNKNOWN_LABEL) {
            return true;
        }
        let listed = |values: &[String]| value.is_some_and(|value| values.iter().any(|listed| listed == value));
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.operator {
            Operator::In(values) => listed(values),
            Operator::NotIn(values) => !listed(values),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt(bound) => number().is_some_and(|number| number > *bound),
            Operator::Lt(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

/// As people write it: `pool=a`, `pool in (a, b)`, `gen > 5`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.operator {
            Operator::In(values) if values.len() == 1 => write!(f, "{key}={}", values[0]),
            Operator::NotIn(values) if values.len() == 1 => write!(f, "{key}!={}", values[0]),
            Operator::In(values) => write!(f, "{key} in ({})", values.join(", ")),
            Operator::NotIn(values) => write!(f, "{key} notin ({})", values.join(", ")),
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::Gt(bound) => write!(f, "{key} > {bound}"),
            Operator::Lt(bound) => write!(f, "{key} < {bound}"),
        }
    }
}

/// A selector of Pods or namespaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Selector {
    /// Matches nothing: what an absent selector means.
    Nothing,
    /// Matches what meets all requirements; everything, if there are none.
    All(Vec<Requirement>),
}

impl Selector {
    /// Reads a selector (`LabelSelectorAsSelector`): absent matches nothing, empty everything. One with a requirement
    /// that Kubernetes refuses matches nothing.
    pub(super) fn read(selector: Option<&LabelSelector>) -> Self {
        let Some(selector) = selector else { return Self::Nothing };
        let pairs = selector.match_labels.iter().flatten();
        let equal = pairs.map(|(key, value)| Requirement::new(key, "In", std::slice::from_ref(value)));
        let expressions = selector.match_expressions.iter().flatten();
        let others = expressions.map(|expression| match expression.operator.as_str() {
            operator @ ("In" | "NotIn" | "Exists" | "DoesNotExist") => {
                Requirement::new(&expression.key, operator, expression.values.as_deref().unwrap_or_default())
            }
            _ => None,
        });
        equal.chain(others).collect::<Option<Vec<_>>>().map_or(Self::Nothing, Self::All)
    }

    /// Adds a requirement. One that matches nothing stays so.
    pub(super) fn and(self, requirement: Requirement) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::All(mut all) => {
                all.push(requirement);
                Self::All(all)
            }
        }
    }

    /// Whether labels match.
    pub(super) fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::Nothing => false,
            Self::All(all) => all.iter().all(|one| one.matches(labels.get(one.key()).map(String::as_str))),
        }
    }

    /// Whether the selector asks for nothing, and so matches everything.
    pub(super) fn is_everything(&self) -> bool {
        matches!(self, Self::All(all) if all.is_empty())
    }
}

/// `IsValidLabelValue`: empty, or up to 63 letters, digits, `-`, `_`, `.`, with a letter or digit at both ends.
fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_name(text)
}

/// `IsQualifiedName`: a name, after a DNS subdomain and a slash where there is one.
fn is_label_key(text: &str) -> bool {
    let (domain, name) = text.split_once('/').map_or((None, text), |(domain, name)| (Some(domain), name));
    let is_subdomain = |domain: &str| {
        let label = |label: &str| {
            let inner = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
        };
        domain.len() <= 253 && domain.split('.').all(label)
    };
    domain.is_none_or(is_subdomain) && is_name(name)
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()].iter().all(|b| b.is_some_and(u8::is_ascii_alphanumeric));
    ends && bytes.len() <= 63 && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_operator_means_what_it_means_in_kubernetes() {
        let check = |operator: &str, values: &[&str], matching: &[Option<&str>], other: &[Option<&str>]| {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            let requirement = Requirement::new("k", operator, &values).expect("a requirement");
            assert!(matching.iter().all(|value| requirement.matches(*value)), "{requirement}");
            assert!(!other.iter().any(|value| requirement.matches(*value)), "{requirement}");
        };
        check("In", &["a", ""], &[Some("a"), Some("")], &[Some("b"), None]);
        check("NotIn", &["a"], &[Some("b"), None], &[Some("a")]);
        check("Exists", &[], &[Some("")], &[None]);
        check("DoesNotExist", &[], &[None], &[Some("")]);
        check("Gt", &["5"], &[Some("6"), Some("006")], &[Some("5"), Some("x"), Some("6.0"), None]);
        check("Lt", &["5"], &[Some("4")], &[Some("5"), Some(""), None]);
    }

    #[test]
    fn refuses_what_kubernetes_refuses() {
        for (operator, values) in [
            ("In", vec![]),
            ("Exists", vec!["a"]),
            ("Gt", vec!["x"]),
            ("Gt", vec!["1", "2"]),
            ("Gt", vec!["-1"]),
            ("Lt", vec!["9223372036854775808"]),
            ("In", vec!["a b"]),
            ("Like", vec!["a"]),
        ] {
            let values: Vec<String> = values.into_iter().map(ToOwned::to_owned).collect();
            assert_eq!(Requirement::new("k", operator, &values), None, "{operator} {values:?}");
        }
        assert_eq!(Requirement::new("a/b/c", "Exists", &[]), None);
        assert!(Requirement::new("example.com/k", "Exists", &[]).is_some());
    }

    #[test]
    fn absent_is_nothing_and_empty_is_everything() {
        let read = |json: serde_json::Value| Selector::read(Some(&serde_json::from_value(json).expect("a selector")));
        assert!(!Selector::read(None).matches(&labels(&[])));
        assert!(read(json!({})).matches(&labels(&[])) && read(json!({})).is_everything());
        let both = read(json!({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}));
        assert!(both.matches(&labels(&[("a", "1"), ("b", "")])));
        assert!(!both.matches(&labels(&[("a", "1")])));
        let broken = read(
            json!({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Gt", "values": ["1"]}]}),
        );
        assert_eq!(broken, Selector::Nothing);
    }
}
