//! Shell scripts, and what Kubernetes expands before them.

use super::check;

/// Each row: variables as `NAME=value` lines, a script for `sh -c`, and the lines of the settings.
fn check_scripts(rows: &[(&str, &str, &str)]) {
    let rows: Vec<(String, &str)> = rows
        .iter()
        .map(|(env, script, expected)| {
            let env: Vec<_> = env.lines().filter_map(|line| line.split_once('=')).collect();
            let env: Vec<_> =
                env.iter().map(|(name, value)| serde_json::json!({"name": name, "value": value})).collect();
            let command = serde_json::json!(["/bin/sh", "-ec", script]);
            (format!("\"env\": {}, \"command\": {command}", serde_json::json!(env)), *expected)
        })
        .collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(json, expected)| (json.as_str(), *expected)).collect();
    check(&rows);
}

#[test]
fn words_and_quotes() {
    check_scripts(&[
        ("", "exec java -Xmx2g -jar x.jar", "JVM 2048 MiB -Xmx2g"),
        ("", "cd /app && exec java -Xmx2g -jar x.jar", "JVM 2048 MiB -Xmx2g"),
        ("", "java '-Xmx2g' -jar x", "JVM 2048 MiB -Xmx2g"),
        ("", "java \"-Xmx2g\" -jar x", "JVM 2048 MiB -Xmx2g"),
        ("", "java -Xm\\x2g -jar x", "JVM 2048 MiB -Xmx2g"),
        ("", "java \\\n  -Xmx2g \\\n  -jar x", "JVM 2048 MiB -Xmx2g"),
        ("", "# java -Xmx1g X\njava -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
        ("", "echo java -Xmx2g", ""),
        ("", "java -Xmx2g -jar x > /log 2>&1", "JVM 2048 MiB -Xmx2g"),
        ("", "java >/log -Xmx2g -jar x", "JVM 2048 MiB -Xmx2g"),
        ("", "java -Xmx2g X | tee log", "JVM 2048 MiB -Xmx2g"),
        ("", "cat > f <<EOF\njava -Xmx1g X\nEOF\njava -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
        ("", "${JAVA_HOME}/bin/java -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
        ("", "node --max-old-space-size=900 x.js", "Node.js 900 MiB --max-old-space-size=900"),
        ("", "java -Xmx1g A; java -Xmx2g B", "JVM 1024 MiB -Xmx1g; JVM 2048 MiB -Xmx2g"),
        ("", "exec java -Xmx1g A; java -Xmx2g B", "JVM 1024 MiB -Xmx1g"),
        ("", "bash -c 'java -Xmx2g X'", "JVM 2048 MiB -Xmx2g"),
        ("", "java -Xmx2g X &", "JVM 2048 MiB -Xmx2g"),
    ]);
}

#[test]
fn variables_of_the_shell() {
    check_scripts(&[
        ("JAVA_OPTS=-Xms1g -Xmx2g", "exec java $JAVA_OPTS -jar x", "JVM 2048 MiB -Xmx2g"),
        ("JAVA_OPTS=-Xmx2g", "exec java ${JAVA_OPTS} -jar x", "JVM 2048 MiB -Xmx2g"),
        ("JAVA_OPTS=-Xms1g -Xmx2g", "exec java \"$JAVA_OPTS\" -jar x", "JVM refused -Xms1g -Xmx2g"),
        ("JAVA_OPTS=-Xmx2g", "exec java '$JAVA_OPTS' -jar x", ""),
        ("JAVA_OPTS=-Xmx2g", "exec java -jar x", ""),
        ("HEAP=2", "java -Xmx${HEAP}g X", "JVM 2048 MiB -Xmx2g"),
        ("", "java -Xmx${HEAP}g X", ""),
        ("", "java -Xmx${HEAP:-2}g X", "JVM 2048 MiB -Xmx2g unless HEAP"),
        ("HEAP=3", "java -Xmx${HEAP:-2}g X", "JVM 3072 MiB -Xmx3g"),
        ("", "java -Xmx2g $JAVA_OPTS X", "JVM 2048 MiB -Xmx2g unless JAVA_OPTS"),
        ("", "java $JAVA_OPTS -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
        ("", "java -Xmx2g $(cat opts) X", ""),
        ("", "java $(cat opts) -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
        ("", "java -Xmx`cat heap` X", ""),
        ("", "java -Xmx$((1+1))g X", ""),
        ("", "java -Xmx2g \"$@\"", ""),
        ("", "java -Xmx2g -jar x \"$@\"", "JVM 2048 MiB -Xmx2g"),
        ("", "HEAP=2g; java -Xmx$HEAP X", "JVM 2048 MiB -Xmx2g"),
        ("", "export JAVA_TOOL_OPTIONS='-Xms1g -Xmx2g'; exec java X", "JVM 2048 MiB -Xmx2g"),
        ("", "JAVA_TOOL_OPTIONS=-Xmx2g java X", "JVM 2048 MiB -Xmx2g"),
        ("", "JAVA_TOOL_OPTIONS=-Xmx2g; java X", ""),
        ("JAVA_TOOL_OPTIONS=-Xmx1g", "JAVA_TOOL_OPTIONS=-Xmx2g; java X", "JVM 2048 MiB -Xmx2g"),
        ("JAVA_TOOL_OPTIONS=-Xmx1g", "unset JAVA_TOOL_OPTIONS; java X", ""),
        ("GOMEMLIMIT=1GiB", "export GOMEMLIMIT=2GiB && ./app", "Go 2048 MiB GOMEMLIMIT=2GiB soft"),
        ("GOMEMLIMIT=1GiB", "export GOMEMLIMIT=$(cat limit) && ./app", ""),
        ("JAVA_OPTS=-Xmx1g", "JAVA_OPTS=\"$JAVA_OPTS -Xmx2g\"; java $JAVA_OPTS X", "JVM 2048 MiB -Xmx2g"),
    ]);
}

#[test]
fn what_only_may_run_gives_nothing() {
    check_scripts(&[
        ("", "if [ -f a ]; then java -Xmx2g A; else java -Xmx1g B; fi", ""),
        ("", "if [ -f a ]; then echo; fi; java -Xmx2g A", "JVM 2048 MiB -Xmx2g"),
        ("", "false || java -Xmx2g A", ""),
        ("", "[ -f a ] && java -Xmx2g A", ""),
        ("", "[ -f a ] && HEAP=2g; java -Xmx$HEAP A", ""),
        ("", "for h in 1g 2g; do java -Xmx$h A; done", ""),
        ("", "case $1 in a) java -Xmx2g A;; esac", ""),
        ("", "f() { java -Xmx2g A; }; f", ""),
        ("HEAP=1g", ". ./env.sh; java -Xmx$HEAP A", ""),
        ("", ". ./env.sh; java -Xmx2g A", "JVM 2048 MiB -Xmx2g unless _JAVA_OPTIONS"),
        ("", "java -Xmx2g 'unclosed", "JVM 2048 MiB -Xmx2g"),
        ("", "java -Xmx2g $(unclosed", ""),
    ]);
}

#[test]
fn expansion_by_kubernetes() {
    check(&[
        (
            r#""env": [{"name": "HEAP", "value": "2g"}, {"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx$(HEAP)"}]"#,
            "JVM 2048 MiB -Xmx2g",
        ),
        // A variable sees only those before it.
        (r#""env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx$(HEAP)"}, {"name": "HEAP", "value": "2g"}]"#, ""),
        (
            r#""env": [{"name": "HEAP", "value": "1g"}, {"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx$(HEAP)"}, {"name": "HEAP", "value": "2g"}]"#,
            "JVM 1024 MiB -Xmx1g",
        ),
        (
            r#""command": ["java", "-Xmx$(HEAP)", "X"], "env": [{"name": "HEAP", "value": "1g"}, {"name": "HEAP", "value": "2g"}]"#,
            "JVM 2048 MiB -Xmx2g",
        ),
        (r#""command": ["java", "-Xmx$$(HEAP)", "X"], "env": [{"name": "HEAP", "value": "1g"}]"#, ""),
        (r#""command": ["java", "-Xmx$(HEAP)", "X"]"#, ""),
        (r#""command": ["java", "-Xmx$(HEAP)", "X"], "envFrom": [{"secretRef": {"name": "s"}}]"#, ""),
        (
            r#""command": ["java", "-Xmx$(MEM)m", "X"], "env": [{"name": "MEM", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}}]"#,
            "JVM 1000 MiB -Xmx1000m",
        ),
        (
            r#""command": ["java", "-Xmx$(MEM)m", "X"], "env": [{"name": "MEM", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "3Mi"}}}]"#,
            "JVM 334 MiB -Xmx334m",
        ),
        (
            r#""command": ["sh", "-c", "java -Xmx${MEM}m X"], "env": [{"name": "MEM", "valueFrom": {"resourceFieldRef": {"resource": "requests.memory", "divisor": "1Mi"}}}]"#,
            "JVM 500 MiB -Xmx500m",
        ),
        (
            r#""command": ["sh", "-c", "java $(OPTS) X"], "env": [{"name": "OPTS", "value": "-Xms1g -Xmx2g"}]"#,
            "JVM 2048 MiB -Xmx2g",
        ),
        (r#""command": ["java", "$(OPTS)", "X"], "env": [{"name": "OPTS", "value": "-Xmx2g"}]"#, "JVM 2048 MiB -Xmx2g"),
        (
            r#""command": ["java", "-Xmx2g", "$(OPTS)", "X"], "env": [{"name": "OPTS", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]"#,
            "",
        ),
        (
            r#""command": ["java", "-Xmx2g", "-Dname=$(POD)", "X"], "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]"#,
            "JVM 2048 MiB -Xmx2g",
        ),
    ]);
}
