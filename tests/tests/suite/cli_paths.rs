//! Which files are linted, and what is said of those that cannot be.

use memlint_tests::folder::Folder;
use memlint_tests::memlint;

const BAD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: bad}, spec: {containers: [{name: a, image: x, \
    resources: {limits: {memory: 512MB}}}]}}\n";

#[test]
fn a_missing_path_is_an_error_of_the_caller() {
    let folder = Folder::new().with("a.yaml", BAD);
    let found = memlint!("gone.yaml", "a.yaml").within(folder.path()).run().exits(2);
    // The rest is linted all the same.
    let found = found.says(&["512MB"]).complains(&["memlint: gone.yaml cannot be read: "]);
    assert!(!found.stdout.contains("gone.yaml"), "{}", found.stdout);
}

#[test]
fn a_path_given_twice_is_linted_once() {
    let folder = Folder::new().with("k8s/a.yaml", BAD);
    for paths in
        [&["k8s", "k8s"][..], &["k8s", "k8s/"], &["k8s", "./k8s"], &["k8s", "k8s/a.yaml"], &["k8s/a.yaml", "k8s"]]
    {
        let found = memlint!().args(paths).within(folder.path()).run().exits(1);
        assert!(
            found.summary().starts_with("1 finding (1 deny, 0 warn) in 1 workload of "),
            "{paths:?}: {}",
            found.stdout
        );
    }
}

#[test]
fn folders_are_searched_as_ripgrep_does() {
    let folder = Folder::new()
        .with(".git/config", "")
        .with(".gitignore", "vendor/\n*.gen.yaml\n")
        .with("vendor/a.yaml", BAD)
        .with("b.gen.yaml", BAD)
        .with(".hidden/c.yaml", BAD)
        .with(".d.yaml", BAD)
        .with("e.txt", BAD)
        .with("deep/er/f.yml", BAD)
        .with("g.json", "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}");
    let found = memlint!().within(folder.path()).run().exits(1).says(&["--> deep/er/f.yml:1:"]);
    assert!(found.summary().starts_with("1 finding (1 deny, 0 warn) in 1 workload of 2 files"), "{}", found.stdout);
    // What is named is linted, whatever it is called and whoever ignores it.
    for name in ["vendor/a.yaml", "b.gen.yaml", ".hidden/c.yaml", ".d.yaml", "e.txt"] {
        _ = memlint!(name).within(folder.path()).run().exits(1).says(&["512MB"]);
    }
}

