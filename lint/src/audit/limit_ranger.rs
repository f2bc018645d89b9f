//! What LimitRanges of today would write into a Pod that is older than they are, if it were created again.

use memlint_kubernetes::aggregate::ContainerKind;
use memlint_kubernetes::limit_range::LimitRange;
use memlint_kubernetes::object::Value as Object;
use memlint_kubernetes::path::{FieldPath, Segment};
use memlint_kubernetes::resources::{Defaulting, PodResources};
use memlint_kubernetes::workload::{Workload, objects};
use memlint_review::LIMIT_RANGER_ANNOTATION;
use serde_json::Value;

/// Fills in what a Pod leaves open, as LimitRanger does before any webhook is asked. One that cannot be read is left as
/// it is.
pub(super) fn fill(pod: &mut Value, limit_ranges: &[&LimitRange]) {
    if limit_ranges.is_empty() {
        return;
    }
    let mut noted = Vec::new();
    for (at, value, note) in defaults(&pod.to_string(), limit_ranges) {
        if put(pod, &at, value).is_some() {
            noted.push(note);
        }
    }
    if !noted.is_empty() {
        let note = format!("LimitRanger plugin set: {}", noted.join("; "));
        put(pod, &FieldPath::of(&["metadata", "annotations", LIMIT_RANGER_ANNOTATION]), note);
    }
}

/// The fields that are filled in, each with its value and with LimitRanger's words for it.
fn defaults(pod: &str, limit_ranges: &[&LimitRange]) -> Vec<(FieldPath, String, String)> {
    let Ok(value) = serde_json::from_str::<Object<'_>>(pod) else { return Vec::new() };
    let workloads = objects(&value).iter().flat_map(Workload::find).collect::<Vec<_>>();
    let Some(workload) = workloads.first() else { return Vec::new() };
    let resources = PodResources::new(workload, limit_ranges, None, Defaulting::Simulate);
    let default = |set: &memlint_kubernetes::resources::Defaulted| {
        let container = resources.containers.get(set.container)?;
        let value = container.effective.list(set.list).get(&set.resource)?;
        let init = if container.kind == ContainerKind::App { "" } else { "init " };
        let note = format!("{} {} for {init}container {}", set.resource, set.list.noun(), container.name);
        Some((container.value_at(set.list, &set.resource), value.to_string(), note))
    };
    resources.defaulted.iter().filter_map(default).collect()
}

/// Writes a text at a path whose lists are there already; `None` where something else than a map is in the way.
fn put(object: &mut Value, at: &FieldPath, text: String) -> Option<()> {
    let mut here = object;
    for segment in at.segments() {
        here = match segment {
            Segment::Index(index) => here.get_mut(*index)?,
            Segment::Key(key) => {
                if here.is_null() {
                    *here = Value::Object(serde_json::Map::new());
                }
                here.as_object_mut()?.entry(key.to_string()).or_insert(Value::Null)
            }
        };
    }
    *here = text.into();
    Some(())
}
