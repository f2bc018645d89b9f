//! Placement in a large cluster: 5,000 nodes in 40 classes with 100,000 Pods.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use k8s_openapi::api::core::v1::{Pod, PodSpec};
use memlint_kubernetes::aggregate::pod_requests;
use memlint_scheduler::{Candidate, Cluster, ClusterBuilder, Labels, Node, View, filter, pack};
use serde_json::{Value, json};

const NODES: usize = 5_000;
const PODS_PER_NODE: usize = 20;
const APPS: usize = 400;

fn cluster() -> Cluster {
    let mut builder = ClusterBuilder::default();
    for index in 0..NODES {
        let name = format!("aks-pool{:02}-vmss{index:06}", index % 40);
        let mut labels = json!({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
            "agentpool": format!("pool{:02}", index % 40), "topology.kubernetes.io/zone": format!("zone-{}", index % 40 % 3),
            "node.kubernetes.io/instance-type": format!("Standard_D{}s_v5", 2 << (index % 4))});
        for extra in 0..30 {
            labels[format!("example.com/label-{extra}")] = json!("value");
        }
        let taints = if index % 40 < 10 {
            json!([{"key": "dedicated", "value": "x", "effect": "NoSchedule"}])
        } else {
            json!([])
        };
        let node = json!({"metadata": {"name": name, "labels": labels}, "spec": {"taints": taints},
            "status": {"allocatable": {"cpu": "7820m", "memory": "28065572Ki", "ephemeral-storage": "119703055367", "pods": "30"}}});
        builder.node(Node::read(&serde_json::from_value(node).expect("a Node")).0);
        for number in 0..PODS_PER_NODE {
            let app = (index * PODS_PER_NODE + number) % APPS;
            let pod = json!({"metadata": {"name": format!("p-{index}-{number}"), "namespace": format!("ns-{}", app % 50),
                    "labels": {"app": format!("app-{app}"), "pod-template-hash": "abc"}},
                "spec": {"nodeName": name, "containers": [{"name": "c", "resources": {"requests": {"memory": "1Gi", "cpu": "250m"}}}]}});
            builder.pod(&serde_json::from_value::<Pod>(pod).expect("a Pod"));
        }
    }
    builder.build()
}

fn candidate(memory: &str, more: Value) -> Candidate {
    let mut spec = more;
    spec["containers"] = json!([{"name": "c", "resources": {"requests": {"memory": memory, "cpu": "500m"}}}]);
    let spec: PodSpec = serde_json::from_value(spec).expect("a Pod spec");
    let labels: Labels = [("app".to_owned(), "app-7".to_owned())].into();
    Candidate::new(&spec, &labels, "ns-7", &pod_requests(&spec, None))
}

fn node_affinity() -> Value {
    let terms = json!([{"matchExpressions": [
        {"key": "agentpool", "operator": "NotIn", "values": ["pool11", "pool12"]},
        {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["zone-1", "zone-2"]}]}]);
    json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}})
}

fn placement(criterion: &mut Criterion) {
    let cluster = cluster();
    assert_eq!(cluster.nodes().classes().len(), 40);
    let selector = json!({"matchLabels": {"app": "app-7"}});
    let apart = json!([{"topologyKey": "kubernetes.io/hostname", "labelSelector": selector}]);
    let apart = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": apart}});
    let spread = json!([{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": selector}]);
    let candidates = [
        ("node affinity", candidate("4Gi", json!({"affinity": node_affinity()}))),
        ("node affinity, fits nowhere", candidate("400Gi", json!({"affinity": node_affinity()}))),
        ("pod anti-affinity", candidate("4Gi", json!({"affinity": apart.clone()}))),
        ("zone spread", candidate("4Gi", json!({"topologySpreadConstraints": spread.clone()}))),
    ];
    let mut group = criterion.benchmark_group("filter, 5,000 nodes");
    for (name, candidate) in &candidates {
        group
            .bench_function(*name, |bencher| bencher.iter(|| black_box(filter(&cluster, candidate, View::Now)).fits()));
    }
    group.finish();
    let mut group = criterion.benchmark_group("pack 5,000 replicas on 5,000 nodes");
    let replicas = [
        ("plain", candidate("1Gi", json!({}))),
        ("one per node", candidate("1Gi", json!({"affinity": apart.clone()}))),
        (
            "one per node, zone spread",
            candidate("1Gi", json!({"affinity": apart, "topologySpreadConstraints": spread})),
        ),
    ];
    for (name, candidate) in &replicas {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| black_box(pack(&cluster, candidate, 5_000, View::Now)).placed);
        });
    }
    group.finish();
}

criterion_group!(benches, placement);
criterion_main!(benches);
