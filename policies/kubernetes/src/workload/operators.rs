//! Custom resources of well-known operators: where each says what its Pods request, and how many there are.
//!
//! The facts are in `operators.json`, each entry with its source. What an operator adds by itself is not guessed: where
//! it sets resources that are not written, nothing is said of them being missing.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;
use serde::Deserialize;

use super::{Object, Workload};
use crate::aggregate::ContainerKind;
use crate::decode::{self, Leniency, Problem, ProblemKind};
use crate::object::Value;
use crate::path::FieldPath;
use crate::placeholder::is_placeholder;
use crate::places::ContainerPlace;
use crate::resources::MEMORY;
use crate::scale::{Scale, Update};

/// The kinds of one operator whose Pods are described alike.
#[derive(Debug, Deserialize)]
struct Operator {
    group: String,
    kinds: Vec<String>,
    /// Where the operator's own documentation says so.
    #[serde(rename = "source")]
    _source: String,
    pods: Vec<Pod>,
}

/// Where one kind of Pod is described. Paths are dotted and relative to `at`, in which `[]` stands for each item.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Pod {
    at: String,
    /// What to call its container; by default the item's own name, else that of the object.
    name: Option<String>,
    replicas: Option<String>,
    /// A map with `-Xmx` and `-Xms`.
    java: Option<String>,
    /// PostgreSQL's `shared_buffers`.
    postgres: Option<String>,
    /// A list of arguments.
    args: Option<String>,
    /// Memory as a JVM writes it (`4g`), which becomes request and limit, with what Spark adds to it.
    jvm_memory: Option<String>,
    overhead: Option<String>,
    least_overhead_mi: Option<u64>,
    /// Whether the operator sets resources where none are written.
    has_default: bool,
}

static OPERATORS: LazyLock<Vec<Operator>> =
    LazyLock::new(|| serde_json::from_str(include_str!("operators.json")).unwrap_or_default());

/// The Pods that a known operator makes of an object.
pub(super) fn find(object: &Object<'_, '_>) -> Vec<Workload> {
    let reference = object.reference.as_ref();
    let group = reference.api_version.split_once('/').map_or("", |(group, _)| group);
    let is_it = |operator: &&Operator| operator.group == group && operator.kinds.contains(&reference.kind);
    let pods = OPERATORS.iter().filter(is_it).flat_map(|operator| &operator.pods);
    pods.flat_map(|pod| places(object.value, &pod.at).into_iter().filter_map(|at| workload(object, pod, at))).collect()
}

/// The places that a dotted path leads to, each of the items where it says `[]`.
fn places(value: &Value<'_>, path: &str) -> Vec<FieldPath> {
    let mut all = vec![FieldPath::root()];
    for key in path.split('.') {
        let (key, is_list) = key.strip_suffix("[]").map_or((key, false), |key| (key, true));
        all = all.iter().map(|at| at.key(key)).collect();
        if is_list {
            let items = |at: &FieldPath| value.at(at).map(Value::items).unwrap_or_default().len();
            all = all.iter().flat_map(|at| (0..items(at)).map(|index| at.index(index)).collect::<Vec<_>>()).collect();
        }
    }
    all.retain(|at| matches!(value.at(at), Some(Value::Map(_))));
    all
}

fn below(at: &FieldPath, path: &str) -> FieldPath {
    path.split('.').fold(at.clone(), |at, key| at.key(key))
}

