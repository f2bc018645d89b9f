//! `memlint audit` of what kubectl printed: what would be denied, what speaks for what, and what cannot be audited.

use super::support::{HEAD, audit, list, node, owned, pod, verdicts, workload};
use memlint_tests::folder::Folder;
use memlint_tests::memlint;
use serde_json::json;

#[test]
fn one_of_three_is_denied_and_one_is_exempt() {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lab", "annotations": {
        "memlint.dev/allow": "missing-memory-request: an experiment; missing-memory-limit: an experiment"}}});
    let objects =
        [pod("shop", "bare", ""), pod("lab", "bare", ""), workload("Deployment", "shop", "web", "1Gi"), namespace];
    let policy = "annotations: {allowNamespaces: [missing-memory-request, missing-memory-limit]}\n";
    let folder = Folder::new().with("memlint.yaml", format!("{HEAD}{policy}"));
    let found = audit(&objects).within(folder.path()).run().exits(1);
    assert_eq!(verdicts(&found), ["Pod shop/bare deny", "Pod lab/bare warn", "Deployment shop/web allow"]);
    let json = found.json();
    assert_eq!(
        (&json["version"], &json["totals"]["objects"], &json["totals"]["denied"]),
        (&json!(1), &json!(3), &json!(1))
    );
    assert_eq!(
        json["byRule"]["missing-memory-request"],
        json!({"objects": 2, "denied": 1, "warned": 0, "exempted": 1})
    );
    assert_eq!(json["objects"][1]["exempted"][0]["reason"], "an experiment");
    // Without the policy that lets it, the Namespace exempts nothing.
    let found = audit(&objects).within(Folder::new().path()).run().exits(1);
    assert_eq!(found.json()["totals"]["denied"], 2);

    let text = memlint!("audit", "--from", "-").stdin(list(&objects)).within(folder.path()).run().exits(1);
    let text = text.says(&[
        "Pod shop/bare: would be denied\n  deny[missing-memory-request]: container app",
        "Pod lab/bare: would warn\n  exempt[missing-memory-request]: container app, by an annotation of its namespace: an experiment\n",
        "rule                    objects  denied  warned  exempt\n",
        "missing-memory-request        2       1       0       1\n",
        "shop             2       1       0       0\n",
        "note: no Pod would be denied for want of room, as nodes may come: no nodes are known\n",
    ]);
    assert_eq!(text.stdout.matches("note: ").count(), 1, "{}", text.stdout);
    assert_eq!(text.summary(), "3 objects audited, 0 nodes known: 1 would be denied, 1 would warn");
}

#[test]
fn a_workload_whose_pods_would_be_refused_counts_as_denied() {
    for (memory, options, code, verdict) in [
        ("9Gi", &[][..], 1, "deny-pods"),
        ("9Gi", &["--workloads", "deny"], 1, "deny"),
        ("9Gi", &["--enforcement", "warn"], 0, "warn"),
        ("9Gi", &["--enforcement", "audit"], 0, "audit"),
        ("9Gi", &["--enforcement-for", "sh*=warn"], 0, "warn"),
        ("9Gi", &["--nodes", "growing"], 0, "warn"),
        ("", &[], 1, "deny-pods"),
        ("4Gi", &[], 0, "allow"),
    ] {
        let found = audit(&[workload("Deployment", "shop", "web", memory)]).args(options).run().exits(code);
        assert_eq!(verdicts(&found), [format!("Deployment shop/web {verdict}")], "{memory} {options:?}");
        // Where its Pods come through, the webhook says nothing else of them.
        let told = found.stdout.contains("the Pods of this workload will be refused");
        assert_eq!(told, verdict == "deny-pods", "{memory} {options:?}");
    }
    // The controller binds each Pod of a DaemonSet to a node, so that the others need not suffer for one.
    let strict = Folder::new().with("memlint.yaml", format!("{HEAD}rules: {{daemonset-does-not-fit: deny}}\n"));
    let set = audit(&[workload("DaemonSet", "shop", "agent", "9Gi")]).within(strict.path()).run().exits(0);
    assert_eq!(verdicts(&set), ["DaemonSet shop/agent warn"]);
}

