//! Clients that others have written: curl and openssl, where they are installed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::server::{Running, start};
use crate::support::{UID, app, create, pod, review, skipped};

/// Runs a command with some input; `None` where it is not installed.
async fn run(program: &str, args: Vec<String>, input: String) -> Option<(bool, String)> {
    let program = program.to_owned();
    let run = move || {
        let mut command = Command::new(&program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            skipped(&format!("{program} is not installed"));
            return None;
        };
        // It may be gone before it has read everything.
        _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("output");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Some((output.status.success(), text))
    };
    tokio::task::spawn_blocking(run).await.expect("a task")
}

fn ca(server: &Running) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.crt");
    std::fs::write(&file, &server.ca.pem).expect("a file");
    (folder, file.display().to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_curl_gets_an_answer_over_http_1_and_2() {
    let server = start(app(), Default::default()).await;
    let (_folder, ca) = ca(&server);
    for version in ["--http1.1", "--http2"] {
        let url = format!("https://localhost:{}/validate?timeout=3s", server.address.port());
        let header = "Content-Type: application/json";
        let resolve = format!("localhost:{}:127.0.0.1", server.address.port());
        let args = ["-sS", version, "--cacert", &ca, "--resolve", &resolve, "-H", header, "--data-binary", "@-", &url];
        let body = review(&create(&pod("", ""))).to_string();
        let Some((well, text)) = run("curl", args.map(str::to_owned).into(), body).await else { return };
        assert!(well && text.contains(UID) && text.contains("\"allowed\":false"), "{version}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_openssl_agrees_on_versions() {
    let server = start(app(), Default::default()).await;
    let (_folder, ca) = ca(&server);
    let address = server.address.to_string();
    for (version, accepted) in [("-tls1_2", true), ("-tls1_3", true), ("-tls1_1", false)] {
        let args = [
            "s_client",
            "-connect",
            &address,
            "-servername",
            "localhost",
            "-CAfile",
            &ca,
            "-verify_return_error",
            version,
        ];
        let Some((_, text)) = run("openssl", args.map(str::to_owned).into(), "Q\n".to_owned()).await else { return };
        assert_eq!(
            text.contains("Verify return code: 0 (ok)") && !text.contains("(NONE)"),
            accepted,
            "{version}: {text}"
        );
    }
}
