//! What can be read of a request whose fields are not all what they should be: each on its own.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::request::{Read, Request, check_type};
use crate::text::fault;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "apiVersion", borrow)]
    api_version: Option<&'a RawValue>,
    #[serde(borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    request: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow)]
    uid: Option<&'a RawValue>,
    #[serde(borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow)]
    sub_resource: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    namespace: Option<&'a RawValue>,
    #[serde(borrow)]
    operation: Option<&'a RawValue>,
    #[serde(borrow)]
    user_info: Option<&'a RawValue>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
}

/// Reads a body that could not be read as a whole.
///
/// # Errors
/// What to tell a client whose body cannot be answered at all.
pub(crate) fn read<'a>(body: &'a [u8], error: &serde_json::Error) -> Result<Read<'a>, String> {
    let envelope: Envelope<'_> =
        serde_json::from_slice(body).map_err(|error| format!("the body is no AdmissionReview: {}", fault(&error)))?;
    let [api_version, kind] = [envelope.api_version, envelope.kind].map(|raw| value::<String>(raw).unwrap_or_default());
    check_type(&api_version, &kind)?;
    let request = envelope.request.filter(|raw| raw.get().starts_with('{'));
    match value::<Fields<'_>>(request).and_then(Fields::request) {
        Some(request) => Ok(Read::Partly {
            request: Box::new(request),
            why: format!("the request cannot be read: {}", fault(error)),
        }),
        None => Err(format!("the request cannot be read, nor its uid: {}", fault(error))),
    }
}

impl<'a> Fields<'a> {
    /// The request, if there is a uid to answer.
    fn request(self) -> Option<Request<'a>> {
        let text = value::<String>;
        let uid = text(self.uid).filter(|uid| !uid.is_empty())?;
        let (operation, namespace, resource) = (text(self.operation), text(self.namespace), value(self.resource));
        // A request may well be about no subresource, and then it says nothing of one.
        let sub_resource = if self.sub_resource.is_none() { Some(String::new()) } else { text(self.sub_resource) };
        let is_vague = operation.is_none() || namespace.is_none() || resource.is_none() || sub_resource.is_none();
        Some(Request {
            uid: uid.into(),
            kind: value(self.kind).unwrap_or_default(),
            resource: resource.unwrap_or_default(),
            sub_resource: sub_resource.unwrap_or_default().into(),
            name: text(self.name).unwrap_or_default().into(),
            namespace: namespace.unwrap_or_default().into(),
            operation: operation.unwrap_or_default().into(),
            user_info: value(self.user_info).unwrap_or_default(),
            object: self.object,
            old_object: self.old_object,
            dry_run: None,
            is_vague,
        })
    }
}

/// A field, if it is what it should be.
fn value<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}
