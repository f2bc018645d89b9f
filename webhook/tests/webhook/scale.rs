//! A large cluster, and one whose API server does not answer: R6, R8, R9.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use memlint_review::Nodes;
use memlint_webhook::cluster::Settings;
use memlint_webhook::state::App;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::cluster::{Watching, node, until, watching_with};
use crate::fake::{DAEMON_SETS, Fake, NAMESPACES, NODES};
use crate::support::{app, ask, create, metric, pod, skipped};

const FIXED: Settings = Settings {
    nodes: Nodes::Fixed,
    pods: false,
    stale: Duration::from_secs(600),
    patience: Duration::from_secs(30),
    look_every: Duration::from_secs(600),
};

/// A node as large as real ones: what was done to it, the images that it has, how it is.
fn fat_node(index: usize) -> Value {
    let name = format!("node-{index:05}");
    let class = index % 40;
    let memory = 16_000_000 + class;
    let amounts = json!({"cpu": "3860m", "memory": format!("{memory}Ki"), "pods": "110", "ephemeral-storage": "100Gi"});
    let images: Vec<Value> = (0..50)
        .map(|image| json!({"names": [format!("registry.example/team-{image}/service@sha256:{index:064x}"), format!("registry.example/team-{image}/service:v{image}")], "sizeBytes": 123_456_789}))
        .collect();
    let fields: Value = (0..40)
        .map(|field| (format!("f:example.com/feature-{field}.present-on-this-machine"), json!({})))
        .collect::<serde_json::Map<String, Value>>()
        .into();
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": name, "resourceVersion": "8", "uid": format!("{index:036}"),
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64", "pool": format!("pool-{class}"), "topology.kubernetes.io/zone": format!("zone-{}", class % 3)},
            "annotations": {"node.alpha.kubernetes.io/ttl": "0", "csi": "x".repeat(500)},
            "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": fields}],
        },
        "spec": {"podCIDR": "10.0.0.0/24", "providerID": format!("cloud:///{index}")},
        "status": {
            "allocatable": amounts, "capacity": amounts, "images": images,
            "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-11-22T08:00:00Z"}],
        },
    })
}

fn daemon_set(index: usize) -> Value {
    let name = format!("agent-{index}");
    let container = json!({
        "name": "agent", "image": "registry.example/agent:1", "command": ["agent", "x".repeat(2_000)],
        "resources": {"requests": {"cpu": "1m", "memory": format!("{}Mi", 1 + index % 3)}},
    });
    let spec = json!({"nodeSelector": {"pool": format!("pool-{}", index % 40)}, "containers": [container]});
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "kube-system", "resourceVersion": "8", "annotations": {"a": "x".repeat(2_000)}},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}}, "spec": spec}},
    })
}

fn namespace(index: usize) -> Value {
    let name = format!("namespace-{index}");
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "resourceVersion": "8", "labels": {"kubernetes.io/metadata.name": name, "team": format!("team-{}", index % 50)}, "annotations": {"a": "x".repeat(500)}},
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
    })
}

fn texts(count: usize, object: impl Fn(usize) -> Value) -> Vec<String> {
    (0..count).map(|index| object(index).to_string()).collect()
}

pub(crate) fn large(nodes: usize) -> Fake {
    let fake = Fake::new(&[]);
    let all = [
        (NODES, texts(nodes, fat_node)),
        (DAEMON_SETS, texts(300, daemon_set)),
        (NAMESPACES, texts(10_000, namespace)),
    ];
    fake.with(|state| state.objects.extend(all.map(|(path, texts)| (path.to_owned(), texts))));
    fake
}

/// The webhook in a process of its own.
pub(crate) struct Process {
    child: Child,
    /// Where it is asked.
    pub(crate) listen: SocketAddr,
    metrics: SocketAddr,
    folder: tempfile::TempDir,
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Process {
    pub(crate) fn start(api: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let kubeconfig = folder.path().join("kubeconfig");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{api}")}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        });
        std::fs::write(&kubeconfig, config.to_string()).expect("written");
        let port = || TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
        let (listen, metrics) = (port(), port());
        let mut command = Command::new(env!("CARGO_BIN_EXE_memlint-webhook"));
        command.args(["--listen", &listen.to_string(), "--metrics-listen", &metrics.to_string(), "--nodes", "fixed"]);
        command.arg("--kubeconfig").arg(&kubeconfig).arg("--self-signed").arg(folder.path().join("tls"));
        command.args(["--log", "error"]).env_remove("POD_NAMESPACE").stderr(Stdio::inherit());
        Self { child: command.spawn().expect("a process"), listen, metrics, folder }
    }

    /// The CA that signed its certificate.
    pub(crate) fn ca(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.folder.path().join("tls/ca.crt")).expect("a CA")
    }

    async fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = tokio::net::TcpStream::connect(self.metrics).await?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: x\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.unwrap_or_default();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or_default()
    }

    /// Waits until something is true of a metric.
    pub(crate) async fn wait_for(&self, name: &str, done: impl Fn(f64) -> bool) {
        for _ in 0..1_200 {
            if done(self.metric(name).await) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never happened: {name}");
    }

    /// What it holds of memory, in MiB.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim_start_matches(':').trim().strip_suffix(" kB")?.parse::<u64>().ok()? / 1024)
        };
        let [own, program, most] = [field("RssAnon")?, field("RssFile")?, field("VmHWM")?];
        Some(Memory { own, program, most })
    }
}

