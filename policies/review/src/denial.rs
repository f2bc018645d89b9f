//! [`Denial`]: what an Event tells of a denial, and about which object that exists.
use crate::judge::Judgement;
use crate::regarding::{About, MAX_NAME};
use crate::reply::Action;
use crate::text::{clip, count, plain};

/// How long the text of an Event may be here; Kubernetes takes twice as much.
const MAX_NOTE: usize = 500;

/// A denial, as an Event tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The object that it is about.
    pub about: About,
    /// The rules that deny, in their order, each once.
    pub rules: Vec<&'static str>,
    /// What was found, in a line.
    pub note: String,
}

impl Denial {
    /// What to tell of a judgement, if it is a denial.
    pub(crate) fn of(judgement: &Judgement) -> Option<Self> {
        let about = judgement.about.clone()?;
        let denied = || judgement.findings.iter().filter(|judged| judged.action == Action::Deny);
        let mut rules: Vec<&'static str> = denied().map(|judged| judged.finding.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let first = denied().next()?;
        let more = denied().count() - 1;
        let more = if more > 0 { format!("; and {}", count(more, "more problem")) } else { String::new() };
        let (finding, object) = (&first.finding, clip(&plain(&judgement.object.to_string()), MAX_NAME));
        let note = format!("{object} is refused: {} [{}]{more}", finding.message, finding.rule);
        Some(Self { about, rules, note: clip(&plain(&note), MAX_NOTE) })
    }
}
