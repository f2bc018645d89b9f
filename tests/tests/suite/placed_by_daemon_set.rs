//! A Pod that a DaemonSet has made, as a webhook sees it, is judged as that DaemonSet's.

use memlint_capacity::CapacityBuilder;
use memlint_kubernetes::reference::Origin;
use memlint_tests::memory;
use serde_json::json;

#[test]
fn a_pod_of_a_daemon_set_is_warned_about_and_its_like_does_not_count() {
    let mut builder = CapacityBuilder::default();
    let node = json!({"metadata": {"name": "n0"},
        "status": {"allocatable": {"cpu": "2", "memory": "1Gi", "pods": "10", "ephemeral-storage": "1Gi"}}});
    builder.add_node(&serde_json::from_value(node).expect("a Node"), Origin::default());
    let containers =
        |memory: &str| json!([{"name": "agent", "image": "i", "resources": {"requests": {"memory": memory}}}]);
    let set = json!({"metadata": {"name": "agent", "namespace": "apps"}, "spec": {"selector": {},
        "template": {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": containers("600Mi")}}}});
    builder.add_daemon_set(serde_json::from_value(set).expect("a DaemonSet"));
    let capacity = std::sync::Arc::new(builder.build().expect("a capacity"));
    let found = |memory: &str| -> Vec<&str> {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "agent-x", "namespace": "apps",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "u", "controller": true}]},
            "spec": {"containers": containers(memory)}});
        let mut policy = memlint_policies::policy::Policy::default();
        policy.retain_rules(|id| matches!(id, "never-fits" | "no-eligible-node" | "daemonset-does-not-fit"));
        let text = pod.to_string();
        let (_, report) = memory::lint_on(&[("pod.json", text.as_bytes())], &policy, Some(&capacity));
        report.findings.iter().map(|located| located.finding.rule).collect()
    };
    assert_eq!(found("1000Mi"), [""; 0]);
    assert_eq!(found("1100Mi"), ["daemonset-does-not-fit"]);
}
