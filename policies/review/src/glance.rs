//! What little of an object says that it must be let through, read without the rest of it: where there is no time, or
//! the rest cannot be read.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::request::Request;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Glance {
    metadata: Option<Metadata>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    deletion_timestamp: Option<IgnoredAny>,
    annotations: Option<Annotations>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Annotations {
    #[serde(rename = "kubernetes.io/config.mirror")]
    mirror: Option<IgnoredAny>,
}

/// Whether a request is about an object that is on its way out, or that a kubelet runs whatever is answered.
pub(crate) fn must_pass(request: &Request<'_>) -> bool {
    let read = |raw: Option<&RawValue>| serde_json::from_str::<Glance>(raw?.get()).ok()?.metadata;
    let (new, old) = (read(request.object), read(request.old_object));
    let is_leaving = |metadata: &Metadata| metadata.deletion_timestamp.is_some();
    let is_mirror = |metadata: &Metadata| metadata.annotations.as_ref().is_some_and(|own| own.mirror.is_some());
    let at_birth = request.operation == "CREATE" && request.user_info.is_kubelet();
    new.as_ref().is_some_and(is_leaving)
        || old.as_ref().is_some_and(is_leaving)
        || (at_birth && new.as_ref().is_some_and(is_mirror))
}
