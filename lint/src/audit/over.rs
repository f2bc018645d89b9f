//! What is over: it is listed, and nothing of it will run again.

use serde_json::Value;

use super::kinds::{Kind, controller};

/// Whether an object is over: a Pod or a Job that has ended, or what is left of an earlier rollout.
pub(super) fn is_over(kind: &Kind, object: &Value) -> bool {
    match kind.kind {
        "Pod" => {
            let phase = object.pointer("/status/phase").and_then(Value::as_str);
            matches!(phase, Some("Succeeded" | "Failed"))
        }
        "Job" => {
            let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
            conditions.into_iter().flatten().any(|condition| {
                matches!(condition["type"].as_str(), Some("Complete" | "Failed")) && condition["status"] == "True"
            })
        }
        // One that nothing has made is someone's own, and may be scaled up again.
        "ReplicaSet" => controller(object).is_some() && object.pointer("/spec/replicas") == Some(&0.into()),
        _ => false,
    }
}
