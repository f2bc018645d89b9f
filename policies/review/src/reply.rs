//! [`Reply`]: what goes back over HTTP, and what the server counts and logs of it.

use std::collections::BTreeMap;

use memlint_policies::exemption::{Exempted, ExemptedBy};
use memlint_policies::finding::Finding;

use crate::denial::Denial;
use crate::judge::{self, Judged, Judgement};
use crate::options::{Enforcement, OnDoubt, Workloads};
use crate::request::Request;
use crate::response::{Response, Status};
use crate::scope::{self, Scope};
use crate::text::{clip, plain};
use crate::{ReviewCx, audit, glance, warning, words};

pub use crate::verdict::{Action, Verdict};

/// What goes back, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status: 200, or 400 for what is no AdmissionReview of a known version.
    pub status: u16,
    /// JSON for status 200, else plain text.
    pub body: Vec<u8>,
    /// What came of it.
    pub outcome: Outcome,
    /// What was found, by rule.
    pub findings: Vec<Told>,
    /// What was found and exempted.
    pub exemptions: Vec<Exempted>,
    /// Annotations of the object that do not count, and why.
    pub notes: Vec<String>,
}

/// One finding, and what is done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What was found.
    pub finding: Finding,
    /// What is done about it.
    pub action: Action,
    /// What will be done about it in the Pods that come of a workload; for a Pod the same.
    pub in_pods: Action,
}

impl Reply {
    fn bare(status: u16, body: Vec<u8>, outcome: Outcome) -> Self {
        Self { status, body, outcome, findings: Vec::new(), exemptions: Vec::new(), notes: Vec::new() }
    }
}

/// What came of a request, for metrics and logs. Nothing here but `uid`, `namespace`, `object`, `user`, `why` and
/// `denial` has a user's own words, and those are short and without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether the request is let through.
    pub allowed: bool,
    /// `CREATE` and its like, or `other`.
    pub operation: &'static str,
    /// `Pod` and its like, or `other`.
    pub kind: &'static str,
    /// Whether nothing will be stored anyway.
    pub dry_run: bool,
    /// How often each rule found something, and what was done about it.
    pub findings: BTreeMap<(&'static str, Action), usize>,
    /// How many findings were exempted, and by whom.
    pub exemptions: BTreeMap<ExemptedBy, usize>,
    /// Whether the object, or part of it, could not be read.
    pub misread: bool,
    /// The request's uid.
    pub uid: String,
    /// The object's namespace.
    pub namespace: String,
    /// The object's kind, namespace and name.
    pub object: String,
    /// Who asked.
    pub user: String,
    /// Why there was no verdict, or no judgement.
    pub why: String,
    /// What to tell of a denial by rules.
    pub denial: Option<Denial>,
}

/// How long a user's words may be in a log.
const MAX_LOGGED: usize = 256;

impl Outcome {
    fn new(request: &Request<'_>, verdict: Verdict, allowed: bool) -> Self {
        let logged = |text: &str| clip(&plain(text), MAX_LOGGED);
        let object = format!("{} {}/{}", request.kind.kind, request.namespace, request.name);
        Self {
            verdict,
            allowed,
            operation: scope::operation_label(request),
            kind: scope::kind_label(request),
            dry_run: request.dry_run == Some(true),
            findings: BTreeMap::new(),
            exemptions: BTreeMap::new(),
            misread: false,
            uid: logged(&request.uid),
            namespace: logged(&request.namespace),
            object: logged(&object),
            user: logged(&request.user_info.username),
            why: String::new(),
            denial: None,
        }
    }
}

/// HTTP 400: no answer would count.
pub(crate) fn refused(why: &str) -> Reply {
    let why = clip(&plain(why), MAX_LOGGED);
    let mut outcome = Outcome::new(&Request::default(), Verdict::Invalid, false);
    outcome.why.clone_from(&why);
    Reply::bare(400, why.into_bytes(), outcome)
}

/// Let through without a word.
pub(crate) fn untouched(request: &Request<'_>, why: &str) -> Reply {
    let mut outcome = Outcome::new(request, Verdict::Untouched, true);
    why.clone_into(&mut outcome.why);
    let response = Response { uid: &request.uid, allowed: true, ..Response::default() };
    Reply::bare(200, response.to_bytes(), outcome)
}

