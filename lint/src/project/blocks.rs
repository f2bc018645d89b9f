//! Which documents hold resource blocks besides Pod templates: values files, releases of charts, custom resources.

use std::sync::Arc;

use memlint_kubernetes::decode;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::ObjectRef;
use memlint_kubernetes::workload::{Object, Workload};

/// API groups whose objects hold patterns, bounds or descriptions of resources, not resources.
const PATTERNS: [&str; 10] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "autoscaling.k8s.io",
    "gatekeeper.sh",
    "karpenter.sh",
    "kueue.x-k8s.io",
    "kyverno.io",
    "kubewarden.io",
    "memlint.dev",
    "resource.k8s.io",
];

/// The blocks of a custom resource that are in none of its Pod templates.
#[must_use]
pub fn of_object(object: &Object<'_, '_>, workloads: &[Workload]) -> Vec<Workload> {
    let reference = object.reference.as_ref();
    let group = reference.api_version.split_once('/').map_or("", |(group, _)| group);
    let is_pattern = PATTERNS.iter().any(|known| group == *known || group.ends_with(&format!(".{known}")));
    if is_pattern || group.is_empty() || decode::type_of(&reference.api_version, &reference.kind).is_some() {
        return Vec::new();
    }
    let known = workloads.iter().flat_map(|workload| {
        // An operator's container is described where the Pod is: only its own block is judged already.
        let is_template = workload.containers.iter().all(|place| place.at != workload.template_at);
        let blocks = workload.containers.iter().map(|place| place.resources_at.clone());
        if is_template { vec![workload.template_at.clone()] } else { blocks.collect() }
    });
    let known: Vec<FieldPath> = known.collect();
    if known.iter().any(|at| at.segments().is_empty()) {
        return Vec::new();
    }
    Workload::blocks(&where_it_goes(object), object.value, &FieldPath::root(), &known)
}

/// The blocks of values for a chart.
#[must_use]
pub fn of_values(value: &Value<'_>, reference: &Arc<ObjectRef>) -> Vec<Workload> {
    // A Compose file has its own units: 512m is 512 MiB there.
    if value
        .get("services")
        .is_some_and(|services| services.entries().iter().any(|(_, one)| one.get("image").is_some()))
    {
        return Vec::new();
    }
    Workload::blocks(reference, value, &FieldPath::root(), &[])
}

/// What to call a values file.
#[must_use]
pub fn reference(file: &str) -> Arc<ObjectRef> {
    let name = file.rsplit('/').next().unwrap_or(file);
    Arc::new(ObjectRef { kind: "values".to_owned(), name: Some(name.to_owned()), ..ObjectRef::default() })
}

/// Whether a file without a Kubernetes object holds the values of a chart, by its path.
#[must_use]
pub fn is_values_file(file: &str) -> bool {
    file.split('/').any(|part| part.to_ascii_lowercase().contains("values")) && !file.ends_with(".schema.json")
}

/// The place in a release of a text that holds values.
#[must_use]
pub fn texts(object: &Object<'_, '_>) -> Vec<FieldPath> {
    if !object.reference.api_version.starts_with("argoproj.io/") || object.reference.kind != "Application" {
        return Vec::new();
    }
    let values = |source_at: FieldPath| source_at.keys(&["helm", "values"]);
    let sources = object.value.at(&FieldPath::of(&["spec", "sources"])).map(Value::items).unwrap_or_default();
    let several = (0..sources.len()).map(|index| FieldPath::of(&["spec", "sources"]).index(index));
    let all = std::iter::once(FieldPath::of(&["spec", "source"])).chain(several).map(values);
    all.filter(|at| object.value.at(at).is_some()).collect()
}

/// The object, in the namespace that its Pods will live in.
#[must_use]
pub fn where_it_goes(object: &Object<'_, '_>) -> Arc<ObjectRef> {
    let text = |keys: &[&str]| object.value.at(&FieldPath::of(keys)).and_then(Value::as_str);
    let namespace = match object.reference.kind.as_str() {
        "HelmRelease" => text(&["spec", "targetNamespace"]).or(object.reference.namespace.as_deref()),
        "Application" => text(&["spec", "destination", "namespace"]),
        _ => return object.reference.clone(),
    };
    Arc::new(ObjectRef { namespace: namespace.map(str::to_owned), ..object.reference.as_ref().clone() })
}
