//! Which names are allowed: of resources, labels, containers, ports.
//!
//! The predicates over resource names are those of `pkg/apis/core/helper/helpers.go`, the grammars those of
//! `k8s.io/apimachinery/pkg/util/validation`. A `*_fault` says what is wrong with a name, in words that follow it.

/// Whether a resource may be promised more than once, so that its request may be lower than its limit
/// (`IsOvercommitAllowed`): all of Kubernetes' own but huge pages.
#[must_use]
pub fn is_overcommittable(resource: &str) -> bool {
    is_native(resource) && !is_hugepage(resource)
}

/// Whether this is a resource of huge pages, such as `hugepages-2Mi` (`IsHugePageResourceName`).
#[must_use]
pub fn is_hugepage(resource: &str) -> bool {
    resource.starts_with("hugepages-")
}

/// Whether this is a resource of somebody else's, such as `nvidia.com/gpu` (`IsExtendedResourceName`).
#[must_use]
pub fn is_extended(resource: &str) -> bool {
    !is_native(resource)
        && !resource.starts_with("requests.")
        && qualified_name_fault(&format!("requests.{resource}")).is_none()
}

/// Whether a resource is in Kubernetes' own namespace (`IsNativeResource`); the test is on any part of the name.
#[must_use]
pub fn is_native(resource: &str) -> bool {
    !resource.contains('/') || resource.contains("kubernetes.io/")
}

/// Whether a resource is counted in whole numbers (`IsIntegerResourceName`).
#[must_use]
pub fn is_integer(resource: &str) -> bool {
    is_object_count(resource) || is_extended(resource)
}

/// Whether spec.resources of a Pod may name this resource (KEP-2837).
#[must_use]
pub fn is_pod_level(resource: &str) -> bool {
    matches!(resource, "cpu" | "memory") || is_hugepage(resource)
}

fn is_object_count(resource: &str) -> bool {
    matches!(
        resource,
        "pods"
            | "resourcequotas"
            | "services"
            | "replicationcontrollers"
            | "secrets"
            | "configmaps"
            | "persistentvolumeclaims"
            | "services.nodeports"
            | "services.loadbalancers"
    )
}

/// Whether an unqualified name is known to any part of Kubernetes, quotas included (`IsStandardResourceName`).
fn is_standard(resource: &str) -> bool {
    let plain = resource.strip_prefix("requests.").or_else(|| resource.strip_prefix("limits.")).unwrap_or(resource);
    matches!(plain, "cpu" | "memory" | "ephemeral-storage")
        || matches!(resource, "storage" | "requests.storage")
        || is_object_count(resource)
        || is_hugepage(resource)
        || resource.starts_with("requests.hugepages-")
}

/// What is wrong with the name of a resource in a container (`validateContainerResourceName`).
pub(super) fn container_resource_fault(resource: &str) -> Option<String> {
    if let Some(fault) = qualified_name_fault(resource) {
        return Some(format!("is no resource name: it {fault}"));
    }
    let unqualified = !resource.contains('/');
    if unqualified && !(matches!(resource, "cpu" | "memory" | "ephemeral-storage") || is_hugepage(resource)) {
        return Some("is no resource of containers".to_owned());
    }
    if !unqualified && !is_native(resource) && !is_extended(resource) {
        return Some("does not follow the rules for extended resources".to_owned());
    }
    None
}

/// What is wrong with the name of a resource in `spec.resources` of a Pod (`validatePodResourceName`).
pub(super) fn pod_resource_fault(resource: &str) -> Option<String> {
    if let Some(fault) = qualified_name_fault(resource) {
        return Some(format!("is no resource name: it {fault}"));
    }
    if !resource.contains('/') && !is_standard(resource) {
        return Some("is no resource that Kubernetes knows".to_owned());
    }
    (!is_pod_level(resource)).then(|| "cannot be given for the whole Pod".to_owned())
}

/// The resource that may have been meant.
pub(super) fn resource_meant(resource: &str) -> Option<&'static str> {
    let plain = resource.trim().to_ascii_lowercase();
    let plain = plain.trim_start_matches("requests.").trim_start_matches("limits.");
    match plain {
        "memory" | "mem" | "memory.max" | "memory.min" | "ram" | "memmory" | "memery" => Some("memory"),
        "cpu" | "cpus" | "vcpu" | "core" | "cores" => Some("cpu"),
        "ephemeral-storage" | "ephemeralstorage" | "ephemeral_storage" | "storage" | "disk" => {
            Some("ephemeral-storage")
        }
        "gpu" | "nvidia-gpu" | "nvidia" => Some("nvidia.com/gpu"),
        _ => None,
    }
}

