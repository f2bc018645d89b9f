//! What a RuntimeClass adds to a Pod that filters see, as the admission plugin of that name adds it.

use k8s_openapi::api::core::v1::{PodSpec, Toleration};
use k8s_openapi::api::node::v1::RuntimeClass;

/// Adds the node selector and tolerations of a RuntimeClass to a Pod that runs in it, and its overhead (KEP-585).
///
/// # Errors
/// The API server's words, where it would refuse the Pod: its node selector contradicts that of the class, or its
/// overhead is another.
pub fn apply_runtime_class(spec: &mut PodSpec, class: &RuntimeClass) -> Result<(), String> {
    if let Some(overhead) = class.overhead.as_ref().and_then(|overhead| overhead.pod_fixed.clone()) {
        let own = spec.overhead.as_ref().filter(|own| !own.is_empty());
        let read = memlint_kubernetes::aggregate::resource_list;
        if own.is_some_and(|own| read(own) != read(&overhead)) {
            return Err("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead".to_owned());
        }
        spec.overhead = Some(overhead);
    }
    let Some(scheduling) = &class.scheduling else { return Ok(()) };
    for (key, value) in scheduling.node_selector.iter().flatten() {
        let selector = spec.node_selector.get_or_insert_default();
        match selector.get(key) {
            Some(own) if own != value => {
                return Err(format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}"
                ));
            }
            _ => _ = selector.insert(key.clone(), value.clone()),
        }
    }
    let all: Vec<Toleration> =
        spec.tolerations.take().into_iter().chain(scheduling.tolerations.clone()).flatten().collect();
    spec.tolerations = Some(merged(&all)).filter(|merged| !merged.is_empty());
    Ok(())
}

/// Tolerations without those that another covers (`MergeTolerations` in `pkg/util/tolerations`): even one that could
/// not stand by itself is gone then.
fn merged(all: &[Toleration]) -> Vec<Toleration> {
    let mut kept: Vec<Toleration> = Vec::new();
    for (index, toleration) in all.iter().enumerate() {
        let later = all.iter().skip(index + 1).filter(|other| *other != toleration);
        if !kept.iter().chain(later).any(|other| covers(other, toleration)) {
            kept.push(toleration.clone());
        }
    }
    kept
}

/// Whether whatever a toleration bears, another bears too (`isSuperset`).
fn covers(wide: &Toleration, narrow: &Toleration) -> bool {
    fn text(text: &Option<String>) -> &str {
        text.as_deref().unwrap_or_default()
    }
    let (key, operator, effect) = (text(&wide.key), text(&wide.operator), text(&wide.effect));
    if wide == narrow {
        return true;
    }
    if text(&narrow.key) != key && !(key.is_empty() && operator == "Exists") {
        return false;
    }
    if !effect.is_empty() && text(&narrow.effect) != effect {
        return false;
    }
    if effect == "NoExecute"
        && wide.toleration_seconds.is_some_and(|most| narrow.toleration_seconds.is_none_or(|seconds| seconds > most))
    {
        return false;
    }
    match operator {
        "Exists" => true,
        "Equal" | "" => text(&narrow.operator) == "Equal" && text(&narrow.value) == text(&wide.value),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apply(spec: serde_json::Value) -> Result<PodSpec, String> {
        let class = json!({"metadata": {"name": "r"}, "handler": "h", "overhead": {"podFixed": {"memory": "64Mi"}},
            "scheduling": {"nodeSelector": {"pool": "a"}, "tolerations": [{"operator": "Exists"}]}});
        let mut spec: PodSpec = serde_json::from_value(spec).expect("a Pod spec");
        apply_runtime_class(&mut spec, &serde_json::from_value(class).expect("a RuntimeClass")).map(|()| spec)
    }

    #[test]
    fn adds_overhead_selector_and_tolerations() {
        let spec = apply(json!({"containers": [], "nodeSelector": {"disk": "ssd"}})).expect("no conflict");
        assert_eq!(spec.node_selector.map(|selector| selector.len()), Some(2));
        assert_eq!(spec.tolerations.map(|tolerations| tolerations.len()), Some(1));
        assert_eq!(spec.overhead.map(|overhead| overhead["memory"].0.clone()), Some("64Mi".to_owned()));
    }

    #[test]
    fn drops_tolerations_that_another_covers() {
        let spec = apply(json!({"containers": [], "tolerations": [
            {"key": "a", "operator": "Exists"}, {"operator": "Equal", "value": "x", "effect": "NoExecute"}]}));
        let tolerations = spec.expect("no conflict").tolerations.expect("the class's own");
        assert_eq!(tolerations.len(), 1);
        assert_eq!(tolerations[0].key, None);
    }

    #[test]
    fn refuses_a_contradiction_in_the_api_servers_words() {
        let refused = apply(json!({"containers": [], "nodeSelector": {"pool": "b"}})).expect_err("a conflict");
        assert!(refused.starts_with("conflict: runtimeClass.scheduling.nodeSelector[pool] = a;"), "{refused}");
        assert!(apply(json!({"containers": [], "overhead": {"memory": "1Mi"}})).is_err());
    }
}
