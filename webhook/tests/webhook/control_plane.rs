//! A real API server for tests: etcd and kube-apiserver on ports of their own, with RBAC, shared by all tests of a run.
//!
//! They end when this process does, however it ends: their script waits for the end of a pipe that we hold.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::Request;
use memlint_webhook::cluster;
use memlint_webhook::state::now;
use memlint_webhook::tls::Ca;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::support::{repository, skipped};

const LIFE: Duration = Duration::from_secs(86_400);

/// The common name of the certificate that the API server shows to webhooks that ask for one.
pub(crate) const API_SERVER: &str = "the-api-server";

/// An API server and its etcd.
pub(crate) struct ControlPlane {
    folder: PathBuf,
    url: String,
    /// What signs the certificate that the API server shows to webhooks.
    pub(crate) client_ca: crate::server::Ca,
    /// They live as long as its standard input is open.
    _processes: Child,
}

static SHARED: OnceCell<Result<Option<ControlPlane>, String>> = OnceCell::const_new();

/// The API server of this run; `None`, and a word about it, where it has not been built.
pub(crate) async fn control_plane(test: &str) -> Option<&'static ControlPlane> {
    // One that does not start is not tried again by every test.
    let shared = SHARED.get_or_init(start).await.as_ref().expect("the API server starts").as_ref();
    if shared.is_none() {
        skipped(&format!("{test}: it needs an API server; tests/control-plane/build makes one"));
    }
    shared
}

async fn start() -> Result<Option<ControlPlane>, String> {
    let built = repository().join("target/control-plane");
    if !["etcd", "kube-apiserver"].iter().all(|name| built.join(name).is_file()) {
        return Ok(None);
    }
    // A port that was free a moment ago may be taken by now.
    let mut why = String::new();
    for _ in 0..3 {
        let plane = ControlPlane::start();
        if plane.is_ready().await {
            return Ok(Some(plane));
        }
        let log = std::fs::read_to_string(plane.folder.join("apiserver.log")).unwrap_or_default();
        why = log.lines().rev().take(5).collect::<Vec<_>>().join("\n");
    }
    Err(format!("the last lines of its log, the last one first:\n{why}"))
}

impl ControlPlane {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
        let ca = Ca::make(now(), LIFE).expect("a CA");
        let serving = ca.issue(&["localhost".to_owned()], now(), LIFE).expect("a certificate");
        let client_ca = crate::server::Ca::new();
        let [certificate, key] = client_ca.issue_to(1, API_SERVER);
        write("ca.crt", &ca.certificate);
        write("tls.crt", &serving.certificate);
        write("tls.key", &serving.key);
        let tokens = rcgen::KeyPair::generate().expect("a key");
        write("sa.key", &tokens.serialize_pem());
        write("sa.pub", &tokens.public_key_pem());
        write("client.crt", &certificate);
        write("client.key", &key);
        write("tokens.csv", "admin-token,admin,admin,system:masters\n");
        let path = |name: &str| folder.join(name).display().to_string();
        // Shown to every webhook that asks.
        let user = json!({"client-certificate": path("client.crt"), "client-key": path("client.key")});
        let shown = json!({"apiVersion": "v1", "kind": "Config", "users": [{"name": "*", "user": user}]});
        write("webhooks.kubeconfig", &shown.to_string());
        let configuration = json!({
            "apiVersion": "apiserver.config.k8s.io/v1", "kind": "WebhookAdmissionConfiguration",
            "kubeConfigFile": path("webhooks.kubeconfig"),
        });
        let admission = json!({
            "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
            "plugins": [{"name": "ValidatingAdmissionWebhook", "configuration": configuration}],
        });
        write("admission.yaml", &admission.to_string());
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let ports = listeners.map(|listener| listener.local_addr().expect("an address").port().to_string());
        let mut command = Command::new(repository().join("tests/control-plane/start"));
        command.arg(&folder).args(&ports).stdin(Stdio::piped());
        let processes = command.spawn().expect("bash");
        let url = format!("https://localhost:{}", ports[2]);
        Self { folder, url, client_ca, _processes: processes }
    }

    async fn is_ready(&self) -> bool {
        let started = Instant::now();
        let client = self.client("admin-token").await;
        let has_failed = || {
            let log = std::fs::read_to_string(self.folder.join("apiserver.log"));
            log.is_ok_and(|log| log.contains("\"command failed\""))
        };
        while started.elapsed() < Duration::from_secs(60) && !has_failed() {
            let request = Request::get("/readyz").body(Vec::new()).expect("a request");
            if client.request_text(request).await.is_ok_and(|text| text == "ok") {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        false
    }

    /// A kubeconfig file for a token.
    pub(crate) fn kubeconfig(&self, token: &str) -> PathBuf {
        let cluster = json!({"server": self.url, "certificate-authority": self.folder.join("ca.crt")});
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{"name": "it", "cluster": cluster}],
            "users": [{"name": "it", "user": {"token": token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        });
        let name = memlint_review::policy_hash(token.as_bytes());
        let file = self.folder.join(format!("{name}.kubeconfig"));
        // At once: another test may be reading the same.
        let new = tempfile::NamedTempFile::new_in(&self.folder).expect("a file");
        std::fs::write(new.path(), config.to_string()).expect("written");
        new.persist(&file).expect("in its place");
        file
    }

    /// A client with a token.
    pub(crate) async fn client(&self, token: &str) -> kube::Client {
        cluster::client(Some(Path::new(&self.kubeconfig(token)))).await.expect("a client")
    }

    /// A client that may do everything.
    pub(crate) async fn admin(&self) -> kube::Client {
        self.client("admin-token").await
    }
}
