//! `memlint oom --events`: the same events in every form that kubectl and jq print them in.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn output(text: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.json");
    std::fs::write(&path, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_memlint"));
    command.args(["oom", "--format", "json", "--events"]).arg(path).stdin(Stdio::null()).output().unwrap()
}

/// Times by kind and object.
fn counted(text: &str) -> Vec<(String, String, u64)> {
    let output = output(text);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let kinds = told["events"]["kinds"].as_array().unwrap();
    let items = kinds.iter().flat_map(|kind| kind["items"].as_array().unwrap().iter().map(move |item| (kind, item)));
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    items.map(|(kind, item)| (word(&kind["reason"]), word(&item["name"]), item["count"].as_u64().unwrap())).collect()
}

/// An event of the older API, that has happened so many times.
fn scheduling(count: u64) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "api-1.1", "namespace": "n", "uid": "u1"},
        "involvedObject": {"kind": "Pod", "name": "api-1", "namespace": "n"}, "reason": "FailedScheduling",
        "message": "0/3 nodes are available: 3 Insufficient memory.", "count": count,
        "firstTimestamp": null, "lastTimestamp": null})
}

/// One of the newer API, with a series.
fn eviction() -> Value {
    json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "api-2.1", "namespace": "n", "uid": "u2"},
        "regarding": {"kind": "Pod", "name": "api-2", "namespace": "n"}, "reason": "Evicted",
        "note": "The node was low on resource: memory. Threshold quantity: 100Mi, available: 62Mi. ",
        "series": {"count": 5, "lastObservedTime": "2026-05-01T13:00:00.000000Z"}, "eventTime": "2026-05-01T12:00:00.000000Z"})
}

#[test]
fn every_form_is_counted_alike() {
    let (a, b) = (scheduling(3), eviction());
    let bare = |event: &Value| {
        let mut event = event.clone();
        event.as_object_mut().unwrap().retain(|key, _| !matches!(key.as_str(), "kind" | "apiVersion"));
        event
    };
    let watch = |kind: &str, event: &Value| json!({"type": kind, "object": event}).to_string();
    let expected =
        [("Evicted".to_owned(), "api-2".to_owned(), 5), ("FailedScheduling".to_owned(), "api-1".to_owned(), 3)];
    for text in [
        json!({"apiVersion": "v1", "kind": "List", "items": [a, b]}).to_string(),
        json!({"apiVersion": "v1", "kind": "EventList", "items": [bare(&a), bare(&b)]}).to_string(),
        json!([a, b]).to_string(),
        format!("{a}\n{b}\n"),
        format!("{a:#}\n{b:#}\n"),
        format!("---\n{a}\n---\n{b}\n"),
        // A watch tells of an event whenever it happens again.
        format!("{}\n{}\n{a}\n{b}\n", scheduling(1), scheduling(2)),
        [watch("ADDED", &scheduling(1)), watch("ADDED", &b), watch("MODIFIED", &a), watch("DELETED", &a)].join("\n"),
    ] {
        assert_eq!(counted(&text), expected, "{text}");
    }
}

#[test]
fn a_cluster_without_events_is_told_from_a_file_without() {
    assert!(counted(r#"{"apiVersion": "v1", "kind": "List", "items": []}"#).is_empty());
    for text in ["{}", "apiVersion: v1\nkind: ConfigMap\n", "[]"] {
        let output = output(text);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("holds no Event"), "{text}");
    }
}

#[test]
fn without_a_count_it_happened_once_when_it_was_written() {
    let mut event = scheduling(0);
    event.as_object_mut().unwrap().remove("count");
    event["metadata"]["creationTimestamp"] = "2026-05-01T12:00:00Z".into();
    let told: Value = serde_json::from_slice(&output(&event.to_string()).stdout).unwrap();
    let item = &told["events"]["kinds"][0]["items"][0];
    assert_eq!((&item["count"], &item["firstTime"]), (&json!(1), &json!("2026-05-01T12:00:00Z")));
}
