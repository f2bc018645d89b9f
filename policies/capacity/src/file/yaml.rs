//! Printing JSON as YAML in block style, with quotes wherever a reader could take a string for something else.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// The value as a YAML document.
pub(super) fn print(value: &Json) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

/// A value that starts at the beginning of a line.
fn block(value: &Json, indent: usize, out: &mut String) {
    match value {
        Json::Object(map) if !map.is_empty() => {
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 || out.ends_with('\n') {
                    pad(indent, out);
                }
                string(key, out);
                out.push(':');
                below(value, indent, out);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                pad(indent, out);
                out.push('-');
                match item {
                    Json::Array(inner) if !inner.is_empty() => {
                        out.push('\n');
                        block(item, indent + 2, out);
                    }
                    _ => {
                        out.push(' ');
                        block(item, indent + 2, out);
                    }
                }
            }
        }
        _ => scalar(value, out),
    }
}

/// A value behind its key.
fn below(value: &Json, indent: usize, out: &mut String) {
    match value {
        Json::Object(map) if !map.is_empty() => {
            out.push('\n');
            block(value, indent + 2, out);
        }
        Json::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(value, indent, out);
        }
        _ => {
            out.push(' ');
            scalar(value, out);
        }
    }
}

fn scalar(value: &Json, out: &mut String) {
    match value {
        Json::String(text) => string(text, out),
        // Empty collections, numbers, booleans, null: as in JSON.
        other => _ = write!(out, "{other}"),
    }
    out.push('\n');
}

/// A string, plain where it can only be read as one.
fn string(text: &str, out: &mut String) {
    let starts = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = |character: char| character.is_ascii_alphanumeric() || "./-_".contains(character);
    const WORDS: [&str; 11] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let suffix = text.get(digits..).unwrap_or_default();
    const SUFFIXES: [&str; 10] = ["Ki", "Mi", "Gi", "Ti", "m", "k", "M", "G", "T", "P"];
    let quantity = digits > 0 && SUFFIXES.contains(&suffix);
    let word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if (starts && text.chars().all(plain) && !word) || quantity {
        out.push_str(text);
    } else {
        // JSON's strings are YAML's, but for control characters that JSON leaves alone.
        let quoted = Json::from(text).to_string();
        for character in quoted.chars() {
            if character.is_control() || ('\u{2028}'..='\u{2029}').contains(&character) || character == '\u{feff}' {
                _ = write!(out, "\\u{:04x}", u32::from(character));
            } else {
                out.push(character);
            }
        }
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::print;

    #[test]
    fn prints_what_people_would_write() {
        let value = json!({"a": "1.30", "b": [{"c": "1Gi", "d": {}}, [1, "x y"], []], "e": {"f": true, "g/h": "no"}});
        let yaml = "a: \"1.30\"\nb:\n- c: 1Gi\n  d: {}\n-\n  - 1\n  - \"x y\"\n- []\ne:\n  f: true\n  g/h: \"no\"\n";
        assert_eq!(print(&value), yaml);
    }
}
