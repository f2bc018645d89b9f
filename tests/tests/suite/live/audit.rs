//! `memlint audit` of a real API server: pages, rights that are missing, and what is known of nodes.

use memlint_tests::command::{Memlint, Outcome};
use memlint_tests::folder::Folder;
use memlint_tests::memlint;
use serde_json::{Value, json};

use super::control_plane::ControlPlane;
use super::{node, pod};

fn deployment(namespace: &str, name: &str, memory: &str) -> (String, Value) {
    let resources = json!({"requests": {"memory": memory}, "limits": {"memory": memory}});
    // The heap is in the environment, which other commands leave out of what a cluster tells.
    let container = json!({"name": "web", "image": "i", "resources": resources,
        "env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx512m"}]});
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}},
    });
    (format!("/apis/apps/v1/namespaces/{namespace}/deployments"), object)
}

fn namespace(name: &str) -> (String, Value) {
    let annotations = json!({"memlint.dev/allow": "never-fits: an experiment"});
    let annotations = if name == "lab" { annotations } else { json!({}) };
    let object =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "annotations": annotations}});
    ("/api/v1/namespaces".to_owned(), object)
}

/// What lets the user of `nobody-token` do what `rules` say.
fn rights(name: &str, rules: &Value) -> [(String, Value); 2] {
    let root = "/apis/rbac.authorization.k8s.io/v1";
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "nobody"}]});
    [(format!("{root}/clusterroles"), role), (format!("{root}/clusterrolebindings"), binding)]
}

async fn create(plane: &ControlPlane, objects: impl IntoIterator<Item = (String, Value)>) {
    let objects: Vec<(String, Value)> = objects.into_iter().collect();
    let named: Vec<(&str, Value)> = objects.iter().map(|(path, object)| (path.as_str(), object.clone())).collect();
    plane.create(&named).await;
}

