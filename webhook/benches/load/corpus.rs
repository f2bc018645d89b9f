//! What is asked: Pods as an API server sends them, small, ordinary and large, some of them bad; and a cluster.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::Node;
use memlint_capacity::CapacityBuilder;
use memlint_kubernetes::reference::Origin;
use memlint_policies::inventory::Inventory;
use serde_json::{Value, json};

/// The sizes and their bodies.
pub(crate) fn sizes() -> [(&'static str, Vec<Vec<u8>>); 3] {
    [("small", bodies(1, 0)), ("ordinary", bodies(3, 40)), ("large", bodies(12, 1_500))]
}

/// Of five Pods, three are good, one is warned of, one is denied.
fn bodies(containers: usize, managed: usize) -> Vec<Vec<u8>> {
    let amounts = [("512Mi", "512Mi"), ("256Mi", "512Mi"), ("1Gi", "1Gi"), ("256Mi", "1Gi"), ("", "")];
    amounts
        .iter()
        .map(|(request, limit)| review(containers, managed, request, limit).to_string().into_bytes())
        .collect()
}

fn review(containers: usize, managed: usize, request: &str, limit: &str) -> Value {
    let managed: Vec<Value> = (0..managed.div_ceil(20)).map(|index| json!({
        "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields(index, managed.min(20)),
    })).collect();
    let containers: Vec<Value> = (0..containers).map(|index| container(index, request, limit)).collect();
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
            "requestResource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": "shop",
            "operation": "CREATE",
            "userInfo": {
                "username": "system:serviceaccount:kube-system:replicaset-controller",
                "uid": "a7e0ab33-5f29-11e8-8a3c-36e6bb280816",
                "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
            },
            "object": {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "generateName": "checkout-7d4b9c6f5-",
                    "namespace": "shop",
                    "creationTimestamp": null,
                    "labels": {"app": "checkout", "pod-template-hash": "7d4b9c6f5", "app.kubernetes.io/name": "checkout"},
                    "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
                    "ownerReferences": [{
                        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "checkout-7d4b9c6f5",
                        "uid": "0d7e3a4e-7d8c-4a4e-8a53-0b0b8a1d1f7e", "controller": true, "blockOwnerDeletion": true,
                    }],
                    "managedFields": managed,
                },
                "spec": {
                    "volumes": [{"name": "kube-api-access-x2kqj", "projected": {"sources": [
                        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                    ], "defaultMode": 420}}],
                    "containers": containers,
                    "restartPolicy": "Always",
                    "terminationGracePeriodSeconds": 30,
                    "dnsPolicy": "ClusterFirst",
                    "serviceAccountName": "default",
                    "serviceAccount": "default",
                    "securityContext": {},
                    "schedulerName": "default-scheduler",
                    "tolerations": [
                        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                    ],
                    "priority": 0,
                    "enableServiceLinks": true,
                    "preemptionPolicy": "PreemptLowerPriority",
                },
                "status": {},
            },
            "oldObject": null,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })
}

fn fields(seed: usize, count: usize) -> Value {
    let entry = |index: usize| {
        (
            format!("k:{{\"name\":\"container-{seed}-{index}\"}}"),
            json!({".": {}, "f:image": {}, "f:resources": {".": {}, "f:limits": {".": {}, "f:memory": {}}}}),
        )
    };
    json!({"f:spec": {"f:containers": (0..count).map(entry).collect::<serde_json::Map<_, _>>()}})
}

fn container(index: usize, request: &str, limit: &str) -> Value {
    let mut resources = json!({"requests": {"cpu": "100m"}, "limits": {}});
    for (list, amount) in [("requests", request), ("limits", limit)] {
        if !amount.is_empty() {
            resources[list]["memory"] = json!(amount);
        }
    }
    let variable =
        |i: usize| json!({"name": format!("SETTING_{i}"), "value": format!("https://service-{i}.shop.svc:8443/v1")});
    json!({
        "name": format!("app-{index}"),
        "image": "registry.example/shop/checkout:1.42.0@sha256:0f3a9c1d",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": (0..10).map(variable).collect::<Vec<_>>(),
        "resources": resources,
        "volumeMounts": [{"name": "kube-api-access-x2kqj", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    })
}

/// A node of one of 40 classes, as large as real ones: labels, images, conditions, managed fields.
pub(crate) fn node_json(index: u32, beat: u32) -> Value {
    let class = index % 40;
    let image = |i: u32| json!({"names": [format!("registry.example/team/image-{i}@sha256:{i:064x}"), format!("registry.example/team/image-{i}:v1.{i}")], "sizeBytes": 100_000_000 + i});
    let memory = format!("{}Ki", 4_000_000 + class * 1_000_000);
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": format!("node-{index}"), "resourceVersion": (8 + beat).to_string(),
            "labels": {
                "kubernetes.io/hostname": format!("node-{index}"), "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/zone": format!("zone-{}", class % 3), "pool": format!("pool-{class}"),
                "node.kubernetes.io/instance-type": format!("size-{class}"),
            },
            "managedFields": [{"manager": "kubelet", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields(1, 20)}],
        },
        "spec": {"podCIDR": "10.0.0.0/24", "providerID": format!("cloud:///node-{index}")},
        "status": {
            "allocatable": {"cpu": "3860m", "memory": memory, "pods": "110", "ephemeral-storage": "119703055367"},
            "capacity": {"cpu": "4", "memory": "16374280Ki", "pods": "110"},
            "images": (0..50).map(image).collect::<Vec<_>>(),
            "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": format!("2026-11-22T08:00:{beat:02}Z")}],
        },
    })
}

fn node(index: u32) -> Node {
    serde_json::from_value(node_json(index, 0)).expect("a node")
}

fn daemon_set(index: u32) -> DaemonSet {
    let set = json!({
        "metadata": {"name": format!("agent-{index}"), "namespace": "kube-system"},
        "spec": {
            "selector": {"matchLabels": {"app": format!("agent-{index}")}},
            "template": {
                "metadata": {"labels": {"app": format!("agent-{index}")}},
                "spec": {
                    "nodeSelector": {"pool": format!("pool-{}", index % 40)},
                    "containers": [{"name": "agent", "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}}}],
                },
            },
        },
    });
    serde_json::from_value(set).expect("a DaemonSet")
}

/// 5,000 nodes in 40 classes, and 100 DaemonSets.
pub(crate) fn cluster() -> Inventory {
    let mut builder = CapacityBuilder::default();
    for index in 0..5_000 {
        builder.add_node(&node(index), Origin(index));
    }
    (0..100).for_each(|index| builder.add_daemon_set(daemon_set(index)));
    let capacity = builder.build().expect("a capacity");
    assert_eq!(capacity.now().nodes().len(), 5_000);
    let mut inventory = Inventory::default();
    inventory.set_capacity(Arc::new(capacity));
    inventory
}
