//! The JVM: values, shares, precedence, conventions.

use super::{check, check_args, check_variable, found};

#[test]
fn sizes() {
    check_variable(
        "JAVA_TOOL_OPTIONS",
        &[
            ("-Xmx2g", "JVM 2048 MiB -Xmx2g"),
            ("-Xmx2G", "JVM 2048 MiB -Xmx2G"),
            ("-Xmx512M", "JVM 512 MiB -Xmx512M"),
            ("-Xmx1048576k", "JVM 1024 MiB -Xmx1048576k"),
            ("-Xmx1t", "JVM 1048576 MiB -Xmx1t"),
            ("-Xmx1073741824", "JVM 1024 MiB -Xmx1073741824"),
            ("-Xmx0x10000000", "JVM 256 MiB -Xmx0x10000000"),
            ("-XX:MaxHeapSize=1g", "JVM 1024 MiB -XX:MaxHeapSize=1g"),
            ("-Xmx99999999999999999999g", "JVM 18446744073709551615 -Xmx99999999999999999999g"),
            ("-Xmx2Gi", "JVM refused -Xmx2Gi"),
            ("-Xmx2GB", "JVM refused -Xmx2GB"),
            ("-Xmx1.5g", "JVM refused -Xmx1.5g"),
            ("-Xmx 2g", "JVM refused -Xmx"),
            ("-Xmx512", "JVM refused -Xmx512"),
            ("-Xms2g -Xmx1g", "JVM refused -Xmx1g"),
            ("-Xms1g -Xmx2g", "JVM 2048 MiB -Xmx2g"),
            ("'-Xmx100m' \"-Dx=a b\"", "JVM 100 MiB -Xmx100m"),
            ("-Dx='a -Xmx1g' -Xmx2g", "JVM 2048 MiB -Xmx2g"),
            ("-Xmx1g -Xmx2g", "JVM 2048 MiB -Xmx2g"),
            ("-Xmx1g -XX:MaxHeapSize=512m", "JVM 512 MiB -XX:MaxHeapSize=512m"),
            ("-Xmx1g @more", ""),
            ("-Xmx1g -XX:Flags=.hotspotrc", ""),
            ("-XX:Flags=.hotspotrc -Xmx1g", "JVM 1024 MiB -Xmx1g"),
            ("-Dfoo=bar -server", ""),
            ("", ""),
        ],
    );
}

#[test]
fn shares() {
    check_variable(
        "JAVA_TOOL_OPTIONS",
        &[
            ("-XX:MaxRAMPercentage=75", "JVM 750 MiB -XX:MaxRAMPercentage=75 share"),
            ("-XX:MaxRAMPercentage=75.5", "JVM 755 MiB -XX:MaxRAMPercentage=75.5 share"),
            ("-XX:MaxRAMPercentage=100.0", "JVM 1000 MiB -XX:MaxRAMPercentage=100.0 share"),
            ("-XX:MaxRAMPercentage=120", "JVM refused -XX:MaxRAMPercentage=120"),
            ("-XX:MaxRAMPercentage=75%", "JVM refused -XX:MaxRAMPercentage=75%"),
            ("-XX:MaxRAMPercentage=.", "JVM refused -XX:MaxRAMPercentage=."),
            ("-XX:MaxRAMPercentage=75 -Xmx2g", "JVM 2048 MiB -Xmx2g"),
            ("-Xmx2g -XX:MaxRAMPercentage=75", "JVM 2048 MiB -Xmx2g"),
            ("-XX:MaxRAMFraction=1", "JVM 1000 MiB -XX:MaxRAMFraction=1 share"),
            ("-XX:MaxRAMFraction=2", "JVM 500 MiB -XX:MaxRAMFraction=2 share"),
            ("-XX:MaxRAMFraction=1 -XX:MaxRAMPercentage=50", "JVM 500 MiB -XX:MaxRAMPercentage=50 share"),
            ("-XX:MaxRAMFraction=0", ""),
            ("-XX:MaxRAM=500m -XX:MaxRAMPercentage=50", "JVM 250 MiB -XX:MaxRAMPercentage=50 share"),
            ("-XX:MaxRAM=5g -XX:MaxRAMPercentage=50", "JVM 500 MiB -XX:MaxRAMPercentage=50 share"),
            ("-XX:-UseContainerSupport -XX:MaxRAMPercentage=75", ""),
            ("-XX:+UseContainerSupport -XX:MaxRAMPercentage=75", "JVM 750 MiB -XX:MaxRAMPercentage=75 share"),
            // 50 % of 240 MiB is below HotSpot's built-in maximum: the larger percentage does nothing.
            ("-XX:MaxRAM=240m -XX:MaxRAMPercentage=90", ""),
            ("-XX:MaxRAM=250m -XX:MaxRAMPercentage=90", "JVM 225 MiB -XX:MaxRAMPercentage=90 share"),
            ("-XX:MaxRAM=100m -XX:MinRAMPercentage=90", "JVM 90 MiB -XX:MinRAMPercentage=90 share"),
            ("-Xms900m", "JVM 900 MiB -Xms900m"),
            ("-Xms100m", ""),
            ("-Xms900m -XX:MaxRAMPercentage=50", "JVM 900 MiB -Xms900m"),
            ("-Xms100m -XX:MaxRAMPercentage=50", "JVM 500 MiB -XX:MaxRAMPercentage=50 share"),
        ],
    );
}

