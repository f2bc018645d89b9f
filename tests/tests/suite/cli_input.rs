//! What people feed memlint: every input gets a clear finding or a clear error, never a panic, never silence.

use std::time::{Duration, Instant};

use memlint_tests::command::Outcome;
use memlint_tests::folder::Folder;
use memlint_tests::memlint;

/// A Pod whose container has these lines below `resources:`.
fn pod(resources: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: app\n    image: x\n    \
         resources:\n{resources}\n"
    )
}

fn lint(stdin: impl Into<Vec<u8>>) -> Outcome {
    memlint!("-").stdin(stdin).run()
}

#[test]
fn text_that_is_no_object_is_said_to_be_none() {
    for (stdin, says) in [
        ("", "standard input is empty"),
        ("# nothing\n---\n---\n", "standard input is empty"),
        ("42\n", "this is a number, not a Kubernetes object"),
        ("- a\n- b\n", "this is a list, not a Kubernetes object"),
        ("{}", "not a Kubernetes object"),
        ("name: x\n", "a map without apiVersion and kind, not a Kubernetes object"),
        ("metadata:\n\tname: x\n", "a tab cannot indent YAML"),
        ("a: [\n", "this list is never closed"),
    ] {
        let found = lint(stdin).exits(1).says(&["unreadable: ", "<stdin>:", says, "1 unreadable in 0 workloads"]);
        assert_eq!(found.stderr, "", "{stdin:?}");
    }
}

#[test]
fn binary_is_told_from_text() {
    for bytes in [&b"\x7fELF\x02\x01\xff\xfe"[..], b"\xff\xfe\x00abc\x80", b"kind: Pod\n\x80\x80", b"\x00\x01\x02"] {
        _ = lint(bytes).exits(1).says(&["unreadable: ", "<stdin>:"]);
    }
}

#[test]
fn resources_that_nobody_meant_are_found() {
    for (resources, rule, token) in [
        ("    - limits: {memory: 1Gi}", "invalid-manifest", "resources:"),
        ("      requests: null", "missing-memory-request", "requests: null"),
        ("      limits: {memory: 64m}", "tiny-quantity", "64m"),
        ("      limits: {memory: 512}", "tiny-quantity", "512"),
        ("      limits: {memory: 512MB}", "invalid-quantity", "512MB"),
        ("      limits: {memory: 1e3}", "tiny-quantity", "1e3"),
        ("      limit: {memory: 1Gi}", "invalid-manifest", "did you mean limits?"),
        ("      limits: {memory: -1Gi}", "invalid-manifest", "-1Gi"),
        ("      limits: {memory: [1Gi]}", "invalid-manifest", "memory"),
        ("      limits: {memory: }", "missing-memory-request", "app"),
    ] {
        let title = format!("deny[{rule}]: ");
        _ = lint(pod(resources)).exits(1).says(&[title.as_str(), token]);
    }
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let stream = format!("a: [\n---\n{}---\nb: {{\n", pod("      limits: {memory: 64m}"));
    _ = lint(stream).exits(1).says(&["tiny-quantity", "<stdin>:1:4", "this map is never closed", "2 unreadable"]);
}

#[test]
fn a_second_object_in_one_json_document_is_not_passed_over() {
    let object =
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"x"}]}}"#;
    _ = lint(format!("{object}\n{object}\n")).exits(1);
    _ = lint(format!("{object}\n---\n{object}\n")).exits(1).says(&["in 2 workloads of 1 file"]);
}

#[test]
fn deep_nesting_and_alias_bombs_end_in_a_clear_error() {
    let deep = format!("apiVersion: v1\nkind: Pod\nspec: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let mut bomb = "kind: Pod\napiVersion: v1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    for text in [deep, bomb] {
        let started = Instant::now();
        _ = lint(text).exits(1).says(&["unreadable: "]);
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }
}

/// Fifty megabytes: many objects in one stream that cannot hold a Pod, and one Pod at the end.
#[test]
fn a_large_file_is_linted_in_bounded_time() {
    let filler = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  a: |\n{}---\n",
        "    0123456789\n".repeat(7000)
    );
    let mut text = filler.repeat(50 * 1024 * 1024 / filler.len() + 1);
    assert!(text.len() > 50 * 1024 * 1024);
    text.push_str(&pod("      limits: {memory: 64m}"));
    let started = Instant::now();
    _ = lint(text).exits(1).says(&["deny[tiny-quantity]", "1 finding (1 deny, 0 warn) in 1 workload of 1 file"]);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn templates_whose_actions_all_stand_in_quotes_are_templates_too() {
    for action in [
        "metadata: {name: \"pod-{{ .Index }}\"}\nspec: {containers: [{name: a, image: x}]}",
        "metadata: {name: p, labels: {app: '{{ app }}'}}\nspec: {containers: [{name: a, image: x}]}",
        "metadata: {name: p}\nspec: {containers: [{name: a, image: x, resources: {limits: {memory: \"{{ limit }}\"}}}]}",
        "metadata: {name: p}\nspec: {priority: '{% if high %}1{% endif %}', containers: [{name: a, image: x}]}",
    ] {
        let folder = Folder::new().with("pod.yaml", format!("apiVersion: v1\nkind: Pod\n{action}\n"));
        _ = memlint!("pod.yaml").within(folder.path()).run().exits(0).says(&["skipped: 1 template"]);
    }
    // Actions that the API server does not mind are no templates: something else renders them later.
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: a, image: x, args: ['{{ .Later }}']}\n";
    _ = lint(pod).exits(1).says(&["missing-memory-request"]);
}

#[test]
fn templates_are_said_to_need_rendering() {
    let template = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n{{- if .Values.on }}\nspec: {}\n{{- end }}\n";
    let folder = Folder::new()
        .with("charts/web/templates/pod.yaml", template)
        .with("charts/web/templates/sub/more.yaml", template)
        .with("ok.yaml", pod("      limits: {memory: 1Gi}"));
    let found = memlint!().within(folder.path()).run().exits(0);
    _ = found.says(&["2 templates were skipped", "helm template charts/web | memlint -", "skipped: 2 templates"]);
}

#[test]
fn crlf_and_a_byte_order_mark_do_no_harm() {
    let text = format!("\u{feff}{}", pod("      limits: {memory: 512MB}")).replace('\n', "\r\n");
    _ = lint(text).exits(1).says(&["<stdin>:9:24", "limits: {memory: 512MB}"]);
}
