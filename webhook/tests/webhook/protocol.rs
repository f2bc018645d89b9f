//! P1 to P6, P10 and D9: the table of `tests/fixtures/webhook/protocol.json`, and what has no place in a table.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::support::{UID, app, ask, create, http, metric, pod, repository, send};

fn table() -> Vec<Value> {
    let path = repository().join("tests/fixtures/webhook/protocol.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("a fixture")).expect("JSON")
}

fn body(case: &Value) -> Vec<u8> {
    match (case["text"].as_str(), case["hex"].as_str(), &case["body"]) {
        (Some(text), ..) => text.as_bytes().to_vec(),
        (_, Some(hex), _) => {
            let digits: Vec<char> = hex.chars().collect();
            let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hex");
            digits.chunks(2).map(byte).collect()
        }
        (.., Value::Null) => Vec::new(),
        (.., body) => body.to_string().into_bytes(),
    }
}

#[tokio::test]
async fn p1_to_p6_p10_d9_the_protocol_is_kept() {
    let app = app();
    for case in table() {
        let name = format!("{}: {}", case["item"].as_str().expect("an item"), case["name"].as_str().expect("a name"));
        let mut request = Request::builder()
            .method(case["method"].as_str().unwrap_or("POST"))
            .uri(case["path"].as_str().unwrap_or("/validate"));
        let content_type = case.get("contentType").map_or(Some("application/json"), Value::as_str);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = send(&app, request.body(Body::from(body(&case))).expect("a request")).await;
        assert_eq!(u64::from(answer.status.as_u16()), case["status"], "{name}: {}", answer.text);
        let says = case["says"].as_str().unwrap_or_default();
        assert!(answer.text.contains(says), "{name}: {}", answer.text);
        if case["status"] != 200 {
            assert!(!answer.text.contains("registry.example"), "{name}: the body is not told back");
            continue;
        }
        let verdict = answer.verdict(case["body"]["request"]["uid"].as_str().expect("a uid"));
        if let Some(allowed) = case.get("allowed") {
            assert_eq!(verdict.allowed, *allowed, "{name}: {}", verdict.message);
        }
        if let Some(warnings) = case["warnings"].as_u64() {
            assert_eq!(verdict.warnings.len() as u64, warnings, "{name}: {:?}", verdict.warnings);
        }
        let warning = case["warning"].as_str().unwrap_or_default();
        assert!(warning.is_empty() || verdict.warnings.iter().any(|w| w.contains(warning)), "{name}: {verdict:?}");
        let denial = case["denial"].as_str().unwrap_or_default();
        assert!(verdict.message.contains(denial), "{name}: {}", verdict.message);
    }
}

#[tokio::test]
async fn p1_the_same_request_gets_the_same_bytes() {
    let request = http("/validate", crate::support::review(&create(&pod("", ""))).to_string());
    let again = http("/validate", crate::support::review(&create(&pod("", ""))).to_string());
    assert_eq!(send(&app(), request).await.text, send(&app(), again).await.text);
}

#[tokio::test]
async fn p5_what_cannot_be_read_is_counted_and_may_be_denied() {
    let odd = crate::support::with(pod("256Mi", "256Mi"), &serde_json::json!({"spec": {"containers": "none"}}));
    let app = app();
    assert!(ask(&app, &create(&odd)).await.allowed);
    assert_eq!(metric(&app, "memlint_decode_errors_total"), 1.0);
    let strict =
        memlint_review::Options { on_decode_error: memlint_review::OnDoubt::Deny, ..crate::support::options() };
    let strict = crate::support::app_with("", strict);
    let unread = create(&serde_json::json!("no object"));
    let verdict = ask(&strict, &unread).await;
    assert!(!verdict.allowed && verdict.message.contains("not judged"), "{verdict:?}");
    assert_eq!(verdict.response["uid"], UID);
    let mut leaving = create(&odd);
    leaving["object"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert!(ask(&strict, &leaving).await.allowed);
}
