//! Policies and exemptions on the command line.

use memlint_tests::command::Outcome;
use memlint_tests::folder::Folder;
use memlint_tests::memlint;

const HEAD: &str = "apiVersion: memlint.dev/v1alpha1\nkind: Policy\n";

/// Two workloads without limits: a DaemonSet in `monitoring` and a Deployment that names no namespace.
fn shop() -> Folder {
    let workload = |kind: &str, metadata: &str, annotations: &str, containers: &str| {
        format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{{metadata}}}\nspec:\n  selector: {{matchLabels: {{app: a}}}}\n  \
             template:\n    metadata: {{labels: {{app: a}}, annotations: {{{annotations}}}}}\n    spec:\n      \
             containers: [{containers}]\n"
        )
    };
    let container = |name: &str| format!("{{name: {name}, image: x, resources: {{requests: {{memory: 64Mi}}}}}}");
    let (agent, web, log) = (container("agent"), container("web"), container("log"));
    let metadata = "name: node-agent, namespace: monitoring, labels: {team: infra}";
    Folder::new()
        .with("vendor/agent.yaml", workload("DaemonSet", metadata, "", &agent))
        .with("web.yaml", workload("Deployment", "name: web", "", &format!("{web}, {log}")))
}

/// Lints the shop with a policy of these lines; without, it has three warnings.
fn with_policy(lines: &str) -> Outcome {
    let folder = shop().with("memlint.yaml", format!("{HEAD}{lines}"));
    memlint!().within(folder.path()).run()
}

fn exempt(matcher: &str) -> String {
    format!("exemptions:\n- rules: [missing-memory-limit]\n  match: {matcher}\n  reason: OPS-412\n")
}

#[test]
fn every_matcher_exempts_what_it_says() {
    for (matcher, exempted) in [
        ("{namespaces: [monitoring]}", 1),
        ("{namespaces: [mon*, web]}", 1),
        ("{kinds: [Deployment]}", 2),
        ("{names: [\"node-*\"]}", 1),
        ("{names: [\"*\"]}", 3),
        ("{labels: {team: infra}}", 1),
        ("{files: [\"vendor/**\"]}", 1),
        ("{files: [\"*.yaml\"]}", 3),
        ("{containers: [log]}", 1),
        ("{kinds: [Deployment], containers: [web]}", 1),
    ] {
        let found = with_policy(&exempt(matcher)).exits(0);
        let left = 3 - exempted;
        let summary = if left == 0 { "no findings".to_owned() } else { format!("({} deny, {left} warn)", 0) };
        assert!(found.summary().contains(&summary), "{matcher}: {}", found.stdout);
        assert!(found.summary().contains(&format!("; {exempted} exempted")), "{matcher}: {}", found.stdout);
    }
}

#[test]
fn an_exemption_that_matches_nothing_is_told() {
    for matcher in ["{namespaces: [other]}", "{labels: {team: web}}", "{kinds: [Deployment], names: [node-agent]}"] {
        let found = with_policy(&exempt(matcher)).exits(0).says(&["note: ", "\"OPS-412\" matched nothing", "3 warn"]);
        assert!(!found.summary().contains("exempted"), "{}", found.stdout);
    }
}

#[test]
fn an_exemption_counts_to_its_last_day() {
    let dated = |day: &str| with_policy(&format!("{}  expires: {day}\n", exempt("{names: [\"*\"]}"))).exits(0);
    _ = dated("2020-02-29").says(&["\"OPS-412\" expired after 2020-02-29", "3 warn"]);
    _ = dated("2999-12-31").says(&["no findings", "3 exempted"]);
}

#[test]
fn objects_exempt_themselves_where_the_policy_lets_them() {
    let annotated = |policy: &str, annotation: &str| {
        let folder = shop().with("memlint.yaml", format!("{HEAD}{policy}"));
        let text = std::fs::read_to_string(folder.at("web.yaml")).expect("a file");
        folder.write("web.yaml".as_ref(), text.replace("annotations: {}", &format!("annotations: {{{annotation}}}")));
        memlint!("web.yaml").within(folder.path()).run().exits(0)
    };
    let allow = "annotations: {allow: [missing-memory-limit]}\n";
    let whole = "memlint.dev/allow: \"missing-memory-limit: a test\"";
    _ = annotated(allow, whole).says(&["no findings", "2 exempted"]);
    _ = annotated("", whole).says(&["no findings", "2 exempted"]);
    _ = annotated(allow, "memlint.dev/allow.log: \"missing-memory-limit: a test\"").says(&["1 warn", "1 exempted"]);
    let refused = annotated("annotations: {allow: []}\n", whole);
    _ = refused.says(&["2 warn", "web.yaml:7:", "not heeded", "the policy does not let"]);
    _ = annotated(allow, "memlint.dev/allow: missing-memory-limit").says(&["2 warn", "it gives no reason"]);
    _ = annotated(allow, "memlint.dev/allow: \"missing-memory-limt: a test\"")
        .says(&["did you mean missing-memory-limit?"]);
    _ = annotated(allow, "memlint.dev/allow.nobody: \"missing-memory-limit: a test\"").says(&["2 warn"]);
}