#[test]
fn what_makes_an_object_speaks_for_it_if_it_is_there() {
    let mut job = workload("Job", "shop", "import", "");
    job["apiVersion"] = json!("batch/v1");
    let of_rollout = owned(workload("ReplicaSet", "shop", "canary-1", ""), "Rollout", "canary");
    let of_deployment = owned(workload("ReplicaSet", "shop", "web-1", ""), "Deployment", "web");
    let of_set = owned(pod("shop", "web-1-a", ""), "ReplicaSet", "web-1");
    let deployment = workload("Deployment", "shop", "web", "");
    for (objects, audited, made) in [
        (vec![of_set.clone(), of_deployment.clone(), deployment.clone()], vec!["Deployment shop/web deny-pods"], 2),
        (vec![of_set.clone(), of_deployment.clone()], vec!["ReplicaSet shop/web-1 deny-pods"], 1),
        (vec![of_set.clone()], vec!["Pod shop/web-1-a deny"], 0),
        // A kind that the webhook is never asked about.
        (vec![of_rollout], vec!["ReplicaSet shop/canary-1 deny-pods"], 0),
        (vec![job], vec!["Job shop/import deny-pods"], 0),
        (
            vec![owned(pod("else", "web-1-a", ""), "ReplicaSet", "web-1"), of_deployment],
            vec!["Pod else/web-1-a deny", "ReplicaSet shop/web-1 deny-pods"],
            0,
        ),
    ] {
        let found = audit(&objects).run().exits(1);
        assert_eq!(verdicts(&found), audited);
        assert_eq!(found.json()["totals"]["made"], made, "{audited:?}");
    }
    // Where workloads are not judged, none speaks for its Pods.
    let found = audit(&[of_set, deployment]).args(&["--workloads", "off"]).run().exits(1);
    assert_eq!(verdicts(&found), ["Pod shop/web-1-a deny"]);
    assert_eq!(found.json()["totals"]["notJudged"], json!({"workloads are not judged": 1}));
    // What is not judged, or cannot be, speaks for nothing.
    let mut leaving = workload("Deployment", "shop", "web", "");
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let mut odd = workload("Deployment", "shop", "web", "");
    odd["spec"]["template"]["spec"]["volumes"] = json!(vec![json!({}); 10_000]);
    for (maker, code) in [(leaving, 1), (odd, 2)] {
        let own = owned(pod("shop", "web-1", ""), "Deployment", "web");
        let found = audit(&[maker.clone(), own]).run().exits(code);
        assert!(verdicts(&found).contains(&"Pod shop/web-1 deny".to_owned()), "{maker}: {}", found.stdout);
    }
}

#[test]
fn what_the_webhook_leaves_alone_is_left_alone() {
    let mut mirror = owned(pod("shop", "static", ""), "Node", "n");
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "h"});
    let mut pretended = pod("shop", "pretended", "");
    pretended["metadata"]["annotations"] = mirror["metadata"]["annotations"].clone();
    let mut leaving = pod("shop", "leaving", "");
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let objects = [mirror, pretended, leaving, pod("kube-system", "proxy", ""), pod("infra-cni", "cni", "")];
    let found = audit(&objects).args(&["--exclude-namespaces", "infra-*"]).run().exits(1);
    assert_eq!(verdicts(&found), ["Pod shop/pretended deny"]);
    let untouched = json!({"it is being deleted, or is the image of a static Pod": 2, "the namespace is excluded": 2});
    assert_eq!(found.json()["totals"]["notJudged"], untouched);
    let found = audit(&objects).args(&["-n", "infra-cni", "-n", "other"]).run().exits(1);
    assert_eq!(verdicts(&found), ["Pod infra-cni/cni deny"]);
}

