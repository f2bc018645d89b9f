//! Any input, in bounded time.

use k8s_openapi::api::core::v1::{Container, EnvVar};
use memlint_kubernetes::path::FieldPath;
use proptest::prelude::*;

use super::super::{HeapSetting, settings};

fn read(container: &Container) -> Vec<HeapSetting> {
    settings(container, &FieldPath::root(), &super::MEMORY)
}

fn literal(name: impl Into<String>, value: impl Into<String>) -> EnvVar {
    EnvVar { name: name.into(), value: Some(value.into()), value_from: None }
}

#[test]
fn references_to_references_are_bounded() {
    let mut env = vec![literal("V0", "-Xmx1g ".repeat(100)), literal("E0", "")];
    for i in 1..200 {
        env.push(literal(format!("V{i}"), format!("$(V{})", i - 1).repeat(50)));
        env.push(literal(format!("E{i}"), format!("$(E{})", i - 1).repeat(50)));
    }
    env.push(literal("JAVA_TOOL_OPTIONS", "$(E15)$(V199)$(V9)"));
    let container = Container { env: Some(env), ..Container::default() };
    assert_eq!(read(&container), []);
}

#[test]
fn long_and_nested_scripts_are_bounded() {
    for script in [
        "java -Xmx1g X;".repeat(5_000),
        "$(".repeat(5_000),
        "\"$(`${".repeat(5_000),
        "${A:-".repeat(5_000),
        "((((".repeat(5_000),
        "A=1 B=$A java -Xmx$A;".repeat(5_000),
        "cat <<X\n".repeat(5_000),
        "a <<".repeat(5_000),
        "if ".repeat(5_000),
        "\\".repeat(5_001),
        "sh -c ".repeat(5_000),
        "$A".repeat(5_000),
        "A=$A$A;".repeat(300),
        "A=1$A$A;".repeat(300),
        "export A=xx$A$A;".repeat(60) + "java $A",
    ] {
        let command = ["sh", "-c", script.as_str()].map(str::to_owned).to_vec();
        read(&Container { command: Some(command), ..Container::default() });
    }
}

fn fragment() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "-Xmx",
        "2g",
        "$(A)",
        "$A",
        "${A:-b}",
        "'",
        "\"",
        "\\",
        "`",
        "$(",
        ")",
        "${",
        "}",
        " ",
        ";",
        "&&",
        "||",
        "|",
        "java",
        "node",
        "--max-old-space-size",
        "=",
        "-XX:MaxRAMPercentage=",
        "99999999999999999999999999999999999999999999",
        "0x",
        ".",
        "%",
        "é",
        "\u{1F600}",
        "\0",
        "redis-server",
        "--maxmemory",
        "-m",
        "-c",
        "shared_buffers=",
        "-B",
        "sh -c",
        "export A=",
        "<<",
        ">",
        "#",
        "\n",
        "env",
        "$$",
    ]);
    let piece = prop_oneof![9 => known.prop_map(str::to_owned), 1 => any::<String>()];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn never_panics_and_points_into_the_text(
        command in proptest::collection::vec(fragment(), 0..4),
        args in proptest::collection::vec(fragment(), 0..4),
        values in proptest::collection::vec(fragment(), 12),
        shell in any::<bool>(),
    ) {
        let names = [
            "A", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JAVA_OPTS", "GOMEMLIMIT", "AUTOMEMLIMIT", "NODE_OPTIONS", "DOTNET_GCHeapHardLimit",
            "DOTNET_GCHeapHardLimitPercent", "MAX_HEAP_SIZE", "REDIS_EXTRA_FLAGS", "PHP_MEMORY_LIMIT",
        ];
        let env = names.iter().zip(values).map(|(name, value)| literal(*name, value)).collect();
        let mut argv: Vec<String> = if shell { vec!["sh".into(), "-c".into()] } else { Vec::new() };
        argv.extend(command);
        let container = Container { command: Some(argv), args: Some(args), env: Some(env), ..Container::default() };
        let json = serde_json::to_value(&container).expect("a container is JSON");
        for setting in read(&container) {
            let text = json.pointer(&setting.at.to_pointer()).and_then(|text| text.as_str()).expect("the path exists");
            let (start, end) = setting.range.expect("literal text has a range");
            prop_assert!(text.get(start..end).is_some_and(|flag| !flag.is_empty()), "{setting:?}");
            prop_assert!(setting.invalid.is_none() || setting.bytes == 0);
        }
    }
}
