//! Objects of a cluster that say something of its capacity, decoded.

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use memlint_kubernetes::decode::{self, Leniency};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use serde::de::DeserializeOwned;

/// One object.
#[derive(Debug, Clone)]
pub(super) enum Known {
    Node(Box<core::Node>),
    Pod(Box<core::Pod>),
    DaemonSet(Box<DaemonSet>),
    LimitRange(core::LimitRange),
    ResourceQuota(core::ResourceQuota),
    RuntimeClass(RuntimeClass),
    PriorityClass(PriorityClass),
    Namespace(core::Namespace),
}

/// What cannot be read, and where.
#[derive(Debug, Clone)]
pub(super) struct Unreadable {
    pub(super) at: FieldPath,
    pub(super) message: String,
    pub(super) help: String,
}

impl Known {
    /// Decodes an object; `None` if its kind says nothing of capacity.
    pub(super) fn read(api_version: &str, kind: &str, value: &Value<'_>) -> Option<Result<Self, Vec<Unreadable>>> {
        let known = match (api_version, kind) {
            ("v1", "Node") => typed(value, kind).map(|node| Self::Node(Box::new(node))),
            ("v1", "Pod") => typed(value, kind).map(|pod| Self::Pod(Box::new(pod))),
            ("apps/v1", "DaemonSet") => typed(value, kind).map(|set| Self::DaemonSet(Box::new(set))),
            ("v1", "LimitRange") => typed(value, kind).map(Self::LimitRange),
            ("v1", "ResourceQuota") => typed(value, kind).map(Self::ResourceQuota),
            ("node.k8s.io/v1", "RuntimeClass") => typed(value, kind).map(Self::RuntimeClass),
            ("scheduling.k8s.io/v1", "PriorityClass") => typed(value, kind).map(Self::PriorityClass),
            ("v1", "Namespace") => typed(value, kind).map(Self::Namespace),
            _ => return None,
        };
        Some(known)
    }
}

/// Decodes a value. Fields that the type does not know are passed over: a cluster may be newer than memlint.
pub(super) fn typed<T: DeserializeOwned>(value: &Value<'_>, kind: &str) -> Result<T, Vec<Unreadable>> {
    decode::from_value(value).map_err(|error| {
        // The decoder stops at the first mistake; the check knows them all.
        let problems = decode::check(value, kind, Leniency::Strict);
        let fatal = |problem: &decode::Problem| {
            matches!(problem.kind, decode::ProblemKind::WrongType | decode::ProblemKind::InvalidQuantity)
        };
        let unreadable = problems.into_iter().filter(fatal).map(|problem| Unreadable {
            at: problem.at,
            message: problem.message,
            help: problem.help.unwrap_or_else(|| "write it as kubectl get -o yaml prints it".to_owned()),
        });
        let unreadable: Vec<Unreadable> = unreadable.collect();
        if !unreadable.is_empty() {
            return unreadable;
        }
        let message = error.to_string();
        vec![Unreadable { at: error.at, message, help: "write it as kubectl get -o yaml prints it".to_owned() }]
    })
}
