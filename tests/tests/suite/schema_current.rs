//! The committed table of Kubernetes types (`policies/kubernetes/src/decode/types.txt`) is what k8s-openapi says.
//!
//! To write it anew after an update: `MEMLINT_BLESS=1 cargo test -p memlint-tests schema_current`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::{v1 as autoscaling_v1, v2 as autoscaling_v2};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{LimitRange, Node, Pod, PodTemplate, ReplicationController, ResourceQuota};
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use k8s_openapi::schemars::SchemaGenerator;
use serde_json::{Map, Value};

macro_rules! generate {
    ($($root:ty),* $(,)?) => {{
        let mut generator = SchemaGenerator::default();
        $(generator.subschema_for::<$root>();)*
        generator
    }};
}

#[test]
fn the_table_of_types_is_current() {
    let mut generator = generate!(
        Pod,
        PodTemplate,
        Deployment,
        ReplicaSet,
        ReplicationController,
        StatefulSet,
        DaemonSet,
        Job,
        CronJob,
        LimitRange,
        ResourceQuota,
        autoscaling_v1::HorizontalPodAutoscaler,
        autoscaling_v2::HorizontalPodAutoscaler,
        RuntimeClass,
        Node,
        ListMeta,
    );
    let table = print(&generator.take_definitions(false));

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/kubernetes/src/decode/types.txt");
    if std::env::var_os("MEMLINT_BLESS").is_some() {
        std::fs::write(&path, &table).expect("a writable tree");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == table, "{} is out of date: see the head of this test", path.display());
}

/// One line a type: its name, then `field=kind` in the order of the alphabet.
fn print(definitions: &Map<String, Value>) -> String {
    let names = short_names(definitions);
    let mut lines = BTreeSet::new();
    for (full, schema) in definitions {
        let Some(properties) = schema["properties"].as_object() else { continue };
        let mut line = format!("{}:", names[full]);
        for (field, schema) in properties {
            let kind = if field == "managedFields" { "any".to_owned() } else { kind(schema, &names, definitions) };
            write!(line, " {field}={kind}").expect("a String takes anything");
        }
        lines.insert(line);
        // k8s-openapi has one generic list type, without a schema.
        if let (Some(_), [parents @ .., name]) = (properties.get("kind"), &*names[full].split('.').collect::<Vec<_>>())
            && properties.contains_key("metadata")
        {
            let list: Vec<String> = parents.iter().map(|p| format!("{p}.")).chain([format!("{name}List")]).collect();
            let item = &names[full];
            lines.insert(format!("{}: apiVersion=string items=[{item}] kind=string metadata=ListMeta", list.concat()));
        }
    }
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.starts_with("ManagedFieldsEntry:")).collect();
    lines.join("\n") + "\n"
}

/// `io.k8s.api.core.v1.PodSpec` is `PodSpec`; where two types would share a name, `autoscaling.v2.MetricSpec`.
fn short_names(definitions: &Map<String, Value>) -> BTreeMap<String, String> {
    let last = |full: &str| full.rsplit('.').next().unwrap_or_default().to_owned();
    let mut count = BTreeMap::<String, usize>::new();
    definitions.keys().for_each(|full| *count.entry(last(full)).or_default() += 1);
    let name = |full: &String| {
        let parts: Vec<&str> = full.split('.').collect();
        if count[&last(full)] > 1 { parts[parts.len() - 3..].join(".") } else { last(full) }
    };
    definitions.keys().map(|full| (full.clone(), name(full))).collect()
}

fn kind(schema: &Value, names: &BTreeMap<String, String>, definitions: &Map<String, Value>) -> String {
    if let Some(reference) = reference(schema) {
        let short = &names[&reference];
        return match short.as_str() {
            "Quantity" | "IntOrString" | "Time" | "MicroTime" => short.clone(),
            _ if definitions[&reference]["properties"].is_object() => short.clone(),
            _ => "any".to_owned(),
        };
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("array"), _) => format!("[{}]", kind(&schema["items"], names, definitions)),
        (Some("object"), _) if schema["additionalProperties"].is_object() => {
            format!("{{{}}}", kind(&schema["additionalProperties"], names, definitions))
        }
        (Some("integer"), Some(format)) => format.to_owned(),
        (Some("string"), Some("byte")) => "bytes".to_owned(),
        (Some("string"), None) => "string".to_owned(),
        (Some("boolean"), _) => "bool".to_owned(),
        (Some("number"), _) => "number".to_owned(),
        (Some("object") | None, _) => "any".to_owned(),
        other => panic!("a kind of schema that the table has no word for: {other:?}"),
    }
}

/// A reference is either bare or wrapped in `allOf` beside a description.
fn reference(schema: &Value) -> Option<String> {
    let bare = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str())?;
    Some(bare.rsplit('/').next().unwrap_or_default().to_owned())
}
