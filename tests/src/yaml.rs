//! Printing a JSON value as block or flow YAML, to check that a place is found however an object is written.

use std::fmt::Write as _;

use serde_json::Value;

/// In block style, strings plain where they may be.
#[must_use]
pub fn block(value: &Value) -> String {
    let mut out = String::new();
    write_block(value, 0, &mut out);
    out
}

/// In flow style, all in one line, strings plain where they may be.
#[must_use]
pub fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<_> = map.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

fn write_block(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                _ = write!(out, "{pad}{}:", scalar(key));
                write_below(value, indent, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut inner = String::new();
                write_block(item, indent + 2, &mut inner);
                _ = write!(out, "{pad}- {}", inner.trim_start());
            }
        }
        other => _ = writeln!(out, "{pad}{}", flow(other)),
    }
}

/// What follows a key's colon.
fn write_below(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            write_block(value, indent + 2, out);
        }
        // Lists stand as far left as their key, as most people write them.
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            write_block(value, indent, out);
        }
        other => _ = writeln!(out, " {}", flow(other)),
    }
}

/// Plain if that surely means the same string, else in double quotes.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=".contains(c);
    let word = text.to_ascii_lowercase();
    let other = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&word.as_str());
    let number = text.starts_with(|c: char| c.is_ascii_digit() || c == '.') && !text.ends_with(['i', 'm', 'B']);
    match !text.is_empty() && text.chars().all(plain) && !other && !number && text != "-" && !text.starts_with("---") {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{block, flow};

    #[test]
    fn prints_both_styles() {
        let value = json!({"a": [{"b": "64Mi", "c": []}, "no"], "d": {"e": 1}});
        assert_eq!(block(&value), "a:\n- b: 64Mi\n  c: []\n- \"no\"\nd:\n  e: 1\n");
        assert_eq!(flow(&value), "{a: [{b: 64Mi, c: []}, \"no\"], d: {e: 1}}");
    }
}
