//! [`Tolerations`]: which taints a Pod puts up with, as `Toleration.ToleratesTaint` decides it.

use k8s_openapi::api::core::v1 as api;

use crate::node::Taint;

/// A Pod's tolerations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tolerations(Vec<Toleration>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Toleration {
    /// Empty for any key.
    key: String,
    operator: String,
    value: String,
    /// Empty for any effect.
    effect: String,
}

/// What a node's controller puts on a node that is away; every Pod bears it for five minutes.
const AWAY: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
/// What the DaemonSet controller lets its Pods ignore besides.
const PRESSED: [&str; 4] = [
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unschedulable",
];

impl Tolerations {
    /// The tolerations of a Pod, with those that the API server gives to every Pod that does not speak for itself
    /// (admission plugin DefaultTolerationSeconds).
    pub(super) fn of_pod(spec: &api::PodSpec) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let own = spec.tolerations.iter().flatten().map(|toleration| Toleration {
            key: text(&toleration.key),
            operator: text(&toleration.operator),
            value: text(&toleration.value),
            effect: text(&toleration.effect),
        });
        let mut all: Vec<Toleration> = own.collect();
        for key in AWAY {
            let speaks = |own: &Toleration| {
                (own.key == key || own.key.is_empty()) && matches!(own.effect.as_str(), "" | "NoExecute")
            };
            if !all.iter().any(speaks) {
                all.push(Toleration::exists(key, "NoExecute"));
            }
        }
        Self(all)
    }

    /// The same, with those that the DaemonSet controller adds to its Pods (`AddOrUpdateDaemonPodTolerations`).
    pub(super) fn of_daemon_pod(spec: &api::PodSpec) -> Self {
        let mut all = Self::of_pod(spec);
        all.0.extend(AWAY.iter().map(|key| Toleration::exists(key, "NoExecute")));
        all.0.extend(PRESSED.iter().map(|key| Toleration::exists(key, "NoSchedule")));
        if spec.host_network == Some(true) {
            all.0.push(Toleration::exists("node.kubernetes.io/network-unavailable", "NoSchedule"));
        }
        all
    }

    /// Whether a taint is tolerated.
    pub(super) fn tolerate(&self, taint: &Taint) -> bool {
        self.0.iter().any(|toleration| toleration.tolerates(taint))
    }

    /// Whether a cordoned node will do (`node.kubernetes.io/unschedulable:NoSchedule`, in plugin NodeUnschedulable).
    pub(super) fn tolerate_cordon(&self) -> bool {
        let taint = |key: &str| Taint { key: key.to_owned(), value: String::new(), effect: "NoSchedule".to_owned() };
        self.tolerate(&taint("node.kubernetes.io/unschedulable"))
    }

    /// Those of a node's taints that keep the Pod away, in their order.
    pub(super) fn untolerated<'a>(&'a self, taints: &'a [Taint]) -> impl Iterator<Item = &'a Taint> {
        taints.iter().filter(|taint| taint.repels() && !self.tolerate(taint))
    }
}

impl Toleration {
    fn exists(key: &str, effect: &str) -> Self {
        let (operator, value) = ("Exists".to_owned(), String::new());
        Self { key: key.to_owned(), operator, value, effect: effect.to_owned() }
    }

    /// `Lt` and `Gt` match nothing: their feature gate (TaintTolerationComparisonOperators) is alpha and off.
    fn tolerates(&self, taint: &Taint) -> bool {
        let value = match self.operator.as_str() {
            "" | "Equal" => self.value == taint.value,
            operator => operator == "Exists",
        };
        let named = |own: &str, theirs: &str| own.is_empty() || own == theirs;
        value && named(&self.key, &taint.key) && named(&self.effect, &taint.effect)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(tolerations: serde_json::Value) -> api::PodSpec {
        serde_json::from_value(json!({"containers": [], "tolerations": tolerations})).expect("a Pod spec")
    }

    fn taint(key: &str, value: &str, effect: &str) -> Taint {
        Taint { key: key.into(), value: value.into(), effect: effect.into() }
    }

    #[test]
    fn key_value_and_effect_all_count_where_they_are_given() {
        let check = |toleration: serde_json::Value, expected: bool| {
            let all = Tolerations::of_pod(&spec(json!([toleration])));
            assert_eq!(all.tolerate(&taint("k", "v", "NoSchedule")), expected, "{toleration}");
        };
        check(json!({"operator": "Exists"}), true);
        check(json!({"key": "k", "operator": "Exists"}), true);
        check(json!({"key": "k", "operator": "Exists", "effect": "NoExecute"}), false);
        check(json!({"key": "k", "value": "v"}), true);
        check(json!({"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"}), true);
        check(json!({"key": "k"}), false);
        check(json!({"value": "v"}), true);
        check(json!({"key": "k", "operator": "Lt", "value": "9"}), false);
        check(json!({"key": "other", "operator": "Exists"}), false);
    }

    #[test]
    fn only_taints_that_repel_keep_a_pod_away() {
        let none = Tolerations::of_pod(&spec(json!([])));
        let taints = [taint("a", "", "PreferNoSchedule"), taint("b", "", "NoExecute"), taint("c", "", "NoSchedule")];
        let away: Vec<&str> = none.untolerated(&taints).map(|taint| taint.key.as_str()).collect();
        assert_eq!(away, ["b", "c"]);
    }

    #[test]
    fn every_pod_bears_a_node_that_is_away_unless_it_says_otherwise() {
        let not_ready = taint(AWAY[0], "", "NoExecute");
        assert!(Tolerations::of_pod(&spec(json!([]))).tolerate(&not_ready));
        assert!(!Tolerations::of_pod(&spec(json!([{"key": AWAY[0], "value": "x"}]))).tolerate(&not_ready));
        assert!(!Tolerations::of_pod(&spec(json!([]))).tolerate(&taint(AWAY[0], "", "NoSchedule")));
    }

    #[test]
    fn daemon_pods_stand_more() {
        let spec = spec(json!([]));
        assert!(!Tolerations::of_pod(&spec).tolerate_cordon());
        assert!(Tolerations::of_daemon_pod(&spec).tolerate_cordon());
        let offline = taint("node.kubernetes.io/network-unavailable", "", "NoSchedule");
        assert!(!Tolerations::of_daemon_pod(&spec).tolerate(&offline));
        let on_host = api::PodSpec { host_network: Some(true), ..spec };
        assert!(Tolerations::of_daemon_pod(&on_host).tolerate(&offline));
    }
}
