//! [`About`]: the object that an Event is about, one that exists.

use memlint_kubernetes::controller::controller_in;
use memlint_kubernetes::object::Value;

use crate::request::Request;
use crate::text::{clip, plain};

/// How long a name may be: the longest that Kubernetes takes.
pub(crate) const MAX_NAME: usize = 253;

/// An object that exists, by its names; they are a user's own words, short and without control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Its version, such as `apps/v1`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The namespace where an Event about it belongs.
    pub namespace: String,
    /// Its uid, as far as known.
    pub uid: Option<String>,
}

impl About {
    /// What an Event about a request is to be about: the object if it exists already, else what made it, else its
    /// namespace. An object that is refused at its birth never exists.
    pub(crate) fn of(request: &Request<'_>, value: &Value<'_>) -> Self {
        let name = |text: &str| clip(&plain(text), MAX_NAME);
        let named = |api_version: String, kind: &str, of: &str, uid: Option<&str>| Self {
            api_version: name(&api_version),
            kind: name(kind),
            name: name(of),
            namespace: name(&request.namespace),
            uid: uid.map(name),
        };
        if request.operation == "UPDATE" {
            let group = &request.kind.group;
            let slash = if group.is_empty() { "" } else { "/" };
            let api_version = format!("{group}{slash}{}", request.kind.version);
            let uid = value.get("metadata").and_then(|metadata| metadata.get("uid")?.as_str());
            return named(api_version, &request.kind.kind, &request.name, uid);
        }
        let of_controller = controller_in(value).map(|owner| {
            let uid = Some(owner.uid.as_str()).filter(|uid| !uid.is_empty());
            named(owner.api_version, &owner.kind, &owner.name, uid)
        });
        of_controller.unwrap_or_else(|| named("v1".to_owned(), "Namespace", &request.namespace, None))
    }
}
