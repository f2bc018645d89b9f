//! [`Standings`]: how nodes stand to a Pod, in counts.

use crate::reason::Reason;
use crate::survey::Part;
use crate::verdict::Verdict;

/// How nodes stand to a Pod, in counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standings {
    /// They take it.
    pub fit: usize,
    /// They are not for it, whatever its size: name, cordon, taints, labels.
    pub barred: usize,
    /// They lack room, or a host port.
    pub full: usize,
    /// Other Pods are in the way or missing, which may change any moment.
    pub company: usize,
}

impl Standings {
    /// Counts the nodes of a verdict.
    #[must_use]
    pub fn of(verdict: &Verdict<'_>) -> Self {
        Self::count(verdict.outcomes().iter().map(|outcome| (outcome.reasons.first(), outcome.nodes.len())))
    }

    /// Counts the nodes of a survey.
    #[must_use]
    pub fn of_parts(parts: &[Part]) -> Self {
        Self::count(parts.iter().map(|part| (part.reason.as_ref(), part.count)))
    }

    fn count<'r>(parts: impl Iterator<Item = (Option<&'r Reason>, usize)>) -> Self {
        let mut counts = Self::default();
        for (reason, nodes) in parts {
            let count = match reason {
                None => &mut counts.fit,
                Some(reason) if reason.bars() => &mut counts.barred,
                Some(Reason::HostPorts | Reason::TooManyPods | Reason::Insufficient(_)) => &mut counts.full,
                Some(_) => &mut counts.company,
            };
            *count += nodes;
        }
        counts
    }

    /// Whether no node can take the Pod, and room is what is missing.
    #[must_use]
    pub fn is_too_large(self) -> bool {
        self.fit + self.company == 0 && self.full > 0
    }

    /// Whether no node is for the Pod at all.
    #[must_use]
    pub fn is_barred(self) -> bool {
        self.fit + self.company + self.full == 0
    }
}
