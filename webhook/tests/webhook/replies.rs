//! What is said: P13, P14, O3, O5.

use memlint_review::{Enforcement, MAX_WARNING, MAX_WARNINGS, Options};
use serde_json::json;

use crate::support::{app, app_with, ask, container, create, metric, options, pod, pod_of, with};

#[tokio::test]
async fn p13_warnings_survive_the_api_server() {
    let name = "x".repeat(63);
    let warned: Vec<_> = (0..50).map(|i| container(&format!("{}-{i}", &name[..59]), "128Mi", "512Mi")).collect();
    let mut pod = pod_of(&warned);
    pod["spec"]["containers"][0]["name"] = json!("line\nbreak\u{1b}[31m\u{202e}ünï×");
    let warnings = ask(&app(), &create(&pod)).await.warnings;
    assert_eq!(warnings.len(), MAX_WARNINGS);
    for warning in &warnings {
        assert!(warning.chars().count() <= MAX_WARNING, "{warning}");
        assert!(warning.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{warning:?}");
        assert!(warning.starts_with("memlint: "), "{warning}");
    }
    assert!(warnings.iter().map(String::len).sum::<usize>() < 4096);
    assert!(warnings[MAX_WARNINGS - 1].contains("and 42 more"), "{}", warnings[MAX_WARNINGS - 1]);
    let mut each_once = warnings.clone();
    each_once.dedup();
    assert_eq!(each_once, warnings);
}

#[tokio::test]
async fn p14_a_denial_says_everything_at_once() {
    let mut pod = pod_of(&[container("api", "1Gi", "4Gi"), container("db", "", "2Gi")]);
    pod["spec"]["containers"][0]["env"] = json!([{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx4g"}]);
    let verdict = ask(&app(), &create(&pod)).await;
    assert_eq!(
        verdict.message,
        "Pod shop/api is not allowed: container db requests no memory: it is placed as if it needed nothing, and \
         evicted first [missing-memory-request]; and 1 more problem\n  at spec.containers[1].resources.requests.memory\n  \
         help: set requests.memory to what it uses in normal operation, such as 256Mi\n\
         - container api: the JVM's heap may grow to 4Gi (-Xmx4g), its memory limit is 4Gi [heap-above-limit]\n  \
         at spec.containers[0].env[0].value\n  \
         help: lower it to 3Gi or less, or raise limits.memory to 5462Mi or more\n\
         and 1 warning, not refused:\n\
         - container api may use 4Gi of memory, 4 times its request of 1Gi; at most 2 times is allowed \
         [limit-far-above-request]\n\
         To have it exempted, annotate the Pod with memlint.dev/allow: \"heap-above-limit: why; \
         missing-memory-request: why\"."
    );
    let status = &verdict.response["status"];
    assert_eq!(
        (&status["code"], &status["reason"], &status["status"]),
        (&json!(403), &json!("Forbidden"), &json!("Failure"))
    );
    assert_eq!(status["details"]["causes"][0]["field"], "spec.containers[1].resources.requests.memory");
}

#[tokio::test]
async fn p14_where_only_the_policy_exempts_it_says_so() {
    let strict = app_with("extends: strict", options());
    let message = ask(&strict, &create(&pod("", "1Gi"))).await.message;
    let help = "ask for an exemption in the cluster's policy from missing-memory-request in namespace shop";
    assert!(message.contains(help), "{message}");
}

#[tokio::test]
async fn o3_audit_annotations_have_legal_keys() {
    let verdict = ask(&app(), &create(&pod("", "4Gi"))).await;
    assert_eq!(verdict.audit["verdict"], "deny");
    assert_eq!(verdict.audit["rules"], "missing-memory-request=deny");
    assert_eq!(verdict.audit["policy-hash"].as_str().expect("a hash").len(), 32);
    for key in verdict.audit.as_object().expect("a map").keys() {
        // The API server puts the webhook's name and a slash before it.
        assert!(key.len() <= 63 && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{key}");
    }
}

#[tokio::test]
async fn o5_enforcement_goes_before_the_policy() {
    let set = |enforcement| app_with("", Options { enforcement, ..options() });
    let bad = create(&pod("", ""));
    let warned = ask(&set(Enforcement::Warn), &bad).await;
    assert!(warned.allowed && warned.warnings.len() == 2, "{warned:?}");
    let app = set(Enforcement::Audit);
    let audited = ask(&app, &bad).await;
    assert!(audited.allowed && audited.warnings.is_empty(), "{audited:?}");
    assert_eq!(audited.audit["rules"], "missing-memory-limit=audit,missing-memory-request=audit");
    assert_eq!(metric(&app, "memlint_findings_total{rule=\"missing-memory-request\",action=\"audit\"}"), 1.0);
}

#[tokio::test]
async fn o5_a_namespace_can_have_an_enforcement_of_its_own() {
    let rule = |pattern: &str, enforcement| (pattern.to_owned(), enforcement);
    let enforcement_for = vec![
        rule("s*", Enforcement::Warn),
        rule("shop", Enforcement::Audit),
        rule("shop*", Enforcement::Deny),
        rule("stag*", Enforcement::Deny),
    ];
    let app = app_with("", Options { enforcement: Enforcement::Warn, enforcement_for, ..options() });
    for (namespace, allowed, warned) in [
        ("shop", true, false),
        ("shop-two", false, true),
        ("staging", false, true),
        ("stable", true, true),
        ("else", true, true),
    ] {
        let verdict = ask(&app, &with(create(&pod("", "")), &json!({"namespace": namespace}))).await;
        assert_eq!((verdict.allowed, !verdict.warnings.is_empty()), (allowed, warned), "{namespace}: {verdict:?}");
    }
}
