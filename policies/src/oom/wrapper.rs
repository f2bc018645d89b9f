//! Log lines inside JSON: journald's own export, container logs, and what log shippers make of both.

use super::clock::from_unix_micros;
use super::prefix::Stamp;
use serde_json::{Map, Value};

/// Where a message is kept, by who wraps it, in the order they are tried.
const MESSAGE_KEYS: [&str; 12] = [
    "MESSAGE",
    "message",
    "log",
    "msg",
    "textPayload",
    "@message",
    "Message",
    "short_message",
    "body",
    "line",
    "_raw",
    "event",
];
/// Objects that a message may lie in.
const NESTED_KEYS: [&str; 5] = ["jsonPayload", "_source", "fields", "data", "event"];
/// Where a time is kept as text.
const TIME_KEYS: [&str; 5] = ["time", "timestamp", "@timestamp", "ts", "receiveTimestamp"];

/// The message in a line that is a JSON object, with the time and host the object states.
pub(super) fn unwrap(line: &str) -> Option<(Stamp, String)> {
    let line = line.trim().trim_end_matches(',');
    if !line.starts_with('{') || !line.ends_with('}') {
        return None;
    }
    let Ok(Value::Object(object)) = serde_json::from_str(line) else { return None };
    let text = message(&object, 2)?;
    Some((stamp(&object), text))
}

fn message(object: &Map<String, Value>, depth: u8) -> Option<String> {
    let own = MESSAGE_KEYS.iter().find_map(|key| match object.get(*key)? {
        Value::String(text) => Some(text.clone()),
        // journald writes a message that is no clean text as an array of bytes.
        Value::Array(bytes) => {
            let bytes: Option<Vec<u8>> = bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect();
            Some(String::from_utf8_lossy(&bytes?).into_owned())
        }
        _ => None,
    });
    own.or_else(|| {
        let nested = NESTED_KEYS.iter().filter_map(|key| object.get(*key)?.as_object());
        (depth > 0).then(|| nested.into_iter().find_map(|inner| message(inner, depth - 1)))?
    })
}

fn stamp(object: &Map<String, Value>) -> Stamp {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let number = |key: &str| {
        let value = object.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    let realtime = number("_SOURCE_REALTIME_TIMESTAMP").or_else(|| number("__REALTIME_TIMESTAMP"));
    Stamp {
        time: realtime.map(from_unix_micros).or_else(|| TIME_KEYS.iter().find_map(|key| text(key)).map(str::to_owned)),
        uptime: number("_SOURCE_MONOTONIC_TIMESTAMP").or_else(|| number("__MONOTONIC_TIMESTAMP")),
        host: ["_HOSTNAME", "hostname", "host"].iter().find_map(|key| text(key)).map(str::to_owned),
        caller: None,
        prefixed: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_message() {
        let (stamp, text) = unwrap(
            r#"{"MESSAGE":"oom","__REALTIME_TIMESTAMP":"1777638896123456","_SOURCE_MONOTONIC_TIMESTAMP":"36370036951","_HOSTNAME":"n"}"#,
        )
        .unwrap();
        assert_eq!((text.as_str(), stamp.uptime), ("oom", Some(36_370_036_951)));
        assert_eq!(stamp.time.as_deref(), Some("2026-05-01T12:34:56.123456Z"));
        let (stamp, text) = unwrap(r#"{"log":"a\n","stream":"stdout","time":"2026-05-01T12:34:56Z"},"#).unwrap();
        assert_eq!((text.as_str(), stamp.time.as_deref()), ("a\n", Some("2026-05-01T12:34:56Z")));
        assert_eq!(unwrap(r#"{"MESSAGE":[111,111,109]}"#).unwrap().1, "oom");
        assert_eq!(unwrap(r#"{"jsonPayload":{"MESSAGE":"x"}}"#).unwrap().1, "x");
        assert_eq!(unwrap("{broken}"), None);
    }
}
