//! Client certificates: T6.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use memlint_webhook::tls::Clients;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::authority::{quick, until};
use crate::client::BOTH;
use crate::control_plane::API_SERVER;
use crate::server::{Ca, Running, short, start_for};
use crate::site::Site;
use crate::support::{app, metric};

fn clients(ca: &Ca, names: &[&str]) -> Arc<Clients> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Clients::new(ca.pem.as_bytes(), names).expect("a CA")
}

/// Whether a client with this certificate gets an answer. TLS 1.3 lets a client speak before it is refused.
async fn is_let_in(server: &Running, pair: Option<&[String; 2]>, version: &'static SupportedProtocolVersion) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(server.ca.der.clone()).expect("a CA");
    let builder = ClientConfig::builder_with_provider(memlint_webhook::tls::provider());
    let builder = builder.with_protocol_versions(&[version]).expect("versions").with_root_certificates(roots);
    let config = match pair {
        None => builder.with_no_client_auth(),
        Some([certificate, key]) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
            builder.with_client_auth_cert(chain, key).expect("a pair")
        }
    };
    let stream = TcpStream::connect(server.address).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let Ok(mut stream) = TlsConnector::from(Arc::new(config)).connect(name, stream).await else { return false };
    let mut answer = [0; 12];
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.is_ok()
        && stream.read_exact(&mut answer).await.is_ok()
        && answer == *b"HTTP/1.1 200"
}

#[tokio::test]
async fn t6_only_clients_of_the_ca_with_one_of_the_names_are_let_in() {
    let (good, other) = (Ca::new(), Ca::new());
    let server = start_for(app(), short(), Some(clients(&good, &["someone", API_SERVER]))).await;
    for version in BOTH {
        assert!(is_let_in(&server, Some(&good.issue_to(1, API_SERVER)), version).await);
        assert!(!is_let_in(&server, None, version).await, "no certificate");
        assert!(!is_let_in(&server, Some(&good.issue_to(2, "jane")), version).await, "another name");
        assert!(!is_let_in(&server, Some(&other.issue_to(3, API_SERVER)), version).await, "another CA");
    }
    let by_alternative_name = start_for(app(), short(), Some(clients(&good, &["localhost"]))).await;
    assert!(is_let_in(&by_alternative_name, Some(&good.issue_to(4, "jane")), BOTH[1]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t3_t6_the_ca_of_clients_is_read_again_and_a_bad_one_keeps_the_last_good_one() {
    let (first, second) = (Ca::new(), Ca::new());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.crt");
    std::fs::write(&file, &first.pem).expect("a file");
    let clients = clients(&first, &[API_SERVER]);
    let server = start_for(app(), short(), Some(clients.clone())).await;
    let (every, contents) = (Duration::from_millis(30), vec![first.pem.clone().into_bytes()]);
    let follower = tokio::spawn(clients.follow(server.app.clone(), file.clone(), every, contents));
    let [old, new] = [first.issue_to(1, API_SERVER), second.issue_to(2, API_SERVER)];
    assert!(is_let_in(&server, Some(&old), BOTH[1]).await);
    std::fs::write(&file, &second.pem).expect("a file");
    until("the new CA counts", async || is_let_in(&server, Some(&new), BOTH[1]).await).await;
    assert!(!is_let_in(&server, Some(&old), BOTH[1]).await);
    std::fs::write(&file, "nothing").expect("a file");
    let errors = || metric(&server.app, "memlint_client_ca_reload_total{result=\"error\"}");
    until("the mistake is counted", async || errors() >= 1.0).await;
    assert!(is_let_in(&server, Some(&new), BOTH[1]).await, "the last good one goes on");
    follower.abort();
}

#[test]
fn t6_what_is_no_ca_is_told() {
    for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let why = Clients::new(text.as_bytes(), vec!["x".to_owned()]).expect_err("no CA");
        assert!(why.contains("the CA of clients cannot be used"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_the_api_server_shows_its_certificate_and_others_fail_in_the_handshake() {
    let Some(site) = Site::new("t6-clients").await else { return };
    let clients = clients(&site.plane.client_ca, &[API_SERVER]);
    let replica = site.replica_of(site.admin.clone(), quick(), Some(clients)).await;
    site.configure(&[replica.port()]).await;
    until("the API server is let in", async || site.create("64Mi").await.is_ok()).await;
    assert!(site.create("").await.expect_err("refused").contains("[missing-memory-request]"));
    let url = format!("https://localhost:{}/livez", replica.port());
    // With TLS 1.3 a client may speak before it hears that it is refused: no connection, nothing sent, nothing received.
    for (newest, codes) in [("1.2", [35, 98].as_slice()), ("1.3", &[35, 55, 56, 98])] {
        let args = ["-sSk", "--max-time", "10", "--tls-max", newest, &url];
        let output = Command::new("curl").args(args).output().expect("curl");
        let code = output.status.code().expect("it ended");
        assert!(codes.contains(&code) && output.stdout.is_empty(), "TLS {newest}: {output:?}");
    }
    // A name that the API server's certificate does not have.
    let others = Clients::new(site.plane.client_ca.pem.as_bytes(), vec!["jane".to_owned()]).expect("a CA");
    let strict = site.replica_of(site.admin.clone(), quick(), Some(others)).await;
    let path = "/webhooks/0/clientConfig/service/port";
    let patch = serde_json::json!([{"op": "replace", "path": path, "value": strict.port()}]);
    let patch = kube::api::Patch::Json::<()>(serde_json::from_value(patch).expect("a patch"));
    let name = &site.names.webhook_config;
    site.configs().patch(name, &Default::default(), &patch).await.expect("another port");
    until("the API server is not let in", async || {
        site.create("64Mi").await.is_err_and(|told| told.contains("failed calling webhook") && told.contains("tls"))
    })
    .await;
}
