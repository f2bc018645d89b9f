//! Certificates and policies that change: T3, T4, T5, T8, O4.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use axum::http::StatusCode;
use clap::Parser as _;
use clap::error::ErrorKind;
use memlint_webhook::args::Args;
use memlint_webhook::{policy, tls, watch};

use crate::server::{Ca, Running, short, start};
use crate::support::{app, metric};

/// Puts files into a folder as kubelet does: into a folder of their own, to which a link is swapped.
fn mount(folder: &Path, version: &str, files: &[(&str, &str)]) {
    let data = folder.join(format!("..{version}"));
    std::fs::create_dir(&data).expect("a folder");
    for (name, text) in files {
        std::fs::write(data.join(name), text).expect("a file");
        if !folder.join(name).is_symlink() {
            symlink(format!("..data/{name}"), folder.join(name)).expect("a link");
        }
    }
    symlink(format!("..{version}"), folder.join("..data_tmp")).expect("a link");
    std::fs::rename(folder.join("..data_tmp"), folder.join("..data")).expect("a swap");
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..100 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never happened: {what}");
}

fn follow(server: &Running, folder: &Path) -> tokio::task::JoinHandle<()> {
    let files = [folder.join("tls.crt"), folder.join("tls.key")];
    let first = watch::read(&files).expect("files");
    let every = Duration::from_millis(30);
    tokio::spawn(tls::follow(server.app.clone(), server.certificate.clone(), files, every, first))
}

