//! [`Denial`]: what an Event tells of a denial, and about which object that exists.

use memlint_kubernetes::controller::controller_in;
use memlint_kubernetes::object::Value;

use crate::judge::Judgement;
use crate::reply::Action;
use crate::request::Request;
use crate::text::{clip, count, plain};

/// How long a name may be: the longest that Kubernetes takes.
const MAX_NAME: usize = 253;
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

/// An object that exists, by its names; they are a user's own words, short and without control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Its version, such as `apps/v1`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The namespace where an Event about it belongs.
    pub namespace: String,
    /// Its uid, as far as known.
    pub uid: Option<String>,
}

impl About {
    /// What an Event about a request is to be about: the object if it exists already, else what made it, else its
    /// namespace. An object that is refused at its birth never exists.
    pub(crate) fn of(request: &Request<'_>, value: &Value<'_>) -> Self {
        let name = |text: &str| clip(&plain(text), MAX_NAME);
        let named = |api_version: String, kind: &str, of: &str, uid: Option<&str>| Self {
            api_version: name(&api_version),
            kind: name(kind),
            name: name(of),
            namespace: name(&request.namespace),
            uid: uid.map(name),
        };
        if request.operation == "UPDATE" {
            let group = &request.kind.group;
            let slash = if group.is_empty() { "" } else { "/" };
            let api_version = format!("{group}{slash}{}", request.kind.version);
            let uid = value.get("metadata").and_then(|metadata| metadata.get("uid")?.as_str());
            return named(api_version, &request.kind.kind, &request.name, uid);
        }
        let of_controller = controller_in(value).map(|owner| {
            let uid = Some(owner.uid.as_str()).filter(|uid| !uid.is_empty());
            named(owner.api_version, &owner.kind, &owner.name, uid)
        });
        of_controller.unwrap_or_else(|| named("v1".to_owned(), "Namespace", &request.namespace, None))
    }
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
