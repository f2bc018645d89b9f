//! S1: what a ServiceAccount must be allowed so that the webhook can keep its CA, and that it is no more than that.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::http::Request;
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use serde_json::{Value, json};

use crate::authority::{quick, until};
use crate::client::{BOTH, Client, handshake};
use crate::server::get;
use crate::site::Site;

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

fn rule(group: &str, resources: &[&str], verbs: &[&str], names: &[&str]) -> Value {
    let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    if !names.is_empty() {
        rule["resourceNames"] = json!(names);
    }
    rule
}

/// A ServiceAccount with these rights; gives its token.
async fn account(site: &Site, name: &str, role: &[Value], cluster_role: &[Value]) -> String {
    let namespace = &site.names.namespace;
    let accounts = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
    site.post(&accounts, &json!({"metadata": {"name": name}})).await;
    let subjects = json!([{"kind": "ServiceAccount", "name": name, "namespace": namespace}]);
    let of_cluster = format!("{namespace}-{name}");
    for (kind, name, rules, path) in [
        ("Role", name, role, format!("{RBAC}/namespaces/{namespace}")),
        ("ClusterRole", &of_cluster, cluster_role, RBAC.to_owned()),
    ] {
        let plural = kind.to_lowercase();
        site.post(&format!("{path}/{plural}s"), &json!({"metadata": {"name": name}, "rules": rules})).await;
        let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
        let binding = json!({"metadata": {"name": name}, "roleRef": role, "subjects": subjects});
        site.post(&format!("{path}/{plural}bindings"), &binding).await;
    }
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let answer = site.post(&format!("{accounts}/{name}/token"), &request).await;
    answer["status"]["token"].as_str().expect("a token").to_owned()
}

fn of_secret(verbs: &[&str]) -> Vec<Value> {
    vec![rule("", &["secrets"], verbs, &["memlint-ca"])]
}

fn of_config(site: &Site, verbs: &[&str]) -> Vec<Value> {
    let resources = ["validatingwebhookconfigurations"];
    vec![rule("admissionregistration.k8s.io", &resources, verbs, &[&site.names.webhook_config])]
}

/// What the webhook must see of a cluster, whoever makes its certificates.
fn of_cluster() -> Vec<Value> {
    let verbs = ["get", "list", "watch"];
    vec![
        rule("", &["nodes", "namespaces", "limitranges"], &verbs, &[]),
        rule("apps", &["daemonsets"], &verbs, &[]),
        rule("node.k8s.io", &["runtimeclasses"], &verbs, &[]),
    ]
}

/// The command itself.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_the_command_gets_along_with_the_rights_of_its_role() {
    let Some(site) = Site::new("s1-enough").await else { return };
    let cluster_role = [of_cluster(), of_config(&site, &["get", "watch", "patch"])].concat();
    let token = account(&site, "memlint", &of_secret(&["get", "update"]), &cluster_role).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_memlint-webhook"));
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json", "--kubeconfig"]);
    command.arg(site.plane.kubeconfig(&token)).env("POD_NAMESPACE", "s1-enough");
    command.args(["--ca-secret", "memlint-ca", "--webhook-config", "memlint-s1-enough"]);
    let mut process = Process(command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the command"));
    let mut log = BufReader::new(process.0.stderr.take().expect("its log")).lines().map(|line| line.expect("a line"));
    let address = log.find_map(|line| {
        let line: Value = serde_json::from_str(&line).expect("JSON");
        line.pointer("/fields/address").or(line.get("address"))?.as_str()?.parse().ok()
    });
    let address: std::net::SocketAddr = address.expect("it says where it listens");
    // Read on: it must never wait for us.
    let rest = std::thread::spawn(move || log.collect::<Vec<_>>());
    site.configure(&[address.port()]).await;
    until("it serves", async || site.create("64Mi").await.is_ok()).await;
    let roots = [site.bundles().await.concat()];
    let roots: Vec<_> = roots
        .iter()
        .map(|pem| rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes()).expect("a CA"))
        .collect();
    let stream = handshake(address, "memlint.s1-enough.svc", &roots, "http/1.1", &BOTH).await.expect("a handshake");
    let mut client = Client::over(stream).await;
    let mut answer = (0, String::new());
    until("it is ready", async || {
        let (status, _, text) = client.send(get("/readyz")).await.expect("an answer");
        answer = (status.as_u16(), text);
        answer.0 == 200
    })
    .await;
    // The API server was let through: who keeps quiet about its own namespace has been asked.
    let (_, _, metrics) = client.send(get("/metrics")).await.expect("an answer");
    assert!(metrics.contains("memlint_admission_requests_total{operation=\"CREATE\",kind=\"Pod\""), "{metrics}");
    drop(process);
    let log = rest.join().expect("the log").join("\n");
    assert!(!log.contains("forbidden") && !log.contains("\"ERROR\""), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_no_other_secret_can_be_read() {
    let Some(site) = Site::new("s1-least").await else { return };
    let token =
        account(&site, "memlint", &of_secret(&["get", "update"]), &of_config(&site, &["get", "watch", "patch"])).await;
    let client = site.plane.client(&token).await;
    let secrets = |namespace| Api::<Secret>::namespaced(client.clone(), namespace);
    secrets("s1-least").get("memlint-ca").await.expect("its own");
    let code = |error: kube::Error| match error {
        kube::Error::Api(status) => status.code,
        other => panic!("{other}"),
    };
    for (namespace, name) in [("s1-least", "other"), ("kube-system", "memlint-ca"), ("default", "memlint-ca")] {
        let error = secrets(namespace).get(name).await.expect_err("no right");
        assert_eq!(code(error), 403, "{namespace}/{name}");
    }
    let error = secrets("s1-least").list(&Default::default()).await.expect_err("no right");
    assert_eq!(code(error), 403);
    let request = Request::get(format!("{}/memlint-other", crate::site::CONFIGS)).body(Vec::new()).expect("a request");
    assert_eq!(code(client.request::<Value>(request).await.expect_err("no right")), 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_each_right_is_needed_and_its_lack_is_told() {
    let Some(site) = Site::new("s1-each").await else { return };
    let all = ["get", "update"];
    let of_object = ["get", "watch", "patch"];
    let without = |verbs: &[&'static str], verb: &str| -> Vec<&'static str> {
        verbs.iter().copied().filter(|other| *other != verb).collect()
    };
    site.configure(&[1]).await;
    for (name, secret, object, told) in [
        ("no-get", without(&all, "get"), of_object.to_vec(), "cannot be read: "),
        ("no-update", without(&all, "update"), of_object.to_vec(), "cannot be written: "),
        ("no-look", all.to_vec(), without(&of_object, "get"), "has not been seen yet"),
        ("no-patch", all.to_vec(), without(&of_object, "patch"), "cannot be patched: "),
    ] {
        let token = account(&site, name, &of_secret(&secret), &of_config(&site, &object)).await;
        let replica = site.replica_of(site.plane.client(&token).await, quick(), None).await;
        until(told, async || replica.app.health.not_ready().join("\n").contains(told)).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!replica.is_ready(), "{name}");
    }
    // Without the watch a new configuration is seen at last, but not soon.
    let token = account(&site, "no-watch", &of_secret(&all), &of_config(&site, &without(&of_object, "watch"))).await;
    let replica = site.replica_of(site.plane.client(&token).await, quick(), None).await;
    let series = "memlint_watch_errors_total{kind=\"ValidatingWebhookConfiguration\"}";
    until("it is counted", async || crate::support::metric(&replica.app, series) >= 1.0).await;
}