#[test]
fn regions_beside_the_heap() {
    check_variable(
        "_JAVA_OPTIONS",
        &[
            ("-Xmx1g -XX:MaxDirectMemorySize=512m", "JVM 1024 MiB -Xmx1g + 512 MiB"),
            (
                "-Xmx1g -XX:MaxMetaspaceSize=256m -XX:ReservedCodeCacheSize=64m",
                "JVM 1024 MiB -Xmx1g + 256 MiB + 64 MiB",
            ),
            ("-XX:MaxDirectMemorySize=512m", ""),
            ("-Xmx1g -XX:MaxDirectMemorySize=0", "JVM 1024 MiB -Xmx1g"),
            ("-XX:MaxRAMPercentage=50 -XX:MaxMetaspaceSize=1g", "JVM 500 MiB -XX:MaxRAMPercentage=50 + 1024 MiB share"),
        ],
    );
}

#[test]
fn precedence_of_variables_and_command_line() {
    check(&[
        (
            r#""env": [{"name": "JDK_JAVA_OPTIONS", "value": "-Xmx2g"}, {"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g"}]"#,
            "JVM 2048 MiB -Xmx2g",
        ),
        (
            r#""command": ["java", "-Xmx3g", "-jar", "x"], "env": [{"name": "JDK_JAVA_OPTIONS", "value": "-Xmx2g"}]"#,
            "JVM 3072 MiB -Xmx3g",
        ),
        (
            r#""command": ["java", "-Xmx3g", "-jar", "x"], "env": [{"name": "_JAVA_OPTIONS", "value": "-Xmx4g"}]"#,
            "JVM 4096 MiB -Xmx4g",
        ),
        (
            r#""command": ["java", "-Xmx3g", "X"], "env": [{"name": "_JAVA_OPTIONS", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]"#,
            "",
        ),
        (
            r#""command": ["java", "-Xmx3g", "X"], "env": [{"name": "JAVA_TOOL_OPTIONS", "valueFrom": {"secretKeyRef": {"name": "c", "key": "k"}}}]"#,
            "JVM 3072 MiB -Xmx3g",
        ),
        (
            r#""command": ["java", "-Xmx3g", "X"], "envFrom": [{"configMapRef": {"name": "c"}}]"#,
            "JVM 3072 MiB -Xmx3g unless _JAVA_OPTIONS",
        ),
        (
            r#""command": ["java", "-Xmx3g", "X"], "envFrom": [{"prefix": "APP_", "configMapRef": {"name": "c"}}]"#,
            "JVM 3072 MiB -Xmx3g",
        ),
        (
            r#""command": ["java", "-XX:MaxRAMPercentage=80", "X"], "env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx2g"}]"#,
            "JVM 2048 MiB -Xmx2g",
        ),
        (
            r#""env": [{"name": "IBM_JAVA_OPTIONS", "value": "-Xmx1g"}, {"name": "OPENJ9_JAVA_OPTIONS", "value": "-Xmx2g"}]"#,
            "JVM 2048 MiB -Xmx2g",
        ),
        (
            r#""env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g"}, {"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx2g"}]"#,
            "JVM 2048 MiB -Xmx2g",
        ),
    ]);
}

