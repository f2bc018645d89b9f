//! Audit annotations. The API server puts the webhook's name and a `/` before each key, and drops those that are no
//! qualified names then.

use std::collections::{BTreeMap, BTreeSet};

use memlint_policies::exemption::ExemptedBy;

use crate::judge::Judgement;
use crate::reply::Verdict;
use crate::text::{clip, plain};

/// How long a value may be.
const MAX_VALUE: usize = 1_000;

pub(crate) type Annotations = BTreeMap<&'static str, String>;

/// What every judged request leaves in the audit log.
pub(crate) fn of(verdict: Verdict, policy_hash: &str) -> Annotations {
    BTreeMap::from([("verdict", verdict.label().to_owned()), ("policy-hash", policy_hash.to_owned())])
}

/// What findings and exemptions add.
pub(crate) fn of_judgement(verdict: Verdict, policy_hash: &str, judgement: &Judgement) -> Annotations {
    let mut annotations = of(verdict, policy_hash);
    let rules: BTreeSet<String> =
        judgement.findings.iter().map(|judged| format!("{}={}", judged.finding.rule, judged.action.label())).collect();
    let exemptions: BTreeSet<String> = judgement
        .exemptions
        .iter()
        .map(|exempted| {
            let by = match exempted.by {
                ExemptedBy::Policy => "policy",
                ExemptedBy::Object => "annotation",
                ExemptedBy::Namespace => "namespace",
            };
            format!("{by}: {}: {}", exempted.rule, exempted.reason)
        })
        .collect();
    for (key, values, between) in [("rules", rules, ","), ("exempted-by", exemptions, "; ")] {
        if !values.is_empty() {
            let joined = values.into_iter().collect::<Vec<_>>().join(between);
            annotations.insert(key, clip(&plain(&joined), MAX_VALUE));
        }
    }
    annotations
}