#[test]
fn what_cannot_be_audited_is_named_and_the_rest_goes_on() {
    let good = workload("Deployment", "shop", "web", "1Gi");
    let mut nameless = good.clone();
    nameless["metadata"] = json!({"namespace": "shop"});
    let mut old = good.clone();
    old["apiVersion"] = json!("extensions/v1beta1");
    let mut odd_node = node(&json!({}));
    odd_node["metadata"]["name"] = json!("odd");
    odd_node["status"]["allocatable"]["memory"] = json!("much");
    for (garbage, named) in [
        (json!("garbage"), "<stdin> items[1]: it is no Kubernetes object"),
        (json!(["List"]), "<stdin> items[1]: it is no Kubernetes object"),
        (json!({"kind": "Pod"}), "it has no apiVersion"),
        (json!({"kind": 7, "apiVersion": "v1"}), "<stdin> items[1]: it is no Kubernetes object"),
        (nameless, "<stdin> items[1]: a Deployment without a name"),
        (old, "no API server sends a Deployment of extensions/v1beta1"),
        (odd_node.clone(), "Node odd: it cannot be read: "),
    ] {
        let found = memlint!("audit", "--from", "-").stdin(list(&[good.clone(), garbage])).run().exits(2);
        let found =
            found.says(&[named, "1 object audited", "; not all could be audited"]).complains(&["not audited: "]);
        assert!(
            found.stdout.contains("\nnot audited: ") || found.stdout.starts_with("not audited: "),
            "{}",
            found.stdout
        );
    }
    // Who knows what that node would have room for.
    for nodes in ["auto", "fixed"] {
        let found = audit(&[workload("Deployment", "shop", "large", "9Gi"), odd_node.clone()]);
        let found = found.args(&["--nodes", nodes]).run().exits(2);
        assert_eq!(verdicts(&found), ["Deployment shop/large warn"]);
        assert_eq!(found.json()["nodes"], json!({"count": 1, "certain": false, "doubt": "node odd cannot be read"}));
    }
    // What is denied is still told.
    let found = audit(&[pod("shop", "bare", ""), json!(7)]).run().exits(2);
    assert_eq!(verdicts(&found), ["Pod shop/bare deny"]);
    assert_eq!(found.json()["notAudited"][0]["what"], "<stdin> items[1]");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new().with("good.json", list(&[workload("Deployment", "shop", "web", "1Gi")]));
    for (name, text, says) in [
        ("missing.json", None, "it cannot be read"),
        ("empty.json", Some(""), "it is empty"),
        ("cut.json", Some("{\"kind\": \"List\", \"items\": ["), "it is no JSON"),
        ("text.json", Some("apiVersion: v1"), "kubectl get -o json"),
    ] {
        if let Some(text) = text {
            folder.write(name.as_ref(), text);
        }
        let both = memlint!("audit", "--from", name, "--from", "good.json").within(folder.path()).run().exits(2);
        _ = both.says(&[&format!("not audited: {name}: "), says, "1 object audited"]);
    }
    let nothing = memlint!("audit", "--from", "-").stdin(list(&[node(&json!({}))])).run().exits(2);
    assert!(nothing.complains(&["there is nothing to audit"]).stdout.is_empty());
    _ = memlint!("audit").run().exits(2).complains(&["no kubeconfig was found", "--kubeconfig"]);
    // PowerShell writes UTF-16.
    let good = std::fs::read_to_string(folder.at("good.json")).expect("a file");
    let utf16: Vec<u8> = format!("\u{feff}{good}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    _ = memlint!("audit", "--from", "-").stdin(utf16).run().exits(0).says(&["1 object audited"]);
    _ = memlint!("audit", "--from", "-", "--context", "c").run().exits(2).complains(&["cannot be used with"]);
    let policy = memlint!("audit", "--from", "good.json", "--policy", "gone.yaml").within(folder.path()).run();
    _ = policy.exits(2).complains(&["gone.yaml", "cannot be read"]);
}

#[test]
fn nodes_are_those_of_the_list_or_of_a_capacity_file() {
    let pools = "apiVersion: memlint.dev/v1alpha1\nkind: Capacity\npools:\n- {name: big, count: 1, allocatable: {cpu: 8, memory: 16Gi, pods: 110}}\n";
    let folder = Folder::new().with("capacity.yaml", pools);
    let wanted = [workload("Deployment", "shop", "web", "9Gi"), node(&json!({}))];
    let ask = || memlint!("audit", "--from", "-").stdin(list(&wanted)).within(folder.path());
    _ = ask().run().exits(1).says(&["[never-fits]", "1 node known"]);
    _ = ask().args(&["--capacity", "capacity.yaml"]).run().exits(0);
    // The file that the policy names is for where no nodes were given.
    folder.write("memlint.yaml".as_ref(), format!("{HEAD}capacity: capacity.yaml\n"));
    let given = "note: the nodes given with --from count, and not those of capacity.yaml, which the policy names\n";
    _ = ask().run().exits(1).says(&["[never-fits]", "1 node known", given]);
    let explicit = ask().args(&["--capacity", "capacity.yaml"]).run().exits(0);
    _ = explicit.says(&["note: the nodes of --capacity count, and not those given with --from\n"]);
    let without = memlint!("audit", "--from", "-").stdin(list(&wanted[..1])).within(folder.path()).run().exits(0);
    assert!(!without.stdout.contains("count"), "{}", without.stdout);
    // Nodes of a pool that may grow are not all that there can be.
    let label = json!({"karpenter.sh/nodepool": "default"});
    let growing = [workload("Deployment", "shop", "web", "9Gi"), node(&label)];
    let note = "no Pod would be denied for want of room, as nodes may come: a node has the label karpenter.sh/nodepool";
    _ = memlint!("audit", "--from", "-").stdin(list(&growing)).run().exits(0).says(&[note, "warn[never-fits]"]);
    let fixed = memlint!("audit", "--from", "-", "--nodes", "fixed").stdin(list(&growing)).run();
    _ = fixed.exits(1).says(&["deny[never-fits]"]);
}

#[test]
fn it_says_to_the_byte_what_a_review_says() {
    let objects = [
        pod("shop", "bare", ""),
        pod("shop", "large", "9Gi"),
        pod("shop", "good", "1Gi"),
        workload("Deployment", "shop", "large", "9Gi"),
        workload("StatefulSet", "shop", "bare", ""),
        workload("DaemonSet", "shop", "agent", "1Gi"),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "odd", "namespace": "shop"}, "spec": {"containers": "x"}}),
    ];
    let folder = Folder::new().with("nodes.json", list(&[node(&json!({})), objects[5].clone()]));
    for options in [&[][..], &["--workloads", "deny"], &["--enforcement", "warn"], &["--nodes", "growing"]] {
        let all = memlint!("audit", "--from", "-", "--capacity", "nodes.json", "--format", "json").args(options);
        let found = all.stdin(list(&objects)).within(folder.path()).run();
        let json = found.json();
        let told = json["objects"].as_array().expect("a list");
        assert_eq!(told.len(), objects.len(), "{options:?}");
        for object in &objects {
            let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
            let (group, plural) = match kind.as_str().expect("a kind") {
                "Pod" => ("", "pods".to_owned()),
                other => ("apps", format!("{}s", other.to_lowercase())),
            };
            let mut created = object.clone();
            created["spec"].as_object_mut().expect("a spec").remove("nodeName");
            let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
                "uid": "memlint-audit", "operation": "CREATE", "namespace": "shop", "name": name, "object": created,
                "kind": {"group": group, "version": "v1", "kind": kind},
                "resource": {"group": group, "version": "v1", "resource": plural},
                "userInfo": {"username": "me"},
            }});
            let answer = memlint!("review", "-", "--capacity", "nodes.json").args(options);
            let answer = answer.stdin(review.to_string()).within(folder.path()).run();
            assert!(found.stdout.contains(answer.stdout.trim_end()), "{options:?}: {kind} {name}: {}", answer.stdout);
            let own = told.iter().find(|told| (&told["kind"], &told["name"]) == (kind, name)).expect("it is audited");
            assert_eq!(own["review"], answer.json(), "{options:?}: {kind} {name}");
            assert_eq!(own["verdict"] == "deny", answer.code == 1, "{options:?}: {kind} {name}");
        }
    }
}