/// The object cannot be read.
pub(crate) fn undecided(request: &Request<'_>, cx: &ReviewCx<'_>, why: &str) -> Reply {
    let mut reply = doubtful(request, cx, why, cx.options.on_decode_error);
    reply.outcome.misread = true;
    reply
}

/// There was no time.
pub(crate) fn late(request: &Request<'_>, cx: &ReviewCx<'_>) -> Reply {
    doubtful(request, cx, "there was no time to judge this object", cx.options.on_timeout)
}

fn doubtful(request: &Request<'_>, cx: &ReviewCx<'_>, why: &str, answer: OnDoubt) -> Reply {
    let scope = scope::of(request, cx.options);
    if let (Scope::Untouched(why), false) = (scope, request.is_vague) {
        return untouched(request, why);
    }
    let at_most = judge::at_most(scope, &request.namespace, cx);
    // Nothing is denied that might be none of memlint's business.
    let may_deny = answer == OnDoubt::Deny && at_most == Action::Deny && !request.is_vague;
    let allowed = !may_deny || glance::must_pass(request);
    let mut outcome = Outcome::new(request, Verdict::Undecided, allowed);
    outcome.why = clip(&plain(why), MAX_LOGGED);
    let message = format!("not judged: {why}");
    let mut response = Response {
        uid: &request.uid,
        allowed,
        audit_annotations: audit::of(Verdict::Undecided, cx.policy_hash),
        ..Response::default()
    };
    if !allowed {
        response.status = Some(Status::forbidden(clip(&plain(&format!("memlint: {message}")), 1_000), Vec::new()));
    } else if at_most > Action::Audit {
        response.warnings.push(warning::one(&message, None));
    }
    Reply::bare(200, response.to_bytes(), outcome)
}

/// What the rules say.
pub(crate) fn judged(request: &Request<'_>, scope: Scope, cx: &ReviewCx<'_>, judgement: Judgement) -> Reply {
    let has = |action| judgement.findings.iter().any(|judged| judged.action == action);
    let early = cx.options.workloads == Workloads::Warn && scope == Scope::Template;
    // A Pod would be refused for what its workload is only warned of.
    let would_be_denied = early && judgement.findings.iter().any(|judged| judged.in_pods == Action::Deny);
    let note = would_be_denied.then_some("the Pods of this workload will be refused unless this is changed:");
    let warnings = match cx.options.enforcement_in(&request.namespace) {
        Enforcement::Audit => Vec::new(),
        Enforcement::Warn | Enforcement::Deny => warning::of(&judgement, note.filter(|_| has(Action::Warn))),
    };
    let verdict = match (has(Action::Deny), warnings.is_empty()) {
        (true, _) => Verdict::Deny,
        (false, false) => Verdict::Warn,
        (false, true) => Verdict::Allow,
    };
    let allowed = verdict != Verdict::Deny;
    let mut outcome = Outcome::new(request, verdict, allowed);
    outcome.object = clip(&plain(&judgement.object.to_string()), MAX_LOGGED);
    outcome.misread = judgement.misread;
    outcome.denial = Denial::of(&judgement);
    for judged in &judgement.findings {
        *outcome.findings.entry((judged.finding.rule, judged.action)).or_default() += 1;
    }
    for exempted in &judgement.exemptions {
        *outcome.exemptions.entry(exempted.by).or_default() += 1;
    }
    let status =
        (!allowed).then(|| Status::forbidden(words::denial(&judgement, scope, cx.policy), words::causes(&judgement)));
    let audit_annotations = audit::of_judgement(verdict, cx.policy_hash, &judgement);
    let response = Response { uid: &request.uid, allowed, status, warnings, audit_annotations };
    let body = response.to_bytes();
    let Judgement { findings, exemptions, notes, .. } = judgement;
    let told = |Judged { finding, action, in_pods, .. }| Told { finding, action, in_pods };
    Reply { status: 200, body, outcome, findings: findings.into_iter().map(told).collect(), exemptions, notes }
}