fn workload(object: &Object<'_, '_>, pod: &Pod, at: FieldPath) -> Option<Workload> {
    let value = object.value.at(&at)?;
    let field = |path: &Option<String>| {
        let at = below(&at, path.as_deref()?);
        Some((object.value.at(&at)?, at))
    };
    let resources_at = at.key("resources");
    let written = value.get("resources").unwrap_or(&Value::Null);
    let wrong = decode::check(written, "ResourceRequirements", Leniency::Strict);
    let mut resources: core::ResourceRequirements = decode::from_value_pruned(written, &wrong).unwrap_or_default();
    resources.claims = None;
    let is_unknown = |problem: &Problem| written.at(&problem.at).and_then(Value::as_str).is_some_and(is_placeholder);
    let has_unknown = wrong.iter().any(is_unknown);
    let problems =
        wrong.into_iter().filter(|problem| problem.kind == ProblemKind::InvalidQuantity && !is_unknown(problem));
    let problems = problems.map(|problem| Problem { at: problem.at.below(&resources_at), ..problem }).collect();
    let mut moved = Vec::new();
    let env_at = at.key("env");
    let mut env: Vec<core::EnvVar> = Vec::new();
    let mut args: Vec<String> = Vec::new();
    if let Some((value, here)) = field(&pod.jvm_memory) {
        let bytes = jvm_bytes(text(value)?)?;
        let overhead = match field(&pod.overhead) {
            Some((value, _)) => jvm_bytes(text(value)?)?,
            None => pod.least_overhead_mi.map_or(0, |least| (bytes / 10).max(least << 20)),
        };
        let quantity = ApiQuantity((bytes + overhead).to_string());
        for (list, name) in [(&mut resources.requests, "requests"), (&mut resources.limits, "limits")] {
            list.get_or_insert_default().insert(MEMORY.to_owned(), quantity.clone());
            moved.push((resources_at.key(name).key(MEMORY), here.clone()));
        }
    }
    if let Some((options, here)) = field(&pod.java) {
        for option in ["-Xms", "-Xmx"] {
            let Some(value) = options.get(option).and_then(text) else { continue };
            moved.push((env_at.index(env.len()).key("value"), here.key(option)));
            env.push(variable("JAVA_TOOL_OPTIONS", format!("{option}{value}")));
        }
    }
    if let Some((value, here)) = field(&pod.postgres) {
        args.extend(["postgres".to_owned(), "-c".to_owned()]);
        moved.push((at.key("args").index(args.len()), here));
        args.push(format!("shared_buffers={}", text(value)?));
    }
    if let Some((list, here)) = field(&pod.args) {
        for (index, item) in list.items().iter().enumerate() {
            moved.push((at.key("args").index(args.len()), here.index(index)));
            args.push(text(item).unwrap_or_default().to_owned());
        }
    }
    let own = value.get("name").and_then(Value::as_str);
    let name = pod.name.as_deref().or(own).or(object.reference.name.as_deref()).unwrap_or("app");
    let container = core::Container {
        name: name.to_owned(),
        args: (!args.is_empty()).then_some(args),
        env: (!env.is_empty()).then_some(env),
        resources: Some(resources),
        ..core::Container::default()
    };
    let replicas = field(&pod.replicas);
    let count = replicas.as_ref().and_then(|(value, _)| text(value)?.parse().ok()).unwrap_or(1);
    let scale_at = replicas.map_or_else(|| at.clone(), |(_, at)| at);
    // Where they may run is said elsewhere: no node is ruled out.
    let anything = core::Toleration { operator: Some("Exists".to_owned()), ..core::Toleration::default() };
    let spec = core::PodSpec { containers: vec![container], tolerations: Some(vec![anything]), ..Default::default() };
    Some(Workload {
        object: object.reference.clone(),
        labels: object.texts("labels"),
        annotations: object.texts("annotations"),
        scale: Scale { replicas: count, at: scale_at, update: Update::None },
        template_at: at.clone(),
        spec_at: at.clone(),
        template: core::PodTemplateSpec { spec: Some(spec), metadata: None },
        containers: vec![ContainerPlace { kind: ContainerKind::App, index: 0, at, resources_at }],
        problems,
        invalid: Vec::new(),
        claim_templates: Vec::new(),
        makes_pods: true,
        leniency: Leniency::CustomResource,
        is_block: has_unknown || pod.has_default,
        moved,
    })
}

fn variable(name: &str, value: String) -> core::EnvVar {
    core::EnvVar { name: name.to_owned(), value: Some(value), value_from: None }
}

fn text<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::String(text) | Value::Number(text) => Some(text),
        _ => None,
    }
}

/// Bytes of an amount as Spark, Flink and the JVM write it: `4g`, `2048m`, `1024mb`. A number alone is in bytes.
fn jvm_bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit)?;
    let shift = match unit.trim().trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::{OPERATORS, jvm_bytes};

    #[test]
    fn the_table_is_read_and_each_entry_has_a_source() {
        assert!(OPERATORS.len() > 10);
        for operator in OPERATORS.iter() {
            assert!(operator._source.len() > 20 && !operator.kinds.is_empty() && !operator.pods.is_empty());
        }
    }

    #[test]
    fn amounts_of_the_jvm() {
        for (text, bytes) in [
            ("4g", Some(4 << 30)),
            ("2048m", Some(2 << 30)),
            ("1024mb", Some(1 << 30)),
            ("2GiB", Some(2 << 30)),
            ("512", Some(512)),
            ("1.5g", None),
            ("x", None),
        ] {
            assert_eq!(jvm_bytes(text), bytes, "{text}");
        }
    }
}