#[test]
fn command_lines() {
    check_args(
        r#""command": ["/usr/bin/java"], "#,
        &[
            ("-Xmx2g -jar x.jar", "JVM 2048 MiB -Xmx2g"),
            ("-cp /x:/y -Xmx2g Main", "JVM 2048 MiB -Xmx2g"),
            ("-jar x.jar -Xmx2g", ""),
            ("Main -Xmx2g", ""),
            ("-Xmx1g Main -Xmx2g", "JVM 1024 MiB -Xmx1g"),
            ("--add-opens java.base/java.lang=ALL-UNNAMED -Xmx2g -m m/Main", "JVM 2048 MiB -Xmx2g"),
            ("@args -jar x.jar", ""),
            ("-Xmx2g @args -jar x.jar", ""),
            ("@args -Xmx2g -jar x.jar", "JVM 2048 MiB -Xmx2g"),
            ("$JAVA_OPTS -Xmx2g", ""),
        ],
    );
    check_args(
        "",
        &[
            ("-Xmx2g -jar x.jar", "JVM 2048 MiB -Xmx2g convention"),
            ("-jar x.jar -Xmx2g", ""),
            ("java -Xmx2g -jar x.jar", "JVM 2048 MiB -Xmx2g"),
            ("/run.sh -Xmx2g", "JVM 2048 MiB -Xmx2g convention"),
            ("tini -- java -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
            ("tini -e 143 -- java -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
            ("gosu app java -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
            ("/docker-entrypoint.sh java -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
            ("env A=b java -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
            ("env JAVA_TOOL_OPTIONS=-Xmx2g java X", "JVM 2048 MiB -Xmx2g"),
            ("timeout -s KILL 60 java -Xmx2g X", "JVM 2048 MiB -Xmx2g"),
        ],
    );
}

#[test]
fn conventions_of_start_scripts() {
    check(&[
        (r#""env": [{"name": "JAVA_OPTS", "value": "-Xms1g -Xmx2g"}]"#, "JVM 2048 MiB -Xmx2g convention"),
        (r#""env": [{"name": "JAVA_OPTS", "value": "-Xmx2g"}], "command": ["java", "-jar", "x"]"#, ""),
        (
            r#""env": [{"name": "JAVA_OPTS", "value": "-Xmx2g"}], "command": ["/app/run.sh"]"#,
            "JVM 2048 MiB -Xmx2g convention",
        ),
        (r#""env": [{"name": "JAVA_OPTS", "value": "-Xmx2g"}], "args": ["-Xmx1g"]"#, "JVM 1024 MiB -Xmx1g convention"),
        (
            r#""env": [{"name": "JAVA_OPTS", "value": "-Xmx2g"}, {"name": "_JAVA_OPTIONS", "value": "-Xmx1g"}]"#,
            "JVM 1024 MiB -Xmx1g",
        ),
        (
            r#""env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g"}, {"name": "JAVA_OPTS", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]"#,
            "",
        ),
        (
            r#""env": [{"name": "CATALINA_OPTS", "value": "-Xmx1g"}, {"name": "JAVA_OPTS", "value": "-Xmx2g"}]"#,
            "JVM 1024 MiB -Xmx1g convention",
        ),
        (r#""env": [{"name": "JVM_OPTS", "value": "-Xmx1g"}, {"name": "JAVA_OPTS", "value": "-Xmx2g"}]"#, ""),
        (
            r#""env": [{"name": "ES_JAVA_OPTS", "value": "-Xms1g -Xmx1g"}, {"name": "JAVA_OPTS", "value": "-Xmx2g"}]"#,
            "JVM 1024 MiB -Xmx1g convention",
        ),
        (
            r#""env": [{"name": "KAFKA_HEAP_OPTS", "value": "-Xmx4G -Xms4G"}], "command": ["sh", "-c", "exec kafka-server-start.sh /c"]"#,
            "JVM 4096 MiB -Xmx4G convention",
        ),
        (r#""env": [{"name": "OPENSEARCH_JAVA_OPTS", "value": "-Xmx1g"}]"#, "JVM 1024 MiB -Xmx1g convention"),
        (r#""env": [{"name": "LS_JAVA_OPTS", "value": "-Xmx1g"}]"#, "JVM 1024 MiB -Xmx1g convention"),
        (
            r#""env": [{"name": "MAX_HEAP_SIZE", "value": "2G"}, {"name": "HEAP_NEWSIZE", "value": "1G"}]"#,
            "JVM 2048 MiB MAX_HEAP_SIZE=2G convention",
        ),
        (r#""env": [{"name": "MAX_HEAP_SIZE", "value": "2048"}]"#, ""),
        (r#""env": [{"name": "SOLR_HEAP", "value": "2g"}]"#, "JVM 2048 MiB SOLR_HEAP=2g convention"),
        (r#""env": [{"name": "HADOOP_HEAPSIZE", "value": "2048"}]"#, "JVM 2048 MiB HADOOP_HEAPSIZE=2048 convention"),
        (
            r#""env": [{"name": "SPARK_EXECUTOR_MEMORY", "value": "4g"}], "args": ["executor"]"#,
            "JVM 4096 MiB SPARK_EXECUTOR_MEMORY=4g convention",
        ),
        (r#""env": [{"name": "SPARK_EXECUTOR_MEMORY", "value": "4g"}], "args": ["driver"]"#, ""),
    ]);
}

#[test]
fn traps_are_told() {
    let note = |value: &str| {
        let json = super::variable("JAVA_TOOL_OPTIONS", value);
        let setting = found(&json).into_iter().next().expect("a setting");
        setting.note.or(setting.invalid).expect("something to tell")
    };
    assert_eq!(note("-XX:MaxRAMPercentage=75 -Xmx2g"), "-XX:MaxRAMPercentage=75 has no effect beside -Xmx2g");
    assert_eq!(note("-XX:MaxRAMFraction=1"), "-XX:MaxRAMFraction=1 gives the heap all of the memory");
    assert_eq!(note("-Xmx2Gi"), "the JVM refuses it: a size is a whole number and one of the letters k, m, g and t");
    assert_eq!(note("-Xmx512"), "the JVM refuses it: 512 bytes are less than the smallest heap, 2m");
    assert_eq!(note("-Xms2g -Xmx1g"), "the JVM refuses it: -Xms2g is larger");
}
