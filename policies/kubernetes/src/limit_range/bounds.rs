//! The three kinds of bounds of a LimitRange, each with the words of the API server's refusal.

use crate::quantity::Quantity;
use crate::resources::List;

/// The list at fault, and the end of the API server's message.
pub(super) type Broken = Option<(List, String)>;

pub(super) fn broken_min(enforced: Quantity, request: Option<Quantity>, limit: Option<Quantity>) -> Broken {
    match (request, limit) {
        (None, _) => Some((List::Requests, ".  No request is specified".to_owned())),
        (Some(request), _) if request < enforced => Some((List::Requests, format!(", but request is {request}"))),
        (_, Some(limit)) if limit < enforced => Some((List::Limits, format!(", but limit is {limit}"))),
        _ => None,
    }
}

pub(super) fn broken_max(enforced: Quantity, request: Option<Quantity>, limit: Option<Quantity>) -> Broken {
    match (request, limit) {
        (_, None) => Some((List::Limits, ".  No limit is specified".to_owned())),
        (_, Some(limit)) if limit > enforced => Some((List::Limits, format!(", but limit is {limit}"))),
        (Some(request), _) if request > enforced => Some((List::Requests, format!(", but request is {request}"))),
        _ => None,
    }
}

pub(super) fn broken_ratio(enforced: Quantity, request: Option<Quantity>, limit: Option<Quantity>) -> Broken {
    let Some(request) = request.filter(|request| !request.is_zero()) else {
        return Some((List::Requests, ", but no request is specified or request is 0".to_owned()));
    };
    let Some(limit) = limit.filter(|limit| !limit.is_zero()) else {
        return Some((List::Limits, ", but no limit is specified or limit is 0".to_owned()));
    };
    let ratio = api_server_ratio(request, limit);
    let above = if enforced.value() <= MAX_MILLI_VALUE {
        ratio * 1000.0 > to_float(enforced.milli_value())
    } else {
        ratio > to_float(enforced.value())
    };
    above.then(|| (List::Limits, format!(", but provided ratio is {ratio:.6}")))
}

/// `resource.MaxMilliValue`: above it the API server compares whole units.
const MAX_MILLI_VALUE: i64 = i64::MAX / 1000;

/// The API server compares this one ratio in floating point; to agree with it to the last bit, so does memlint.
/// It is the only float of the engine.
fn api_server_ratio(request: Quantity, limit: Quantity) -> f64 {
    if request.value() <= MAX_MILLI_VALUE && limit.value() <= MAX_MILLI_VALUE {
        to_float(limit.milli_value()) / to_float(request.milli_value())
    } else {
        to_float(limit.value()) / to_float(request.value())
    }
}

#[expect(clippy::cast_precision_loss, reason = "rounds to nearest exactly as Go's float64 conversion does")]
fn to_float(value: i64) -> f64 {
    value as f64
}
