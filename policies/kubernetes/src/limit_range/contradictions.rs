//! A LimitRange that is wrong by itself.

use k8s_openapi::api::core::v1 as core;

use super::list;
use crate::decode::Problem;
use crate::path::FieldPath;

/// Values of a LimitRange that contradict each other, so that the API server refuses it (`ValidateLimitRange` in
/// `pkg/apis/core/validation`): of each resource min, defaultRequest, default and max must not fall.
#[must_use]
pub fn contradictions(object: &core::LimitRange) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, item) in object.spec.iter().flat_map(|spec| &spec.limits).enumerate() {
        let at = FieldPath::of(&["spec", "limits"]).index(index);
        let fields = [
            ("min", item.min.as_ref()),
            ("defaultRequest", item.default_request.as_ref()),
            ("default", item.default.as_ref()),
            ("max", item.max.as_ref()),
        ]
        .map(|(field, values)| (field, list(values)));
        for (upper, (higher, most)) in fields.iter().enumerate() {
            for (lower, least) in fields.iter().take(upper) {
                for (resource, value) in least {
                    let Some(bound) = most.get(resource).filter(|bound| value > *bound) else { continue };
                    let message = format!("{lower} of {resource} is {value}, above {higher}, which is {bound}");
                    let help = format!("lower {lower} to {bound} or raise {higher} to {value}");
                    problems.push(Problem::invalid(at.keys(&[lower, resource]), message).help(help));
                }
            }
        }
    }
    problems
}
