//! Replicas, surge and their rounding.

use super::*;
use crate::object::Value;

fn rolling(surge: Amount, unavailable: Amount) -> Update {
    Update::Rolling { surge, unavailable, at: FieldPath::root() }
}

fn read(kind: &str, spec: Vec<(&'static str, Value<'static>)>) -> Scale {
    let entry = |(key, value): (&'static str, Value<'static>)| (key.into(), value);
    let object = Value::Map(vec![("spec".into(), Value::Map(spec.into_iter().map(entry).collect()))]);
    Scale::read(
        &crate::reference::ObjectRef { kind: kind.to_owned(), ..Default::default() },
        &object,
        &FieldPath::of(&["spec", "template"]),
    )
}

fn number(number: &'static str) -> Value<'static> {
    Value::Number(number.into())
}

#[test]
fn surge_is_rounded_up_and_unavailable_down() {
    let quarter = rolling(Amount::Percent(25), Amount::Percent(25));
    for (replicas, steps) in
        [(1, (1, 0)), (2, (1, 0)), (3, (1, 0)), (4, (1, 1)), (5, (2, 1)), (10, (3, 2)), (0, (0, 1))]
    {
        assert_eq!(quarter.steps(replicas), steps, "{replicas}");
    }
    assert_eq!(rolling(Amount::Percent(10), Amount::Percent(0)).steps(11), (2, 0));
    assert_eq!(rolling(Amount::Pods(0), Amount::Percent(10)).steps(3), (0, 1), "one has to go");
    assert_eq!(rolling(Amount::Percent(100), Amount::Pods(0)).steps(7), (7, 0));
    assert_eq!(rolling(Amount::Percent(u64::MAX), Amount::Pods(0)).steps(u64::MAX).1, 0, "no overflow");
}

#[test]
fn reads_replicas_of_each_kind() {
    assert_eq!(read("Deployment", vec![("replicas", number("3"))]).replicas, 3);
    assert_eq!(read("Deployment", vec![]).replicas, 1);
    assert_eq!(read("Deployment", vec![("replicas", Value::String("3".into()))]).replicas, 1);
    assert_eq!(read("StatefulSet", vec![("replicas", number("0"))]).replicas, 0);
    assert_eq!(read("Rollout", vec![("replicas", number("4"))]).replicas, 4);
    assert_eq!(read("Pod", vec![("replicas", number("4"))]).replicas, 1);
    assert_eq!(read("Job", vec![("parallelism", number("8")), ("completions", number("5"))]).replicas, 5);
    assert_eq!(read("Job", vec![("parallelism", number("0"))]).replicas, 0);
}

#[test]
fn reads_how_pods_are_replaced() {
    let typed = |kind| Value::Map(vec![("type".into(), Value::String(kind))]);
    assert_eq!(read("Deployment", vec![("strategy", typed("Recreate".into()))]).update, Update::InPlace);
    assert_eq!(read("DaemonSet", vec![]).update, Update::InPlace);
    assert_eq!(read("DaemonSet", vec![("updateStrategy", typed("OnDelete".into()))]).update, Update::None);
    assert_eq!(read("StatefulSet", vec![]).update, Update::InPlace);
    assert_eq!(read("Job", vec![]).update, Update::None);
    assert!(matches!(
        read("Deployment", vec![]).update,
        Update::Rolling { surge: Amount::Percent(25), unavailable: Amount::Percent(25), .. }
    ));
}
