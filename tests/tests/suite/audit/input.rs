//! What `memlint audit` is given, and what is missing from it.

use super::support::{HEAD, audit, list, node, owned, pod, verdicts, workload};
use memlint_tests::folder::Folder;
use memlint_tests::memlint;
use serde_json::json;

#[test]
fn what_is_missing_from_a_list_is_told() {
    let agent = owned(pod("shop", "agent-x", "1Gi"), "DaemonSet", "agent");
    let note = "no DaemonSet in what was given, though Pods name some";
    let without = audit(std::slice::from_ref(&agent)).run().exits(0);
    assert!(without.json()["notes"][0].as_str().expect("a note").starts_with(note), "{}", without.stdout);
    let with = audit(&[agent, workload("DaemonSet", "shop", "agent", "1Gi")]).run().exits(0);
    assert_eq!(with.json()["notes"], json!([]));

    let folder = Folder::new().with("memlint.yaml", format!("{HEAD}annotations: {{allowNamespaces: [never-fits]}}\n"));
    let good = pod("shop", "good", "1Gi");
    let note = "no Namespace in what was given: what they exempt is not known";
    _ = audit(std::slice::from_ref(&good)).within(folder.path()).run().exits(0).says(&[note]);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    let with = audit(&[good.clone(), namespace]).within(folder.path()).run().exits(0);
    assert_eq!(with.json()["notes"], json!([]));

    let no_nodes = memlint!("audit", "--from", "-").stdin(list(&[good])).run().exits(0);
    let not_run = no_nodes.stdout.lines().find(|line| line.starts_with("not run: ") && line.contains("no nodes known"));
    assert!(not_run.is_some_and(|line| line.contains("never-fits")), "{}", no_nodes.stdout);
}

#[test]
fn an_object_that_is_given_twice_counts_once() {
    let (bare, web, node) = (pod("shop", "bare", ""), workload("Deployment", "shop", "web", "1Gi"), node(&json!({})));
    let found = audit(&[bare.clone(), web.clone(), bare, web, node]).run().exits(1);
    let json = found.json();
    assert_eq!((&json["totals"]["objects"], &json["nodes"]["count"]), (&json!(2), &json!(1)));
    let note = "given more than once, and counted once, as first given: Deployment shop/web and 2 more";
    assert_eq!(json["notes"], json!([note]));
}

#[test]
fn what_is_no_list_of_objects_is_named() {
    let table = json!({"apiVersion": "meta.k8s.io/v1", "kind": "Table", "rows": []});
    let status = json!({"apiVersion": "v1", "kind": "Status", "message": "pods is forbidden", "code": 403});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "shop"}});
    for (text, says) in [
        (table.to_string(), "it is a Table, which leaves most out; print it with -o json"),
        (status.to_string(), "a Status: pods is forbidden"),
    ] {
        _ = memlint!("audit", "--from", "-").stdin(text).run().exits(2).says(&[says]);
    }
    for (text, args, says) in [
        (list(&[]), &[][..], "but 1 empty List"),
        (json!({"apiVersion": "v1", "kind": "PodList", "items": null}).to_string(), &[], "but 1 empty List"),
        (list(&[service.clone(), service, node(&json!({}))]), &[], "but 1 Node, 2 Service"),
        (list(&[pod("shop", "web", "1Gi")]), &["-n", "other"], "but 1 Pod of another namespace"),
    ] {
        _ = memlint!("audit", "--from", "-").args(args).stdin(text).run().exits(2).complains(&[says]);
    }
    let mut odd = node(&json!({}));
    for list in ["allocatable", "capacity"] {
        odd["status"][list]["memory"] = json!("much");
    }
    let found = memlint!("audit", "--from", "-").stdin(list(&[pod("shop", "web", "1Gi"), odd])).run().exits(2);
    assert_eq!(found.stdout.matches("much").count(), 1, "{}", found.stdout);
}

#[test]
fn denials_come_first_by_namespace_and_may_come_alone() {
    let mut limitless = pod("b", "limitless", "1Gi");
    limitless["spec"]["containers"][0]["resources"]["limits"] = json!({});
    let objects = [
        pod("b", "bare", ""),
        workload("Deployment", "a", "web", ""),
        pod("c", "bare", ""),
        limitless,
        workload("StatefulSet", "b", "db", ""),
        pod("a", "good", "1Gi"),
    ];
    let denied = ["Deployment a/web deny-pods", "Pod b/bare deny", "StatefulSet b/db deny-pods", "Pod c/bare deny"];
    let all = audit(&objects).run().exits(1);
    assert_eq!(verdicts(&all), [&denied[..], &["Pod b/limitless warn", "Pod a/good allow"]].concat());
    let alone = audit(&objects).args(&["--denied-only"]).run().exits(1);
    assert_eq!(verdicts(&alone), denied);
    assert_eq!(alone.json()["totals"], all.json()["totals"]);
    let text = memlint!("audit", "--from", "-", "--denied-only").stdin(list(&objects)).run().exits(1);
    assert!(!text.stdout.contains("would warn\n  "), "{}", text.stdout);
    // Namespaces may be told in one word.
    let some = audit(&objects).args(&["-n", "a,c"]).run().exits(1);
    assert_eq!(verdicts(&some), ["Deployment a/web deny-pods", "Pod c/bare deny", "Pod a/good allow"]);
}