/// Resident memory of a process, in MiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// What it has put there. This is bounded.
    pub(crate) own: u64,
    /// The pages of its file, which are given up when others need memory; a debug build has three times as many.
    pub(crate) program: u64,
    /// The most that both together have been.
    pub(crate) most: u64,
}

/// What the webhook may hold.
pub(crate) const BUDGET: u64 = 128;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_a_large_cluster_takes_little_memory_however_often_it_is_listed() {
    let fake = large(5_000);
    let average = fake.with(|state| state.objects[NODES].iter().map(String::len).sum::<usize>() / 5_000);
    let process = Process::start(fake.serve().await);
    if process.memory().is_none() {
        skipped("there is no /proc to read a process's memory from");
        return;
    }
    let started = Instant::now();
    process.wait_for("memlint_nodes_are_certain", |certain| certain == 1.0).await;
    for (kind, count) in [("Node", 5_000.0), ("DaemonSet", 300.0), ("Namespace", 10_000.0)] {
        assert_eq!(process.metric(&format!("memlint_cache_objects{{kind=\"{kind}\"}}")).await, count);
    }
    let check = async |when: &str| {
        // Freed in the background, a moment after the new one is in its place.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let memory = process.memory().expect("its memory");
        println!("{when}: {memory:?} MiB after {:?}", started.elapsed());
        assert!(memory.own <= BUDGET, "{memory:?}: more than {BUDGET} MiB");
        // It is the peak that kills.
        assert!(memory.most - memory.program <= BUDGET, "{memory:?}: more than {BUDGET} MiB at its peak");
    };
    check(&format!("5,000 nodes of {average} bytes, listed once")).await;
    for round in 1..=3 {
        let rebuilds = process.metric("memlint_capacity_rebuilds_total").await;
        // A tenth of the nodes has other resources.
        fake.with(|state| {
            for text in state.objects.get_mut(NODES).expect("nodes").iter_mut().step_by(10) {
                *text = text.replace(&format!("\"16{:03}", round - 1), &format!("\"16{round:03}"));
            }
        });
        for path in [NODES, NAMESPACES, DAEMON_SETS] {
            // Who has not come back yet does not hear it.
            until("it is listed again", || {
                let listed = fake.with(|state| state.lists[path]) > round;
                if !listed {
                    fake.expire(path);
                }
                listed
            })
            .await;
        }
        process.wait_for("memlint_capacity_rebuilds_total", |now| now > rebuilds).await;
        check(&format!("listed {} times", round + 1)).await;
    }
}

async fn p99(app: &std::sync::Arc<App>, count: usize) -> Duration {
    let request = create(&pod("1Gi", "1Gi"));
    let mut times = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        assert!(ask(app, &request).await.allowed);
        times.push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    times.sort_unstable();
    times[count * 99 / 100]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r9_500_heartbeats_a_second_cause_no_work() {
    let fake = large(1_000);
    let Watching { app, .. } = &watching_with(&fake, app(), FIXED).await;
    let rebuilds = || metric(app, "memlint_capacity_rebuilds_total");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = rebuilds();
    let quiet = p99(app, 300).await;
    let beats = tokio::spawn({
        let fake = fake.clone();
        async move {
            let mut every = tokio::time::interval(Duration::from_millis(2));
            for beat in 0..1_000 {
                every.tick().await;
                let mut node = fat_node(beat % 1_000);
                node["metadata"]["resourceVersion"] = json!((beat + 9).to_string());
                node["status"]["conditions"][0]["lastHeartbeatTime"] =
                    json!(format!("2026-11-22T08:00:{:02}Z", beat % 60));
                fake.event(NODES, "MODIFIED", &node);
            }
        }
    });
    let busy = p99(app, 300).await;
    beats.await.expect("all beats");
    println!("p99 of an answer: {quiet:?} alone, {busy:?} beside 500 heartbeats a second (wanted: at most 1.2 times)");
    assert_eq!(rebuilds(), before, "a heartbeat is no news");
    // The watch is in order: once this is seen, so are all the beats.
    let mut changed = fat_node(1);
    changed["status"]["allocatable"]["memory"] = json!("64Gi");
    fake.event(NODES, "MODIFIED", &changed);
    until("a change is seen", || rebuilds() > before).await;
    assert_eq!(rebuilds(), before + 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_no_answer_waits_for_the_api_server() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let watching = watching_with(&fake, app(), FIXED).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let before = fake.with(|state| {
        state.hung = true;
        state.requests
    });
    fake.cut();
    // Five watches begin again, and get no answer.
    until("the watches hang", || fake.with(|state| state.requests) == before + 5).await;
    for index in 0..1_000 {
        let (memory, allowed) = if index % 2 == 0 { ("1Gi", true) } else { ("64Gi", false) };
        let verdict = ask(&watching.app, &create(&pod(memory, memory))).await;
        assert_eq!(verdict.allowed, allowed, "{verdict:?}");
    }
    assert_eq!(fake.with(|state| state.requests), before + 5, "a review asks nobody");
}
