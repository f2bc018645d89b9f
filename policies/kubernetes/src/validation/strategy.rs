//! How a workload replaces its Pods: the numbers of a rolling update.

use k8s_openapi::api::apps::v1::{DaemonSetUpdateStrategy, DeploymentStrategy, StatefulSetUpdateStrategy};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::report::Report;
use crate::path::FieldPath;

/// `ValidateDeploymentStrategy`, after defaulting to a quarter of the Pods.
pub(super) fn deployment(report: &mut Report, strategy: Option<&DeploymentStrategy>, at: &FieldPath) {
    let Some(strategy) = strategy else { return };
    let rolling = strategy.rolling_update.as_ref();
    match strategy.type_.as_deref().unwrap_or_default() {
        "" | "RollingUpdate" => {
            let Some(rolling) = rolling else { return };
            let path = at.key("rollingUpdate");
            let unavailable = amount(report, rolling.max_unavailable.as_ref(), || path.key("maxUnavailable"));
            let surge = amount(report, rolling.max_surge.as_ref(), || path.key("maxSurge"));
            if unavailable == Some(0) && surge == Some(0) {
                report.add(path.key("maxUnavailable"), "maxUnavailable and maxSurge cannot both be zero");
            }
            at_most_all(report, rolling.max_unavailable.as_ref(), || path.key("maxUnavailable"));
        }
        "Recreate" if rolling.is_some() => {
            report.add(at.key("rollingUpdate"), "rollingUpdate goes with type: RollingUpdate only");
        }
        other => report.one_of(other, &["RollingUpdate", "Recreate"], || at.clone()),
    }
}

/// `ValidateDaemonSetUpdateStrategy`, after defaulting to one Pod at a time.
pub(super) fn daemon_set(report: &mut Report, strategy: Option<&DaemonSetUpdateStrategy>, at: &FieldPath) {
    let Some(strategy) = strategy else { return };
    match strategy.type_.as_deref().unwrap_or_default() {
        "" | "RollingUpdate" => {
            let Some(rolling) = &strategy.rolling_update else { return };
            let path = at.key("rollingUpdate");
            let (unavailable, surge) = (rolling.max_unavailable.as_ref(), rolling.max_surge.as_ref());
            let some = amount(report, unavailable, || path.key("maxUnavailable")).unwrap_or(1) != 0;
            let more = amount(report, surge, || path.key("maxSurge")).unwrap_or(0) != 0;
            at_most_all(report, unavailable, || path.key("maxUnavailable"));
            at_most_all(report, surge, || path.key("maxSurge"));
            if some && more {
                report.add(path.key("maxSurge"), "maxSurge and maxUnavailable cannot both be above zero");
            }
            if !some && !more {
                report.add(path.key("maxUnavailable"), "maxUnavailable and maxSurge cannot both be zero");
            }
        }
        other => report.one_of(other, &["RollingUpdate", "OnDelete"], || at.clone()),
    }
}

/// The update strategy in `ValidateStatefulSetSpec`.
pub(super) fn stateful_set(report: &mut Report, strategy: Option<&StatefulSetUpdateStrategy>, at: &FieldPath) {
    let Some(strategy) = strategy else { return };
    let rolling = strategy.rolling_update.as_ref();
    match strategy.type_.as_deref().unwrap_or_default() {
        "" | "RollingUpdate" => {
            let path = at.key("rollingUpdate");
            report.not_negative(rolling.and_then(|rolling| rolling.partition), || path.key("partition"));
        }
        "OnDelete" if rolling.is_some() => {
            report.add(at.key("rollingUpdate"), "rollingUpdate goes with type: RollingUpdate only");
        }
        other => report.one_of(other, &["RollingUpdate", "OnDelete"], || at.clone()),
    }
}

/// A number of Pods or a share of them, which must not be negative. The share comes without its sign.
fn amount(report: &mut Report, given: Option<&IntOrString>, at: impl FnOnce() -> FieldPath) -> Option<i64> {
    match given? {
        IntOrString::Int(number) => {
            report.not_negative(Some(*number), at);
            Some((*number).into())
        }
        IntOrString::String(text) => {
            let share = percent(text);
            if share.is_none() {
                report.add(at(), format!("\"{text}\" is no share such as 25%"));
            }
            share
        }
    }
}

fn at_most_all(report: &mut Report, given: Option<&IntOrString>, at: impl FnOnce() -> FieldPath) {
    if let Some(IntOrString::String(text)) = given
        && percent(text).is_some_and(|share| share > 100)
    {
        report.add(at(), format!("{text} is more than 100%"));
    }
}

fn percent(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('%')?;
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}
