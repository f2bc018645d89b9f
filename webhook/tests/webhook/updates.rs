//! Updates: P8, P9, D1, D2.

use memlint_review::{Options, Workloads};
use serde_json::json;

use crate::support::{app, app_with, ask, container, deployment, deployment_of, options, pod, pod_of, resize};

#[tokio::test]
async fn d1_workloads_are_warned_denied_or_left_alone_as_set() {
    let bad = deployment(None, &deployment_of(&[container("api", "", "")]));
    let set = |workloads| app_with("", Options { workloads, ..options() });
    let warned = ask(&set(Workloads::Warn), &bad).await;
    assert!(warned.allowed && warned.warnings.iter().any(|w| w.contains("missing-memory-request")), "{warned:?}");
    assert!(warned.warnings[0].contains("Pods of this workload will be refused"), "{warned:?}");
    assert!(!ask(&set(Workloads::Deny), &bad).await.allowed);
    let off = ask(&set(Workloads::Off), &bad).await;
    assert!(off.allowed && off.warnings.is_empty());
}

#[tokio::test]
async fn d2_a_template_is_judged_as_its_pods_will_be() {
    // The API server copies a limit to the request it makes of it, in the Pod and not in the template.
    let verdict = ask(&app(), &deployment(None, &deployment_of(&[container("api", "", "512Mi")]))).await;
    assert!(verdict.allowed && verdict.warnings.is_empty(), "{verdict:?}");
}

#[tokio::test]
async fn p8_an_update_is_told_only_what_is_new() {
    let deny = app_with("", Options { workloads: Workloads::Deny, ..options() });
    let old = deployment_of(&[container("api", "", "")]);
    let same = ask(&deny, &deployment(Some(&old), &old)).await;
    assert!(same.allowed && same.warnings.is_empty(), "{same:?}");
    // A container in front of the others moves their places, but is no news of them.
    let front = deployment_of(&[container("proxy", "1Mi", "1Mi"), container("api", "", "")]);
    let moved = ask(&deny, &deployment(Some(&old), &front)).await;
    assert!(moved.allowed && moved.warnings.is_empty(), "{moved:?}");
    let more = deployment_of(&[container("api", "", ""), container("db", "", "1Gi")]);
    assert!(ask(&deny, &deployment(Some(&old), &more)).await.allowed);
    let worse = deployment_of(&[container("api", "", ""), container("db", "", "")]);
    let verdict = ask(&deny, &deployment(Some(&old), &worse)).await;
    assert!(!verdict.allowed && verdict.message.contains("container db") && !verdict.message.contains("container api"));
}

#[tokio::test]
async fn p8_what_never_fits_is_news_when_more_is_missing() {
    let app = crate::fits::knowing(&[json!({})], true);
    let of = |memory| deployment_of(&[container("api", memory, memory)]);
    for (old, new, is_news) in
        [("8Gi", "8Gi", false), ("8Gi", "9Gi", true), ("9Gi", "8Gi", false), ("1Gi", "8Gi", true)]
    {
        let verdict = ask(&app, &deployment(Some(&of(old)), &of(new))).await;
        let said = verdict.warnings.iter().any(|warning| warning.contains("never-fits"));
        assert_eq!(said, is_news, "{old} to {new}: {verdict:?}");
    }
}

#[tokio::test]
async fn p8_what_is_being_deleted_may_be_updated() {
    let deny = app_with("", Options { workloads: Workloads::Deny, ..options() });
    let good = deployment_of(&[container("api", "1Gi", "1Gi")]);
    let bad = deployment_of(&[container("api", "", "")]);
    assert!(!ask(&deny, &deployment(Some(&good), &bad)).await.allowed);
    let mut leaving = good;
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(ask(&deny, &deployment(Some(&leaving), &bad)).await.allowed);
}

#[tokio::test]
async fn p9_a_resize_is_judged_by_what_it_makes_worse() {
    let strict = app_with("rules: {limit-far-above-request: deny}", options());
    let ratio = |request, limit| pod(request, limit);
    let verdict = async |old: &serde_json::Value, new: &serde_json::Value| ask(&strict, &resize(old, new)).await;
    assert!(!verdict(&ratio("1Gi", "2Gi"), &ratio("1Gi", "4Gi")).await.allowed, "a new violation");
    assert!(verdict(&ratio("1Gi", "4Gi"), &ratio("1Gi", "3Gi")).await.allowed, "a smaller one");
    assert!(verdict(&ratio("1Gi", "4Gi"), &ratio("1Gi", "4Gi")).await.allowed, "the same");
    assert!(!verdict(&ratio("1Gi", "4Gi"), &ratio("1Gi", "8Gi")).await.allowed, "a larger one");
    assert!(verdict(&ratio("1Gi", "8Gi"), &ratio("4Gi", "8Gi")).await.allowed, "its cure");
}

#[tokio::test]
async fn p9_a_limit_shrunk_below_the_heap_is_denied() {
    let java = |limit| {
        let mut pod = pod_of(&[container("api", limit, limit)]);
        pod["spec"]["containers"][0]["env"] = json!([{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx2g"}]);
        pod
    };
    let verdict = ask(&app(), &resize(&java("4Gi"), &java("1Gi"))).await;
    assert!(!verdict.allowed && verdict.message.contains("heap-above-limit"), "{verdict:?}");
    assert!(ask(&app(), &resize(&java("1Gi"), &java("4Gi"))).await.allowed);
}

#[tokio::test]
async fn p9_an_old_object_that_cannot_be_read_denies_nothing() {
    let mut request = resize(&pod("1Gi", "1Gi"), &pod("1Mi", "1Gi"));
    request["oldObject"] = json!("no object");
    assert!(ask(&app(), &request).await.allowed);
}
