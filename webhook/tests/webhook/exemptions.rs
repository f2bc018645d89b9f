//! Exemptions: D10.

use std::sync::Arc;

use memlint_capacity::CapacityBuilder;
use memlint_policies::inventory::Inventory;
use memlint_webhook::state::Cluster;
use serde_json::json;

use crate::support::{app, app_with, ask, create, deployment, deployment_of, metric, options, pod};

#[tokio::test]
async fn d10_an_annotation_counts_only_where_the_policy_lets_it_and_is_always_told() {
    let mut annotated = pod("", "1Gi");
    annotated["metadata"]["annotations"] = json!({"memlint.dev/allow": "missing-memory-request: OPS-412"});
    let lenient = app();
    let verdict = ask(&lenient, &create(&annotated)).await;
    assert!(verdict.allowed, "{verdict:?}");
    assert!(verdict.warnings[0].contains("exempted by its own annotation in container api: OPS-412"), "{verdict:?}");
    assert_eq!(verdict.audit["exempted-by"], "annotation: missing-memory-request: OPS-412");
    assert_eq!(metric(&lenient, "memlint_exemptions_total{source=\"annotation\"}"), 1.0);
    let strict = ask(&app_with("extends: strict", options()), &create(&annotated)).await;
    assert!(!strict.allowed && strict.warnings.iter().any(|w| w.contains("is not heeded")), "{strict:?}");
    annotated["metadata"]["annotations"] = json!({"memlint.dev/allow": "missing-memory-request:"});
    assert!(!ask(&lenient, &create(&annotated)).await.allowed, "without a reason it does not count");
}

#[tokio::test]
async fn d10_the_policy_exempts_by_namespace_label_name_and_container() {
    let policy =
        |matcher: &str| format!("exemptions: [{{rules: [missing-memory-request], match: {matcher}, reason: OPS-1}}]");
    let mut labelled = pod("", "1Gi");
    labelled["metadata"]["labels"] = json!({"team": "infra"});
    for matcher in
        ["{namespaces: [sho*]}", "{labels: {team: infra}}", "{names: [api], kinds: [Pod]}", "{containers: [api]}"]
    {
        let app = app_with(&policy(matcher), options());
        let verdict = ask(&app, &create(&labelled)).await;
        assert!(verdict.allowed && verdict.warnings.is_empty(), "{matcher}: {verdict:?}");
        assert_eq!(verdict.audit["exempted-by"], "policy: missing-memory-request: OPS-1");
        assert_eq!(metric(&app, "memlint_exemptions_total{source=\"policy\"}"), 1.0);
    }
    for matcher in ["{namespaces: [else]}", "{labels: {team: x}}", "{kinds: [Job]}", "{files: [\"*\"]}"] {
        assert!(!ask(&app_with(&policy(matcher), options()), &create(&labelled)).await.allowed, "{matcher}");
    }
    // The namespace is that of the request, whatever the object says.
    labelled["metadata"]["namespace"] = json!("else");
    assert!(!ask(&app_with(&policy("{namespaces: [else]}"), options()), &create(&labelled)).await.allowed);
}

#[tokio::test]
async fn d10_a_namespace_exempts_only_where_the_policy_lets_it_and_is_always_told() {
    let namespace =
        json!({"metadata": {"name": "shop", "annotations": {"memlint.dev/allow": "missing-memory-request: OPS-7"}}});
    let known = |policy: &str| {
        let mut builder = CapacityBuilder::default();
        builder.add_namespace(&serde_json::from_value(namespace.clone()).expect("a Namespace"));
        let mut inventory = Inventory::default();
        inventory.set_capacity(Arc::new(builder.build().expect("a capacity")));
        let app = app_with(policy, options());
        app.set_cluster(Cluster { inventory, doubt: None });
        app
    };
    let lenient = known("annotations: {allowNamespaces: [missing-memory-request]}");
    let verdict = ask(&lenient, &create(&pod("", "1Gi"))).await;
    assert!(verdict.allowed, "{verdict:?}");
    assert!(
        verdict.warnings[0].contains("exempted by an annotation of its namespace in container api: OPS-7"),
        "{verdict:?}"
    );
    assert_eq!(verdict.audit["exempted-by"], "namespace: missing-memory-request: OPS-7");
    assert_eq!(metric(&lenient, "memlint_exemptions_total{source=\"namespace\"}"), 1.0);
    let silent = ask(&known(""), &create(&pod("", "1Gi"))).await;
    assert!(!silent.allowed && silent.warnings.iter().any(|w| w.contains("is not heeded")), "{silent:?}");
}

#[tokio::test]
async fn d10_an_exemption_that_has_been_told_is_not_told_at_every_update() {
    let mut old = deployment_of(&[crate::support::container("api", "", "1Gi")]);
    old["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({});
    old["metadata"]["annotations"] = json!({"memlint.dev/allow": "missing-memory-request: OPS-412"});
    assert!(!ask(&app(), &deployment(None, &old)).await.warnings.is_empty());
    let mut new = old.clone();
    new["spec"]["replicas"] = json!(3);
    let verdict = ask(&app(), &deployment(Some(&old), &new)).await;
    assert!(verdict.allowed && verdict.warnings.is_empty(), "{verdict:?}");
}

#[tokio::test]
async fn d10_an_exemption_of_a_workload_need_not_be_one_of_its_pods() {
    let mut set = deployment_of(&[crate::support::container("api", "", "1Gi")]);
    set["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({});
    set["metadata"]["labels"] = json!({"team": "infra"});
    set["spec"]["template"]["metadata"]["labels"]["part"] = json!("api");
    let refused = "the Pods of this workload will be refused unless this is changed:";
    let rules = "rules: [missing-memory-request]";
    for (matcher, reaches) in [
        ("{kinds: [Deployment]}", false),
        ("{kinds: [Deployment, Pod]}", true),
        ("{names: [api]}", false),
        ("{names: [\"api*\"]}", true),
        ("{names: [\"api-*\"], kinds: [Pod]}", true),
        ("{labels: {team: infra}}", false),
        ("{labels: {part: api}, kinds: [Pod]}", true),
        ("{namespaces: [shop]}", true),
    ] {
        let app = app_with(&format!("exemptions: [{{{rules}, match: {matcher}, reason: OPS-1}}]"), options());
        let told = ask(&app, &deployment(None, &set)).await;
        assert!(told.allowed, "{matcher}: {told:?}");
        assert_eq!(!told.warnings.iter().any(|warning| warning.contains(refused)), reaches, "{matcher}: {told:?}");
        let note = "this Deployment is exempt from missing-memory-request, its Pods are not";
        let is_noted = told.warnings.iter().any(|warning| warning.contains(note));
        assert_eq!(is_noted, !reaches && !matcher.contains("Pod"), "{matcher}: {told:?}");
        // Who changes something else has been told.
        let mut new = set.clone();
        new["spec"]["replicas"] = json!(3);
        let verdict = ask(&app, &deployment(Some(&set), &new)).await;
        assert!(verdict.allowed && verdict.warnings.is_empty(), "{matcher}: {verdict:?}");
    }
    // So it is with annotations.
    let annotation = json!({"memlint.dev/allow": "missing-memory-request: OPS-412"});
    for (place, reaches) in [("/metadata", false), ("/spec/template/metadata", true)] {
        let mut annotated = set.clone();
        annotated.pointer_mut(place).expect("metadata")["annotations"] = annotation.clone();
        let told = ask(&app(), &deployment(None, &annotated)).await;
        assert_eq!(!told.warnings.iter().any(|warning| warning.contains(refused)), reaches, "{place}: {told:?}");
    }
}
