//! Resource blocks that stand in no Pod template: in the values of a chart, in an operator's custom resource.
//!
//! A block is a map with `requests` or `limits` of the names of resources. Nothing is known of the Pod around it but what
//! stands beside the block in the same map. What is absent may be set by the chart or the operator.

use std::sync::Arc;

use k8s_openapi::api::core::v1 as core;

use super::Workload;
use crate::aggregate::ContainerKind;
use crate::decode::{self, Leniency, Problem, ProblemKind};
use crate::object::Value;
use crate::path::FieldPath;
use crate::placeholder::is_placeholder;
use crate::places::ContainerPlace;
use crate::reference::ObjectRef;
use crate::scale::Scale;

/// Keys below which a schema is described, not a value given.
const SCHEMAS: [&str; 6] = ["properties", "openAPIV3Schema", "patternProperties", "definitions", "$defs", "$schema"];

/// Keys beside a block that hold environment variables.
const ENVIRONMENTS: [&str; 6] = ["env", "extraEnv", "extraEnvVars", "envVars", "environment", "extraEnvs"];

/// Keys beside a block whose text goes to a JVM, by convention.
const JVM_OPTIONS: [&str; 7] =
    ["javaOpts", "javaOptions", "jvmOptions", "jvmOpts", "JAVA_OPTS", "esJavaOpts", "lsJavaOpts"];

impl Workload {
    /// Every resource block in a value, but for those below the places in `known`, which belong to Pod templates. `at` is
    /// the place of the value in its object; each block is a workload of its own that [`Workload::is_block`].
    #[must_use]
    pub fn blocks(reference: &Arc<ObjectRef>, value: &Value<'_>, at: &FieldPath, known: &[FieldPath]) -> Vec<Self> {
        let mut found = Vec::new();
        walk(value, at, &mut Vec::new(), known, &mut |parent, at, key, names| {
            found.push(block(reference, parent, at, key, names));
        });
        found
    }
}

/// What is done with a map that holds a block: the map, its place, the key of the block, and the keys above.
type Take<'t> = dyn FnMut(&Value<'_>, &FieldPath, &str, &[String]) + 't;

/// Calls `take` with each map that holds a block.
fn walk(value: &Value<'_>, at: &FieldPath, names: &mut Vec<String>, known: &[FieldPath], take: &mut Take<'_>) {
    if known.contains(at) {
        return;
    }
    for (index, item) in value.items().iter().enumerate() {
        let name = item.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned);
        names.push(name);
        walk(item, &at.index(index), names, known, take);
        names.pop();
    }
    for (key, child) in value.entries() {
        if SCHEMAS.contains(&key.as_ref()) || known.contains(&at.key(key.as_ref())) {
            continue;
        }
        if is_block(key, child) {
            take(value, at, key, names);
            continue;
        }
        names.push(key.to_string());
        walk(child, &at.key(key.as_ref()), names, known, take);
        names.pop();
    }
}

/// Whether a map is a block: below `resources` one of the two lists is enough, elsewhere both are needed.
fn is_block(key: &str, value: &Value<'_>) -> bool {
    let is_list = |list: &str| value.get(list).is_some_and(is_of_resources);
    let lists = [is_list("requests"), is_list("limits")];
    let is_named = key.eq_ignore_ascii_case("resources") || key.ends_with("Resources");
    if is_named { lists.contains(&true) } else { lists == [true, true] }
}

/// Whether a map is by the names of resources.
fn is_of_resources(value: &Value<'_>) -> bool {
    let is_resource =
        |key: &str| matches!(key, "memory" | "cpu" | "ephemeral-storage") || key.starts_with("hugepages-");
    let is_scalar = |value: &Value<'_>| !matches!(value, Value::Map(_) | Value::List(_));
    let entries = value.entries();
    entries.iter().any(|(key, _)| is_resource(key)) && entries.iter().all(|(_, value)| is_scalar(value))
}

