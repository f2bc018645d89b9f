//! [`Finding`]: what a rule has to say about one place of one object. No file, no line: see [`FieldPath`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use json_patch::Patch;
use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::{ObjectRef, Related};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Reported; nothing is refused for it by default.
    Warn,
    /// Fails a lint run by default, and is refused by the webhook.
    Deny,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Warn => "warn",
            Level::Deny => "deny",
        })
    }
}

/// The word that a user would see in `kubectl get pods` when it is too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The API server refuses the manifest.
    Valid,
    /// The Pod stays Pending, or is never created.
    Pending,
    /// The Pod is Evicted.
    Evicted,
    /// A container is OOMKilled.
    OomKilled,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Group::Valid => "valid",
            Group::Pending => "pending",
            Group::Evicted => "evicted",
            Group::OomKilled => "oomkilled",
        })
    }
}

/// One value of [`Finding::data`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datum {
    /// A whole number; the key's ending names the unit (`limitBytes`).
    Integer(i64),
    /// A text.
    Text(String),
}

impl From<i64> for Datum {
    fn from(value: i64) -> Self {
        Datum::Integer(value)
    }
}

impl From<u64> for Datum {
    /// What is too large for an `i64` saturates.
    fn from(count: u64) -> Self {
        Datum::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<String> for Datum {
    fn from(value: String) -> Self {
        Datum::Text(value)
    }
}

impl From<&str> for Datum {
    fn from(value: &str) -> Self {
        Datum::Text(value.to_owned())
    }
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// The rule's group.
    pub group: Group,
    /// The level, the policy applied.
    pub level: Level,
    /// The object.
    pub object: Arc<ObjectRef>,
    /// The container, if it is about one.
    pub container: Option<String>,
    /// The offending field; it may be absent from the object, then its nearest parent is meant.
    pub at: FieldPath,
    /// Whether the field's key offends (it is unknown, or stands twice), not its value.
    pub on_key: bool,
    /// The part of the field's text that offends, in bytes of the value (`-Xmx2g` in a longer string).
    pub part: Option<(usize, usize)>,
    /// What is wrong, with numbers and names.
    pub message: String,
    /// What to type.
    pub help: String,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
    /// A change that mends it, on the object as written, where there is exactly one that surely does.
    pub fix: Option<Patch>,
    /// What can make it worse, and how bad that is now. Where no aspect is named it is about [`Finding::at`]; a named
    /// aspect is the same one wherever the finding points.
    pub measures: Vec<(Option<String>, Measure)>,
    /// The figures of the message for machines.
    pub data: BTreeMap<&'static str, Datum>,
}
