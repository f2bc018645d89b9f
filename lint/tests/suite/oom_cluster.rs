//! `memlint oom --cluster` where the API server does not give everything: rights that are missing, pages that expire.
//!
//! A real API server cannot be made to let its pages expire, so a few lines of HTTP answer in its place.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const POD: &str = "pod-v2-systemd-containerd-child";

/// Answers GET requests, by their path, until the test ends; where it listens.
fn serve(answer: fn(&str) -> (u16, Value)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || converse(stream, answer));
        }
    });
    format!("http://{address}")
}

fn converse(mut stream: TcpStream, answer: fn(&str) -> (u16, Value)) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(request)) = lines.next() {
        // The head ends with an empty line, and nothing follows a GET's.
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let (code, body) = answer(request.split(' ').nth(1).unwrap_or_default());
        let body = body.to_string();
        let head = format!("HTTP/1.1 {code} x\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
        if stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn refusal(code: u16, reason: &str) -> (u16, Value) {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "refused", "reason": reason, "code": code});
    (code, status)
}

fn list(items: &[Value], next: &str) -> (u16, Value) {
    (200, json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"continue": next}, "items": items}))
}

/// Pods can be listed, in pages that expire; nothing else.
fn pods_only(path: &str) -> (u16, Value) {
    match path {
        _ if !path.starts_with("/api/v1/pods") => refusal(403, "Forbidden"),
        _ if path.contains("continue=") => refusal(410, "Expired"),
        _ if path.contains("limit=500") => list(&[pod("first")], "more"),
        _ => list(&[pod("first"), killed()], ""),
    }
}

/// The same, by an API server that says where the rest goes on.
fn pods_only_renewed(path: &str) -> (u16, Value) {
    match path {
        _ if !path.starts_with("/api/v1/pods") => refusal(403, "Forbidden"),
        _ if path.contains("continue=renewed") => list(&[killed()], ""),
        _ if path.contains("continue=") => {
            let (code, mut status) = refusal(410, "Expired");
            status["metadata"]["continue"] = "renewed".into();
            (code, status)
        }
        _ => list(&[pod("first")], "more"),
    }
}

fn nothing(_: &str) -> (u16, Value) {
    refusal(403, "Forbidden")
}

fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "n", "uid": format!("uid-of-{name}")},
        "spec": {"containers": [{"name": "web", "image": "example.com/a:1"}]}})
}

/// The Pod of the log.
fn killed() -> Value {
    let expected = std::fs::read_to_string(fixture().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let mut pod = pod("killed");
    pod["metadata"]["uid"] = expected["kills"][0]["podUid"].clone();
    pod
}

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/oom").join(POD)
}

fn oom(server: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let text = json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}], "users": [{"name": "u", "user": {}}]});
    std::fs::write(&config, text.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_memlint"));
    command.arg("oom").arg(fixture().join("log.txt")).args(["--cluster", "--format", "json", "--kubeconfig"]);
    command.arg(config).output().unwrap()
}

#[test]
fn it_does_with_what_may_be_read() {
    for server in [pods_only, pods_only_renewed] {
        let output = oom(&serve(server));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        // It stands on the page that had expired.
        assert_eq!(found["kills"][0]["pod"]["name"], "killed");
        for kind in ["nodes", "daemonsets", "namespaces"] {
            assert!(said.contains(&format!("does not let you list {kind}")), "{said}");
        }
        assert!(!said.contains("list pods"), "{said}");
    }
}

#[test]
fn without_any_right_it_says_so_and_ends() {
    let output = oom(&serve(nothing));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("does not let you list pods") && output.stdout.is_empty(), "{said}");
}
