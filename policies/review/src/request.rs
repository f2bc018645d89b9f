//! The request: the wire format of `admission.k8s.io/v1`, read in two stages.
//!
//! First the envelope, with the objects left as they are; the objects only if they are to be judged. A request whose
//! fields are not what they should be still gives its uid, without which no answer counts: see [`lax`].
use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::text::{clip, fault, plain};

/// The only version that is spoken.
pub(crate) const API_VERSION: &str = "admission.k8s.io/v1";
/// The only kind.
pub(crate) const KIND: &str = "AdmissionReview";

/// What an AdmissionReview asks.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request<'a> {
    #[serde(borrow)]
    pub(crate) uid: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) kind: Kind<'a>,
    #[serde(borrow)]
    pub(crate) resource: Resource<'a>,
    #[serde(borrow)]
    pub(crate) sub_resource: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) namespace: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) operation: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) user_info: User<'a>,
    #[serde(borrow)]
    pub(crate) object: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) old_object: Option<&'a RawValue>,
    pub(crate) dry_run: Option<bool>,
    /// Whether something of it cannot be read by which it is judged at all: operation, namespace or resource.
    #[serde(skip)]
    pub(crate) is_vague: bool,
}

/// A kind as the API names it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Kind<'a> {
    #[serde(borrow)]
    pub(crate) group: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) version: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) kind: Cow<'a, str>,
}

/// A resource as the API names it; its version is that of the kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Resource<'a> {
    #[serde(borrow)]
    pub(crate) group: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) resource: Cow<'a, str>,
}

/// Who asks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct User<'a> {
    #[serde(borrow)]
    pub(crate) username: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) groups: Option<Vec<Cow<'a, str>>>,
}

impl User<'_> {
    /// Whether this is a node's own agent.
    pub(crate) fn is_kubelet(&self) -> bool {
        self.groups.iter().flatten().any(|group| group == "system:nodes")
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "apiVersion", borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "map_or_null")]
    request: Option<Request<'a>>,
}

/// A map or null: what serde derives would take a list for a struct.
fn map_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Request<'de>>, D::Error> {
    struct Visit;
    impl<'de> Visitor<'de> for Visit {
        type Value = Option<Request<'de>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a request")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Request::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
    deserializer.deserialize_any(Visit)
}

/// What could be read of a request.
#[derive(Debug)]
pub(crate) enum Read<'a> {
    Whole(Box<Request<'a>>),
    /// What could be read of it, with the uid at least, and why not all.
    Partly {
        request: Box<Request<'a>>,
        why: String,
    },
}

/// Reads a body.
///
/// # Errors
/// What to tell a client whose body cannot be answered at all.
pub(crate) fn read(body: &[u8]) -> Result<Read<'_>, String> {
    if body.is_empty() {
        return Err("the body is empty: an AdmissionReview is expected".to_owned());
    }
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err("the body is no AdmissionReview: it is no JSON object".to_owned());
    }
    match serde_json::from_slice::<Envelope<'_>>(body) {
        Ok(Envelope { api_version, kind, request }) => {
            check_type(&api_version, &kind)?;
            match request {
                None => Err("the AdmissionReview has no request".to_owned()),
                Some(request) if request.uid.is_empty() => Err("the request has no uid".to_owned()),
                Some(request) => Ok(Read::Whole(Box::new(request))),
            }
        }
        Err(error) => read_leniently(body, &error),
    }
}

/// Whether this is what is spoken here.
///
/// # Errors
/// That it is not, and what to do.
pub(crate) fn check_type(api_version: &str, kind: &str) -> Result<(), String> {
    if (api_version, kind) == (API_VERSION, KIND) {
        return Ok(());
    }
    let [api_version, kind] = [api_version, kind].map(|text| clip(&plain(text), 60));
    Err(format!(
        "this webhook answers {KIND} of {API_VERSION}, not {kind:?} of {api_version:?}; list v1 alone under \
         admissionReviewVersions"
    ))
}

/// The envelope, of which every part may be of the wrong type.
#[derive(Deserialize)]
struct LenientEnvelope<'a> {
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
fn read_leniently<'a>(body: &'a [u8], error: &serde_json::Error) -> Result<Read<'a>, String> {
    let envelope: LenientEnvelope<'_> =
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
