//! The format of capacity files: what is written is read again as the same, and the schema accepts what is accepted.
//!
//! To write the schema anew: `MEMLINT_BLESS=1 cargo test -p memlint-tests capacity_file`.

use std::path::Path;

use jsonschema::Validator;
use memlint_capacity::CapacityFile;
use memlint_capacity::file::json_schema;
use memlint_files::yaml;
use memlint_tests::fixtures;
use serde_json::{Value, json};

/// The good capacity files among the fixtures.
const GOOD: [&str; 4] = [
    "every-field/capacity.yaml",
    "field-report/capacity.yaml",
    "daemonset-objects/pool.yaml",
    "measured-beats-formula/a-pools.yaml",
];

#[test]
fn the_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/shipped/capacity.schema.json");
    let schema = format!("{:#}\n", json_schema());
    if std::env::var_os("MEMLINT_BLESS").is_some() {
        std::fs::write(&path, &schema).expect("a writable tree");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == schema, "{} is out of date: see the head of this test", path.display());
}

#[test]
fn what_is_written_is_read_again_as_the_same() {
    for name in GOOD {
        let file = read(&text(name)).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        let written = file.to_yaml();
        let again = read(&written).unwrap_or_else(|errors| panic!("{name}: {errors:?}\n{written}"));
        assert_eq!(file, again, "{written}");
        assert_eq!(written, again.to_yaml());
        let value: Value = file.to_json();
        assert!(validator().is_valid(&value), "{name}: {:?}", validator().iter_errors(&value).next());
    }
}

#[test]
fn the_schema_knows_every_field_of_the_fixture() {
    let fields = |value: &Value| -> Vec<String> {
        let properties = value["properties"].as_object().expect("properties");
        properties.keys().cloned().collect()
    };
    let schema = json_schema();
    let text = text("every-field/capacity.yaml");
    let pool = &schema["properties"]["pools"]["anyOf"][0]["items"];
    for field in fields(&schema).into_iter().chain(fields(pool)) {
        assert!(text.contains(&format!("{field}:")), "the fixture every-field lacks {field}");
    }
}

#[test]
fn schema_and_reader_agree() {
    for name in GOOD {
        let value = as_json(&text(name));
        assert!(validator().is_valid(&value), "{name}: {:?}", validator().iter_errors(&value).next());
    }
    // Each is the good pool with one field replaced, and whether that is accepted.
    for (field, value, good) in [
        ("name", json!(""), false),
        ("name", json!(null), false),
        ("name", json!(7), false),
        ("count", json!(3), true),
        ("count", json!(-3), false),
        ("count", json!("3"), false),
        ("count", json!(1.5), false),
        ("count", json!({"max": 3, "min": null}), true),
        ("count", json!({"most": 3}), false),
        ("count", json!([]), false),
        ("provider", json!("aks"), true),
        ("provider", json!("azure"), false),
        ("kubernetes", json!("v1.33.2"), true),
        ("kubernetes", json!("1.33+"), true),
        ("kubernetes", json!(1.33), false),
        ("kubernetes", json!("latest"), false),
        ("maxPods", json!(30), true),
        ("maxPods", json!("30"), false),
        ("maxPods", json!(5_000_000_000_u64), false),
        ("windows", json!(true), true),
        ("windows", json!("true"), false),
        ("network", json!("cilium"), false),
        ("kubeReserved", json!({"memory": "1Gi"}), true),
        ("kubeReserved", json!({"pods": "1"}), false),
        ("kubeReserved", json!({"memory": "1GB"}), false),
        ("evictionHard", json!({"memory.available": "10%"}), true),
        ("evictionHard", json!({"memory.available": "100.000001%"}), false),
        ("evictionHard", json!({"memory.available": "7.5 %"}), false),
        ("evictionHard", json!({"memory": "100Mi"}), false),
        ("capacity", json!({"memory": "4025844Ki", "nvidia.com/gpu": 1}), true),
        ("capacity", json!({"memory": "-1Gi"}), false),
        ("capacity", json!({"memory": true}), false),
        ("capacity", json!({"memory": "1e3"}), true),
        ("capacity", json!({"memory": ".5Gi"}), true),
        ("capacity", json!({"memory": "5.Gi"}), true),
        ("capacity", json!({"memory": "1.2.3"}), false),
        ("capacity", json!("4Gi"), false),
        ("labels", json!({"a": "b"}), true),
        ("labels", json!({"a": 1}), false),
        ("labels", json!(null), true),
        ("taints", json!(["a=b:NoSchedule", "c:NoExecute", {"key": "k", "effect": "NoSchedule"}]), true),
        ("taints", json!(["a=b:NoSchedul"]), false),
        ("taints", json!(["a=b"]), false),
        ("taints", json!([":NoSchedule"]), false),
        ("taints", json!([{"key": "k"}]), false),
        ("taints", json!([null]), false),
        ("taints", json!({}), false),
        ("daemonSets", json!({"memory": "310Mi", "pods": 5}), true),
        ("requested", json!([{"memory": "1Gi"}, {}, {}]), true),
        ("requested", json!({"memory": "1Gi"}), false),
        ("unheardOf", json!(1), false),
    ] {
        let mut pool = json!({"name": "a", "count": {"now": 3, "max": 3}, "provider": "aks", "size": "Standard_B2s"});
        pool[field] = value;
        let file = json!({"apiVersion": "memlint.dev/v1alpha1", "kind": "Capacity", "pools": [pool]});
        let read = read(&file.to_string());
        let by_schema = validator().is_valid(&file);
        assert_eq!((read.is_ok(), by_schema), (good, good), "{file}\n{:?}", read.err());
    }
}

#[test]
fn the_schema_refuses_the_bad_fixture() {
    assert!(!validator().is_valid(&as_json(&text("bad-file/capacity.yaml"))));
    assert!(!validator().is_valid(&json!({"pools": []})));
}

fn validator() -> Validator {
    jsonschema::validator_for(&json_schema()).expect("a good schema")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(fixtures().join("capacity").join(name)).expect("a fixture")
}

fn read(text: &str) -> Result<CapacityFile, Vec<String>> {
    let raw = yaml::split(text)[0];
    let document = yaml::parse(raw).expect("good YAML");
    CapacityFile::read(document.value())
        .map_err(|errors| errors.iter().map(|error| format!("{}: {error}", error.at)).collect())
}

fn as_json(text: &str) -> Value {
    use memlint_kubernetes::object::Value as Written;
    fn convert(value: &Written<'_>) -> Value {
        match value {
            Written::Null => Value::Null,
            Written::Bool(flag) => (*flag).into(),
            Written::Number(number) => serde_json::from_str(number).expect("a JSON number"),
            Written::String(text) => text.as_ref().into(),
            Written::List(items) => items.iter().map(convert).collect(),
            Written::Map(entries) => entries.iter().map(|(key, value)| (key.to_string(), convert(value))).collect(),
        }
    }
    let document = yaml::parse(yaml::split(text)[0]).expect("good YAML");
    convert(document.value())
}
