//! The caBundle in the ValidatingWebhookConfiguration, and the only change that is ever made to that object.
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, TestOperation};
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{ValidatingWebhook, ValidatingWebhookConfiguration};
use serde_json::Value;

use super::names::Names;
use crate::tls::certificates;

/// The webhooks of a configuration that call our Service, with their places. Others are not ours to touch.
fn ours<'a>(
    live: &'a ValidatingWebhookConfiguration,
    names: &'a Names,
) -> impl Iterator<Item = (usize, &'a ValidatingWebhook)> {
    live.webhooks.iter().flatten().enumerate().filter(|(_, webhook)| {
        let service = webhook.client_config.service.as_ref();
        service.is_some_and(|service| service.name == names.service && service.namespace == names.namespace)
    })
}

/// Whether some webhook calls us, and those that do have this and nothing else as their caBundle.
#[must_use]
pub(super) fn is(live: &ValidatingWebhookConfiguration, names: &Names, bundle: &str) -> bool {
    let mut ours = ours(live, names).peekable();
    ours.peek().is_some() && ours.all(|(_, webhook)| found(webhook) == bundle.as_bytes())
}

/// Why an API server would not trust what this CA has signed, if it would not.
#[must_use]
pub(super) fn fault(live: Option<&ValidatingWebhookConfiguration>, names: &Names, ca: &str) -> Option<String> {
    let name = &names.webhook_config;
    let Some(live) = live else { return Some(format!("there is no ValidatingWebhookConfiguration {name}")) };
    let mut ours = ours(live, names).peekable();
    if ours.peek().is_none() {
        let Names { namespace, service, .. } = names;
        return Some(format!(
            "no webhook of ValidatingWebhookConfiguration {name} calls Service {namespace}/{service}"
        ));
    }
    let ca = certificates(ca.as_bytes());
    let trusts = |webhook: &ValidatingWebhook| {
        let found = certificates(found(webhook));
        ca.iter().all(|certificate| found.contains(certificate))
    };
    let distrust = ours.find(|(_, webhook)| !trusts(webhook))?.1;
    Some(format!("the caBundle of webhook {} does not have our CA", distrust.name))
}

/// The patch that puts a caBundle where another one is. It holds only if the webhooks are still in their places, with
/// the caBundle that was seen: whoever has written since is read again first.
#[must_use]
pub(super) fn patch(live: &ValidatingWebhookConfiguration, names: &Names, bundle: &str) -> Patch {
    let mut operations = Vec::new();
    for (index, webhook) in ours(live, names).filter(|(_, webhook)| found(webhook) != bundle.as_bytes()) {
        let at = |rest: &[&str]| {
            let index = index.to_string();
            PointerBuf::from_tokens(["webhooks", &index].into_iter().chain(rest.iter().copied()))
        };
        let ca_bundle = || at(&["clientConfig", "caBundle"]);
        operations.push(test(at(&["name"]), Value::from(webhook.name.as_str())));
        // One that is not there tests as null.
        let old = webhook.client_config.ca_bundle.as_ref().map_or(Value::Null, base64);
        operations.push(test(ca_bundle(), old));
        let new = base64(&ByteString(bundle.as_bytes().to_vec()));
        operations.push(PatchOperation::Add(AddOperation { path: ca_bundle(), value: new }));
    }
    Patch(operations)
}

fn found(webhook: &ValidatingWebhook) -> &[u8] {
    webhook.client_config.ca_bundle.as_ref().map(|bytes| bytes.0.as_slice()).unwrap_or_default()
}

fn test(path: PointerBuf, value: Value) -> PatchOperation {
    PatchOperation::Test(TestOperation { path, value })
}

/// As the API writes bytes.
fn base64(bytes: &ByteString) -> Value {
    serde_json::to_value(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(webhooks: &Value) -> Value {
        json!({"metadata": {"name": "memlint"}, "webhooks": webhooks})
    }

    fn webhook(name: &str, service: &str, bundle: &str) -> Value {
        let client = json!({"service": {"name": service, "namespace": "memlint"}, "caBundle": bundle});
        json!({"name": name, "clientConfig": client, "sideEffects": "None", "admissionReviewVersions": ["v1"]})
    }

    #[test]
    fn a_patch_holds_only_for_what_was_seen() {
        let names = ["memlint", "memlint-ca", "memlint", "memlint"].map(str::to_owned);
        let [namespace, secret, webhook_config, service] = names;
        let names = Names { namespace, secret, webhook_config, service };
        let (a, b, other) =
            (webhook("a", "memlint", "b2xk"), webhook("b", "memlint", "bmV3"), webhook("c", "other", "b2xk"));
        let seen = config(&json!([other, a, b]));
        let live = serde_json::from_value(seen.clone()).expect("a configuration");
        let patch = patch(&live, &names, "new");
        assert_eq!(patch.len(), 3, "b is right, and c is not ours: {patch}");
        let apply = |mut object: Value| json_patch::patch(&mut object, &patch).map(|()| object);
        let expected = config(&json!([other, webhook("a", "memlint", "bmV3"), b]));
        assert_eq!(apply(seen).expect("it holds"), expected);
        // Others have moved it, or written to it.
        assert!(apply(config(&json!([a, other, b]))).is_err());
        assert!(apply(config(&json!([other, webhook("a", "memlint", "aGlz"), b]))).is_err());
        assert!(!is(&live, &names, "new"));
        assert!(is(&serde_json::from_value(expected).expect("a configuration"), &names, "new"));
    }
}
