//! What audits are tried with: objects as kubectl prints them, on one node of 8Gi.

use memlint_tests::command::{Memlint, Outcome};
use memlint_tests::memlint;
use serde_json::{Value, json};

/// How each policy begins.
pub(crate) const HEAD: &str = "apiVersion: memlint.dev/v1alpha1\nkind: Policy\n";

/// A container that requests and is limited to so much; nothing if a text is empty.
pub(crate) fn container(name: &str, request: &str, limit: &str) -> Value {
    let memory = |text: &str| if text.is_empty() { json!({}) } else { json!({"memory": text}) };
    json!({"name": name, "image": "i", "resources": {"requests": memory(request), "limits": memory(limit)}})
}

/// The object, made by another.
pub(crate) fn owned(mut object: Value, kind: &str, owner: &str) -> Value {
    let api_version = if kind == "Node" { "v1" } else { "apps/v1" };
    let owner = json!({"apiVersion": api_version, "kind": kind, "name": owner, "uid": "u", "controller": true});
    object["metadata"]["ownerReferences"] = json!([owner]);
    object
}

/// A workload whose Pod requests and is limited to so much; nothing if the text is empty.
pub(crate) fn workload(kind: &str, namespace: &str, name: &str, memory: &str) -> Value {
    let template =
        json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [container("app", memory, memory)]}});
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template},
    })
}

/// A Pod that runs.
pub(crate) fn pod(namespace: &str, name: &str, memory: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
        // Another node than the one that is known: it would be chosen anew.
        "spec": {"containers": [container("app", memory, memory)], "nodeName": "gone"},
        "status": {"phase": "Running"},
    })
}

/// A node of 8Gi.
pub(crate) fn node(labels: &Value) -> Value {
    let resources = json!({"cpu": "4", "memory": "8Gi", "pods": "110"});
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": labels},
        "status": {"allocatable": resources, "capacity": resources},
    })
}

/// A List as kubectl prints it.
pub(crate) fn list(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// An audit of objects on one node of 8Gi.
pub(crate) fn audit(items: &[Value]) -> Memlint {
    let mut items = items.to_vec();
    items.push(node(&json!({})));
    memlint!("audit", "--from", "-", "--format", "json").stdin(list(&items))
}

/// The verdicts, as `Kind namespace/name verdict`.
pub(crate) fn verdicts(outcome: &Outcome) -> Vec<String> {
    let text = |object: &Value, key: &str| object[key].as_str().expect("a text").to_owned();
    let line = |object: &Value| {
        let [kind, namespace, name, verdict] = ["kind", "namespace", "name", "verdict"].map(|key| text(object, key));
        format!("{kind} {namespace}/{name} {verdict}")
    };
    outcome.json()["objects"].as_array().expect("a list").iter().map(line).collect()
}
