//! The command itself: R3, M6, and what it says to who gives it something wrong.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;

use crate::client::{BOTH, Client, handshake};
use crate::server::get;

/// The command, with nothing of what is around the tests.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memlint-webhook"));
    command.env_clear().env("HOME", folder).current_dir(folder);
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// The command as it serves. It goes when it is dropped.
struct Process {
    child: Child,
    address: SocketAddr,
    log: std::thread::JoinHandle<Vec<String>>,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the command");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines().map(|line| line.expect("a line"));
        let mut said = Vec::new();
        let address = lines.by_ref().find_map(|line| {
            let fields: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            said.push(line);
            fields.get("address")?.as_str()?.parse().ok()
        });
        let address = address.expect("it says where it listens");
        let log = std::thread::spawn(move || said.into_iter().chain(lines).collect());
        Self { child, address, log }
    }

    async fn client(&self, folder: &Path) -> Client {
        let pem = std::fs::read(folder.join("certs/ca.crt")).expect("a CA");
        let roots = [CertificateDer::from_pem_slice(&pem).expect("a CA")];
        let stream = handshake(self.address, "localhost", &roots, "http/1.1", &BOTH).await;
        Client::over(stream.expect("a handshake")).await
    }

    fn signal(&self) {
        let sent = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        assert!(sent.expect("a shell").success());
    }

    /// How it ended, after how long, and what it has said.
    fn wait(mut self, most: Duration) -> (bool, Duration, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a process") {
                break status;
            }
            if begun.elapsed() > most {
                self.child.kill().expect("a process");
                panic!("it goes on and on");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        (status.success(), begun.elapsed(), self.log.join().expect("a log").join("\n"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_sigterm_under_load_fails_no_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = command(folder.path());
    command.args(["--self-signed", "certs", "--drain-delay", "1500ms"]);
    let process = Process::start(command);
    let mut probe = process.client(folder.path()).await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = process.client(folder.path()).await;
        // It goes where it is told to go: elsewhere.
        clients.push(tokio::spawn(async move {
            let mut served = 0;
            loop {
                let (status, close, body) = client.validate().await.expect("no request fails");
                assert_eq!(status, StatusCode::OK, "{body}");
                served += 1;
                if close {
                    return (served, Instant::now());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(probe.send(get("/readyz")).await.expect("an answer").0, 200);
    let signalled = Instant::now();
    process.signal();
    let mut status = StatusCode::OK;
    while status == StatusCode::OK && signalled.elapsed() < Duration::from_millis(1_000) {
        status = probe.send(get("/readyz")).await.expect("an answer").0;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "it is not ready long before it goes");
    let mut late = process.client(folder.path()).await;
    assert_eq!(late.validate().await.expect("new connections are served still").0, StatusCode::OK);
    for client in clients {
        let (served, told) = client.await.expect("no request fails");
        assert!(served > 20, "{served} requests");
        assert!(told.duration_since(signalled) > Duration::from_millis(1_400), "it serves all through the delay");
    }
    let (success, took, log) = tokio::task::block_in_place(|| process.wait(Duration::from_secs(10)));
    assert!(success && took < Duration::from_secs(5), "{took:?}: {log}");
    assert!(!log.contains("\"ERROR\""), "{log}");
}

/// What the command says when it ends by itself.
fn refusal(folder: &Path, line: &str) -> String {
    let mut command = command(folder);
    let output = command.args(line.split(' ').filter(|word| !word.is_empty())).output().expect("the command");
    assert!(!output.status.success(), "{line}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[test]
fn what_is_wrong_is_told_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("bad.yaml"), "clusters: 7\n").expect("a file");
    let try_it = "--self-signed certs";
    for (line, told) in [
        ("", "--tls-cert <FILE>|--self-signed <DIR>|--ca-secret <NAME>"),
        ("--tls-cert nope --tls-key nope", "--tls-cert nope"),
        ("--self-signed certs --capacity nope", "--capacity nope"),
        ("--self-signed certs --policy nope", "--policy nope"),
        ("--self-signed certs --kubeconfig nope", "--kubeconfig nope"),
        ("--self-signed certs --kubeconfig bad.yaml", "--kubeconfig bad.yaml"),
        ("--self-signed certs --client-ca nope --client-name a", "--client-ca nope"),
        ("--ca-secret a --webhook-config b", "--own-namespace"),
    ] {
        let said = refusal(folder.path(), line);
        assert!(said.contains(told), "{line}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    for option in [
        "--max-reviews 0",
        "--max-reviews 18446744073709551615",
        "--max-connections 0",
        "--max-connections 18446744073709551615",
        "--answer-within 0s",
        "--reload-every 0s",
        "--exclude-namespaces Team_X",
        "--log memlint_webhok=debug",
    ] {
        let said = refusal(folder.path(), &format!("{try_it} {option}"));
        let (name, _) = option.split_once(' ').expect("an option");
        assert!(said.contains("invalid value") && said.contains(name), "{option}: {said}");
    }
}

#[test]
fn m6_no_cluster_is_guessed_from_what_kubectl_would_take() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
        contexts: [{name: a, context: {cluster: a, user: a}}]\nusers: [{name: a, user: {}}]\n\
        clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n";
    std::fs::create_dir(folder.path().join(".kube")).expect("a folder");
    std::fs::write(folder.path().join(".kube/config"), config).expect("a file");
    for line in
        ["--self-signed certs --events", "--ca-secret memlint-ca --webhook-config memlint --own-namespace memlint"]
    {
        let said = refusal(folder.path(), line);
        assert!(said.contains("this is no Pod in a cluster: give --kubeconfig"), "{said}");
    }
}

#[test]
fn m5_l5_what_is_not_heeded_or_does_not_run_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = "apiVersion: memlint.dev/v1alpha1\nkind: Policy\ncapacity: nodes.yaml\n";
    std::fs::write(folder.path().join("memlint.yaml"), policy).expect("a file");
    let mut command = command(folder.path());
    command.args(["--self-signed", "certs", "--drain-delay", "0s", "--policy", "memlint.yaml"]);
    let process = Process::start(command);
    // When it listens to signals it has said so.
    std::thread::sleep(Duration::from_millis(500));
    process.signal();
    let (success, _, log) = process.wait(Duration::from_secs(10));
    assert!(success, "{log}");
    assert!(log.contains("memlint.yaml: capacity: nodes.yaml is for the command"), "{log}");
    assert!(log.contains("no nodes are known, so no rule about them runs"), "{log}");
    assert!(log.contains("try it: curl --cacert certs/ca.crt https://localhost:"), "{log}");
}
