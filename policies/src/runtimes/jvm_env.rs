//! Variables that no JVM reads, but start scripts hand to it: `JAVA_OPTS`, `KAFKA_HEAP_OPTS`, `MAX_HEAP_SIZE`.
//!
//! They count only if no `java` command is in sight that leaves them out, and only by convention. Names and meanings
//! are from the products' start scripts; apart from those of Elasticsearch, OpenSearch, Logstash, Kafka and Cassandra
//! they are unchecked.

use super::context::{Context, Found};
use super::jvm::State;
use super::jvm_flags::size;
use super::number::whole;
use super::text::Word;

/// Any application's. Tomcat puts `CATALINA_OPTS` after `JAVA_OPTS`; between the others there is no order.
const GENERIC: [&str; 8] = [
    "JAVA_OPTIONS",
    "JAVA_ARGS",
    "JVM_OPTS",
    "JVM_ARGS",
    "JAVA_OPTS",
    "JAVA_OPTS_APPEND",
    "JAVA_OPTS_KC_HEAP",
    "CATALINA_OPTS",
];

/// One application's own: it has no use for the generic ones.
const OWN: [&str; 16] = [
    "ES_JAVA_OPTS",
    "OPENSEARCH_JAVA_OPTS",
    "LS_JAVA_OPTS",
    "KAFKA_HEAP_OPTS",
    "SCHEMA_REGISTRY_HEAP_OPTS",
    "KAFKAREST_HEAP_OPTS",
    "KSQL_HEAP_OPTS",
    "SOLR_JAVA_MEM",
    "SOLR_OPTS",
    "PULSAR_MEM",
    "ACTIVEMQ_OPTS_MEMORY",
    "ARTEMIS_JAVA_OPTS",
    "JENKINS_JAVA_OPTS",
    "SERVER_JVMFLAGS",
    "HADOOP_OPTS",
    "HBASE_OPTS",
];

/// Variables that hold the size itself, and the unit of a bare number.
const SIZES: [(&str, &str); 10] = [
    ("MAX_HEAP_SIZE", ""),
    ("SOLR_HEAP", ""),
    ("HADOOP_HEAPSIZE", "m"),
    ("HADOOP_HEAPSIZE_MAX", "m"),
    ("HBASE_HEAPSIZE", "m"),
    ("ZK_SERVER_HEAP", "m"),
    ("SPARK_DAEMON_MEMORY", ""),
    ("SPARK_DRIVER_MEMORY", "driver"),
    ("SPARK_EXECUTOR_MEMORY", "executor"),
    ("NEO4J_server_memory_heap_max__size", ""),
];

/// Adds them to what has been read, above the JVM's own variables and below the command line.
pub(crate) fn read(cx: &Context<'_>, state: &mut State) {
    group(cx, &GENERIC, &[], state);
    group(cx, &OWN, &SIZES, state);
}

fn group(cx: &Context<'_>, options: &[&str], sizes: &[(&str, &str)], state: &mut State) {
    let mut heaps: Vec<(&str, u64)> = Vec::new();
    for name in options {
        match cx.var(None, name) {
            Found::Known(text, unless) => {
                let mut alone = State::default();
                alone.options(&text, None, true);
                heaps.extend(alone.heap_bytes().map(|bytes| (*name, bytes)));
                state.options(&text, unless.as_deref(), true);
            }
            Found::Unknown => state.unknown(),
            Found::Absent(_) => {}
        }
    }
    for (name, unit) in sizes {
        let role = matches!(*unit, "driver" | "executor");
        if role && !has_word(cx, unit) {
            continue;
        }
        if matches!(cx.var(None, name), Found::Unknown) {
            state.unknown();
        }
        let Some((text, flag)) = cx.var_flag(None, name) else { continue };
        let heap = if whole(&text).is_some() && !role { format!("{text}{unit}") } else { text };
        match size(&heap) {
            // Without a unit it might be anything.
            Some(bytes) if whole(&heap).is_none() => {
                heaps.push((name, bytes));
                state.heap(heap, flag.by_convention());
            }
            _ => state.unknown(),
        }
    }
    let differ = heaps.iter().any(|(_, bytes)| Some(bytes) != heaps.first().map(|(_, first)| first));
    let ordered = heaps.iter().all(|(name, _)| matches!(*name, "JAVA_OPTS" | "CATALINA_OPTS"));
    if differ && !ordered {
        state.unknown();
    }
}

/// Spark's own images are told by an argument which part they play.
fn has_word(cx: &Context<'_>, role: &str) -> bool {
    let is_role = |word: &Word| word.plain().as_deref() == Some(role);
    cx.calls.iter().any(|call| {
        matches!(&call.program, super::calls::Program::Named(name) if name == role) || call.words.iter().any(is_role)
    })
}
