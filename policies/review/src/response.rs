//! The response: the wire format of `admission.k8s.io/v1`. It never has a patch.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::request::{API_VERSION, KIND};

/// What goes back for one request.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response<'a> {
    pub(crate) uid: &'a str,
    pub(crate) allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Status>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) audit_annotations: BTreeMap<&'static str, String>,
}

/// Why it was denied. The API server hands it on to the user, the causes to programs.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    status: &'static str,
    code: u16,
    reason: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Details::is_empty")]
    details: Details,
}

#[derive(Debug, Serialize)]
struct Details {
    causes: Vec<Cause>,
}

impl Details {
    fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }
}

/// One finding for programs: the rule, the message, the field.
#[derive(Debug, Serialize)]
pub(crate) struct Cause {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) field: String,
}

impl Status {
    pub(crate) fn forbidden(message: String, causes: Vec<Cause>) -> Self {
        Self { status: "Failure", code: 403, reason: "Forbidden", message, details: Details { causes } }
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    kind: &'static str,
    response: &'a Response<'a>,
}

impl Response<'_> {
    /// The bytes of the whole AdmissionReview.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let envelope = Envelope { api_version: API_VERSION, kind: KIND, response: self };
        // Strings and maps with string keys: this cannot fail.
        serde_json::to_vec(&envelope).unwrap_or_default()
    }
}
