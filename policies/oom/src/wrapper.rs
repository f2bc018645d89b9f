//! Log lines inside JSON: journald's own export, container logs, and what log shippers make of both.
//!
//! Shippers name their fields as they like, so known names come first; without one, every string of the object that
//! reads as a kernel's line is taken.
use serde_json::{Map, Value};

use super::clock::from_unix_micros;
use super::prefix::{Stamp, is_source, strip, uptime};
use super::record::read;
use super::tag::KERNEL;
use super::text::is_digits;

/// Where a message is kept, by who wraps it, in the order they are tried.
const MESSAGE_KEYS: [&str; 14] = [
    "MESSAGE",
    "message",
    "log",
    "msg",
    "textPayload",
    "@message",
    "Message",
    "SyslogMessage",
    "LogEntry",
    "short_message",
    "body",
    "line",
    "_raw",
    "event",
];
/// Where a time is kept.
const TIME_KEYS: [&str; 6] = ["time", "timestamp", "@timestamp", "ts", "TimeGenerated", "receiveTimestamp"];
/// Where the program that wrote a message is named.
const IDENTIFIERS: [&str; 4] = ["SYSLOG_IDENTIFIER", "syslog_identifier", "programname", "ProcessName"];
/// No shipper nests deeper; the bound keeps hostile objects cheap.
const MAX_DEPTH: u8 = 12;

/// The messages in a line that is JSON or holds it, with the time and host that its objects state.
pub(super) fn unwrap(line: &str) -> Option<Vec<(Stamp, String)>> {
    if let Some(text) = member(line) {
        return Some(vec![(Stamp { prefixed: true, ..Stamp::default() }, text)]);
    }
    let value: Value = serde_json::from_str(json(line)?).ok()?;
    let mut found = Vec::new();
    collect(&value, &Stamp::default(), MAX_DEPTH, &mut found);
    // Log databases answer with the newest entry first.
    let times: Vec<&str> = found.iter().filter_map(|(stamp, _)| stamp.time.as_deref()).collect();
    if times.first() > times.last() && times.is_sorted_by(|newer, older| newer >= older) {
        found.reverse();
    }
    (!found.is_empty()).then_some(found)
}

/// The part of a line that could be a JSON object or array: all of it, or what stands behind a shipper's own prefix.
fn json(line: &str) -> Option<&str> {
    let line = line.trim();
    let nested = line.strip_prefix('[').is_some_and(|inner| inner.trim_start().starts_with(['{', '[', '"']));
    let (start, close) =
        if nested { (0, ']') } else { (["{\"", "{ \""].into_iter().filter_map(|open| line.find(open)).min()?, '}') };
    line.get(start..=line.rfind(close)?)
}

/// `"msg": "text",` or `"text",`: one line of JSON that was printed over several (`dmesg --json`, json-pretty).
fn member(line: &str) -> Option<String> {
    let line = line.trim().trim_end_matches(',').trim_end();
    if !line.starts_with('"') || !line.ends_with('"') {
        return None;
    }
    let mut strings = serde_json::Deserializer::from_str(line).into_iter::<String>();
    let first = strings.next()?.ok()?;
    let rest = line.get(strings.byte_offset()..)?.trim_start();
    match rest.strip_prefix(':') {
        Some(value) => serde_json::from_str(value).ok(),
        None => rest.is_empty().then_some(first),
    }
}

/// Takes the message of each object; where none has one, the strings that read as a kernel's line.
fn collect(value: &Value, outer: &Stamp, depth: u8, found: &mut Vec<(Stamp, String)>) {
    let before = found.len();
    let parts: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(object) => {
            let stamp = stamp(object).or(outer);
            if let Some(text) = message(object) {
                return found.push((stamp, text));
            }
            if depth > 0 {
                object.values().filter(|part| is_nested(part)).for_each(|part| collect(part, &stamp, depth - 1, found));
            }
            object.values().collect()
        }
        _ => return,
    };
    if depth > 0 && value.is_array() {
        parts.iter().filter(|part| is_nested(part)).for_each(|part| collect(part, outer, depth - 1, found));
    }
    if found.len() > before {
        return;
    }
    // Loki gives `["1777638896000000000", "text"]`.
    let time = parts.first().and_then(|first| first.as_str()?.parse().ok()).and_then(since_1970);
    let stamp = Stamp { prefixed: true, time: time.or(outer.time.clone()), ..outer.clone() };
    let texts = parts.into_iter().filter_map(Value::as_str).filter(|text| is_kernel(text));
    found.extend(texts.map(|text| (stamp.clone(), text.to_owned())));
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// Whether a line of a text reads as a part of a report.
fn is_kernel(text: &str) -> bool {
    text.lines().any(|line| read(strip(line).1).is_some())
}

fn message(object: &Map<String, Value>) -> Option<String> {
    MESSAGE_KEYS.iter().find_map(|key| match object.get(*key)? {
        Value::String(text) => Some(text.clone()),
        // journald writes a message that is no clean text as an array of bytes.
        Value::Array(bytes) => {
            let bytes: Option<Vec<u8>> = bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect();
            Some(String::from_utf8_lossy(&bytes?).into_owned())
        }
        _ => None,
    })
}