fn verdicts(outcome: &Outcome) -> Vec<String> {
    let json = outcome.json();
    let line = |object: &Value| {
        let [kind, namespace, name, verdict] =
            ["kind", "namespace", "name", "verdict"].map(|key| object[key].as_str().expect("a text"));
        format!("{kind} {namespace}/{name} {verdict}")
    };
    json["objects"].as_array().expect("a list").iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_audited() {
    let Some(plane) = ControlPlane::start("an audit of a live cluster").await else { return };
    create(&plane, ["shop", "lab"].map(namespace)).await;
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    create(&plane, [("/api/v1/namespaces/shop/serviceaccounts".to_owned(), account)]).await;
    create(&plane, [("/api/v1/nodes".to_owned(), node("node-a", "8Gi"))]).await;
    // Seven, so that pages of two end in the middle and at the end.
    let sizes = ["9Gi", "1Gi", "1Gi", "500Mi", "1Gi", "1Gi"];
    let shop = sizes.iter().enumerate().map(|(index, memory)| deployment("shop", &format!("web-{index}"), memory));
    create(&plane, shop.chain([deployment("lab", "large", "9Gi")])).await;
    let mut bound = pod("bound", "7Gi", "node-a");
    bound["metadata"]["namespace"] = json!("shop");
    create(&plane, [("/api/v1/namespaces/shop/pods".to_owned(), bound)]).await;

    let folder = Folder::new();
    let policy = "apiVersion: memlint.dev/v1alpha1\nkind: Policy\nannotations: {allowNamespaces: [never-fits]}\n";
    folder.write("memlint.yaml".as_ref(), policy);
    let audit = |token: &str, args: &[&str]| -> Memlint {
        let audit = memlint!("audit", "--format", "json", "--kubeconfig", plane.kubeconfig(token)).args(args);
        audit.within(folder.path())
    };
    let whole = audit("admin-token", &[]).run().exits(1);
    let denied: Vec<String> = verdicts(&whole).into_iter().filter(|line| line.contains("deny")).collect();
    // One has no node, the other has a heap larger than its container; the third is exempt.
    assert_eq!(denied, ["Deployment shop/web-0 deny-pods", "Deployment shop/web-3 deny-pods"]);
    let json = whole.json();
    assert_eq!((&json["totals"]["objects"], &json["totals"]["exempted"]), (&json!(8), &json!(1)));
    assert_eq!(json["nodes"], json!({"count": 1, "certain": true, "doubt": null}));
    // Room that the cluster's own Pods take is no matter.
    assert!(json["byRule"]["does-not-fit-now"].is_null() && json["byRule"]["replicas-do-not-fit"].is_null());
    assert!(verdicts(&whole).contains(&"Pod shop/bound allow".to_owned()), "{}", whole.stdout);

    // Pages of any size say the same.
    for size in ["1", "2", "3", "7"] {
        assert_eq!(audit("admin-token", &["--chunk-size", size]).run().exits(1).stdout, whole.stdout, "{size}");
    }
    // So does what kubectl would have printed.
    let mut items = Vec::new();
    for (path, kind) in [
        ("/apis/apps/v1/deployments", ("apps/v1", "Deployment")),
        ("/api/v1/pods", ("v1", "Pod")),
        ("/api/v1/nodes", ("v1", "Node")),
        ("/api/v1/namespaces", ("v1", "Namespace")),
    ] {
        items.extend(plane.list(path).await.into_iter().map(|mut object| {
            (object["apiVersion"], object["kind"]) = (json!(kind.0), json!(kind.1));
            object
        }));
    }
    let printed = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    let from = memlint!("audit", "--format", "json", "--from", "-").stdin(printed).within(folder.path());
    assert_eq!(from.run().exits(1).json()["objects"], json["objects"]);

    let lab = audit("admin-token", &["-n", "lab"]).run().exits(0);
    assert_eq!(verdicts(&lab).len(), 1);
    let typo = audit("admin-token", &["-n", "lab", "-n", "shpo"]).run().exits(2);
    assert_eq!(typo.json()["notAudited"], json!([{"what": "namespace shpo", "why": "there is none of that name"}]));

    // The same namespace exempts the same, told by another command.
    let (_, large) = deployment("lab", "large", "9Gi");
    let explain =
        memlint!("policy", "explain", "-f", "-", "--cluster", "--kubeconfig", plane.kubeconfig("admin-token"));
    let explained = explain.stdin(large.to_string()).within(folder.path()).run().exits(0);
    _ = explained.says(&["exempt by an annotation of its namespace: an experiment", "1 for insufficient memory"]);

    rights_that_are_missing_are_named(&plane, &audit).await;
    traces_of_an_autoscaler_are_found(&plane, &audit).await;
}

async fn rights_that_are_missing_are_named(plane: &ControlPlane, audit: &impl Fn(&str, &[&str]) -> Memlint) {
    let nothing = audit("nobody-token", &["--nodes", "fixed"]).run().exits(2);
    let gaps = |outcome: &Outcome| -> Vec<String> {
        let json = outcome.json();
        let gaps = json["notAudited"].as_array().expect("a list").iter();
        gaps.map(|gap| gap["what"].as_str().expect("a text").to_owned()).collect()
    };
    assert_eq!(gaps(&nothing).len(), 12, "{}", nothing.stdout);
    _ = nothing.complains(&["not audited: cronjobs, daemonsets, deployments"]);
    let lists =
        |groups: &[&str], resources: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": ["list"]});
    create(
        plane,
        rights(
            "auditor",
            &json!([
                lists(&["apps"], &["deployments", "statefulsets", "replicasets", "daemonsets"]),
                lists(&["batch"], &["jobs", "cronjobs"]),
                lists(&["", "node.k8s.io"], &["pods", "nodes", "namespaces", "limitranges", "runtimeclasses"]),
            ]),
        ),
    )
    .await;
    // The API server takes a moment to know.
    let mut most = Vec::new();
    for _ in 0..50 {
        let found = audit("nobody-token", &["--nodes", "fixed"]).run().exits(2);
        most = gaps(&found);
        if most.len() == 1 {
            assert_eq!(found.json()["totals"]["denied"], 2, "the rest goes on");
            _ = found.says(&["does not let you list replicationcontrollers", "kubectl get replicationcontrollers"]);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(most, ["replicationcontrollers"]);
    // Who may not look does not know that there is no autoscaler, and then nothing is denied for want of room.
    let unsure = audit("nobody-token", &[]).run().exits(2);
    let unsure = unsure.says(&["it may not look for autoscalers", "--nodes fixed"]);
    assert_eq!(gaps(&unsure), ["autoscalers", "replicationcontrollers"]);
    let of_others = json!([
        lists(&["karpenter.sh"], &["nodepools"]),
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
    ]);
    create(plane, rights("looker", &of_others)).await;
    // Nor does who may not see whether this is OpenShift.
    let mut found = audit("nobody-token", &[]).run().exits(2);
    for _ in 0..50 {
        if found.stdout.contains("let it get namespaces/openshift-machine-api") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        found = audit("nobody-token", &[]).run().exits(2);
    }
    let found = found.says(&["let it get namespaces/openshift-machine-api"]);
    assert_eq!(gaps(&found), ["autoscalers", "replicationcontrollers"]);
    let elsewhere = audit("admin-token", &["--context", "elsewhere"]).run().exits(2);
    assert!(elsewhere.complains(&["cannot be reached"]).stdout.is_empty());
}

async fn traces_of_an_autoscaler_are_found(plane: &ControlPlane, audit: &impl Fn(&str, &[&str]) -> Memlint) {
    let status = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cluster-autoscaler-status"}});
    create(plane, [("/api/v1/namespaces/kube-system/configmaps".to_owned(), status)]).await;
    let grows = audit("admin-token", &[]).run().exits(1);
    assert_eq!(grows.json()["nodes"]["doubt"], "there is a ConfigMap kube-system/cluster-autoscaler-status");
    let denied: Vec<String> = verdicts(&grows).into_iter().filter(|line| line.contains("deny")).collect();
    assert_eq!(denied, ["Deployment shop/web-3 deny-pods"], "only what has nothing to do with room");
}
