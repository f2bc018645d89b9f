//! The command line: exit codes, streams, options and the other commands.

use std::io::Read as _;
use std::process::Stdio;

use memlint_policies::rules::RULES;
use memlint_tests::folder::Folder;
use memlint_tests::memlint;

const WARN: &str = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, image: x, \
    resources: {requests: {memory: 64Mi}}}]}}\n";
const DENY: &str = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, image: x, \
    resources: {limits: {memory: 512MB}}}]}}\n";
const CLEAN: &str = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, image: x, \
    resources: {limits: {memory: 512Mi}}}]}}\n";

#[test]
fn the_exit_code_follows_fail_on() {
    for (input, codes) in [(CLEAN, [0, 0, 0]), (WARN, [1, 0, 0]), (DENY, [1, 1, 0]), ("a: [", [1, 1, 1])] {
        for (level, code) in ["warn", "deny", "never"].iter().zip(codes) {
            let found = memlint!("--fail-on", level, "-").stdin(input).run().exits(code);
            assert_eq!(found.stderr, "");
        }
        _ = memlint!("-").stdin(input).run().exits(codes[1]);
    }
}

#[test]
fn what_cannot_be_typed_is_an_error_on_standard_error() {
    for (args, says) in [
        (&["--frmat", "json"][..], "--format"),
        (&["--format", "xml"], "text"),
        (&["--only", "heap-above-limt", "-"], "did you mean heap-above-limit?"),
        (&["--skip", "tiny-quantity,missing-limit", "-"], "there is no rule missing-limit"),
        (&["explain", "tiny-quantty"], "did you mean tiny-quantity?"),
        (&["explain"], "<RULE>"),
        (&["--threads", "many"], "many"),
        (&["completions", "tcsh"], "bash"),
    ] {
        let found = memlint!().args(args).run().exits(2).complains(&[says]);
        assert_eq!(found.stdout, "", "{args:?}");
    }
}

#[test]
fn only_and_skip_choose_rules() {
    let both = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, image: x}]}}";
    let run = |args: &[&str]| memlint!().args(args).arg("-").stdin(both).run();
    _ = run(&[]).exits(1).says(&["missing-memory-limit", "missing-memory-request", "2 findings"]);
    _ = run(&["--only", "missing-memory-limit"]).exits(0).says(&["warn[missing-memory-limit]", "1 finding "]);
    _ = run(&["--skip", "missing-memory-limit"]).exits(1).says(&["deny[missing-memory-request]", "1 finding "]);
    _ = run(&["--skip", "missing-memory-limit,missing-memory-request"]).exits(0).says(&["no findings"]);
    _ = run(&["--only", "tiny-quantity", "--only", "missing-memory-limit"]).exits(0).says(&["1 finding "]);
    // What was not asked for is not among what could not run.
    let found = run(&["--only", "missing-memory-limit"]);
    assert!(!found.summary().contains("not run"), "{}", found.stdout);
}

#[test]
fn quiet_prints_findings_only() {
    let found = memlint!("--quiet", "-").stdin(WARN).run().exits(0).says(&["warn[missing-memory-limit]"]);
    assert!(!found.stdout.contains("1 finding"), "{}", found.stdout);
    assert_eq!(memlint!("-q", "-").stdin(CLEAN).run().exits(0).stdout, "");
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let escapes = |args: &[&str], env: (&str, &str)| {
        let found = memlint!().args(args).arg("-").env(env.0, env.1).stdin(WARN).run();
        found.stdout.contains('\u{1b}')
    };
    assert!(!escapes(&[], ("TERM", "xterm-256color")));
    assert!(!escapes(&["--color", "never"], ("TERM", "xterm-256color")));
    assert!(!escapes(&["--color", "auto"], ("CLICOLOR_FORCE", "1")));
    assert!(escapes(&["--color", "always"], ("TERM", "dumb")));
    assert!(escapes(&["--color", "always"], ("NO_COLOR", "1")));
    assert!(!escapes(&[], ("NO_COLOR", "1")));
    // JSON is never coloured.
    assert!(!escapes(&["--color", "always", "--format", "json"], ("TERM", "xterm")));
}

