//! The kinds that the webhook is asked about.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use memlint_kubernetes::controller::controller_of;
use serde::Deserialize as _;
use serde_json::Value;

/// A kind as the API server has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    /// In paths, and for kubectl.
    pub(super) plural: &'static str,
}

const fn kind(group: &'static str, kind: &'static str, plural: &'static str) -> Kind {
    Kind { group, kind, plural }
}

/// What makes others comes before what it makes.
pub(super) static KINDS: [Kind; 8] = [
    kind("apps", "Deployment", "deployments"),
    kind("apps", "StatefulSet", "statefulsets"),
    kind("apps", "DaemonSet", "daemonsets"),
    kind("batch", "CronJob", "cronjobs"),
    kind("", "ReplicationController", "replicationcontrollers"),
    kind("apps", "ReplicaSet", "replicasets"),
    kind("batch", "Job", "jobs"),
    kind("", "Pod", "pods"),
];

impl Kind {
    /// `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", self.group) }
    }

    /// Where objects of this kind are listed.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{}/v1", self.group) };
        match namespace {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }

    /// The kind of that name, if it is one of these.
    pub(super) fn of(api_version: &str, name: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.kind == name && kind.api_version() == api_version)
    }

    /// Whether a kind would be one of these under another version: of a server that is long gone, or a slip.
    pub(super) fn is_meant(api_version: &str, name: &str) -> bool {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        KINDS.iter().any(|kind| kind.kind == name) && matches!(group, "" | "apps" | "batch" | "extensions")
    }
}

/// Of what names an object: kind, namespace and name.
pub(super) type Key = (&'static str, String, String);

/// What controls an object, if it is of one of these kinds.
pub(super) fn maker(object: &Value, namespace: &str) -> Option<Key> {
    let owner = controller(object)?;
    // The version may be an older one.
    let group = owner.api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let known = KINDS.iter().find(|known| known.kind == owner.kind && known.group == group)?;
    Some((known.kind, namespace.to_owned(), owner.name))
}

/// Whether a Pod is the image of one that a kubelet runs from a file: it says so, and belongs to its Node.
pub(super) fn is_mirror(pod: &Value) -> bool {
    let marked = pod.pointer("/metadata/annotations/kubernetes.io~1config.mirror").is_some();
    marked && controller(pod).is_some_and(|owner| owner.kind == "Node")
}

/// What an object says controls it.
pub(super) fn controller(object: &Value) -> Option<OwnerReference> {
    let owners: Vec<OwnerReference> = Vec::deserialize(object.pointer("/metadata/ownerReferences")?).ok()?;
    controller_of(Some(&owners)).cloned()
}
