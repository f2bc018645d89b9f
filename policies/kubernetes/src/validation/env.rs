//! Environment variables, and the fields of a Pod that they and volumes may refer to.
use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar, ObjectFieldSelector, ResourceFieldSelector};

use super::names::{config_key_fault, dns_label_fault, dns_subdomain_fault, env_name_fault, qualified_name_fault};
use super::report::Report;
use crate::path::FieldPath;
use crate::quantity::Quantity;

/// `ValidateEnv`, of one variable.
pub(super) fn variable(report: &mut Report, variable: &EnvVar, at: impl Fn() -> FieldPath) {
    report.required_name(&variable.name, env_name_fault, || at().key("name"));
    let Some(source) = &variable.value_from else { return };
    let path = at().key("valueFrom");
    let mut sources = 0;
    if let Some(field) = &source.field_ref {
        const FIELDS: [&str; 9] = [
            "metadata.name",
            "metadata.namespace",
            "metadata.uid",
            "spec.nodeName",
            "spec.serviceAccountName",
            "status.hostIP",
            "status.hostIPs",
            "status.podIP",
            "status.podIPs",
        ];
        sources += 1;
        field_ref(report, field, &FIELDS, &path.key("fieldRef"));
    }
    if let Some(field) = &source.resource_field_ref {
        sources += 1;
        resource_field_ref(report, field, false, &path.key("resourceFieldRef"));
    }
    let config_map = source.config_map_key_ref.as_ref().map(|from| ("configMapKeyRef", &from.name, &from.key));
    let secret = source.secret_key_ref.as_ref().map(|from| ("secretKeyRef", &from.name, &from.key));
    for (kind, name, key) in config_map.into_iter().chain(secret) {
        sources += 1;
        report.fault(name, dns_subdomain_fault, || path.keys(&[kind, "name"]));
        report.required_name(key, config_key_fault, || path.keys(&[kind, "key"]));
    }
    if let Some(file) = &source.file_key_ref {
        sources += 1;
        let path = path.key("fileKeyRef");
        report.required_name(&file.key, env_name_fault, || path.key("key"));
        report.required_name(&file.volume_name, dns_label_fault, || path.key("volumeName"));
        if report.required(!file.path.is_empty(), || path.key("path")) {
            no_backsteps(report, &file.path, || path.key("path"));
        }
    }
    if sources == 0 {
        let message = "valueFrom names no source";
        report.add_help(path, message, "give it a fieldRef, resourceFieldRef, configMapKeyRef or secretKeyRef");
    } else if variable.value.as_deref().is_some_and(|value| !value.is_empty()) {
        report.add(path, format!("{} has both a value and valueFrom", variable.name));
    } else if sources > 1 {
        report.add(path, "valueFrom can have one source only");
    }
}

/// `ValidateEnvFrom`, of one item: of the sources themselves the API server names the whole list.
pub(super) fn source(report: &mut Report, source: &EnvFromSource, index: usize, at: &FieldPath) {
    if let Some(prefix) = source.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
        report.fault(prefix, env_name_fault, || at.index(index).key("prefix"));
    }
    let config_map = source.config_map_ref.as_ref().map(|from| ("configMapRef", &from.name));
    let secret = source.secret_ref.as_ref().map(|from| ("secretRef", &from.name));
    let sources: Vec<_> = config_map.into_iter().chain(secret).collect();
    for (kind, name) in &sources {
        let name_at = || at.index(index).keys(&[kind, "name"]);
        if report.required(!name.is_empty(), name_at) {
            report.fault(name.strip_suffix('-').unwrap_or(name), dns_subdomain_fault, name_at);
        }
    }
    match sources.len() {
        0 => report.add_help(at.clone(), "an item names no source", "give it a configMapRef or a secretRef"),
        1 => {}
        _ => report.add(at.clone(), "an item can have one source only"),
    }
}

/// `validateObjectFieldSelector`.
pub(super) fn field_ref(report: &mut Report, field: &ObjectFieldSelector, fields: &[&str], at: &FieldPath) {
    let text = field.field_path.as_str();
    if !report.required(!text.is_empty(), || at.key("fieldPath")) {
        return;
    }
    let known_version = field.api_version.as_deref().is_none_or(|version| matches!(version, "" | "v1"));
    let subscripted = text.strip_suffix("']").and_then(|text| text.split_once("['"));
    match subscripted {
        Some(("metadata.annotations", key)) if known_version => {
            report.fault(key, |key| qualified_name_fault(&key.to_lowercase()), || at.clone());
        }
        Some(("metadata.labels", key)) if known_version => {
            report.fault(key, qualified_name_fault, || at.clone());
        }
        _ if known_version && fields.contains(&if text == "spec.host" { "spec.nodeName" } else { text }) => {}
        _ => report.one_of(text, fields, || at.key("fieldPath")),
    }
}

/// `validateContainerResourceFieldSelector`.
pub(super) fn resource_field_ref(report: &mut Report, field: &ResourceFieldSelector, volume: bool, at: &FieldPath) {
    const RESOURCES: [&str; 6] = [
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.ephemeral-storage",
    ];
    let text = field.resource.as_str();
    let pages = text.starts_with("limits.hugepages-") || text.starts_with("requests.hugepages-");
    if volume && field.container_name.as_deref().unwrap_or_default().is_empty() {
        report.required(false, || at.key("containerName"));
    } else if report.required(!text.is_empty(), || at.key("resource")) && !pages {
        report.one_of(text, &RESOURCES, || at.key("resource"));
    }
    let divisor = field.divisor.as_ref().and_then(|divisor| Quantity::parse(&divisor.0).ok());
    let Some(divisor) = divisor.filter(|divisor| !divisor.is_zero()) else { return };
    let cpu: &[&str] = &["1m", "1"];
    let bytes: &[&str] = &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let allowed = match text {
        "limits.cpu" | "requests.cpu" => cpu,
        _ if pages || RESOURCES.contains(&text) => bytes,
        _ => return,
    };
    report.one_of(&divisor.to_string(), allowed, || at.key("divisor"));
}

pub(super) fn no_backsteps(report: &mut Report, text: &str, at: impl FnOnce() -> FieldPath) {
    if text.split('/').any(|part| part == "..") {
        report.add(at(), format!("path \"{text}\" must not contain .."));
    }
}
