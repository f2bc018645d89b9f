//! The AdmissionReview with which an API server would ask about an object that is created.

use memlint_policies::inventory::Inventory;
use serde_json::{Value, json};

use super::kinds::{Kind, is_mirror};
use super::limit_ranger;

/// The uid of every request: an audit has no other.
const UID: &str = "memlint-audit";

/// The request about an object.
pub(super) fn of(kind: &Kind, namespace: &str, name: &str, mut object: Value, known: &Inventory) -> Vec<u8> {
    let mut groups = vec!["system:authenticated"];
    // The items of a list leave both to the list.
    if let Some(object) = object.as_object_mut() {
        object.insert("apiVersion".to_owned(), kind.api_version().into());
        object.insert("kind".to_owned(), kind.kind.into());
    }
    if kind.kind == "Pod" {
        // Kubelets alone create those.
        if is_mirror(&object) {
            groups.push("system:nodes");
        }
        // The scheduler would choose a node anew, and no Pod is born with what kubectl debug has put into it.
        if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("nodeName");
            spec.remove("ephemeralContainers");
        }
        limit_ranger::fill(&mut object, &known.limit_ranges(namespace));
    }
    let review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": UID,
            "kind": {"group": kind.group, "version": "v1", "kind": kind.kind},
            "resource": {"group": kind.group, "version": "v1", "resource": kind.plural},
            "name": name,
            "namespace": namespace,
            "operation": "CREATE",
            "userInfo": {"username": "memlint-audit", "groups": groups},
            "object": object,
            "dryRun": true,
        },
    });
    review.to_string().into_bytes()
}
