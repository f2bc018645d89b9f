//! `memlint audit` of Pods as they run: told with what makes them, where they fare worse; and as they would be created.

use super::support::{HEAD, audit, container, list, node, owned, pod, verdicts, workload};
use memlint_tests::folder::Folder;
use memlint_tests::memlint;
use serde_json::json;

#[test]
fn exemptions_of_a_workload_are_asked_again_of_its_pods() {
    let policy = "annotations: {allow: [missing-memory-request]}\nexemptions:\n- rules: [missing-memory-request]\n  \
                  match: {kinds: [DaemonSet], names: [agent]}\n  reason: r\n";
    let folder = Folder::new().with("memlint.yaml", format!("{HEAD}{policy}"));
    let set = workload("DaemonSet", "shop", "agent", "");
    let mut annotated = workload("Deployment", "shop", "web", "");
    annotated["metadata"]["annotations"] = json!({"memlint.dev/allow": "missing-memory-request: an experiment"});
    let found = audit(&[set.clone(), annotated]).within(folder.path()).run().exits(1);
    assert_eq!(verdicts(&found), ["DaemonSet shop/agent deny-pods", "Deployment shop/web deny-pods"]);
    let object = &found.json()["objects"][0];
    assert_eq!(object["notes"], json!(["this DaemonSet is exempt from missing-memory-request, its Pods are not"]));
    // Their own kind and names would do.
    let policy = policy.replace("kinds: [DaemonSet], names: [agent]", "names: [\"agent*\"]");
    folder.write("memlint.yaml".as_ref(), format!("{HEAD}{policy}"));
    let of_set = owned(pod("shop", "agent-x1", ""), "DaemonSet", "agent");
    let found = audit(&[set, of_set]).within(folder.path()).run().exits(0);
    assert_eq!(verdicts(&found), ["DaemonSet shop/agent warn"]);
    assert_eq!(found.json()["totals"]["made"], 1);
}

#[test]
fn replicas_without_room_are_not_pods_that_are_refused() {
    let rules = "rules: {replicas-do-not-fit: deny, rollout-does-not-fit: deny}\n";
    let folder = Folder::new().with("memlint.yaml", format!("{HEAD}{rules}"));
    let mut many = workload("Deployment", "shop", "web", "1Gi");
    many["spec"]["replicas"] = json!(50);
    let nodes = Folder::new().with("nodes.json", list(&[node(&json!({})), pod("shop", "other", "1Gi")]));
    let capacity = nodes.at("nodes.json");
    let capacity = ["--capacity", capacity.to_str().expect("UTF-8")];
    let found = audit(&[many.clone()]).args(&capacity).within(folder.path()).run().exits(0);
    assert_eq!(verdicts(&found), ["Deployment shop/web warn"]);
    let finding = &found.json()["objects"][0]["findings"][0];
    assert_eq!((&finding["rule"], &finding["actionInPods"]), (&json!("replicas-do-not-fit"), &json!("audit")));
    assert!(!found.stdout.contains("will be refused"), "{}", found.stdout);
    let denied = audit(&[many]).args(&capacity).args(&["--workloads", "deny"]).within(folder.path()).run().exits(1);
    assert_eq!(verdicts(&denied), ["Deployment shop/web deny"]);
}

