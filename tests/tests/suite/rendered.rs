//! Charts and kustomizations: every folder `fixtures/render/CASE` is linted as a user would do it, with the real `helm` and
//! `kustomize`, and the output compared with the folder's `expected.txt`. `MEMLINT_BLESS=1` writes the files anew; read
//! them before you commit.

use std::path::{Path, PathBuf};

use memlint_tests::command::Memlint;
use memlint_tests::folder::Folder;
use memlint_tests::{diff, fixtures, memlint, memory, skipped, walk};

fn cases() -> Vec<PathBuf> {
    walk::folders(&fixtures().join("render"))
}

fn copy(case: &Path) -> Folder {
    let folder = Folder::copy(case);
    _ = std::fs::remove_file(folder.at("expected.txt"));
    folder
}

/// The search path, if both tools are on it.
fn path() -> Option<String> {
    let path = std::env::var("PATH").ok()?;
    let is_there = |tool: &str| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    if is_there("helm") && is_there("kustomize") {
        return Some(path);
    }
    skipped("charts and kustomizations: there is no helm or no kustomize on the PATH");
    None
}

fn run(folder: &Folder, cache: &Folder, path: &str, args: &[&str]) -> Memlint {
    let cache = cache.path().display().to_string();
    memlint!().args(args).env("PATH", path).env("XDG_CACHE_HOME", &cache).within(folder.path())
}

