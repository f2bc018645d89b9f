//! What quotas count and refuse.

use serde_json::{Value, json};

use super::*;
use crate::object::Value as Written;
use crate::path::FieldPath;
use crate::reference::ObjectRef;
use crate::resources::Defaulting;
use crate::workload::{Object, Workload};

fn quota(spec: Value, used: Value) -> Quota {
    let object = json!({"metadata": {"name": "team"}, "spec": spec, "status": {"used": used}});
    Quota::new(&serde_json::from_value(object).expect("a ResourceQuota"), Origin::default())
}

fn written(value: &Value) -> Written<'static> {
    match value {
        Value::Null => Written::Null,
        Value::Bool(flag) => Written::Bool(*flag),
        Value::Number(number) => Written::Number(number.to_string().into()),
        Value::String(text) => Written::String(text.clone().into()),
        Value::Array(items) => Written::List(items.iter().map(written).collect()),
        Value::Object(map) => {
            Written::Map(map.iter().map(|(key, value)| (key.clone().into(), written(value))).collect())
        }
    }
}

fn workload(spec: &Value) -> Workload {
    let pod = written(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}));
    let reference = ObjectRef { api_version: "v1".into(), kind: "Pod".into(), namespace: None, name: Some("p".into()) };
    let object = Object { at: FieldPath::root(), reference: reference.into(), value: &pod };
    Workload::find(&object).remove(0)
}

fn says(quota: &Quota, spec: Value, pods: i64) -> Option<String> {
    says_with(quota, spec, pods, None)
}

fn says_with(quota: &Quota, spec: Value, pods: i64, priority_class: Option<&str>) -> Option<String> {
    let workload = workload(&spec);
    let pod = PodResources::new(&workload, &[], None, Defaulting::Simulate);
    let charged = Charged { spec: workload.spec(), pod: &pod, priority_class };
    quota.check(charged, pods, &ResourceList::new()).err().map(|refusal| quota.words(&refusal))
}

fn containers(memory: &str) -> Value {
    json!([{"name": "c", "resources": {"limits": {"memory": memory}}}])
}

#[test]
fn refuses_what_is_too_much_in_the_api_servers_words() {
    let quota = quota(json!({"hard": {"memory": "2Gi", "pods": "3"}}), json!({"memory": "1536Mi", "pods": "2"}));
    assert_eq!(says(&quota, json!({"containers": containers("512Mi")}), 1), None);
    assert_eq!(
        says(&quota, json!({"containers": containers("512Mi")}), 2).expect("a refusal"),
        "exceeded quota: team, requested: memory=1Gi,pods=2, used: memory=1536Mi,pods=2, limited: memory=2Gi,pods=3"
    );
    assert_eq!(says(&quota, json!({"containers": containers("512Mi")}), 0), None);
}

#[test]
fn wants_every_container_to_set_cpu_and_memory_that_it_counts() {
    let quota = quota(
        json!({"hard": {"limits.memory": "2Gi", "requests.cpu": "2", "requests.ephemeral-storage": "1Gi"}}),
        json!({}),
    );
    let spec = json!({"containers": [{"name": "b"}, {"name": "a", "resources": {"limits": {"memory": "1Gi"}}}],
        "initContainers": [{"name": "i", "resources": {"requests": {"cpu": "1"}}}]});
    assert_eq!(
        says(&quota, spec.clone(), 1).expect("a refusal"),
        "failed quota: team: must specify limits.memory for: b,i; requests.cpu for: a,b"
    );
    let mut of_pod = spec;
    of_pod["resources"] = json!({"limits": {"memory": "1Gi"}});
    assert_eq!(says(&quota, of_pod, 1), None);
}

#[test]
fn counts_overhead_and_devices() {
    let quota = quota(json!({"hard": {"requests.memory": "1Gi", "requests.nvidia.com/gpu": "1"}}), json!({}));
    let spec = |gpus: &str, overhead: &str| {
        json!({"containers": [{"name": "c", "resources": {"limits": {"memory": "1000Mi", "nvidia.com/gpu": gpus}}}],
            "overhead": {"memory": overhead}})
    };
    assert_eq!(says(&quota, spec("1", "24Mi"), 1), None);
    assert!(says(&quota, spec("1", "25Mi"), 1).expect("a refusal").contains("requested: requests.memory=1025Mi"));
    assert!(says(&quota, spec("2", "0"), 1).expect("a refusal").contains("requests.nvidia.com/gpu=2"));
}

#[test]
fn scopes_choose_pods() {
    let counts = |scopes: Value, spec: Value, class: Option<&str>| {
        let mut hard = json!({"hard": {"pods": "0"}});
        hard.as_object_mut().expect("a map").extend(scopes.as_object().expect("a map").clone());
        says_with(&quota(hard, json!({})), spec, 1, class).is_some()
    };
    let (plain, sized) = (json!({"containers": [{"name": "c"}]}), json!({"containers": containers("1Gi")}));
    let mut short = plain.clone();
    short["activeDeadlineSeconds"] = json!(30);
    for (scope, pod, expected) in [
        ("BestEffort", &plain, true),
        ("BestEffort", &sized, false),
        ("NotBestEffort", &sized, true),
        ("Terminating", &short, true),
        ("Terminating", &plain, false),
        ("NotTerminating", &short, false),
    ] {
        assert_eq!(counts(json!({"scopes": [scope]}), pod.clone(), None), expected, "{scope}");
    }
    let classes = |operator: &str| {
        json!({"scopeSelector": {"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": operator, "values": ["high"]}]}})
    };
    for (operator, class, expected) in [
        ("In", Some("high"), true),
        ("In", Some("low"), false),
        ("In", None, false),
        ("NotIn", Some("low"), true),
        ("NotIn", None, true),
        ("Exists", Some("low"), true),
        ("DoesNotExist", None, true),
    ] {
        assert_eq!(counts(classes(operator), plain.clone(), class), expected, "{operator} {class:?}");
    }
}

#[test]
fn what_is_not_about_pods_counts_nothing() {
    let quota = quota(json!({"hard": {"services": "0", "requests.storage": "0"}}), json!({}));
    assert_eq!(says(&quota, json!({"containers": containers("1Gi")}), 5), None);
}
