//! [`NodeAffinity`]: which nodes a Pod asks for, by `nodeSelector` and required node affinity.
//!
//! Follows `k8s.io/component-helpers/scheduling/corev1/nodeaffinity` and the scheduler's plugin of that name.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1 as api;

use super::selector::Requirement;

/// A Pod's demands on a node's labels and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NodeAffinity {
    selector: Vec<Requirement>,
    /// `None` without required node affinity. Terms that are empty or broken match nothing and are not here.
    terms: Option<Vec<Term>>,
    names: Names,
}

/// One of several alternatives: all it asks for must be so.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    labels: Vec<Requirement>,
    /// `metadata.name`: the name, and whether it is asked for or refused.
    names: Vec<(String, bool)>,
}

/// What the scheduler makes of the names in node affinity before it looks at any node (`NodeAffinity.PreFilter`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Names {
    /// Every node is looked at.
    #[default]
    Any,
    /// Only these are looked at.
    Only(BTreeSet<String>),
    /// The terms ask for names that exclude one another: no node is looked at.
    Conflict,
}

impl NodeAffinity {
    /// The demands of a Pod.
    pub(super) fn of_pod(spec: &api::PodSpec) -> Self {
        let pairs = spec.node_selector.iter().flatten();
        let selector = pairs.map(|(key, value)| Requirement::equals(key, value)).collect();
        let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let required =
            affinity.and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
        let terms = required.map(|required| required.node_selector_terms.iter().filter_map(Term::read).collect());
        let names = required.map_or(Names::Any, |required| Names::read(&required.node_selector_terms));
        Self { selector, terms, names }
    }

    /// Which nodes the scheduler looks at.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Whether a node matches.
    pub(super) fn matches<'a>(&self, name: &str, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let meets = |all: &[Requirement]| all.iter().all(|one| one.matches(label(one.key())));
        let fits =
            |term: &Term| term.names.iter().all(|(wanted, equal)| (wanted == name) == *equal) && meets(&term.labels);
        meets(&self.selector) && self.terms.as_ref().is_none_or(|terms| terms.iter().any(fits))
    }

    /// The labels that a node would have to have and has not: of `nodeSelector`, and of that alternative of the node
    /// affinity which lacks least. Nothing if no change of labels could help.
    pub(super) fn unmet<'a>(&self, name: &str, label: impl Fn(&str) -> Option<&'a str>) -> Option<Vec<&Requirement>> {
        let lacking = |all: &'_ [Requirement]| -> Vec<usize> {
            (0..all.len()).filter(|index| !all[*index].matches(label(all[*index].key()))).collect()
        };
        let mut unmet: Vec<&Requirement> = lacking(&self.selector).iter().map(|index| &self.selector[*index]).collect();
        if let Some(terms) = &self.terms {
            let named = |term: &&Term| term.names.iter().all(|(wanted, equal)| (wanted == name) == *equal);
            let lacks = terms.iter().filter(named).map(|term| (term, lacking(&term.labels)));
            let (term, least) = lacks.min_by_key(|(_, lacking)| lacking.len())?;
            unmet.extend(least.iter().map(|index| &term.labels[*index]));
        }
        Some(unmet)
    }

    /// Whether a node's name matters.
    pub(super) fn wants_names(&self) -> bool {
        self.terms.iter().flatten().any(|term| !term.names.is_empty())
    }

    /// The keys of all labels that matter.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let terms = self.terms.iter().flatten().flat_map(|term| &term.labels);
        self.selector.iter().chain(terms).map(Requirement::key)
    }
}

