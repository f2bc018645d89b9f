//! [`Reader`]: takes a written policy apart and collects every mistake.
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::spelling::nearest;

/// A mistake in a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// The place in the file.
    pub at: FieldPath,
    /// Whether the key is wrong, not its value.
    pub on_key: bool,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: String,
}

/// Collects mistakes while a policy is read.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) errors: Vec<PolicyError>,
}

impl Reader {
    /// Notes a mistake in a value.
    pub(crate) fn error(&mut self, at: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        let (message, help) = (message.into(), help.into());
        self.errors.push(PolicyError { at: at.clone(), on_key: false, message, help });
    }

    /// Notes a mistake in a key.
    pub(crate) fn key_error(&mut self, at: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        self.error(at, message, help);
        if let Some(last) = self.errors.last_mut() {
            last.on_key = true;
        }
    }

    /// The entries of a map with known keys; unknown and repeated ones are mistakes. A null map is empty.
    pub(crate) fn entries<'k, 'v, 'a>(
        &mut self,
        value: &'v Value<'a>,
        at: &FieldPath,
        known: &[&'k str],
        what: &str,
    ) -> Vec<(&'k str, FieldPath, &'v Value<'a>)> {
        if !matches!(value, Value::Map(_) | Value::Null) {
            self.error(
                at,
                format!("{what} is a map, this is {}", value.describe()),
                format!("write {what} as keys and values"),
            );
        }
        let mut seen: Vec<&str> = Vec::new();
        let mut entries = Vec::new();
        for (key, value) in value.entries() {
            let path = at.key(key.as_ref());
            let Some(name) = known.iter().find(|name| *name == key) else {
                let help = match nearest(key, known.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("{what} has {}", known.join(", ")),
                };
                self.key_error(&path, format!("unknown key {key}"), help);
                continue;
            };
            if seen.contains(name) {
                self.key_error(&path, format!("{key} stands here twice"), "keep one of them");
                continue;
            }
            seen.push(name);
            entries.push((*name, path, value));
        }
        entries
    }

    /// A string.
    pub(crate) fn text<'v>(&mut self, value: &'v Value<'_>, at: &FieldPath) -> Option<&'v str> {
        let text = value.as_str();
        if text.is_none() {
            self.error(at, format!("a string is expected, this is {}", value.describe()), "write it in quotes");
        }
        text
    }

    /// A list of strings, with their places. A null list is empty.
    pub(crate) fn texts<'v>(&mut self, value: &'v Value<'_>, at: &FieldPath) -> Vec<(FieldPath, &'v str)> {
        if !matches!(value, Value::List(_) | Value::Null) {
            self.error(at, format!("a list is expected, this is {}", value.describe()), "write it as [a, b]");
        }
        let items = value.items().iter().enumerate();
        items.filter_map(|(i, item)| Some((at.index(i), self.text(item, &at.index(i))?))).collect()
    }

    /// A string that can only be one thing.
    pub(crate) fn constant(&mut self, value: &Value<'_>, at: &FieldPath, expected: &str) {
        if value.as_str() != Some(expected) {
            let found = value.as_str().unwrap_or(value.describe());
            self.error(at, format!("this is {found}, a policy has {expected}"), format!("write {expected}"));
        }
    }

    /// A string out of several.
    pub(crate) fn one_of(&mut self, value: &Value<'_>, at: &FieldPath, known: &[&str]) {
        let Some(text) = self.text(value, at) else { return };
        if !known.contains(&text) {
            self.error(at, format!("{text} is not known here"), format!("write one of {}", known.join(", ")));
        }
    }
}