fn pair(files: &[String; 2]) -> [(&str, &str); 2] {
    [("tls.crt", &files[0]), ("tls.key", &files[1])]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t3_t4_a_certificate_is_swapped_as_kubelet_does_it_and_no_connection_breaks() {
    let server = start(app(), short()).await;
    let folder = tempfile::tempdir().expect("a folder");
    mount(folder.path(), "2026_1", &pair(&server.ca.issue(1)));
    let follower = follow(&server, folder.path());
    let mut kept = server.client().await;
    assert_eq!(kept.serial, 1);
    for (version, serial) in [("2026_2", 2), ("2026_3", 3)] {
        mount(folder.path(), version, &pair(&server.ca.issue(serial)));
        until("a new connection sees the new certificate", async || {
            assert_eq!(kept.validate().await.expect("the old connection goes on").0, StatusCode::OK);
            server.client().await.serial == serial
        })
        .await;
    }
    assert_eq!(metric(&server.app, "memlint_cert_reload_total{result=\"success\"}"), 2.0);
    assert!(metric(&server.app, "memlint_cert_not_after_timestamp_seconds{cert=\"leaf\"}") > 0.0);
    follower.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t3_a_bad_pair_keeps_the_last_good_one() {
    let server = start(app(), short()).await;
    let folder = tempfile::tempdir().expect("a folder");
    mount(folder.path(), "1", &pair(&server.ca.issue(1)));
    let follower = follow(&server, folder.path());
    let [certificate, _] = server.ca.issue(2);
    let [_, key] = server.ca.issue(3);
    mount(folder.path(), "2", &pair(&[certificate, key]));
    let errors = || metric(&server.app, "memlint_cert_reload_total{result=\"error\"}");
    until("the mistake is counted", async || errors() >= 1.0).await;
    assert_eq!(server.client().await.serial, 1);
    mount(folder.path(), "3", &[("tls.crt", "no PEM"), ("tls.key", "")]);
    until("the mistake is counted", async || errors() >= 2.0).await;
    std::fs::remove_file(folder.path().join("..data")).expect("removed");
    until("the mistake is counted", async || errors() >= 3.0).await;
    assert_eq!(server.client().await.serial, 1);
    mount(folder.path(), "4", &pair(&server.ca.issue(4)));
    until("it recovers", async || server.client().await.serial == 4).await;
    follower.abort();
}

#[test]
fn t3_what_is_no_pair_is_told() {
    let ca = Ca::new();
    let [certificate, key] = ca.issue(1);
    let [_, other] = ca.issue(2);
    let why = |certificate: &str, key: &str| tls::parse(certificate.as_bytes(), key.as_bytes()).expect_err("no pair");
    assert!(why("", &key).contains("no certificate"));
    assert!(why(&certificate, "").contains("the key cannot be read"));
    assert!(why(&certificate, &other).contains("do not work together"));
    assert!(why(&ca.pem, &key).contains("do not work together"));
}

#[test]
fn t8_there_is_one_source_of_certificates() {
    let args = |line: &str| Args::try_parse_from(line.split(' ')).map_err(|error| error.kind());
    let own = "memlint-webhook --ca-secret ca --webhook-config memlint --own-namespace memlint";
    assert!(args(own).is_ok() && args(&format!("{own} --service other")).is_ok());
    for files in ["--tls-cert a --tls-key b", "--self-signed a"] {
        assert!(args(&format!("memlint-webhook {files}")).is_ok());
        assert_eq!(args(&format!("{own} {files}")).err(), Some(ErrorKind::ArgumentConflict));
        let patcher = format!("memlint-webhook {files} --webhook-config memlint");
        assert_eq!(args(&patcher).err(), Some(ErrorKind::ArgumentConflict), "files, and the caBundle patched");
        assert_eq!(
            args(&format!("memlint-webhook {files} --client-ca a")).err(),
            Some(ErrorKind::MissingRequiredArgument)
        );
        assert!(args(&format!("memlint-webhook {files} --client-ca a --client-name b --client-name c")).is_ok());
    }
    for lacking in ["", " --ca-secret ca", " --ca-secret ca --own-namespace memlint", " --webhook-config memlint"] {
        let line = format!("memlint-webhook{lacking}");
        assert_eq!(args(&line).err(), Some(ErrorKind::MissingRequiredArgument), "{line}");
    }
}

#[tokio::test]
async fn t5_a_certificate_for_trying_out_has_all_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = tls::make(folder.path()).expect("files");
    let [certificate, key, ca] =
        [&made.certificate, &made.key, &made.ca].map(|path| std::fs::read(path).expect("a file"));
    let pair = tls::parse(&certificate, &key).expect("a pair");
    assert!(pair.not_after > memlint_webhook::state::now() + 300 * 86_400);
    assert!(String::from_utf8_lossy(&ca).contains("BEGIN CERTIFICATE"));
    let der = pair.key.cert[0].to_vec();
    for name in ["localhost", "memlint.memlint.svc", "memlint.memlint.svc.cluster.local"] {
        assert!(der.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
    }
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&made.key).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o4_a_policy_is_read_again_and_a_bad_one_keeps_the_last_good_one() {
    let server = start(app(), short()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let head = "apiVersion: memlint.dev/v1alpha1\nkind: Policy\n";
    let off = format!("{head}rules: {{missing-memory-request: off, missing-memory-limit: off}}\n");
    mount(folder.path(), "1", &[("memlint.yaml", head)]);
    let file = folder.path().join("memlint.yaml");
    let first = watch::read(std::slice::from_ref(&file)).expect("a file");
    let follower = tokio::spawn(policy::follow(server.app.clone(), file, Duration::from_millis(30), first));
    let mut client = server.client().await;
    let mut denied = async || client.validate().await.expect("an answer").2.contains("\"allowed\":false");
    assert!(denied().await);
    mount(folder.path(), "2", &[("memlint.yaml", &off)]);
    until("the new policy holds", async || !denied().await).await;
    let hash = memlint_review::policy_hash(off.as_bytes());
    assert_eq!(metric(&server.app, &format!("memlint_policy_info{{hash=\"{hash}\"}}")), 1.0);
    mount(folder.path(), "3", &[("memlint.yaml", &off.replace("rules", "rule"))]);
    let errors = || metric(&server.app, "memlint_policy_reload_total{result=\"error\"}");
    until("the mistake is counted", async || errors() >= 1.0).await;
    assert!(!denied().await, "the last good policy goes on");
    assert!(server.app.health.not_ready().is_empty());
    assert_eq!(metric(&server.app, &format!("memlint_policy_info{{hash=\"{hash}\"}}")), 1.0);
    mount(folder.path(), "4", &[("memlint.yaml", head)]);
    until("it recovers", async || denied().await).await;
    follower.abort();
}