impl Term {
    /// A term that is empty, or that Kubernetes cannot read, matches no node.
    fn read(term: &api::NodeSelectorTerm) -> Option<Self> {
        let expressions = term.match_expressions.as_deref().unwrap_or_default();
        let fields = term.match_fields.as_deref().unwrap_or_default();
        if expressions.is_empty() && fields.is_empty() {
            return None;
        }
        let values = |one: &api::NodeSelectorRequirement| one.values.clone().unwrap_or_default();
        let label = |one: &api::NodeSelectorRequirement| Requirement::new(&one.key, &one.operator, &values(one));
        let labels = expressions.iter().map(label).collect::<Option<Vec<_>>>()?;
        let mut names = Vec::new();
        for field in fields {
            let equal = match field.operator.as_str() {
                "In" => true,
                "NotIn" => false,
                _ => return None,
            };
            let [value] = <[String; 1]>::try_from(values(field)).ok()?;
            match field.key.as_str() {
                "metadata.name" => names.push((value, equal)),
                // Nodes have no other field to select by: it reads as empty.
                _ if value.is_empty() == equal => {}
                _ => return None,
            }
        }
        Some(Self { labels, names })
    }
}

impl Names {
    fn read(terms: &[api::NodeSelectorTerm]) -> Self {
        let mut all = BTreeSet::new();
        for term in terms {
            let fields = term.match_fields.iter().flatten();
            let named = fields.filter(|field| field.key == "metadata.name" && field.operator == "In");
            let sets = named.map(|field| field.values.iter().flatten().cloned().collect::<BTreeSet<String>>());
            match sets.reduce(|a, b| &a & &b) {
                Some(names) => all.extend(names),
                None => return Self::Any,
            }
        }
        match (terms.is_empty(), all.is_empty()) {
            (true, _) => Self::Any,
            (false, true) => Self::Conflict,
            (false, false) => Self::Only(all),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn affinity(selector: serde_json::Value, terms: serde_json::Value) -> NodeAffinity {
        let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
        let affinity = if terms.is_null() { json!({}) } else { json!({"nodeAffinity": required}) };
        let spec = json!({"containers": [], "nodeSelector": selector, "affinity": affinity});
        NodeAffinity::of_pod(&serde_json::from_value(spec).expect("a Pod spec"))
    }

    fn matches(affinity: &NodeAffinity) -> bool {
        affinity.matches("n0", |key| (key == "pool").then_some("a"))
    }

    #[test]
    fn terms_are_alternatives_and_empty_ones_match_nothing() {
        let pool = |value: &str| json!({"matchExpressions": [{"key": "pool", "operator": "In", "values": [value]}]});
        assert!(matches(&affinity(json!({}), json!(null))));
        assert!(!matches(&affinity(json!({}), json!([]))));
        assert!(!matches(&affinity(json!({}), json!([{}]))));
        assert!(matches(&affinity(json!({}), json!([{}, pool("a")]))));
        assert!(matches(&affinity(json!({"pool": "a"}), json!([pool("b"), pool("a")]))));
        assert!(!matches(&affinity(json!({"pool": "b"}), json!([pool("a")]))));
        let broken = json!({"matchExpressions": [{"key": "pool", "operator": "Gt", "values": ["x"]}]});
        assert!(!matches(&affinity(json!({}), json!([broken]))));
    }

    #[test]
    fn names_narrow_the_search_before_it_starts() {
        let name = |operator: &str, name: &str| json!({"key": "metadata.name", "operator": operator, "values": [name]});
        let one = affinity(json!({}), json!([{"matchFields": [name("In", "n0")]}]));
        assert!(matches(&one) && one.wants_names());
        assert_eq!(one.names(), &Names::Only(["n0".to_owned()].into()));
        let both = affinity(json!({}), json!([{"matchFields": [name("In", "n0"), name("In", "n1")]}]));
        assert_eq!(both.names(), &Names::Conflict);
        let not = affinity(json!({}), json!([{"matchFields": [name("NotIn", "n0")]}]));
        assert_eq!((not.names(), matches(&not)), (&Names::Any, false));
    }

    #[test]
    fn says_which_labels_are_lacking() {
        let expression = |key: &str| json!({"key": key, "operator": "Exists"});
        let all = affinity(
            json!({"disk": "ssd"}),
            json!([{"matchExpressions": [expression("x"), expression("y")]}, {"matchExpressions": [expression("z")]}]),
        );
        let unmet = all.unmet("n0", |key| (key == "pool").then_some("a")).expect("labels");
        assert_eq!(unmet.iter().map(ToString::to_string).collect::<Vec<_>>(), ["disk=ssd", "z"]);
    }
}