fn block(reference: &Arc<ObjectRef>, parent: &Value<'_>, at: &FieldPath, key: &str, names: &[String]) -> Workload {
    let resources_at = at.key(key);
    let written = parent.get(key).unwrap_or(&Value::Null);
    let wrong = decode::check(written, "ResourceRequirements", Leniency::Strict);
    let resources: core::ResourceRequirements = decode::from_value_pruned(written, &wrong).unwrap_or_default();
    let is_unknown = |at: &FieldPath| written.at(at).and_then(Value::as_str).is_some_and(is_placeholder);
    let problems =
        wrong.into_iter().filter(|problem| problem.kind == ProblemKind::InvalidQuantity && !is_unknown(&problem.at));
    let problems = problems.map(|problem| Problem { at: problem.at.below(&resources_at), ..problem }).collect();
    let mut container = core::Container {
        name: name(reference, names),
        resources: Some(core::ResourceRequirements { claims: None, ..resources }),
        ..core::Container::default()
    };
    let mut moved = Vec::new();
    siblings(parent, at, &mut container, &mut moved);
    // Nothing is said of where it may run: no node is ruled out.
    let anything = core::Toleration { operator: Some("Exists".to_owned()), ..core::Toleration::default() };
    let spec =
        core::PodSpec { containers: vec![container], tolerations: Some(vec![anything]), ..core::PodSpec::default() };
    Workload {
        object: reference.clone(),
        labels: Default::default(),
        scale: Scale::one(at),
        template_at: at.clone(),
        spec_at: at.clone(),
        template: core::PodTemplateSpec { spec: Some(spec), metadata: None },
        containers: vec![ContainerPlace { kind: ContainerKind::App, index: 0, at: at.clone(), resources_at }],
        problems,
        invalid: Vec::new(),
        claim_templates: Vec::new(),
        makes_pods: true,
        leniency: Leniency::CustomResource,
        is_block: true,
        moved,
        annotations: Default::default(),
    }
}

/// What to call it: the keys above it, without those that are the same in every release.
fn name(reference: &ObjectRef, names: &[String]) -> String {
    let names = names.strip_prefix(&["spec".to_owned()][..]).unwrap_or(names);
    let names = names.strip_prefix(&["values".to_owned()][..]).unwrap_or(names);
    if names.is_empty() { reference.name.clone().unwrap_or_else(|| "values".to_owned()) } else { names.join(".") }
}

/// Reads what stands beside a block and looks like a container's: environment, command, arguments, options of a JVM.
fn siblings(
    parent: &Value<'_>,
    at: &FieldPath,
    container: &mut core::Container,
    moved: &mut Vec<(FieldPath, FieldPath)>,
) {
    let texts = |key: &str| -> Option<Vec<String>> {
        let items = parent.get(key).map(Value::items).filter(|items| !items.is_empty())?;
        items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    };
    container.command = texts("command");
    container.args = texts("args");
    let mut env: Vec<core::EnvVar> = Vec::new();
    let mut add = |name: &str, value: &Value<'_>, from: FieldPath| {
        let value = match value {
            Value::String(text) | Value::Number(text) => text.to_string(),
            _ => return,
        };
        moved.push((at.key("env").index(env.len()).key("value"), from));
        env.push(core::EnvVar { name: name.to_owned(), value: Some(value), value_from: None });
    };
    for key in ENVIRONMENTS {
        let (Some(value), at) = (parent.get(key), at.key(key)) else { continue };
        for (name, value) in value.entries() {
            add(name, value, at.key(name.as_ref()));
        }
        for (index, item) in value.items().iter().enumerate() {
            if let (Some(name), Some(value)) = (item.get("name").and_then(Value::as_str), item.get("value")) {
                add(name, value, at.index(index).key("value"));
            }
        }
    }
    for key in JVM_OPTIONS {
        if let Some(value @ Value::String(_)) = parent.get(key) {
            add("JAVA_OPTS", value, at.key(key));
        }
    }
    container.env = (!env.is_empty()).then_some(env);
}