#[test]
fn pods_that_fare_worse_than_what_makes_them_are_told_with_it() {
    let good = workload("Deployment", "shop", "web", "1Gi");
    let replicas = owned(workload("ReplicaSet", "shop", "web-1", "1Gi"), "Deployment", "web");
    let injected = |name: &str| {
        let mut pod = owned(pod("shop", name, "1Gi"), "ReplicaSet", "web-1");
        pod["spec"]["containers"].as_array_mut().expect("a list").push(container("istio-proxy", "", ""));
        pod
    };
    let forged = owned(pod("shop", "forged", ""), "Deployment", "web");
    let pods = ["web-1-a", "web-1-b", "web-1-c", "web-1-d"].map(injected);
    let objects = [vec![good.clone(), replicas.clone()], pods.to_vec(), vec![forged]].concat();
    let found = audit(&objects).run().exits(1);
    assert_eq!(verdicts(&found), ["Deployment shop/web deny-pods"]);
    let json = found.json();
    assert_eq!(json["totals"]["made"], 6);
    assert_eq!(
        (&json["totals"]["denied"], &json["byRule"]["missing-memory-request"]["denied"]),
        (&json!(1), &json!(1))
    );
    let running = &json["objects"][0]["asTheyRun"];
    assert_eq!(running[0]["container"], "istio-proxy");
    assert_eq!(running[0]["objects"], json!(["Pod web-1-a", "Pod web-1-b", "Pod web-1-c", "Pod web-1-d"]));
    assert_eq!((&running[1]["container"], &running[1]["objects"]), (&json!("app"), &json!(["Pod forged"])));
    let text = memlint!("audit", "--from", "-").stdin(list(&objects)).run().exits(1);
    _ = text.says(&[
        "Deployment shop/web: its Pods as they run would be denied\n  deny[missing-memory-request]: container istio-proxy",
        "    as it runs: Pod web-1-a, Pod web-1-b, Pod web-1-c and 1 more\n",
        "    as it runs: Pod forged\n",
        "; 6 made by these count with them",
    ]);
    // What fares no worse is not told again.
    let bare = workload("Deployment", "shop", "web", "");
    let same = owned(pod("shop", "web-1-a", ""), "ReplicaSet", "web-1");
    let found = audit(&[bare, replicas, same]).run().exits(1);
    assert_eq!(found.json()["objects"][0]["asTheyRun"], json!([]));
}

#[test]
fn a_pod_is_judged_as_it_would_be_created() {
    // Its LimitRange is younger than it is.
    let limits = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l", "namespace": "db"}, "spec": {
        "limits": [{"type": "Container", "default": {"memory": "512Mi"}, "defaultRequest": {"memory": "256Mi"}}]}});
    let mut debugged = pod("shop", "debugged", "1Gi");
    debugged["spec"]["ephemeralContainers"] = json!([{"name": "debugger", "image": "i", "resources": {"limits": "x"}}]);
    let mut half = pod("db", "half", "");
    half["spec"]["containers"][0].as_object_mut().expect("a map").remove("resources");
    let found = audit(&[pod("db", "old", ""), half, pod("shop", "bare", ""), debugged, limits.clone()]).run().exits(1);
    let expected = ["Pod shop/bare deny", "Pod db/half allow", "Pod db/old allow", "Pod shop/debugged allow"];
    assert_eq!(verdicts(&found), expected);
    // What was filled in is known for that.
    let mut large = limits;
    large["spec"]["limits"][0]["default"]["memory"] = json!("9Gi");
    large["spec"]["limits"][0]["defaultRequest"]["memory"] = json!("9Gi");
    let found = audit(&[pod("db", "old", ""), large]).run().exits(1);
    assert_eq!(verdicts(&found), ["Pod db/old deny"]);
    _ = found.says(&["memory request and limit were set by a LimitRange of the namespace"]);
}

#[test]
fn what_is_over_is_counted_and_not_judged() {
    let ended = |phase: &str| {
        let mut pod = pod("shop", phase, "");
        pod["status"] = json!({"phase": phase});
        pod
    };
    let job = |name: &str, condition: &str| {
        let mut job = workload("Job", "shop", name, "");
        job["apiVersion"] = json!("batch/v1");
        job["status"] = json!({"conditions": [{"type": condition, "status": "True"}]});
        job
    };
    let mut idle = workload("ReplicaSet", "shop", "idle", "");
    idle["spec"]["replicas"] = json!(0);
    let mut former = owned(idle.clone(), "Rollout", "web");
    former["metadata"]["name"] = json!("former");
    let over = [ended("Succeeded"), ended("Failed"), job("done", "Complete"), job("lost", "Failed"), former];
    let rest = [ended("Pending"), job("held", "Suspended"), idle];
    let found = audit(&[over.to_vec(), rest.to_vec()].concat()).run().exits(1);
    assert_eq!(
        verdicts(&found),
        ["Job shop/held deny-pods", "Pod shop/Pending deny", "ReplicaSet shop/idle deny-pods"]
    );
    assert_eq!(found.json()["totals"]["over"], 5);
    let text = memlint!("audit", "--from", "-").stdin(list(&over)).run().exits(0);
    assert!(text.summary().ends_with("; 5 are over"), "{}", text.stdout);
}