#[test]
fn a_namespace_exempts_what_is_in_it_where_the_policy_lets_it() {
    let annotated = |policy: &str, annotation: &str| {
        let namespace = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: monitoring\n  annotations: {{{annotation}}}\n"
        );
        let folder = shop().with("memlint.yaml", format!("{HEAD}{policy}")).with("namespace.yaml", namespace);
        memlint!().within(folder.path()).run().exits(0)
    };
    let whole = "memlint.dev/allow: \"missing-memory-limit: a test\"";
    let allow = "annotations: {allowNamespaces: [missing-memory-limit]}\n";
    _ = annotated(allow, whole).says(&["2 warn", "1 exempted"]);
    _ = annotated(allow, "memlint.dev/allow.agent: \"missing-memory-limit: a test\"").says(&["1 exempted"]);
    // Not where the policy is silent, and that is told once for each object it would have been for.
    let refused = annotated("", whole);
    _ = refused.says(&[
        "3 warn",
        "vendor/agent.yaml:3:",
        "of Namespace monitoring is not heeded",
        "does not let Namespaces",
    ]);
    _ = annotated(allow, "memlint.dev/allow: missing-memory-limit").says(&["3 warn", "it gives no reason"]);
}

#[test]
fn policies_are_checked_without_linting_anything() {
    let folder = shop().with("memlint.yaml", format!("{HEAD}extends: strict\nrules: {{tiny-quantity: off}}\n"));
    let good = memlint!("policy", "check").within(folder.path()).run().exits(0);
    _ = good.says(&["memlint.yaml: good: 17 rules deny, 1 warn, 1 are off; 0 exemptions"]);
    let folder = folder.with("bad.yaml", format!("{HEAD}rules: {{tiny-quantity: of}}\n"));
    let mixed = memlint!("policy", "check", "memlint.yaml", "bad.yaml").within(folder.path()).run().exits(2);
    _ = mixed.says(&["memlint.yaml: good"]).complains(&["bad.yaml:3:24"]);
    let nowhere = Folder::new();
    _ = memlint!("policy", "check").within(nowhere.path()).run().exits(2).complains(&["there is no memlint.yaml"]);
}

#[test]
fn all_mistakes_of_a_policy_are_told_at_once() {
    let policy = "apiVersion: memlint.dev/v1\nkind: Policy\nextend: strict\nrules:\n  missing-memory-limits: off\n  \
        tiny-quantity: {level: warning, belw: 1Mi}\n  limit-far-above-request: {maxRatio: 0.5}\nexemptions:\n\
        - rules: [heap-above-limt]\n  match: {namespace: [a]}\n  expires: tomorrow\n";
    let folder = shop().with("bad.yaml", policy);
    let found = memlint!("--policy", "bad.yaml").within(folder.path()).run().exits(2);
    assert_eq!(found.stdout, "");
    let found = found.complains(&[
        "bad.yaml:1:13",
        "bad.yaml:3:1",
        "did you mean extends?",
        "bad.yaml:5:3",
        "did you mean missing-memory-limit?",
        "bad.yaml:6:26",
        "did you mean below?",
        "0.5 is no value for maxRatio",
        "did you mean heap-above-limit?",
        "did you mean namespaces?",
        "tomorrow is no day",
        "an exemption needs reason",
    ]);
    assert!(!found.stderr.contains("unreadable"), "{}", found.stderr);
}

#[test]
fn a_policy_that_cannot_be_read_stops_the_run() {
    let folder =
        shop().with("empty.yaml", "").with("two.yaml", format!("{HEAD}---\n{HEAD}")).with("broken.yaml", "a: [");
    for (name, says) in [
        ("gone.yaml", "cannot be read"),
        ("empty.yaml", "empty"),
        ("two.yaml", "one document"),
        ("broken.yaml", "never closed"),
    ] {
        let found = memlint!("--policy", name).within(folder.path()).run().exits(2).complains(&[name, says]);
        assert_eq!(found.stdout, "");
    }
}

#[test]
fn a_policy_is_found_from_the_working_directory_upwards() {
    let off = format!("{HEAD}rules: {{missing-memory-limit: off}}\n");
    let folder = shop().with("memlint.yaml", &off).with("deep/er/x.yaml", "");
    _ = memlint!("../../web.yaml").within(folder.at("deep/er")).run().exits(0).says(&["no findings"]);
    // The nearest one counts, and one that is named goes before those that are found.
    folder.write("deep/memlint.yaml".as_ref(), format!("{HEAD}rules: {{missing-memory-limit: deny}}\n"));
    _ = memlint!("../../web.yaml").within(folder.at("deep/er")).run().exits(1).says(&["2 deny"]);
    let named = memlint!("--policy", "../../memlint.yaml", "../../web.yaml").within(folder.at("deep/er")).run();
    _ = named.exits(0).says(&["no findings"]);
}

#[test]
fn levels_and_parameters_are_the_policys() {
    _ = with_policy("rules: {missing-memory-limit: deny}\n").exits(1).says(&["deny[missing-memory-limit]", "3 deny"]);
    _ = with_policy("rules: {missing-memory-limit: off}\n").exits(0).says(&["no findings"]);
    _ = with_policy("rules:\n  missing-memory-limit: {level: \"off\"}\n").exits(0).says(&["no findings"]);
    _ = with_policy("extends: strict\n").exits(1).says(&["3 deny"]);
    _ = with_policy("extends: strict\nrules: {missing-memory-limit: warn}\n").exits(0).says(&["3 warn"]);
}

#[test]
fn a_review_knows_the_nodes_that_the_policy_names() {
    let demo = memlint_tests::repository().join("tests/demo");
    let read = |name: &str| std::fs::read_to_string(demo.join(name)).expect("a file");
    let folder = Folder::new().with("review.json", read("review.json")).with("nodes.yaml", read("capacity.yaml"));
    _ = memlint!("review", "review.json").within(folder.path()).run().exits(0);
    let folder = folder.with("memlint.yaml", format!("{HEAD}capacity: nodes.yaml\n"));
    _ = memlint!("review", "review.json").within(folder.path()).run().exits(1).says(&["[never-fits]"]);
}
