//! [`Verdict`] and [`Action`]: what is answered, and what is done about one finding.

/// What is answered to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Not judged, and let through.
    Untouched,
    /// Judged, and nothing to say.
    Allow,
    /// Let through with warnings.
    Warn,
    /// Refused.
    Deny,
    /// There could be no verdict: see [`crate::OnDoubt`].
    Undecided,
    /// No AdmissionReview: HTTP 400.
    Invalid,
}

impl Verdict {
    /// The word for metrics, logs and audit annotations.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Untouched => "untouched",
            Verdict::Allow => "allow",
            Verdict::Warn => "warn",
            Verdict::Deny => "deny",
            Verdict::Undecided => "undecided",
            Verdict::Invalid => "invalid",
        }
    }
}

/// What is done about one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is counted, and noted in the audit log.
    Audit,
    /// The user is warned.
    Warn,
    /// The request is refused.
    Deny,
}

impl Action {
    /// The word for metrics and audit annotations.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Action::Audit => "audit",
            Action::Warn => "warn",
            Action::Deny => "deny",
        }
    }
}
