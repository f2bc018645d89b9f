//! Reading how many Pods a workload makes from the object as it was written.

use super::{Amount, Autoscaler, Scale, Update};
use crate::object::Value;
use crate::path::FieldPath;
use crate::reference::{ObjectRef, Origin};

impl Scale {
    /// One Pod, whatever happens.
    #[must_use]
    pub fn one(at: &FieldPath) -> Self {
        Self { replicas: 1, at: at.clone(), update: Update::None }
    }

    /// Reads a workload's object; `template_at` is where its Pod template stands.
    ///
    /// What is not a number counts as absent, and what is absent as the API server's default.
    #[must_use]
    pub fn read(reference: &ObjectRef, object: &Value<'_>, template_at: &FieldPath) -> Self {
        let spec = |keys: &[&str]| FieldPath::of(&["spec"]).keys(keys);
        let counted = |at: FieldPath, update: Update| Self { replicas: number(object, &at).unwrap_or(1), at, update };
        let group = reference.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let is_own = matches!(group, "" | "apps" | "batch" | "extensions");
        match reference.kind.as_str() {
            _ if !is_own && *template_at == spec(&["template"]) => counted(spec(&["replicas"]), custom(object)),
            _ if !is_own => Self::one(template_at),
            "Deployment" => counted(spec(&["replicas"]), deployment(object)),
            "StatefulSet" => counted(spec(&["replicas"]), stateful_set(object)),
            "ReplicaSet" | "ReplicationController" => counted(spec(&["replicas"]), Update::None),
            "DaemonSet" => Self { update: daemon_set(object), ..Self::one(template_at) },
            "Job" => job(object, &spec(&[])),
            "CronJob" => job(object, &spec(&["jobTemplate", "spec"])),
            "Pod" | "PodTemplate" => Self::one(template_at),
            // Custom resources that look like a Deployment (Argo Rollouts, OpenKruise).
            _ if *template_at == spec(&["template"]) => counted(spec(&["replicas"]), custom(object)),
            _ => Self::one(template_at),
        }
    }
}

impl Autoscaler {
    /// Reads a HorizontalPodAutoscaler or a KEDA ScaledObject; `None` for anything else.
    #[must_use]
    pub fn read(reference: &ObjectRef, object: &Value<'_>, namespace: &str, origin: Origin) -> Option<Self> {
        let (group, kind) = (reference.api_version.split('/').next(), reference.kind.as_str());
        let (field, max) = match (group, kind) {
            (Some("autoscaling"), "HorizontalPodAutoscaler") => ("maxReplicas", None),
            (Some("keda.sh"), "ScaledObject") => ("maxReplicaCount", Some(100)),
            _ => return None,
        };
        let target = object.get("spec")?.get("scaleTargetRef")?;
        let text = |key: &str| target.get(key).and_then(Value::as_str);
        let at = FieldPath::of(&["spec", field]);
        Some(Self {
            namespace: namespace.to_owned(),
            name: reference.name.clone().unwrap_or_default(),
            origin,
            target_kind: text("kind").unwrap_or("Deployment").to_owned(),
            target: text("name")?.to_owned(),
            max: number(object, &at).or(max)?,
            at,
        })
    }
}

fn deployment(object: &Value<'_>) -> Update {
    let strategy = FieldPath::of(&["spec", "strategy"]);
    if text(object, &strategy.key("type")) == Some("Recreate") {
        return Update::InPlace;
    }
    let at = strategy.keys(&["rollingUpdate", "maxSurge"]);
    let quarter = Amount::Percent(25);
    Update::Rolling {
        surge: amount(object, &at).unwrap_or(quarter),
        unavailable: amount(object, &strategy.keys(&["rollingUpdate", "maxUnavailable"])).unwrap_or(quarter),
        // Without a strategy the number of replicas is all there is to point at.
        at: if object.at(&strategy).is_some() { at } else { FieldPath::of(&["spec", "replicas"]) },
    }
}

fn stateful_set(object: &Value<'_>) -> Update {
    match text(object, &FieldPath::of(&["spec", "updateStrategy", "type"])) {
        Some("OnDelete") => Update::None,
        _ => Update::InPlace,
    }
}

fn daemon_set(object: &Value<'_>) -> Update {
    let strategy = FieldPath::of(&["spec", "updateStrategy"]);
    if text(object, &strategy.key("type")) == Some("OnDelete") {
        return Update::None;
    }
    let at = strategy.keys(&["rollingUpdate", "maxSurge"]);
    match amount(object, &at) {
        None | Some(Amount::Pods(0) | Amount::Percent(0)) => Update::InPlace,
        Some(surge) => {
            let unavailable = amount(object, &strategy.keys(&["rollingUpdate", "maxUnavailable"]));
            Update::Rolling { surge, unavailable: unavailable.unwrap_or(Amount::Pods(0)), at }
        }
    }
}

/// Argo Rollouts: a canary's `maxSurge` is a quarter by default; blue-green runs both colours in full.
fn custom(object: &Value<'_>) -> Update {
    let strategy = FieldPath::of(&["spec", "strategy"]);
    if object.at(&strategy.key("blueGreen")).is_some() {
        let (surge, unavailable) = (Amount::Percent(100), Amount::Pods(0));
        return Update::Rolling { surge, unavailable, at: strategy.key("blueGreen") };
    }
    if object.at(&strategy.key("canary")).is_none() {
        return Update::None;
    }
    let at = strategy.keys(&["canary", "maxSurge"]);
    let quarter = Amount::Percent(25);
    Update::Rolling {
        surge: amount(object, &at).unwrap_or(quarter),
        unavailable: amount(object, &strategy.keys(&["canary", "maxUnavailable"])).unwrap_or(quarter),
        at,
    }
}

/// A Job runs `parallelism` Pods at once, and no more than are still to complete.
fn job(object: &Value<'_>, spec: &FieldPath) -> Scale {
    let at = spec.key("parallelism");
    let parallelism = number(object, &at).unwrap_or(1);
    let completions = number(object, &spec.key("completions")).unwrap_or(u64::MAX);
    Scale { replicas: parallelism.min(completions), at, update: Update::None }
}

fn text<'v>(object: &'v Value<'_>, at: &FieldPath) -> Option<&'v str> {
    object.at(at)?.as_str()
}

fn number(object: &Value<'_>, at: &FieldPath) -> Option<u64> {
    match object.at(at)? {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

fn amount(object: &Value<'_>, at: &FieldPath) -> Option<Amount> {
    match object.at(at)? {
        Value::Number(text) => Some(Amount::Pods(text.parse().ok()?)),
        Value::String(text) => Some(Amount::Percent(text.strip_suffix('%')?.parse().ok()?)),
        _ => None,
    }
}
