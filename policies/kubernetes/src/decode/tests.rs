//! Strict decoding: what is wrong with an object, and where.

use k8s_openapi::api::core::v1::{Pod, PodSpec};

use super::*;
use crate::object::Value;

/// A value from JSON, with numbers kept as text.
fn value(json: &str) -> Value<'static> {
    fn convert(value: serde_json::Value) -> Value<'static> {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => Value::Number(number.to_string().into()),
            serde_json::Value::String(text) => Value::String(text.into()),
            serde_json::Value::Array(items) => Value::List(items.into_iter().map(convert).collect()),
            serde_json::Value::Object(map) => {
                Value::Map(map.into_iter().map(|(key, value)| (key.into(), convert(value))).collect())
            }
        }
    }
    convert(serde_json::from_str(json).expect("JSON"))
}

/// `path: message (help)` of every problem.
fn problems(json: &str, type_name: &str, leniency: Leniency) -> Vec<String> {
    let line = |problem: Problem| format!("{}: {} ({})", problem.at, problem.message, problem.help.unwrap_or_default());
    check(&value(json), type_name, leniency).into_iter().map(line).collect()
}

#[test]
fn names_the_place_of_everything_wrong_at_once() {
    let json = r#"{"containers": [{"name": 5, "resources": {"limit": {}, "memory": "1Gi", "requests": []},
        "limits": {"memory": "1Gi"}, "env": [{"name": "A", "value": true}]}], "nodeSelectr": {}, "hostNetwork": "true"}"#;
    let mut found = problems(json, "PodSpec", Leniency::Strict);
    found.sort();
    assert_eq!(
        found,
        [
            "containers[0].env[0].value: value is the boolean true, but a string is expected (put it in quotes: \"true\")",
            "containers[0].limits: unknown field limits in containers (move it under resources)",
            "containers[0].name: name is the number 5, but a string is expected (put it in quotes: \"5\")",
            "containers[0].resources.limit: unknown field limit in resources (did you mean limits?)",
            "containers[0].resources.memory: unknown field memory in resources (move it under requests or limits)",
            "containers[0].resources.requests: requests is a list, but a map is expected (write it as a map: name: value, without dashes or brackets)",
            "hostNetwork: hostNetwork is the string \"true\", but true or false is expected (write true without quotes)",
            "nodeSelectr: unknown field nodeSelectr (did you mean nodeSelector?)",
        ]
    );
}

#[test]
fn a_custom_resource_answers_only_for_the_resources_of_its_containers() {
    let json = r#"{"mine": 1, "volumes": 3, "containers": [{"name": 5, "own": 1, "limits": {"memory": "1Gi"},
        "resources": {"limit": {}, "requests": {"memory": "1GB"}}}], "resources": {"own": 1}}"#;
    let mut found = problems(json, "PodSpec", Leniency::CustomResource);
    found.sort();
    assert_eq!(
        found,
        [
            "containers[0].limits: unknown field limits in containers (move it under resources)",
            "containers[0].resources.limit: unknown field limit in resources (did you mean limits?)",
            "containers[0].resources.requests.memory: memory is \"1GB\", which is no quantity (write 1G (decimal) or 1Gi (binary))",
        ]
    );
}

#[test]
fn a_key_given_twice_is_reported_once() {
    let limits = Value::Map(vec![
        ("memory".into(), Value::Null),
        ("memory".into(), Value::Null),
        ("memory".into(), Value::Null),
    ]);
    let resources = Value::Map(vec![("limits".into(), limits), ("x".into(), Value::Null), ("x".into(), Value::Null)]);
    let found: Vec<_> = check(&resources, "ResourceRequirements", Leniency::Strict)
        .into_iter()
        .map(|problem| (problem.kind, problem.at.to_string()))
        .collect();
    assert_eq!(
        found,
        [(ProblemKind::DuplicateField, "limits.memory".to_owned()), (ProblemKind::UnknownField, "x".to_owned())]
    );
}

