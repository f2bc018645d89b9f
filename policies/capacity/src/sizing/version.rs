//! The Kubernetes version, as far as node reservations depend on it: major and minor.

use std::{fmt, str::FromStr};

/// A Kubernetes minor version, such as 1.29. Patch level and vendor suffix never change a reservation and are dropped.
///
/// ```
/// # use memlint_capacity::sizing::KubernetesVersion;
/// let version: KubernetesVersion = "v1.29.7-gke.100".parse().unwrap();
/// assert!(version >= KubernetesVersion::new(1, 29));
/// assert_eq!(version.to_string(), "1.29");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    major: u32,
    minor: u32,
}

impl KubernetesVersion {
    /// The version `major.minor`.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// The first number, 1 for every release so far.
    pub const fn major(self) -> u32 {
        self.major
    }

    /// The second number.
    pub const fn minor(self) -> u32 {
        self.minor
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The text is no Kubernetes version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Kubernetes version, write it as 1.33")]
pub struct InvalidVersion(String);

impl FromStr for KubernetesVersion {
    type Err = InvalidVersion;

    /// Reads `1.29`, `v1.29.3`, `1.29+` (as some API servers report their minor) and `1.29.3-gke.100`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim()).ok_or_else(|| InvalidVersion(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<KubernetesVersion> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let (major, rest) = text.split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (minor, suffix) = rest.split_at_checked(end)?;
    let known_suffix = suffix.is_empty() || suffix.starts_with(['.', '+', '-']);
    let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?;
    known_suffix.then_some(KubernetesVersion { major: number(major)?, minor: number(minor)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_kubernetes_and_vendors_print() {
        for text in ["1.29", "v1.29", "1.29.3", "1.29+", "v1.29.7-gke.100", "1.29.0+k3s1", " 1.29 ", "1.29-rc.1"] {
            assert_eq!(text.parse(), Ok(KubernetesVersion::new(1, 29)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "1", "1.", ".29", "1.x", "one.two", "1.29beta", "+1.29", "1.+29", "-1.29", "1.99999999999"] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn orders_by_number_not_by_text() {
        assert!(KubernetesVersion::new(1, 9) < KubernetesVersion::new(1, 29));
        assert!(KubernetesVersion::new(1, 36) < KubernetesVersion::new(2, 0));
    }
}
