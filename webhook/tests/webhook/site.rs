//! What the webhook finds in a cluster, as a deployment leaves it: namespace, Secret, Service and configuration, of one
//! test alone; and replicas that serve there.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::Request;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{Api, PostParams};
use memlint_webhook::args::TlsVersion;
use memlint_webhook::authority::{Held, Names, Times, follow, placeholder};
use memlint_webhook::router;
use memlint_webhook::server::{Phase, Server, Timeouts};
use memlint_webhook::state::App;
use memlint_webhook::tls::{Certificate, Clients, config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{BOTH, Client, handshake};
use crate::control_plane::{ControlPlane, control_plane};
use crate::support::{app, container, pod_of};

pub(crate) const CONFIGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/// One deployment.
pub(crate) struct Site {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) admin: kube::Client,
    pub(crate) names: Names,
}

/// One replica. It goes when it is dropped.
pub(crate) struct Replica {
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
    _phases: watch::Sender<Phase>,
}

impl Site {
    /// A deployment in a namespace of its own; `None` where there is no API server.
    pub(crate) async fn new(namespace: &str) -> Option<Self> {
        let plane = control_plane(namespace).await?;
        let names = Names {
            namespace: namespace.to_owned(),
            secret: "memlint-ca".to_owned(),
            webhook_config: format!("memlint-{namespace}"),
            service: "memlint".to_owned(),
        };
        let site = Self { plane, admin: plane.admin().await, names };
        let core = format!("/api/v1/namespaces/{namespace}");
        site.post("/api/v1/namespaces", &json!({"kind": "Namespace", "metadata": {"name": namespace}})).await;
        // No controller makes it, and Pods need one.
        let account = json!({"kind": "ServiceAccount", "metadata": {"name": "default"}});
        site.post(&format!("{core}/serviceaccounts"), &account).await;
        let secret = json!({"kind": "Secret", "metadata": {"name": site.names.secret}});
        site.post(&format!("{core}/secrets"), &secret).await;
        // Without a network of Pods this is the one kind of Service that an API server reaches.
        let spec = json!({"type": "ExternalName", "externalName": "127.0.0.1"});
        let service = json!({"kind": "Service", "metadata": {"name": "memlint"}, "spec": spec});
        site.post(&format!("{core}/services"), &service).await;
        Some(site)
    }

    pub(crate) async fn post(&self, path: &str, object: &Value) -> Value {
        let request = Request::post(path).header("content-type", "application/json");
        let request = request.body(object.to_string().into_bytes()).expect("a request");
        self.admin.request(request).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The configuration as it is shipped, with one webhook for each port. A call that fails is an error for the user.
    pub(crate) async fn configure(&self, ports: &[u16]) {
        let webhook = |port: &u16| {
            let service =
                json!({"name": "memlint", "namespace": self.names.namespace, "path": "/validate", "port": port});
            let labels = json!({"kubernetes.io/metadata.name": self.names.namespace});
            let rules =
                json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]);
            json!({
                "name": format!("on-{port}.memlint.dev"), "clientConfig": {"service": service}, "rules": rules,
                "namespaceSelector": {"matchLabels": labels}, "matchPolicy": "Equivalent", "sideEffects": "None",
                "admissionReviewVersions": ["v1"], "failurePolicy": "Fail", "timeoutSeconds": 3,
            })
        };
        let foreign = json!({
            "name": "someone.else.dev", "clientConfig": {"url": "https://elsewhere.invalid/"}, "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore",
        });
        let webhooks: Vec<_> = ports.iter().map(webhook).chain([foreign]).collect();
        let metadata = json!({"name": self.names.webhook_config, "labels": {"team": "memory"}});
        self.post(CONFIGS, &json!({"metadata": metadata, "webhooks": webhooks})).await;
    }

    pub(crate) fn configs(&self) -> Api<ValidatingWebhookConfiguration> {
        Api::all(self.admin.clone())
    }

    pub(crate) fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.admin.clone(), &self.names.namespace)
    }

    /// What the Secret holds now.
    pub(crate) async fn held(&self) -> Option<Held> {
        let secret = self.secrets().get(&self.names.secret).await.expect("the Secret");
        Held::read(&secret.data.unwrap_or_default()).expect("a CA of ours")
    }

    /// The caBundles of our webhooks, as they are now.
    pub(crate) async fn bundles(&self) -> Vec<String> {
        let config = self.configs().get(&self.names.webhook_config).await.expect("the configuration");
        let webhooks =
            config.webhooks.expect("webhooks").into_iter().filter(|webhook| webhook.client_config.url.is_none());
        let bytes = webhooks.map(|webhook| webhook.client_config.ca_bundle.unwrap_or_default().0);
        bytes.map(|bytes| String::from_utf8(bytes).expect("PEM")).collect()
    }

    /// Asks the API server to make a Pod, without making it; gives what it says if it refuses.
    pub(crate) async fn create(&self, memory: &str) -> Result<(), String> {
        let mut pod = pod_of(&[container("api", memory, memory)]);
        pod["metadata"]["namespace"] = json!(self.names.namespace);
        let pods: Api<Pod> = Api::namespaced(self.admin.clone(), &self.names.namespace);
        let pod = serde_json::from_value(pod).expect("a Pod");
        let dry = PostParams { dry_run: true, ..PostParams::default() };
        pods.create(&dry, &pod).await.map(drop).map_err(|error| error.to_string())
    }

    /// Starts a replica with the rights of an administrator.
    pub(crate) async fn replica(&self, times: Times) -> Replica {
        self.replica_of(self.admin.clone(), times, None).await
    }

    pub(crate) async fn replica_of(
        &self,
        client: kube::Client,
        times: Times,
        clients: Option<Arc<Clients>>,
    ) -> Replica {
        let app = app();
        app.health.cluster_is_known();
        let certificate = Certificate::new(placeholder(&self.names, &times).expect("a certificate"));
        let tls = Some(Arc::new(config(certificate.clone(), clients, TlsVersion::V1_2).expect("a configuration")));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (phases, phase) = watch::channel(Phase::Serving);
        let (router, timeouts) = (router::all(app.clone()), Timeouts::default());
        let server = Server { listener, tls, router, app: app.clone(), timeouts, max_connections: 64 };
        let mut tasks = JoinSet::new();
        tasks.spawn(server.run(phase));
        tasks.spawn(follow(app.clone(), client, self.names.clone(), times, certificate));
        Replica { app, address, _tasks: tasks, _phases: phases }
    }

    /// A connection to a replica as an API server makes it, which trusts this caBundle.
    pub(crate) async fn connect(&self, replica: &Replica, bundle: &str) -> Client {
        let roots: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(bundle.as_bytes()).map(|root| root.expect("a certificate")).collect();
        let name = format!("memlint.{}.svc", self.names.namespace);
        let stream = handshake(replica.address, &name, &roots, "http/1.1", &BOTH).await;
        Client::over(stream.expect("the certificate is trusted")).await
    }
}

impl Replica {
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.app.health.not_ready().is_empty()
    }
}
