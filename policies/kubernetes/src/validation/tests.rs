//! What the API server refuses of a Pod, field by field.

use k8s_openapi::api::core::v1::PodSpec;

use super::*;
use crate::quantity::Quantity;

fn spec(json: serde_json::Value) -> PodSpec {
    serde_json::from_value(json).expect("a PodSpec")
}

/// `path: message (help)` of every problem of a Pod.
fn problems(json: serde_json::Value) -> Vec<String> {
    let spec = spec(json);
    let lists = PodLists::defaulted(&spec);
    let context = PodContext { subject: Subject::Pod, lists: &lists, labels: None, claim_templates: &[] };
    let problems = validate_pod_spec(&spec, &FieldPath::of(&["spec"]), context);
    let line = |problem: Problem| format!("{}: {} ({})", problem.at, problem.message, problem.help.unwrap_or_default());
    problems.into_iter().map(line).collect()
}

#[test]
fn says_what_is_wrong_and_what_to_type() {
    let found = problems(serde_json::json!({
        "restartPolicy": "always",
        "containers": [{"name": "App", "image": "i", "resources": {
            "requests": {"mem": "1Gi", "nvidia.com/gpu": "500m"},
            "limits": {"hugepages-2Mi": "3Mi", "memory": "-1"}
        }}]
    }));
    assert_eq!(
        found,
        [
            "spec.containers[0].name: \"App\" must consist of lower-case letters, digits and '-', and begin and end with a letter or digit ()",
            "spec.containers[0].resources.limits.hugepages-2Mi: hugepages-2Mi is 3Mi, which is no whole number of pages of 2Mi (write 4Mi)",
            "spec.containers[0].resources.limits.memory: memory is -1, but must not be negative ()",
            "spec.containers[0].resources.requests.hugepages-2Mi: hugepages-2Mi is 3Mi, which is no whole number of pages of 2Mi (write 4Mi)",
            "spec.containers[0].resources.requests.mem: \"mem\" is no resource of containers (did you mean memory?)",
            "spec.containers[0].resources.requests.memory: memory is -1, but must not be negative ()",
            "spec.containers[0].resources.requests[nvidia.com/gpu]: nvidia.com/gpu is 500m, but must be a whole number ()",
            "spec.containers[0].resources.limits: nvidia.com/gpu is requested, but has no limit, and it cannot be overcommitted (set limits of nvidia.com/gpu to 500m as well)",
            "spec.restartPolicy: \"always\" is none of Always, OnFailure, Never (did you mean Always?)",
        ]
    );
}

#[test]
fn a_pods_own_resources_are_compared_with_those_of_its_containers() {
    let found = problems(serde_json::json!({
        "resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "2Gi", "ephemeral-storage": "1Gi"}},
        "containers": [
            {"name": "a", "image": "i", "resources": {"limits": {"memory": "3Gi"}}},
            {"name": "b", "image": "i", "resources": {"requests": {"memory": "1Gi"}}}
        ]
    }));
    assert_eq!(
        found,
        [
            "spec.resources.limits.ephemeral-storage: \"ephemeral-storage\" cannot be given for the whole Pod ()",
            "spec.resources.requests.memory: the Pod requests 1Gi of memory, but its containers request 4Gi (request at least 4Gi)",
            "spec.containers[0].resources.limits.memory: the container is limited to 3Gi of memory, but its Pod to 2Gi (set the limit to at most 2Gi)",
        ]
    );
}

