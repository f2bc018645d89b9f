//! Where nodes, certificates and the own namespace come from: D6, D9, T5.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use memlint_review::Nodes;
use memlint_webhook::args::{Args, TlsVersion};
use memlint_webhook::authority::Names;
use memlint_webhook::server::{Phase, Server};
use memlint_webhook::state::now;
use memlint_webhook::tls::{self, Ca, Certificate};
use memlint_webhook::{capacity, router};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::client::{BOTH, Client, handshake};
use crate::cluster::node;
use crate::server::short;
use crate::support::{app, ask, create, pod};

/// What is doubted of nodes in a file.
fn doubt(text: &str, nodes: Nodes) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("capacity.yaml");
    std::fs::write(&file, text).expect("a file");
    let app = app();
    capacity::load(&app, &[file], nodes).expect("a capacity");
    app.cluster.load().doubt.clone()
}

#[tokio::test]
async fn d6_only_declared_pools_and_nodes_of_no_autoscaler_are_certain() {
    let grown = node("a", "8Gi", &json!({"karpenter.sh/nodepool": "default"})).to_string();
    let label = "a node has the label karpenter.sh/nodepool";
    assert_eq!(doubt(&grown, Nodes::Auto).as_deref(), Some(label));
    assert_eq!(doubt(&grown, Nodes::Fixed), None);
    assert!(doubt(&grown, Nodes::Growing).is_some());
    assert_eq!(doubt(&node("a", "8Gi", &json!({})).to_string(), Nodes::Auto), None);
    let pools = "apiVersion: memlint.dev/v1alpha1\nkind: Capacity\npools:\n\
        - {name: user, count: 2, allocatable: {cpu: 4, memory: 8Gi, pods: 110}, labels: {karpenter.sh/nodepool: default}}\n";
    assert_eq!(doubt(pools, Nodes::Auto), None);
    // A node of the declared pool is as certain as that; one of another is not.
    assert_eq!(doubt(&format!("{pools}---\n{grown}\n"), Nodes::Auto), None);
    let other = node("b", "8Gi", &json!({"karpenter.sh/nodepool": "other"})).to_string();
    assert_eq!(doubt(&format!("{pools}---\n{other}\n"), Nodes::Auto).as_deref(), Some(label));
    let empty = "apiVersion: v1\nkind: List\nitems: []\n";
    for nodes in [Nodes::Auto, Nodes::Fixed] {
        assert_eq!(doubt(empty, nodes).as_deref(), Some("no nodes are known"));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("nodes.json");
    std::fs::write(&file, &grown).expect("a file");
    let app = app();
    capacity::load(&app, &[file], Nodes::Auto).expect("a capacity");
    assert!(ask(&app, &create(&pod("64Gi", "64Gi"))).await.allowed);
}

#[test]
fn d9_the_own_namespace_is_left_alone() {
    let args = |line: &str| Args::try_parse_from(line.split(' ')).expect("a command line").review.options();
    let own = args("memlint-webhook --self-signed a --own-namespace memlint --exclude-namespaces infra-*");
    assert!(own.excludes("memlint") && own.excludes("infra-1") && own.excludes("kube-system"));
    assert!(!own.excludes("shop"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t5_the_four_names_of_the_service_are_taken_by_clients_and_no_other() {
    let [namespace, secret, webhook_config, service] = ["door", "ca", "config", "lint"].map(str::to_owned);
    let names = Names { namespace, secret, webhook_config, service }.of_certificate();
    assert_eq!(names, ["lint", "lint.door", "lint.door.svc", "lint.door.svc.cluster.local"]);
    let day = Duration::from_secs(86_400);
    let ca = Ca::make(now(), day).expect("a CA");
    let leaf = ca.issue(&names, now(), day).expect("a certificate");
    let pair = tls::parse(leaf.certificate.as_bytes(), leaf.key.as_bytes()).expect("a pair");
    let config = tls::config(Certificate::new(pair), None, TlsVersion::V1_2).expect("a configuration");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (_phases, phase) = watch::channel(Phase::Serving);
    let (app, tls, timeouts) = (app(), Some(Arc::new(config)), short());
    let router = router::all(app.clone());
    tokio::spawn(Server { listener, tls, router, app, timeouts, max_connections: 64 }.run(phase));
    let roots = [CertificateDer::from_pem_slice(ca.certificate.as_bytes()).expect("a CA")];
    for name in &names {
        let stream = handshake(address, name, &roots, "http/1.1", &BOTH).await.expect(name);
        assert_eq!(Client::over(stream).await.validate().await.expect("an answer").0, 200);
    }
    for name in ["other.door.svc", "lint.other.svc", "localhost"] {
        assert!(handshake(address, name, &roots, "http/1.1", &BOTH).await.is_err(), "{name}");
    }
}

#[test]
fn m7_only_what_was_made_for_trying_out_is_made_anew() {
    use std::os::unix::fs::PermissionsExt as _;
    let rights = |path: &Path| std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    let folder = tempfile::tempdir().expect("a folder");
    let made = tls::make(folder.path()).expect("files");
    let first = std::fs::read(&made.key).expect("a key");
    std::fs::set_permissions(&made.key, std::fs::Permissions::from_mode(0o644)).expect("rights");
    tls::make(folder.path()).expect("files again");
    assert_ne!(std::fs::read(&made.key).expect("a key"), first);
    assert_eq!(rights(&made.key), 0o600);
    for file in ["tls.crt", "tls.key", "ca.crt"] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(file), "someone's own").expect("a file");
        let error = tls::make(folder.path()).expect_err("a refusal").to_string();
        assert!(error.contains(file) && error.contains("did not make"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is written");
        assert_eq!(std::fs::read(folder.path().join(file)).expect("a file"), b"someone's own");
    }
}
