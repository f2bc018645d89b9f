//! Where settings are pointed at.

use super::found;

/// The path, and the text of the scalar that the range covers.
fn place(json: &str) -> String {
    let container = super::container(json);
    let settings = found(json);
    let [setting] = settings.as_slice() else { panic!("{settings:?}") };
    let value = serde_json::to_value(&container).expect("a container is JSON");
    let scalar = value.pointer(&setting.at.to_pointer()).expect("the path exists");
    let text =
        setting.range.map(|(start, end)| scalar.as_str().and_then(|text| text.get(start..end)).expect("a range"));
    format!("{} {}", setting.at, text.unwrap_or("-"))
}

#[test]
fn the_flag_itself() {
    for (json, expected) in [
        (r#""args": ["é", "x -Xmx1g", "-Xmx2g"], "command": ["java", "-cp"]"#, ""),
        (r#""command": ["java", "-server", "-Xmx2g", "X"]"#, "command[2] -Xmx2g"),
        (r#""command": ["java"], "args": ["-Xmx2g", "X"]"#, "args[0] -Xmx2g"),
        (r#""command": ["sh", "-c"], "args": ["cd /é && exec java  -Xmx2g -jar x"]"#, "args[0] -Xmx2g"),
        (r#""command": ["sh", "-c", "java '-Xmx2g' X"]"#, "command[2] -Xmx2g"),
        (
            r#""env": [{"name": "A", "value": "b"}, {"name": "JAVA_OPTS", "value": "-Dé=1 -Xmx2g -Xs"}]"#,
            "env[1].value -Xmx2g",
        ),
        (
            r#""command": ["sh", "-c", "java $OPTS X"], "env": [{"name": "OPTS", "value": "-Xms1g -Xmx2g"}]"#,
            "env[0].value -Xmx2g",
        ),
        (
            r#""command": ["java", "-server", "-Xmx$(HEAP)", "X"], "env": [{"name": "HEAP", "value": "2g"}]"#,
            "command[2] -Xmx$(HEAP)",
        ),
        (
            r#""command": ["sh", "-c", "java -Xmx${HEAP}m X"], "env": [{"name": "HEAP", "value": "2000"}]"#,
            "command[2] -Xmx${HEAP}m",
        ),
        (
            r#""env": [{"name": "HEAP", "value": "2g"}, {"name": "JAVA_TOOL_OPTIONS", "value": "-server -Xmx$(HEAP)"}]"#,
            "env[1].value -Xmx$(HEAP)",
        ),
        (
            r#""env": [{"name": "HEAP", "value": "2g"}, {"name": "O", "value": "-Xmx$(HEAP)"}, {"name": "JAVA_TOOL_OPTIONS", "value": "-server $(O)"}]"#,
            "env[2].value $(O)",
        ),
        (r#""env": [{"name": "GOMEMLIMIT", "value": "1GiB"}]"#, "env[0].value 1GiB"),
        (
            r#""env": [{"name": "GOMEMLIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}]"#,
            "env[0].valueFrom.resourceFieldRef -",
        ),
        (
            r#""env": [{"name": "M", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}, {"name": "GOMEMLIMIT", "value": "$(M)B"}]"#,
            "env[1].value $(M)B",
        ),
        (r#""command": ["redis-server", "--maxmemory", "2gb"]"#, "command[2] 2gb"),
        (r#""image": "postgres", "args": ["-c", "shared_buffers=2GB"]"#, "args[1] shared_buffers=2GB"),
    ] {
        if !expected.is_empty() {
            assert_eq!(place(json), expected, "{json}");
        }
    }
}