#[test]
fn every_case_prints_what_is_expected() {
    let Some(path) = path() else { return };
    let (cache, mut wrong) = (Folder::new(), Vec::new());
    for case in cases() {
        let folder = copy(&case);
        let found = run(&folder, &cache, &path, &[]).run();
        assert_eq!(found.stderr, "", "{}", case.display());
        let file = case.join("expected.txt");
        if std::env::var_os("MEMLINT_BLESS").is_some() {
            std::fs::write(&file, &found.stdout).expect("a new file");
            continue;
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if expected != found.stdout {
            wrong.push(format!("{}\n{}", file.display(), diff::lines(&expected, &found.stdout)));
        }
        let again = run(&folder, &cache, &path, &[]).run();
        assert_eq!(again.stdout, found.stdout, "what was rendered before: {}", case.display());
    }
    assert!(wrong.is_empty(), "{} cases differ\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_finding_is_a_token_of_a_file_and_says_what_it_is_rendered_from() {
    let Some(path) = path() else { return };
    let (cache, mut checked) = (Folder::new(), 0);
    for case in cases() {
        let folder = copy(&case);
        let root = run(&folder, &cache, &path, &["--format", "json"]).run().json();
        for finding in root["findings"].as_array().expect("a list") {
            let number = |key: &str| finding[key].as_u64().and_then(|n| usize::try_from(n).ok()).expect("a number");
            let file = finding["file"].as_str().expect("a file");
            let source = std::fs::read_to_string(folder.at(file)).expect("a file of the tree");
            let from = memory::offset(&source, number("line"), number("column")).expect("a place in the file");
            let to = memory::offset(&source, number("endLine"), number("endColumn")).expect("a place in the file");
            assert!(!source[from..to].trim().is_empty(), "{}: {finding}", case.display());
            let (kind, all) = (&finding["source"]["kind"], &finding["source"]["all"]);
            assert!(kind == "helm" || kind == "kustomize", "{finding}");
            assert!(!all.as_array().expect("a list").is_empty(), "{finding}");
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked} findings");
}

#[test]
fn without_the_tools_it_is_said_what_is_not_linted() {
    let (folder, cache) = (copy(&fixtures().join("render/kustomize-overlays")), Folder::new());
    _ = run(&folder, &cache, "", &[])
        .run()
        .says(&["neither kustomize nor kubectl is there", "kubectl kustomize overlays/prod"]);
    let folder = copy(&fixtures().join("render/helm-values"));
    _ = run(&folder, &cache, "", &[]).run().says(&["helm is not there to render it", "helm template charts/app"]);
}

#[test]
fn what_is_not_to_be_rendered_is_read_as_it_is_written() {
    let Some(path) = path() else { return };
    let (folder, cache) = (copy(&fixtures().join("render/helm-values")), Folder::new());
    let found = run(&folder, &cache, &path, &["--no-render"]).run();
    assert!(!found.stdout.contains("rendered"), "{}", found.stdout);
    assert!(!cache.at("memlint").exists());
}

#[test]
fn secrets_are_not_kept() {
    let Some(path) = path() else { return };
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: {{ .Values.token }}}\n";
    let (folder, cache) = (copy(&fixtures().join("render/helm-values")), Folder::new());
    let folder = folder.with("charts/app/templates/secret.yaml", secret);
    let found = run(&folder, &cache, &path, &["--set", "token=hunter2"]).run();
    assert!(!found.stdout.contains("hunter2"));
    let kept = walk::files(cache.path());
    assert!(!kept.is_empty());
    for file in kept {
        assert!(!std::fs::read_to_string(&file).expect("text").contains("hunter2"), "{}", file.display());
    }
}

#[test]
fn a_tool_that_hangs_is_stopped() {
    let Some(path) = path() else { return };
    let (folder, cache, tools) = (copy(&fixtures().join("render/helm-values")), Folder::new(), Folder::new());
    let tools = tools.with("helm", "#!/bin/sh\nsleep 60\n");
    #[cfg(unix)]
    std::fs::set_permissions(tools.at("helm"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a script");
    let path = format!("{}:{path}", tools.path().display());
    let started = std::time::Instant::now();
    _ = run(&folder, &cache, &path, &["--render-timeout", "1"]).run().exits(1).says(&["helm took longer than 1 s"]);
    assert!(started.elapsed().as_secs() < 30);
}

#[test]
fn fit_and_explain_know_what_is_rendered() {
    let Some(path) = path() else { return };
    let (folder, cache) = (copy(&fixtures().join("render/helm-values")), Folder::new());
    let node = std::fs::read_to_string(memlint_tests::repository().join("tests/demo/capacity.yaml")).expect("a file");
    let folder = folder.with("nodes.yaml", node);
    let cache_path = cache.path().display().to_string();
    for command in [memlint!("fit", "charts"), memlint!("policy", "explain", "-f", "charts")] {
        let command = command.args(&["--capacity", "nodes.yaml", "--format", "json"]).env("PATH", &path);
        let answer = command.env("XDG_CACHE_HOME", &cache_path).within(folder.path()).run().json();
        let results = answer["results"].as_array().expect("a list");
        assert_eq!(results.len(), 3, "{answer}");
        for result in results {
            assert_eq!(result["file"], "charts/app/templates/deployment.yaml", "{result}");
        }
    }
}

#[test]
fn the_policy_says_what_is_rendered_and_with_which_values() {
    let Some(path) = path() else { return };
    let head = "apiVersion: memlint.dev/v1alpha1\nkind: Policy\n";
    for (policy, said) in [
        ("render: {helm: never}\n", "values values-prod.yaml"),
        ("charts:\n- path: charts/app\n", "no findings"),
        ("charts:\n- {path: charts/app, values: [charts/app/values-prod.yaml]}\n", "charts/app/values-prod.yaml:4:13"),
        ("charts:\n- {path: charts/app, set: [resources.requests.memory=3Gi]}\n", "requests 3Gi of memory"),
        ("charts:\n- {path: charts/app, release: shop, set: [resources.requests.memory=3Gi]}\n", "Deployment shop"),
        ("charts:\n- {release: shop}\n", "a chart needs path"),
        ("render: {helm: yes}\n", "expected, this is a boolean"),
        ("render: {helm: often}\n", "often is not known here"),
    ] {
        let (folder, cache) = (copy(&fixtures().join("render/helm-values")), Folder::new());
        let folder = folder.with("memlint.yaml", format!("{head}{policy}"));
        let found = run(&folder, &cache, &path, &[]).run();
        let printed = format!("{}{}", found.stdout, found.stderr);
        assert!(printed.contains(said), "{policy}\n{printed}");
    }
    let (folder, cache) = (copy(&fixtures().join("render/helm-values")), Folder::new());
    let folder = folder.with("memlint.yaml", format!("{head}render: {{helm: always}}\n"));
    _ = run(&folder, &cache, "", &[]).run().exits(1).says(&["1 unreadable", "helm is not there"]);
}