fn stamp(object: &Map<String, Value>) -> Stamp {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let number = |key: &str| {
        let value = object.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    let realtime = number("_SOURCE_REALTIME_TIMESTAMP").or_else(|| number("__REALTIME_TIMESTAMP"));
    let dated = |key: &&str| match object.get(*key)? {
        Value::String(text) if !is_digits(text) => Some(text.clone()),
        _ => number(key).and_then(since_1970),
    };
    // `dmesg --json` gives seconds since boot as a number.
    let booted = object.get("time").and_then(Value::as_number).and_then(|seconds| uptime(&seconds.to_string()));
    let monotonic = number("_SOURCE_MONOTONIC_TIMESTAMP").or_else(|| number("__MONOTONIC_TIMESTAMP"));
    Stamp {
        time: realtime.map(from_unix_micros).or_else(|| TIME_KEYS.iter().find_map(dated)),
        uptime: monotonic.or(booted),
        host: ["_HOSTNAME", "hostname", "host", "Computer"].iter().find_map(|key| text(key)).map(str::to_owned),
        origin: origin(object),
        caller: text("caller").map(str::to_owned),
        prefixed: true,
        foreign: IDENTIFIERS.iter().find_map(|key| text(key)).is_some_and(|program| program != KERNEL),
    }
}

/// What an object and the labels in it say of where its message came from.
fn origin(object: &Map<String, Value>) -> Option<String> {
    const LABELS: [&str; 8] = ["kubernetes", "resource", "labels", "stream", "host", "agent", "_source", "attributes"];
    let mut words = Vec::new();
    let mut level = vec![object];
    for _ in 0..3 {
        let fields = level.iter().flat_map(|part| part.iter());
        words.extend(fields.filter(|(key, _)| is_source(key)).filter_map(|(_, value)| value.as_str()).take(8));
        let nested = level.iter().flat_map(|part| LABELS.iter().filter_map(|key| part.get(*key)?.as_object()));
        level = nested.collect();
    }
    let mut stamp = Stamp::default();
    stamp.comes_from(words);
    stamp.origin
}

/// A time in milliseconds, microseconds or nanoseconds since 1970, told apart by its length; `None` for a number
/// that is no such time in this century.
fn since_1970(number: u64) -> Option<String> {
    let micros = match number.checked_ilog10()? {
        12 => number.checked_mul(1000)?,
        15 => number,
        18 => number / 1000,
        _ => return None,
    };
    Some(from_unix_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        unwrap(line).unwrap_or_default().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn finds_the_message() {
        let found = unwrap(
            r#"{"MESSAGE":"oom","__REALTIME_TIMESTAMP":"1777638896123456","_SOURCE_MONOTONIC_TIMESTAMP":"36370036951","_HOSTNAME":"n"}"#,
        );
        let (stamp, text) = found.unwrap().remove(0);
        assert_eq!((text.as_str(), stamp.uptime), ("oom", Some(36_370_036_951)));
        assert_eq!(stamp.time.as_deref(), Some("2026-05-01T12:34:56.123456Z"));
        let found = unwrap(r#"{"log":"a\n","stream":"stdout","time":"2026-05-01T12:34:56Z"},"#);
        let (stamp, text) = found.unwrap().remove(0);
        assert_eq!((text.as_str(), stamp.time.as_deref()), ("a\n", Some("2026-05-01T12:34:56Z")));
        assert_eq!(texts(r#"{"MESSAGE":[111,111,109]}"#), ["oom"]);
        assert_eq!(texts(r#"{"jsonPayload":{"MESSAGE":"x"}}"#), ["x"]);
        assert_eq!(unwrap("{broken}"), None);
    }

    #[test]
    fn members_of_json_over_several_lines() {
        assert_eq!(texts(r#"      "msg": "text \"1\"""#), ["text \"1\""]);
        assert_eq!(texts(r#""MESSAGE" : "text 1","#), ["text 1"]);
        assert_eq!(texts(r#"    "text\t1","#), ["text\t1"]);
        assert_eq!(unwrap(r#""time": 5,"#), None);
        assert_eq!(unwrap(r#""a" b "c""#), None);
    }

    #[test]
    fn unknown_shippers() {
        let kill = "Out of memory: Killed process 1 (a) total-vm:1kB";
        for line in [
            format!(r#"{{"resource":{{"name":"x"}},"records":[{{"body":{{"stringValue":"{kill}"}}}}]}}"#),
            format!(r#"[["1777638896000000000","{kill}"]]"#),
            format!(r#"2026-05-01T12:34:56+00:00 tag {{"weird":"{kill}","other":"words"}}"#),
            format!(r#"[3] tag: [1777638896.123456, {{"text":"{kill}"}}]"#),
            format!(r#"data: {{"MESSAGE":"{kill}"}}"#),
        ] {
            assert_eq!(texts(&line), [kill], "{line}");
        }
        assert_eq!(texts(r#"{"dmesg":[{"time":36370.5,"msg":"a"},{"time":36371.5,"msg":"b"}]}"#), ["a", "b"]);
        let found = unwrap(r#"{"pri":4,"time":36370.000417,"caller":"T12","msg":"a"}"#).unwrap().remove(0).0;
        assert_eq!((found.uptime, found.caller.as_deref()), (Some(36_370_000_417), Some("T12")));
        let found = unwrap(r#"{"timestamp":1777638896123,"message":"a"}"#).unwrap().remove(0).0;
        assert_eq!(found.time.as_deref(), Some("2026-05-01T12:34:56.123000Z"));
    }
}
