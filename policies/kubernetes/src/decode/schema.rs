//! The fields of every Kubernetes type that memlint reads, as a table.
//!
//! The table (`types.txt`, one type a line) is generated from k8s-openapi's schemas, so that it can be asked about
//! fields while k8s-openapi's own types only hold those that they know. A test proves it current.

use std::collections::HashMap;
use std::sync::OnceLock;

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Bool,
    Int32,
    Int64,
    Float,
    Quantity,
    IntOrString,
    Time,
    Bytes,
    Any,
    List(Box<Kind>),
    Map(Box<Kind>),
    /// An index into [`Schema::types`].
    Struct(usize),
}

#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: &'static str,
    /// In the order of the alphabet.
    fields: Vec<(&'static str, Kind)>,
}

impl Type {
    pub(super) fn field(&self, name: &str) -> Option<&Kind> {
        let index = self.fields.binary_search_by_key(&name, |(field, _)| field).ok()?;
        self.fields.get(index).map(|(_, kind)| kind)
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &Kind)> {
        self.fields.iter().map(|(name, kind)| (*name, kind))
    }
}

#[derive(Debug)]
pub(super) struct Schema {
    types: Vec<Type>,
    by_name: HashMap<&'static str, usize>,
}

impl Schema {
    /// The one table.
    pub(super) fn get() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| Self::parse(include_str!("types.txt")))
    }

    pub(super) fn named(&self, name: &str) -> Option<&Type> {
        self.by_name.get(name).and_then(|index| self.types.get(*index))
    }

    pub(super) fn type_at(&self, index: usize) -> Option<&Type> {
        self.types.get(index)
    }

    fn parse(text: &'static str) -> Self {
        let lines = || text.lines().filter_map(|line| line.split_once(':'));
        let by_name = lines().enumerate().map(|(index, (name, _))| (name, index)).collect();
        let types = lines()
            .map(|(name, rest)| {
                let pairs = rest.split_ascii_whitespace().filter_map(|pair| pair.split_once('='));
                let mut fields: Vec<_> = pairs.map(|(field, kind)| (field, parse_kind(kind, &by_name))).collect();
                fields.sort_by_key(|(field, _)| *field);
                Type { name, fields }
            })
            .collect();
        Self { types, by_name }
    }
}

fn parse_kind(text: &str, by_name: &HashMap<&str, usize>) -> Kind {
    if let Some(item) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Kind::List(Box::new(parse_kind(item, by_name)));
    }
    if let Some(item) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return Kind::Map(Box::new(parse_kind(item, by_name)));
    }
    match text {
        "string" => Kind::String,
        "bool" => Kind::Bool,
        "int32" => Kind::Int32,
        "int64" => Kind::Int64,
        "number" => Kind::Float,
        "Quantity" => Kind::Quantity,
        "IntOrString" => Kind::IntOrString,
        "Time" | "MicroTime" => Kind::Time,
        "bytes" => Kind::Bytes,
        name => by_name.get(name).map_or(Kind::Any, |index| Kind::Struct(*index)),
    }
}

/// The name under which [`check`](super::check) knows the type of an object; `None` when memlint does not know it.
#[must_use]
pub fn type_of(api_version: &str, kind: &str) -> Option<&'static str> {
    const CORE: &[&str] = &[
        "Pod",
        "PodTemplate",
        "ReplicationController",
        "LimitRange",
        "ResourceQuota",
        "Node",
        "PersistentVolumeClaim",
    ];
    const APPS: &[&str] = &["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"];
    let item = kind.strip_suffix("List").unwrap_or(kind);
    let name = match api_version {
        "v1" if CORE.contains(&item) => kind,
        "apps/v1" if APPS.contains(&item) => kind,
        "batch/v1" if matches!(item, "Job" | "CronJob") => kind,
        "node.k8s.io/v1" if item == "RuntimeClass" => kind,
        "autoscaling/v1" if item == "HorizontalPodAutoscaler" => &format!("autoscaling.v1.{kind}"),
        "autoscaling/v2" if item == "HorizontalPodAutoscaler" => &format!("autoscaling.v2.{kind}"),
        _ => return None,
    };
    Schema::get().named(name).map(|known| known.name)
}