#[test]
fn a_pod_is_completed_as_by_the_api_server() {
    let spec = spec(serde_json::json!({
        "resources": {"limits": {"memory": "4Gi", "cpu": "2"}},
        "containers": [{"name": "a", "resources": {"limits": {"memory": "1Gi", "hugepages-2Mi": "4Mi"}, "requests": {}}}],
        "initContainers": [
            {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"memory": "0.5"}}},
            {"name": "i", "resources": {"limits": {"memory": "2Gi"}}}
        ]
    }));
    let lists = PodLists::defaulted(&spec);
    let quantity = |text: &str| Quantity::parse(text).expect("a quantity");
    let requests = lists.containers[0].requests.as_ref().expect("requests");
    assert_eq!(requests["memory"], quantity("1Gi"));
    let pod = lists.pod.expect("the Pod's own");
    // The init container runs beside the sidecar; no container asks for cpu.
    assert_eq!(pod.requests.as_ref().map(|list| list["memory"]), Some(quantity("2147483648500m")));
    assert_eq!(pod.requests.as_ref().map(|list| list["cpu"]), Some(quantity("2")));
    assert_eq!(pod.limits.as_ref().map(|list| list["hugepages-2Mi"]), Some(quantity("4Mi")));
    assert_eq!(pod.requests.as_ref().map(|list| list["hugepages-2Mi"]), Some(quantity("4Mi")));
}

#[test]
fn names_of_resources_are_told_apart() {
    use names::{is_extended, is_hugepage, is_overcommittable};
    for (name, overcommittable, hugepage, extended) in [
        ("memory", true, false, false),
        ("hugepages-2Mi", false, true, false),
        ("nvidia.com/gpu", false, false, true),
        ("kubernetes.io/x", true, false, false),
        ("requests.example.com/x", false, false, false),
    ] {
        assert_eq!(is_overcommittable(name), overcommittable, "{name}");
        assert_eq!(is_hugepage(name), hugepage, "{name}");
        assert_eq!(is_extended(name), extended, "{name}");
    }
}

/// Values that are nearly objects of Kubernetes': its names in the wrong places, and what people write.
fn anything() -> impl proptest::strategy::Strategy<Value = crate::object::Value<'static>> {
    use crate::object::Value;
    use proptest::prelude::*;
    const WORDS: &[&str] = &[
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "template",
        "containers",
        "initContainers",
        "name",
        "image",
        "resources",
        "requests",
        "limits",
        "claims",
        "memory",
        "cpu",
        "hugepages-2Mi",
        "hugepages-",
        "a/b",
        "",
        "volumes",
        "emptyDir",
        "sizeLimit",
        "affinity",
        "nodeAffinity",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
        "labels",
        "creationTimestamp",
        "ports",
        "containerPort",
        "env",
        "valueFrom",
        "fieldRef",
        "fieldPath",
        "selector",
        "replicas",
        "tolerations",
        "readinessProbe",
        "httpGet",
        "port",
        "overhead",
        "selector",
        "strategy",
        "rollingUpdate",
        "maxSurge",
        "1Gi",
        "-1",
        "1e3",
        "1e99999",
        "9Ei",
        "512MB",
        "💥",
        "../x",
        "metadata.labels['']",
        "100%",
        "Always",
    ];
    let word = || proptest::sample::select(WORDS);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Number(number.to_string().into())),
        proptest::sample::select(vec!["1.5", "1e400", "-0", "0"]).prop_map(|text| Value::Number(text.into())),
        word().prop_map(|text| Value::String(text.into())),
    ];
    leaf.prop_recursive(12, 200, 8, move |inner| {
        let entry = (word().prop_map(Into::into), inner.clone());
        prop_oneof![
            1 => proptest::collection::vec(inner, 0..4).prop_map(Value::List),
            3 => proptest::collection::vec(entry, 0..8).prop_map(Value::Map),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn nothing_makes_it_panic(value in anything()) {
        use crate::decode::{Leniency, check, from_value_pruned};
        for type_name in ["Pod", "PodTemplate", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "PodSpec"] {
            let problems = check(&value, type_name, Leniency::Strict);
            let _ = validate_object(&value, type_name, &problems, None);
        }
        let problems = check(&value, "PodSpec", Leniency::CustomResource);
        if let Ok(spec) = from_value_pruned::<PodSpec>(&value, &problems) {
            let lists = PodLists::defaulted(&spec);
            let context = PodContext { subject: Subject::Template, lists: &lists, labels: None, claim_templates: &[] };
            let _ = validate_pod_spec(&spec, &FieldPath::root(), context);
        }
    }
}