#[test]
fn the_namespace_option_brings_limit_ranges_to_objects_without_one() {
    let folder = Folder::new().with("pod.yaml", WARN).with(
        "range.yaml",
        "{apiVersion: v1, kind: LimitRange, metadata: {name: r, namespace: web}, \
         spec: {limits: [{type: Container, default: {memory: 128Mi}}]}}\n",
    );
    let run = |args: &[&str]| memlint!().args(args).within(folder.path()).run().exits(0);
    _ = run(&[]).says(&["missing-memory-limit"]);
    _ = run(&["--namespace", "web"]).says(&["no findings"]);
    _ = run(&["--namespace", "api"]).says(&["missing-memory-limit"]);
}

#[test]
fn json_has_the_shape_that_is_promised() {
    let root = memlint!("--format", "json", "-").stdin(DENY).run().exits(1).json();
    assert_eq!(root["version"], 1);
    assert_eq!(root["memlint"], env!("CARGO_PKG_VERSION"));
    let keys = |value: &serde_json::Value| -> Vec<String> {
        let mut keys: Vec<_> = value.as_object().expect("an object").keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(
        keys(&root["summary"]),
        ["amounts", "blocks", "deny", "documents", "exempted", "files", "notRun", "warn", "workloads"]
            .map(str::to_owned)
    );
    let finding = &root["findings"][0];
    let column = DENY.find("512MB").expect("the bad value") + 1;
    let expected = serde_json::json!({
        "rule": "invalid-quantity", "group": "valid", "level": "deny", "container": "a", "file": "<stdin>",
        "path": "spec.containers[0].resources.limits.memory", "line": 1, "column": column, "endLine": 1, "endColumn": column + 5,
        "object": {"apiVersion": "v1", "kind": "Pod", "namespace": null, "name": "p"}, "related": [], "data": {},
    });
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&finding[key], value, "{key}");
    }
    for key in ["message", "help"] {
        assert!(finding[key].as_str().is_some_and(|text| !text.is_empty() && !text.ends_with('.')), "{key}");
    }
    assert!(finding.get("fix").is_some());
    let broken = memlint!("--format", "json", "-").stdin("a: [").run().exits(1).json();
    let problem = &broken["problems"][0];
    assert_eq!((&problem["file"], &problem["line"]), (&"<stdin>".into(), &1.into()));
}

#[test]
fn explain_prints_a_page_for_every_rule() {
    for rule in &RULES {
        let page = memlint!("explain", rule.id).run().exits(0);
        assert_eq!(page.stderr, "");
        _ = page.says(&[&format!("# {}\n", rule.id), "## Why it matters", "## Bad", "## Good", "## In a policy file"]);
    }
}

#[test]
fn rules_lists_every_rule() {
    let table = memlint!("rules").run().exits(0);
    let json = memlint!("rules", "--format", "json").run().exits(0).json();
    assert_eq!(table.stdout.lines().count(), RULES.len() + 1);
    for (index, rule) in RULES.iter().enumerate() {
        assert!(table.stdout.contains(rule.id) && table.stdout.contains(rule.summary), "{}", table.stdout);
        assert_eq!(json["rules"][index]["id"], rule.id);
    }
}

#[test]
fn completions_name_the_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        _ = memlint!("completions", shell).run().exits(0).says(&["memlint", "fail-on"]);
    }
}

#[test]
fn help_and_version_succeed() {
    _ = memlint!("--help").run().exits(0).says(&["Usage: memlint [OPTIONS] [PATH]...", "Exit codes:", "--fail-on"]);
    _ = memlint!("--version").run().exits(0).says(&[&format!("memlint {}", env!("CARGO_PKG_VERSION"))]);
}

#[test]
fn statistics_go_to_standard_error() {
    let found =
        memlint!("--stats", "-").stdin(CLEAN).run().exits(0).complains(&["files: 1", "documents: 1", "workloads: 1"]);
    assert_eq!(found.stdout.lines().count(), 1, "{}", found.stdout);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = Folder::new();
    for index in 0..400 {
        folder.write(format!("{index}.yaml").as_ref(), DENY);
    }
    let mut command = memlint!().within(folder.path()).into_inner();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut first = [0; 10];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("some output");
    let output = child.wait_with_output().expect("the binary ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
}