/// What is wrong with a qualified name, such as a label key or a resource (`IsQualifiedName`).
pub(super) fn qualified_name_fault(text: &str) -> Option<String> {
    let name = match text.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        ["", _] => return Some("has nothing before the slash".to_owned()),
        [prefix, name] => {
            if dns_subdomain_fault(prefix).is_some() {
                return Some("must be a DNS name before the slash".to_owned());
            }
            name
        }
        _ => return Some("must have one slash at most".to_owned()),
    };
    if name.is_empty() {
        return Some("must not be empty".to_owned());
    }
    if name.len() > 63 {
        return Some(format!("has {} characters, but 63 are allowed", name.len()));
    }
    (!is_label_text(name)).then(|| {
        "must consist of letters, digits, '-', '_' and '.', and begin and end with a letter or digit".to_owned()
    })
}

/// What is wrong with the value of a label (`IsValidLabelValue`).
pub(super) fn label_value_fault(text: &str) -> Option<String> {
    if text.len() > 63 {
        return Some(format!("has {} characters, but 63 are allowed", text.len()));
    }
    (!text.is_empty() && !is_label_text(text)).then(|| {
        "must consist of letters, digits, '-', '_' and '.', and begin and end with a letter or digit".to_owned()
    })
}

fn is_label_text(text: &str) -> bool {
    begins_and_ends(text, |b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn begins_and_ends(text: &str, with: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(&with) && text.bytes().last().is_some_and(&with)
}

/// What is wrong with the name of a container, volume or host (`IsDNS1123Label`).
pub(super) fn dns_label_fault(text: &str) -> Option<String> {
    if text.len() > 63 {
        return Some(format!("has {} characters, but 63 are allowed", text.len()));
    }
    (!is_dns_label(text)).then(|| {
        "must consist of lower-case letters, digits and '-', and begin and end with a letter or digit".to_owned()
    })
}

fn is_dns_label(text: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    begins_and_ends(text, alphanumeric) && text.bytes().all(|b| alphanumeric(b) || b == b'-')
}

/// What is wrong with the name of most objects (`IsDNS1123Subdomain`).
pub(super) fn dns_subdomain_fault(text: &str) -> Option<String> {
    if text.len() > 253 {
        return Some(format!("has {} characters, but 253 are allowed", text.len()));
    }
    (!text.split('.').all(is_dns_label)).then(|| {
        "must consist of lower-case letters, digits, '-' and '.', each part beginning and ending with a letter or digit"
            .to_owned()
    })
}

/// What is wrong with the name of a port (`IsValidPortName`, RFC 6335).
pub(super) fn port_name_fault(text: &str) -> Option<String> {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if text.len() > 15 {
        return Some(format!("has {} characters, but 15 are allowed", text.len()));
    }
    if !text.bytes().all(|b| alphanumeric(b) || b == b'-') {
        return Some("must consist of lower-case letters, digits and '-'".to_owned());
    }
    if !text.bytes().any(|b| b.is_ascii_lowercase()) {
        return Some("must have a letter".to_owned());
    }
    (text.contains("--") || !begins_and_ends(text, alphanumeric))
        .then(|| "must have no two '-' in a row, and begin and end with a letter or digit".to_owned())
}

/// What is wrong with the name of an environment variable (`IsRelaxedEnvVarName`, since Kubernetes 1.32).
pub(super) fn env_name_fault(text: &str) -> Option<String> {
    (!text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'='))
        .then(|| "must consist of printable ASCII characters other than '='".to_owned())
}

/// What is wrong with a key of a ConfigMap or Secret (`IsConfigMapKey`).
pub(super) fn config_key_fault(text: &str) -> Option<String> {
    if text.len() > 253 {
        return Some(format!("has {} characters, but 253 are allowed", text.len()));
    }
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (!letters || text.is_empty() || text == "." || text.starts_with(".."))
        .then(|| "must consist of letters, digits, '-', '_' and '.', and be neither '.' nor begin with '..'".to_owned())
}
