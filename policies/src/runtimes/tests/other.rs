//! Containers without limits, and several runtimes in one.

use memlint_kubernetes::path::FieldPath;

use super::super::{Memory, settings};
use super::{MI, check, container};

#[test]
fn without_a_limit_shares_are_unknown() {
    for json in [
        super::variable("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=75"),
        super::variable("AUTOMEMLIMIT", "0.9"),
        super::variable("DOTNET_GCHeapHardLimitPercent", "4B"),
        super::variable("NODE_OPTIONS", "--max-old-space-size-percentage=50"),
        r#""env": [{"name": "GOMEMLIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}]"#
            .to_owned(),
        r#""env": [{"name": "GOMEMLIMIT", "valueFrom": {"resourceFieldRef": {"resource": "requests.memory"}}}]"#
            .to_owned(),
    ] {
        for limit in [None, Some(0)] {
            let memory = Memory { limit, request: limit };
            assert_eq!(settings(&container(&json), &FieldPath::root(), &memory), [], "{json}");
        }
    }
    let json = super::variable("JAVA_TOOL_OPTIONS", "-Xmx2g");
    let found = settings(&container(&json), &FieldPath::root(), &Memory::default());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].bytes, 2048 * MI);
}

#[test]
fn several_runtimes() {
    check(&[
        (
            r#""env": [{"name": "NODE_OPTIONS", "value": "--max-old-space-size=9"}, {"name": "GOMEMLIMIT", "value": "8MiB"}]"#,
            "Go 8 MiB GOMEMLIMIT=8MiB soft; Node.js 9 MiB --max-old-space-size=9",
        ),
        ("", ""),
        (r#""command": [], "args": [], "env": []"#, ""),
        (r#""command": ["sh", "-c"]"#, ""),
        (r#""command": ["sh"]"#, ""),
        (r#""args": ["executor", "--threads=4"]"#, ""),
        (r#""env": [{"name": "UNRELATED", "value": "-Xmx2g"}]"#, ""),
    ]);
}

#[test]
fn paths_are_below_the_container() {
    let at = FieldPath::of(&["spec", "containers"]).index(3);
    let json = super::variable("GOMEMLIMIT", "1GiB");
    let found = settings(&container(&json), &at, &super::MEMORY);
    assert_eq!(found[0].at.to_string(), "spec.containers[3].env[0].value");
}
