//! Names, labels, annotations, owners and finalizers of an object (`ValidateObjectMeta`).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::{dns_label_fault, qualified_name_fault};
use super::report::{Fault, Report};
use super::scheduling::labels;
use crate::path::FieldPath;

const MAX_ANNOTATIONS: usize = 256 * 1024;

/// The metadata of a whole object, which needs a name of the grammar `name`.
pub(super) fn object(report: &mut Report, metadata: &ObjectMeta, name: Fault) {
    let at = FieldPath::of(&["metadata"]);
    match (metadata.name.as_deref().unwrap_or_default(), metadata.generate_name.as_deref().unwrap_or_default()) {
        ("", "") => report.add_help(at.key("name"), "the object has no name", "set metadata.name"),
        // Five random characters are appended.
        ("", prefix) => report.fault(&format!("{prefix}x"), name, || at.key("generateName")),
        (text, _) => report.fault(text, name, || at.key("name")),
    }
    if let Some(namespace) = metadata.namespace.as_deref().filter(|namespace| !namespace.is_empty()) {
        report.fault(namespace, dns_label_fault, || at.key("namespace"));
    }
    labels_and_annotations(report, metadata, &at);
    owners(report, metadata, &at.key("ownerReferences"));
    finalizers(report, metadata.finalizers.as_deref().unwrap_or_default(), &at.key("finalizers"));
}

/// What an object and a template have in common; `at` is the metadata.
pub(super) fn labels_and_annotations(report: &mut Report, metadata: &ObjectMeta, at: &FieldPath) {
    if let Some(given) = &metadata.labels {
        labels(report, given, &at.key("labels"));
    }
    if let Some(given) = &metadata.annotations {
        annotations(report, given, &at.key("annotations"));
    }
}

fn annotations(report: &mut Report, given: &BTreeMap<String, String>, at: &FieldPath) {
    for key in given.keys() {
        report.fault(key, |key| qualified_name_fault(&key.to_lowercase()), || at.clone());
    }
    let size: usize = given.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > MAX_ANNOTATIONS {
        report.add(at.clone(), format!("annotations have {size} bytes, but {MAX_ANNOTATIONS} are allowed"));
    }
    let cost = "controller.kubernetes.io/pod-deletion-cost";
    if let Some(value) = given.get(cost)
        && (value.parse::<i32>().is_err() || value.starts_with('+') || value.len() > 1 && value.starts_with('0'))
    {
        report.add(at.key(cost), format!("\"{value}\" is no whole number of 32 bits"));
    }
    let seccomp = "seccomp.security.alpha.kubernetes.io/pod";
    if let Some(value) = given.get(seccomp)
        && !matches!(value.as_str(), "runtime/default" | "docker/default" | "unconfined")
        && !value.starts_with("localhost/")
    {
        report.add(at.key(seccomp), format!("\"{value}\" is no seccomp profile"));
    }
}

/// The API server's paths name the list, not the owner.
fn owners(report: &mut Report, metadata: &ObjectMeta, at: &FieldPath) {
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    for owner in owners {
        // `a/b/c` has no version.
        let version = owner.api_version.rsplit('/').next().unwrap_or_default();
        let version = if owner.api_version.matches('/').count() > 1 { "" } else { version };
        for (text, field) in
            [(version, "apiVersion"), (&owner.kind, "kind"), (&owner.name, "name"), (&owner.uid, "uid")]
        {
            report.required(!text.is_empty(), || at.key(field));
        }
        if owner.api_version == "v1" && owner.kind == "Event" {
            report.add(at.clone(), "an Event cannot be an owner");
        }
    }
    if owners.iter().filter(|owner| owner.controller == Some(true)).count() > 1 {
        report.add(at.clone(), "only one owner can be the controller");
    }
}

fn finalizers(report: &mut Report, finalizers: &[String], at: &FieldPath) {
    for (index, finalizer) in finalizers.iter().enumerate() {
        // A bad grammar is told of the list, an unknown word of the item.
        report.fault(finalizer, qualified_name_fault, || at.clone());
        if !finalizer.contains('/') {
            let known = ["kubernetes", "orphan", "foregroundDeletion"];
            report.one_of(finalizer, &known, || at.index(index));
        }
    }
    let has = |name: &str| finalizers.iter().any(|finalizer| finalizer == name);
    if has("orphan") && has("foregroundDeletion") {
        report.add(at.clone(), "the finalizers orphan and foregroundDeletion exclude each other");
    }
}
