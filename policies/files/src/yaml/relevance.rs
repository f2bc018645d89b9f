//! Documents that no rule could speak of, recognised by their raw text so that they need not be parsed.
//!
//! Two thirds of the YAML in real repositories are CustomResourceDefinitions. This looks at the first byte of every
//! line and a few words; whatever is unusual matters.
use memchr::memmem;
use memlint_policies::annotation::ALLOW_ANNOTATION;

/// Whether memlint could have anything to say about a document. False only if it surely has not: the document's
/// `kind` is plainly readable and known to hold nothing of interest, or none of the words of a Pod template is in it.
/// A document without a kind matters, so that it is parsed and reported if it is broken.
#[must_use]
pub fn may_matter(text: &str) -> bool {
    let Some(head) = Head::read(text) else { return true };
    // A Namespace counts for the annotation with which it exempts what is in it.
    let exempts = head.kind == "Namespace" && memmem::find(text.as_bytes(), ALLOW_ANNOTATION.as_bytes()).is_some();
    // A ConfigMap may hold the values of a release.
    let has_values = head.kind == "ConfigMap" && memmem::find(text.as_bytes(), b"values.yaml:").is_some();
    if exempts || has_values {
        return true;
    }
    if HARMLESS.iter().any(|(group, kinds)| head.group() == *group && kinds.contains(&head.kind)) {
        return false;
    }
    is_kept(&head)
        || NEEDLES.iter().any(|needle| memmem::find(text.as_bytes(), needle).is_some())
        || has_amounts(text)
        || may_hide_words(text)
}

/// Kinds that hold neither Pod templates nor anything that memlint computes with, by API group.
const HARMLESS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "ConfigMap",
            "Secret",
            "Service",
            "ServiceAccount",
            "PersistentVolumeClaim",
            "PersistentVolume",
            "Namespace",
            "Endpoints",
            "Event",
            "Binding",
            "ComponentStatus",
        ],
    ),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("rbac.authorization.k8s.io", &["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]),
    ("networking.k8s.io", &["Ingress", "IngressClass", "NetworkPolicy"]),
    ("extensions", &["Ingress"]),
    ("storage.k8s.io", &["StorageClass", "CSIDriver", "VolumeAttachment"]),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
        ],
    ),
    ("apiregistration.k8s.io", &["APIService"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    ("policy", &["PodDisruptionBudget", "PodSecurityPolicy"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("coordination.k8s.io", &["Lease"]),
    ("certificates.k8s.io", &["CertificateSigningRequest"]),
    ("cert-manager.io", &["Certificate", "Issuer", "ClusterIssuer"]),
    ("monitoring.coreos.com", &["ServiceMonitor", "PodMonitor", "PrometheusRule", "Probe"]),
];

/// Kinds that matter without a word of a Pod template in them.
const KEPT: &[&str] = &[
    "Pod",
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "PodTemplate",
    "LimitRange",
    "ResourceQuota",
    "HorizontalPodAutoscaler",
    "ScaledObject",
    "RuntimeClass",
    "Node",
    "Policy",
    "Capacity",
    "Rollout",
    "Workflow",
    "CronWorkflow",
    "WorkflowTemplate",
    "ClusterWorkflowTemplate",
    "Task",
    "ClusterTask",
    "TaskRun",
    "ScaledJob",
    "ScaledObject",
    "SparkApplication",
    "ScheduledSparkApplication",
    // Operators keep amounts of memory in fields of their own.
    "FlinkDeployment",
    // They hold the values that charts are rendered with.
    "HelmRelease",
    "Application",
];

/// Words of which every Pod template (and every task of a pipeline) has at least one.
const NEEDLES: &[&[u8]] = &[b"ontainer", b"steps"];

/// Whether there may be a resource block: an amount of memory, and a list that it is in.
fn has_amounts(text: &str) -> bool {
    let has = |word: &[u8]| memmem::find(text.as_bytes(), word).is_some();
    has(b"memory") && (has(b"requests") || has(b"limits"))
}

fn is_kept(head: &Head<'_>) -> bool {
    let knative = head.kind == "Service" || head.group() == "serving.knative.dev";
    KEPT.contains(&head.kind) || head.kind.ends_with("List") || head.kind.starts_with("Pipeline") || knative
}

/// Keys may be written with escapes, or in base64: then the words are not to be found in the text.
fn may_hide_words(text: &str) -> bool {
    let bytes = text.as_bytes();
    let escapes = memchr::memchr(b'"', bytes).is_some()
        && memchr::memchr_iter(b'\\', bytes)
            .any(|at| matches!(bytes.get(at + 1), Some(b'x' | b'u' | b'U' | b'\n' | b'\r')));
    escapes || memmem::find(bytes, b"!!").is_some() || memmem::find(bytes, b"!<").is_some()
}

/// What a document plainly says it is.
struct Head<'a> {
    kind: &'a str,
    api_version: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// Reads the head of a document; `None` unless it is a map in block style at column 1, in which exactly one line
    /// says what the kind is, and no other way to say it is used.
    fn read(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        if !starts_at_margin(text) || memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n')) {
            return None;
        }
        let (mut kind, mut api_version) = (None, None);
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', bytes).map(|at| at + 1));
        for start in starts {
            match bytes.get(start).copied().unwrap_or(b'\n') {
                b' ' | b'#' | b'-' | b'\n' | b'\r' | b'}' | b']' => {}
                b'k' => {
                    if let Some(value) = value_of(text, start, "kind")
                        && kind.replace(value?).is_some()
                    {
                        return None;
                    }
                }
                b'a' => {
                    if let Some(value) = value_of(text, start, "apiVersion") {
                        // Twice, or not plain: not known.
                        api_version = if api_version.is_some() { Some(None) } else { Some(value) };
                    }
                }
                byte if byte.is_ascii_alphanumeric() || byte == b'_' => {}
                // Quotes, anchors, tags, merge keys, `?`, braces, and what else may hide a key.
                _ => return None,
            }
        }
        Some(Self { kind: kind?, api_version: api_version.flatten() })
    }

    /// The API group; one that no kind has if it is not known.
    fn group(&self) -> &'a str {
        match self.api_version.map(|version| version.split_once('/')) {
            Some(Some((group, _))) => group,
            Some(None) => "",
            None => "?",
        }
    }
}

/// Whether the first line that is no comment starts at column 1: then so do all keys of the root map.
fn starts_at_margin(text: &str) -> bool {
    let content = |line: &&str| !line.trim_ascii().is_empty() && !line.trim_ascii_start().starts_with('#');
    text.lines().find(content).is_some_and(|line| line.starts_with(|first: char| first.is_ascii_alphanumeric()))
}

/// The value on this line if it is the line of this key: `Some(None)` if the value is not plain.
fn value_of<'a>(text: &'a str, start: usize, key: &str) -> Option<Option<&'a str>> {
    let rest = text.get(start..)?.strip_prefix(key)?;
    let line = rest.get(..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()))?;
    let value = line.trim_ascii_start().strip_prefix(':')?;
    if !value.starts_with([' ', '\t']) {
        return Some(None);
    }
    let value = value.trim_ascii();
    let end = value
        .find(|character: char| !(character.is_ascii_alphanumeric() || "./-".contains(character)))
        .unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    let comment = rest.is_empty() || rest.starts_with([' ', '\t']) && rest.trim_ascii_start().starts_with('#');
    Some((comment && value.starts_with(|first: char| first.is_ascii_alphabetic())).then_some(value))
}
