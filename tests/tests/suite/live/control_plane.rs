//! A real API server for tests: etcd and kube-apiserver on ports of their own, with RBAC.
//!
//! They end with this process, however it ends: their script waits for the end of a pipe that we hold.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kube::api::{GetParams, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Request;
use kube::{Client, Config};
use memlint_tests::repository;
use serde_json::{Value, json};

/// An API server and its etcd.
pub(crate) struct ControlPlane {
    folder: PathBuf,
    url: String,
    /// They live as long as its standard input is open.
    _processes: Child,
}

impl ControlPlane {
    /// Starts one that is ready to be asked; `None`, and a word about it, where it has not been built.
    pub(crate) async fn start(test: &str) -> Option<Self> {
        let built = repository().join("target/control-plane");
        if !["etcd", "kube-apiserver"].iter().all(|name| built.join(name).is_file()) {
            memlint_tests::skipped(&format!("{test}: it needs an API server; tests/control-plane/build makes one"));
            return None;
        }
        // A port that was free a moment ago may be taken by now.
        for _ in 0..3 {
            let plane = Self::spawn();
            if plane.is_ready().await {
                return Some(plane);
            }
        }
        panic!("the API server does not start");
    }

    fn spawn() -> Self {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
        let serving = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        write("tls.crt", &serving.cert.pem());
        write("tls.key", &serving.signing_key.serialize_pem());
        let tokens = rcgen::KeyPair::generate().expect("a key");
        write("sa.key", &tokens.serialize_pem());
        write("sa.pub", &tokens.public_key_pem());
        write(
            "tokens.csv",
            "admin-token,admin,admin,system:masters\nnobody-token,nobody,nobody,\nreader-token,reader,reader,\n",
        );
        let admission = json!({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration"});
        write("admission.yaml", &admission.to_string());
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let ports = listeners.map(|listener| listener.local_addr().expect("an address").port().to_string());
        let mut command = Command::new(repository().join("tests/control-plane/start"));
        command.arg(&folder).args(&ports).stdin(Stdio::piped());
        let processes = command.spawn().expect("bash");
        let url = format!("https://localhost:{}", ports[2]);
        Self { folder, url, _processes: processes }
    }

    /// Whether it answers, and has made the namespace that every cluster has.
    async fn is_ready(&self) -> bool {
        let (client, started) = (self.client().await, Instant::now());
        while started.elapsed() < Duration::from_secs(60) {
            let request = Request::new("/api/v1/namespaces").get("default", &GetParams::default()).expect("a request");
            if client.request::<Value>(request).await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        false
    }

    /// A kubeconfig file for a token, with the contexts `it` and `elsewhere`, where nobody listens.
    pub(crate) fn kubeconfig(&self, token: &str) -> PathBuf {
        let cluster = |server: &str| json!({"server": server, "certificate-authority": self.folder.join("tls.crt")});
        let context = |name: &str| json!({"name": name, "context": {"cluster": name, "user": "me"}});
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [
                {"name": "it", "cluster": cluster(&self.url)},
                {"name": "elsewhere", "cluster": cluster("https://localhost:1")},
            ],
            "users": [{"name": "me", "user": {"token": token}}],
            "contexts": [context("it"), context("elsewhere")],
        });
        let file = self.folder.join(format!("{token}.kubeconfig"));
        std::fs::write(&file, config.to_string()).expect("a file");
        file
    }

    async fn client(&self) -> Client {
        let config = Kubeconfig::read_from(self.kubeconfig("admin-token")).expect("a kubeconfig");
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.expect("a context");
        Client::try_from(config).expect("a client")
    }

    /// The UID of a Pod.
    pub(crate) async fn uid(&self, namespace: &str, name: &str) -> String {
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let request = Request::new(path).get(name, &GetParams::default()).expect("a request");
        let pod: Value = self.client().await.request(request).await.expect("the Pod");
        pod["metadata"]["uid"].as_str().expect("a UID").to_owned()
    }

    /// All objects at a path.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let request = Request::new(path).list(&ListParams::default()).expect("a request");
        let list: Value = self.client().await.request(request).await.expect("a list");
        list["items"].as_array().expect("items").clone()
    }

    /// Creates objects, each at its path; what an object states of its status is set, too.
    pub(crate) async fn create(&self, objects: &[(&str, Value)]) {
        let client = self.client().await;
        for (path, object) in objects {
            let body = object.to_string().into_bytes();
            let request = Request::new(*path).create(&PostParams::default(), body).expect("a request");
            let mut made: Value = client.request(request).await.unwrap_or_else(|error| panic!("{object}: {error}"));
            if let Some(status) = object.get("status") {
                made["status"] = status.clone();
                let name = object["metadata"]["name"].as_str().expect("a name");
                let request = Request::new(*path)
                    .replace_subresource("status", name, &PostParams::default(), made.to_string().into_bytes())
                    .expect("a request");
                let _: Value = client.request(request).await.unwrap_or_else(|error| panic!("{made}: {error}"));
            }
        }
    }
}
