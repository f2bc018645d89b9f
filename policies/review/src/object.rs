//! From the bytes of an object to its findings.

use std::sync::Arc;

use k8s_openapi::api::core::v1 as core;
use memlint_kubernetes::controller::controller_in;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::ObjectRef;
use memlint_kubernetes::resources::Defaulting;
use memlint_kubernetes::workload::{Object, Workload};
use memlint_policies::engine::Review;

use crate::pods::Reviewed;
use crate::request::Request;
use crate::{ReviewCx, scope::Scope};

/// The object of a request, named as the API server names it: it knows the namespace, the object need not.
pub(crate) fn named<'v, 'a>(request: &Request<'_>, value: &'v Value<'a>) -> Object<'v, 'a> {
    let metadata = |key: &str| value.get("metadata")?.get(key)?.as_str().filter(|text| !text.is_empty());
    let of_request = (!request.name.is_empty()).then(|| request.name.to_string());
    let name = metadata("name").map(str::to_owned).or(of_request);
    let name = name.or_else(|| metadata("generateName").map(|prefix| format!("{prefix}*")));
    let kind = &request.kind;
    let api_version =
        if kind.group.is_empty() { kind.version.to_string() } else { format!("{}/{}", kind.group, kind.version) };
    let namespace = (!request.namespace.is_empty()).then(|| request.namespace.to_string());
    let reference = Arc::new(ObjectRef { api_version, kind: kind.kind.to_string(), namespace, name });
    Object { at: FieldPath::root(), reference, value }
}

/// The workloads of an object, each with what the rules say of it and of its Pods.
///
/// # Errors
/// When the object holds no Pod template at all.
pub(crate) fn review(object: &Object<'_, '_>, scope: Scope, cx: &ReviewCx<'_>) -> Result<Vec<Reviewed>, String> {
    let mut workloads = Workload::find(object);
    if scope == Scope::Resize {
        workloads.iter_mut().for_each(hold_to_its_node);
    }
    if workloads.is_empty() {
        return Err("the object holds no Pod template".to_owned());
    }
    // A Pod has been through the API server's defaulting and through LimitRanges, a template has not.
    let defaulting = if scope == Scope::Template { Defaulting::Simulate } else { Defaulting::Done };
    let namespace = object.reference.namespace.as_deref().unwrap_or_default();
    let review =
        Review { policy: cx.policy, inventory: cx.inventory, namespace, file: None, defaulting, today: cx.today };
    let makes_pods = scope == Scope::Template;
    Ok(workloads.into_iter().map(|workload| Reviewed::new(workload, &review, makes_pods)).collect())
}

/// A Pod that is being resized stays where it is: it must fit there, whatever else might take it, and no taint drives
/// it away. (`nodeName` itself says to the scheduler's filters that nothing is left to be decided.)
fn hold_to_its_node(workload: &mut Workload) {
    let Some(spec) = &mut workload.template.spec else { return };
    let Some(node) = spec.node_name.take().filter(|node| !node.is_empty()) else { return };
    let name = core::NodeSelectorRequirement {
        key: "metadata.name".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node]),
    };
    let term = core::NodeSelectorTerm { match_fields: Some(vec![name]), match_expressions: None };
    let required = core::NodeSelector { node_selector_terms: vec![term] };
    let affinity = core::NodeAffinity {
        required_during_scheduling_ignored_during_execution: Some(required),
        ..core::NodeAffinity::default()
    };
    let anything = core::Toleration { operator: Some("Exists".to_owned()), ..core::Toleration::default() };
    spec.affinity = Some(core::Affinity { node_affinity: Some(affinity), ..core::Affinity::default() });
    spec.node_selector = None;
    spec.tolerations = Some(vec![anything]);
}

/// Whether an object is on its way out: whatever happens to it then must not be stopped.
pub(crate) fn is_being_deleted(object: &Value<'_>) -> bool {
    let at = object.get("metadata").and_then(|metadata| metadata.get("deletionTimestamp"));
    at.is_some_and(|at| !at.is_null())
}

/// Whether a Pod is the image of one that a kubelet runs from a file: it runs whatever is answered here. Anyone can
/// write the annotation, only kubelets are in the group.
pub(crate) fn is_mirror(request: &Request<'_>, object: &Value<'_>) -> bool {
    let annotation = annotation(object, "kubernetes.io/config.mirror");
    annotation.is_some() && request.user_info.is_kubelet()
}

/// An annotation of an object.
pub(crate) fn annotation<'v>(object: &'v Value<'_>, key: &str) -> Option<&'v str> {
    object.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

/// What made a Pod, as it says itself: `ReplicaSet api-7d4`. Nothing is decided by it.
pub(crate) fn controller(object: &Value<'_>) -> Option<String> {
    controller_in(object).map(|owner| format!("{} {}", owner.kind, owner.name))
}

/// Whether a Pod is bound to one node by name, as the DaemonSet controller does it.
pub(crate) fn is_for_one_node(workload: &Workload) -> bool {
    let affinity = workload.spec().affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|node| node.required_during_scheduling_ignored_during_execution.as_ref());
    required.is_some_and(|required| {
        let terms = &required.node_selector_terms;
        !terms.is_empty() && terms.iter().all(|term| term.match_fields.as_ref().is_some_and(|f| !f.is_empty()))
    })
}
