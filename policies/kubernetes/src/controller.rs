//! Who made an object: the owner that says `controller: true` (`metav1.GetControllerOf`), and what that one belongs to,
//! by its name. Other owners only keep an object from being deleted.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use crate::object::Value;

/// The controller among an object's owners. The API server takes no more than one.
#[must_use]
pub fn controller_of(owners: Option<&[OwnerReference]>) -> Option<&OwnerReference> {
    owners.unwrap_or_default().iter().find(|owner| owner.controller == Some(true))
}

/// The controller of an object that has not been decoded; parts of it that are no text are empty.
#[must_use]
pub fn controller_in(object: &Value<'_>) -> Option<OwnerReference> {
    let owners = object.get("metadata")?.get("ownerReferences")?.items();
    let owners: Vec<OwnerReference> = owners.iter().map(read).collect();
    controller_of(Some(&owners)).cloned()
}

fn read(owner: &Value<'_>) -> OwnerReference {
    let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_true = |key: &str| Some(owner.get(key) == Some(&Value::Bool(true)));
    OwnerReference {
        api_version: text("apiVersion"),
        block_owner_deletion: is_true("blockOwnerDeletion"),
        controller: is_true("controller"),
        kind: text("kind"),
        name: text("name"),
        uid: text("uid"),
    }
}

/// Whether a workload made what this controller makes, itself or through a ReplicaSet or Job of its own.
#[must_use]
pub fn is_behind((kind, name): (&str, &str), (controller_kind, controller): (&str, &str)) -> bool {
    // What a Deployment makes is called after it, with a hash behind that has no dash in it.
    let is_named_after = || {
        let hash = controller.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
        hash.is_some_and(|hash| !hash.is_empty() && !hash.contains('-'))
    };
    match (kind, controller_kind) {
        // Argo's Rollouts make ReplicaSets, too.
        ("CronJob", "Job") | ("Deployment" | "Rollout", "ReplicaSet") => is_named_after(),
        _ => kind == controller_kind && name == controller,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_controller_is_the_owner_that_says_so() {
        let owner = |kind: &str, controller: Option<bool>| json!({"apiVersion": "v1", "kind": kind, "name": "n", "uid": "u", "controller": controller});
        for (owners, expected) in [
            (json!([]), None),
            (json!([owner("Snapshot", None), owner("ReplicaSet", Some(true))]), Some("ReplicaSet")),
            (json!([owner("Snapshot", Some(false)), owner("DaemonSet", None)]), None),
            (json!([owner("Job", Some(true)), owner("Snapshot", None)]), Some("Job")),
        ] {
            let typed: Vec<OwnerReference> = serde_json::from_value(owners.clone()).expect("owners");
            assert_eq!(controller_of(Some(&typed)).map(|owner| owner.kind.as_str()), expected, "{owners}");
            let text = json!({"metadata": {"ownerReferences": owners}}).to_string();
            let object: Value<'_> = serde_json::from_str(&text).expect("a value");
            assert_eq!(controller_in(&object).map(|owner| owner.kind).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_between_is_known_by_its_name() {
        for (workload, controller, expected) in [
            (("Deployment", "web"), ("ReplicaSet", "web-5d4f"), true),
            (("Deployment", "web"), ("ReplicaSet", "web-admin-5d4f"), false),
            (("Deployment", "web"), ("ReplicaSet", "web"), false),
            (("Rollout", "web"), ("ReplicaSet", "web-5d4f"), true),
            (("CronJob", "tidy"), ("Job", "tidy-29001"), true),
            (("StatefulSet", "web"), ("StatefulSet", "web"), true),
            (("StatefulSet", "web"), ("ReplicaSet", "web"), false),
        ] {
            assert_eq!(is_behind(workload, controller), expected, "{workload:?} {controller:?}");
        }
    }
}
