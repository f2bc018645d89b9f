//! What is judged at all: Pods that are made or resized, and workloads that are made or changed.
//!
//! Everything else is let through untouched and without a word, whatever the webhook's configuration sends here. A
//! plain update of a Pod is one of these: it cannot change what memlint judges, and to refuse it would keep finalizers
//! from being removed.

use crate::options::{Options, Workloads};
use crate::request::Request;

/// How a request is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A Pod is made.
    Pod,
    /// A Pod's resources are changed in place (KEP-1287).
    Resize,
    /// A workload is made or changed.
    Template,
    /// Not at all, and why.
    Untouched(&'static str),
}

/// The resources whose objects hold a Pod template.
const TEMPLATES: [(&str, &str); 7] = [
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("", "replicationcontrollers"),
];

/// How a request is judged.
pub(crate) fn of(request: &Request<'_>, options: &Options) -> Scope {
    let resource = (request.resource.group.as_ref(), request.resource.resource.as_ref());
    let operation = request.operation.as_ref();
    let scope = match (resource, request.sub_resource.as_ref(), operation) {
        (("", "pods"), "", "CREATE") => Scope::Pod,
        (("", "pods"), "resize", "UPDATE") => Scope::Resize,
        (template, "", "CREATE" | "UPDATE") if TEMPLATES.contains(&template) => Scope::Template,
        _ => return Scope::Untouched("memlint does not judge this kind of request"),
    };
    if options.excludes(&request.namespace) {
        return Scope::Untouched("the namespace is excluded");
    }
    if scope == Scope::Template && options.workloads == Workloads::Off {
        return Scope::Untouched("workloads are not judged");
    }
    scope
}

/// The name of a kind for metrics: one of few.
pub(crate) fn kind_label(request: &Request<'_>) -> &'static str {
    const KINDS: [&str; 8] =
        ["Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "ReplicationController"];
    KINDS.into_iter().find(|kind| *kind == request.kind.kind).unwrap_or("other")
}

/// The name of an operation for metrics: one of few.
pub(crate) fn operation_label(request: &Request<'_>) -> &'static str {
    const OPERATIONS: [&str; 4] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];
    OPERATIONS.into_iter().find(|operation| *operation == request.operation).unwrap_or("other")
}
