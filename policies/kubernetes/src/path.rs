//! [`FieldPath`]: the place of a field inside one Kubernetes object.
//!
//! Rules point at fields by path only. Turning a path into a line and a column is the business of whoever has
//! the text (see the `lint` crate); the webhook has none.

use std::fmt;

use smol_str::SmolStr;

/// One step of a [`FieldPath`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A key of a map.
    Key(SmolStr),
    /// An index of a list, from 0.
    Index(usize),
}

/// The place of a field inside one object, such as `spec.containers[0].resources.requests.memory`.
///
/// It is printed as the API server prints field paths: keys that are no plain names stand in brackets
/// (`limits[nvidia.com/gpu]`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct FieldPath(Vec<Segment>);

impl FieldPath {
    /// The object itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of keys only: `FieldPath::of(&["spec", "template"])`.
    #[must_use]
    pub fn of(keys: &[&str]) -> Self {
        Self(keys.iter().map(|key| Segment::Key(SmolStr::new(key))).collect())
    }

    /// This path and one more key.
    #[must_use]
    pub fn key(&self, key: impl AsRef<str>) -> Self {
        let mut path = self.with_room(1);
        path.push_key(key);
        path
    }

    /// This path and several more keys.
    #[must_use]
    pub fn keys(&self, keys: &[&str]) -> Self {
        let mut path = self.with_room(keys.len());
        keys.iter().for_each(|key| path.push_key(*key));
        path
    }

    /// This path and one more list index.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut path = self.with_room(1);
        path.push_index(index);
        path
    }

    /// A copy that will soon be longer. Paths are made for every field that is looked at, so this is the hot spot.
    fn with_room(&self, more: usize) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + more);
        steps.extend_from_slice(&self.0);
        Self(steps)
    }

    /// Appends a key.
    pub fn push_key(&mut self, key: impl AsRef<str>) {
        self.0.push(Segment::Key(SmolStr::new(key)));
    }

    /// Appends a list index.
    pub fn push_index(&mut self, index: usize) {
        self.0.push(Segment::Index(index));
    }

    /// Takes the last step away; `None` at the root.
    pub fn pop(&mut self) -> Option<Segment> {
        self.0.pop()
    }

    /// The steps, outermost first.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The last step if it is a key.
    #[must_use]
    pub fn last_key(&self) -> Option<&str> {
        match self.0.last() {
            Some(Segment::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// Whether this path is `other` or lies below it.
    #[must_use]
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The path of these segments.
    #[must_use]
    pub fn from_segments(segments: &[Segment]) -> Self {
        Self(segments.to_vec())
    }

    /// This path below `prefix`: `prefix.self`.
    #[must_use]
    pub fn below(&self, prefix: &Self) -> Self {
        Self(prefix.0.iter().chain(&self.0).cloned().collect())
    }

    /// What is left of this path below `prefix`; `None` if it is not below it.
    #[must_use]
    pub fn relative_to(&self, prefix: &Self) -> Option<Self> {
        self.0.strip_prefix(prefix.0.as_slice()).map(|rest| Self(rest.to_vec()))
    }

    /// The same place as a JSON Pointer (RFC 6901), as JSON Patch wants it.
    #[must_use]
    pub fn to_pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.0 {
            pointer.push('/');
            match segment {
                Segment::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Segment::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if !is_plain(key) => write!(f, "[{key}]")?,
                Segment::Key(key) if i == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'$'))
}

#[cfg(test)]
mod tests {
    use super::FieldPath;

    #[test]
    fn prints_as_the_api_server_does() {
        let resources = FieldPath::of(&["spec", "containers"]).index(0).key("resources");
        assert_eq!(resources.to_string(), "spec.containers[0].resources");
        assert_eq!(
            resources.keys(&["limits", "nvidia.com/gpu"]).to_string(),
            "spec.containers[0].resources.limits[nvidia.com/gpu]"
        );
        assert_eq!(
            resources.keys(&["limits", "hugepages-2Mi"]).to_string(),
            "spec.containers[0].resources.limits.hugepages-2Mi"
        );
        assert_eq!(FieldPath::root().to_string(), "");
    }

    #[test]
    fn pointers_escape_slash_and_tilde() {
        assert_eq!(FieldPath::of(&["a~b", "c/d"]).index(2).to_pointer(), "/a~0b/c~1d/2");
    }
}