#[test]
fn a_folder_without_manifests_is_no_success_in_silence() {
    let folder = Folder::new().with("readme.md", "nothing");
    let found = memlint!().within(folder.path()).run().exits(0);
    assert!(found.summary().starts_with("no findings in 0 workloads of 0 files"), "{}", found.stdout);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::process::Command;

    use super::{BAD, Folder, memlint};

    #[test]
    fn links_are_not_followed_but_counted() {
        let folder = Folder::new().with("k8s/a.yaml", BAD);
        symlink(folder.at("k8s"), folder.at("k8s/loop")).expect("a link");
        symlink(folder.at("k8s/a.yaml"), folder.at("k8s/b.yaml")).expect("a link");
        symlink("itself.yaml", folder.at("k8s/itself.yaml")).expect("a link");
        let found = memlint!("k8s").within(folder.path()).run().exits(1);
        assert!(found.summary().starts_with("1 finding (1 deny, 0 warn) in 1 workload of 1 file;"), "{}", found.stdout);
        assert!(found.summary().contains("; skipped: 2 symbolic links;"), "{}", found.stdout);
        // A link that is named is followed; one that leads to itself cannot be.
        _ = memlint!("k8s/b.yaml").within(folder.path()).run().exits(1).says(&["--> k8s/b.yaml:1:"]);
        _ = memlint!("k8s/loop").within(folder.path()).run().exits(1).says(&["512MB"]);
        _ = memlint!("k8s/itself.yaml")
            .within(folder.path())
            .run()
            .exits(2)
            .complains(&["k8s/itself.yaml cannot be read"]);
    }

    #[test]
    fn what_may_not_be_read_is_a_problem_with_a_place() {
        let folder = Folder::new().with("k8s/a.yaml", BAD).with("k8s/locked/b.yaml", BAD).with("k8s/c.yaml", BAD);
        let lock = |path: &str, mode| {
            std::fs::set_permissions(folder.at(path), std::fs::Permissions::from_mode(mode)).expect("permissions");
        };
        lock("k8s/locked", 0o000);
        lock("k8s/c.yaml", 0o000);
        let everywhere = std::fs::read_dir(folder.at("k8s/locked")).is_ok();
        let run = |path: &str| {
            let plain = memlint!("--color", "never", path).within(folder.path());
            if !everywhere {
                return Some(plain.run());
            }
            // Permissions mean nothing to root: become somebody else.
            let plain = plain.into_inner();
            lock("", 0o755);
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(plain.get_program());
            let output = command.args(plain.get_args()).current_dir(folder.path()).output().ok()?;
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            let (stdout, stderr) = (text(output.stdout), text(output.stderr));
            if stderr.contains("setpriv:") {
                return None;
            }
            Some(memlint_tests::command::Outcome { code: output.status.code().unwrap_or(-1), stdout, stderr })
        };
        let Some(met) = run("k8s") else {
            return memlint_tests::skipped("permissions mean nothing here, and setpriv cannot change the user");
        };
        let met = met.exits(1).says(&["--> k8s/a.yaml:1:", "--> k8s/locked:1:1", "--> k8s/c.yaml:1:1", "2 unreadable"]);
        assert!(met.stdout.contains("ermission denied"), "{}", met.stdout);
        for named in ["k8s/c.yaml", "k8s/locked"] {
            let found = run(named).expect("it ran before").exits(2);
            _ = found.complains(&[&format!("memlint: {named} cannot be read: ")]);
        }
        lock("k8s/locked", 0o755);
    }
}

#[test]
fn manifests_given_for_capacity_by_mistake_are_refused_and_not_left_out() {
    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: x}]}\n";
    let deployment = POD.replace("kind: Pod", "kind: Deployment").replace("apiVersion: v1", "apiVersion: apps/v1");
    let folder = Folder::new().with("api.yaml", deployment).with("pod.yaml", POD);
    let found = memlint!("--capacity", "api.yaml", ".").within(folder.path()).run().exits(2);
    _ = found.complains(&["api.yaml", "it holds a Deployment", "kubectl get nodes"]);
}

#[test]
fn limits_without_a_namespace_count_for_all_if_they_stand_in_one_folder_and_else_for_theirs() {
    const LIMIT: &str = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: small}\nspec:\n  limits:\n  - {type: Container, max: {memory: 512Mi}}\n";
    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: a, image: x, resources: {limits: {memory: 1Gi}}}\n";
    let folder = Folder::new().with("limits/small.yaml", LIMIT).with("apps/pod.yaml", POD).with("apps/a/pod.yaml", POD);
    let refused = |folder: &Folder| -> Vec<String> {
        let found = memlint!("--format", "json").within(folder.path()).run().json();
        let findings = found["findings"].as_array().expect("findings").iter();
        let refused = findings.filter(|finding| finding["rule"] == "outside-limit-range");
        refused.map(|finding| finding["file"].as_str().expect("a file").to_owned()).collect()
    };
    assert_eq!(refused(&folder), ["apps/a/pod.yaml", "apps/pod.yaml"]);
    let folder = folder.with("apps/a/b/pod.yaml", POD).with("apps/a/small.yaml", LIMIT);
    assert_eq!(refused(&folder), ["apps/a/b/pod.yaml", "apps/a/pod.yaml"]);
    // Where a namespace is given, it is that of all of them: three Pods, each refused by both.
    let found = memlint!("--namespace", "shop", "--format", "json").within(folder.path()).run().json();
    assert_eq!(found["summary"]["deny"], 6);
}
