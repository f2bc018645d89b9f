//! What large requests take of the memory of a real process: R4, R8.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::client::{BOTH, Client, handshake};
use crate::cluster::node;
use crate::fake::{Fake, NODES};
use crate::scale::{BUDGET, Process, large};
use crate::support::{create, pod, resize, review, skipped};

const MI: usize = 1024 * 1024;

/// Pods of up to 3 MiB, each hard to read in another way.
fn pods() -> Vec<(&'static str, Value)> {
    let with = |key: &str, value: Value| {
        let mut pod = pod("1Gi", "1Gi");
        pod["spec"]["containers"][0][key] = value;
        pod
    };
    let variables: Vec<_> = (0..31_000).map(|_| json!({"name": "a"})).collect();
    vec![
        ("a million arguments", with("args", vec![""; 1_000_000].into())),
        ("arguments as many as are read", with("args", vec!["-Xmx1g -Xms1g"; 62_000].into())),
        ("variables as many as are read", with("env", variables.into())),
        ("a script", with("command", json!(["sh", "-c", "java -Xmx1g; ".repeat(3 * MI / 13)]))),
        ("half a script", with("command", json!(["sh", "-c", "x=1 java -Xmx1g ".repeat(MI / 32)]))),
        ("a variable", with("env", json!([{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g ".repeat(MI / 16)}]))),
    ]
}

/// What Pods that are made to take memory may take beside all that is known of a large cluster, in MiB.
const BESIDE: u64 = 96;

/// Pods whose short lists become large types.
fn lists() -> Vec<(&'static str, Value)> {
    let of_spec = |key: &str, item: Value, count: usize| {
        let mut pod = pod("1Gi", "1Gi");
        pod["spec"][key] = vec![item; count].into();
        pod
    };
    vec![
        ("ten thousand containers", of_spec("containers", json!({"name": "a", "image": "a"}), 10_000)),
        ("containers of nothing", of_spec("containers", json!({}), 60_000)),
        ("volumes of nothing", of_spec("volumes", json!({}), 60_000)),
        ("volumes that are numbers", of_spec("volumes", json!(0), 60_000)),
        ("as many of them as are read", of_spec("volumes", json!(0), 7_500)),
        ("volumes that are null", of_spec("volumes", json!(null), 7_500)),
        ("containers that are numbers", of_spec("containers", json!(0), 10_000)),
        ("as many volumes as fit in the shortest body", of_spec("volumes", json!({}), 5_000)),
        ("volumes as many as are read", of_spec("volumes", json!({}), 7_500)),
        ("tolerations of nothing", of_spec("tolerations", json!({}), 60_000)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_r8_large_pods_do_not_add_up() {
    hold(&Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]), pods(), BUDGET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_r8_large_pods_do_not_add_up_in_a_large_cluster() {
    hold(&large(5_000), pods().into_iter().chain(lists()).collect(), BUDGET + BESIDE).await;
}

/// Asks for many large Pods at once, which must not take more than so many MiB.
async fn hold(fake: &Fake, pods: Vec<(&str, Value)>, most: u64) {
    let process = Process::start(fake.serve().await);
    process.wait_for("memlint_nodes_are_certain", |certain| certain == 1.0).await;
    let Some(idle) = process.memory() else {
        return skipped("there is no /proc to read a process's memory from");
    };
    println!("idle: {idle:?} MiB");
    let variables: Vec<_> = (0..15_500).map(|_| json!({"name": "a"})).collect();
    let mut unlimited = pod("", "");
    unlimited["spec"]["containers"][0]["env"] = variables.into();
    let mut worse = unlimited.clone();
    worse["spec"]["containers"][0]["name"] = json!("other");
    let both = ("both objects of a resize", resize(&unlimited, &worse));
    let requests = pods.into_iter().map(|(name, pod)| (name, create(&pod))).chain([both]);
    for (name, request) in requests {
        let body = review(&request).to_string();
        let ask = async || {
            let roots = [process.ca()];
            let stream = handshake(process.listen, "localhost", &roots, "http/1.1", &BOTH).await.expect("a handshake");
            let request = Request::post("/validate?timeout=10s").header("host", "localhost");
            let request = request.header("content-type", "application/json").body(Body::from(body.clone()));
            Client::over(stream).await.send(request.expect("a request")).await.expect("an answer").0
        };
        let statuses: [_; 4] = tokio::join!(ask(), ask(), ask(), ask()).into();
        assert!(statuses.iter().all(|status| *status == 200), "{name}: {statuses:?}");
        let memory = process.memory().expect("its memory");
        println!("{name}, {} bytes, four times at once: {memory:?} MiB", body.len());
        assert!(memory.most - memory.program <= most, "{name}: {memory:?}: more than {most} MiB");
    }
}
