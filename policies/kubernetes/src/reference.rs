//! How an object, and a place in one, is named: by kind and name, by where it was read, by field.

use std::fmt;

use crate::path::FieldPath;

/// Names one Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ObjectRef {
    /// `apps/v1`
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
    /// The namespace as written; `None` where the manifest leaves it open.
    pub namespace: Option<String>,
    /// The name; of an object with `generateName` only, that with a `*` behind it.
    pub name: Option<String>,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("(no name)");
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{name}", self.kind),
            None => write!(f, "{} {name}", self.kind),
        }
    }
}

/// An opaque mark that a front end puts on an object it hands in, to find its text again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin(pub u32);

/// Another place that has to do with a finding, such as the LimitRange that set a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Related {
    /// The object it is in; `None` for the finding's own.
    pub origin: Option<Origin>,
    /// The field.
    pub at: FieldPath,
    /// What this place has to do with it.
    pub message: String,
}