#[test]
fn suggests_the_quantity_where_only_one_can_be_meant() {
    let one = |text: &str| quantity_suggestion(text).unwrap_or_default();
    for (written, meant) in [
        ("1 Gi", "1Gi"),
        ("1gi", "1Gi"),
        ("1GI", "1Gi"),
        ("512MiB", "512Mi"),
        ("1,5Gi", "1.5Gi"),
        ("1K", "1k"),
        ("500 m", "500m"),
        ("1_000Mi", "1000Mi"),
        ("2 cores", "2"),
        ("512MB", ""),
        ("1gb", ""),
        ("1,024Mi", ""),
        ("lots", ""),
        ("", ""),
        ("-1 Gi", ""),
    ] {
        assert_eq!(one(written), meant, "{written}");
    }
}

#[test]
fn null_is_the_zero_value_everywhere() {
    let json = r#"{"containers": [null, {"name": null, "args": [null], "resources": {"limits": {"memory": null}}}],
        "volumes": null, "hostNetwork": null, "priority": null}"#;
    assert_eq!(problems(json, "PodSpec", Leniency::Strict), [""; 0]);
    let spec: PodSpec = from_value(&value(json)).expect("a PodSpec");
    assert_eq!(spec.containers.len(), 2);
    assert_eq!(spec.containers[1].args.as_deref(), Some(&[String::new()][..]));
    let limits = spec.containers[1].resources.as_ref().and_then(|resources| resources.limits.as_ref());
    assert_eq!(limits.map(|limits| limits["memory"].0.as_str()), Some("0"));
}

#[test]
fn decodes_around_what_is_broken() {
    let json = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"creationTimestamp": "yesterday", "labels": {"a": 1}},
        "spec": {"containers": [{"name": "a", "resources": 5, "args": [1, "x"], "ports": [{"containerPort": 1e99}],
        "readinessProbe": {"httpGet": {"port": [1]}}}, 7], "volumes": {}, "hostNetwork": "x"}}"#;
    let written = value(json);
    assert!(from_value::<Pod>(&written).is_err());
    let problems = check(&written, "Pod", Leniency::Strict);
    let pod: Pod = from_value_pruned(&written, &problems).expect("a Pod");
    let spec = pod.spec.expect("a spec");
    assert_eq!(spec.containers[0].name, "a");
    assert_eq!(spec.containers[0].resources, None);
    assert_eq!(spec.containers[0].args.as_deref(), Some(&[String::new(), "x".to_owned()][..]));
    assert_eq!(spec.containers.len(), 2);
    let unnamed: Pod = from_value_pruned(&written, &[]).expect("a Pod, without knowing what is wrong");
    assert_eq!(unnamed.spec.map(|spec| spec.containers.len()), Some(2));
}

#[test]
fn depth_is_no_danger() {
    let mut deep = Value::Null;
    for _ in 0..5000 {
        deep = Value::List(vec![deep]);
    }
    let deep = Value::Map(vec![("containers".into(), deep)]);
    assert!(!check(&deep, "PodSpec", Leniency::Strict).is_empty());
    assert!(from_value_pruned::<PodSpec>(&deep, &[]).is_ok());
    assert!(from_value::<serde_json::Value>(&deep).is_err());
}

#[test]
fn too_many_problems_are_told_as_such() {
    let of = |count: usize| {
        let items = vec![Value::Null, Value::Bool(true)].into_iter().cycle().take(2 * count).collect();
        check(&Value::Map(vec![("containers".into(), Value::List(items))]), "PodSpec", Leniency::Strict)
    };
    assert_eq!(of(1_000).len(), 1_000);
    for count in [1_001, 5_000] {
        let problems = of(count);
        assert_eq!(problems.len(), 1_001);
        assert!(problems[1_000].message.contains("more than 1000 problems"), "{:?}", problems[1_000]);
    }
}
