//! D11: one engine, one answer. Every document of the fixtures goes through the command line's library and through
//! the review, and both find the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use memlint::linting::{self, Settings};
use memlint::project::corpus;
use memlint::project::known::Known;
use memlint::review::Bench;
use memlint_files::held::Asked;
use memlint_files::policy_file::{self, PolicyFile};
use memlint_files::yaml;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::workload::{Object, objects};
use memlint_policies::finding::Finding;
use memlint_policies::policy::Policy;
use memlint_policies::rules::RULES;
use memlint_review::{OnDoubt, Options, ReviewCx, Workloads};

use crate::support::{UID, repository};

/// The kinds that the webhook judges, but for Pods: those reach it after the API server has changed them.
const KINDS: [(&str, &str, &str); 7] = [
    ("apps", "Deployment", "deployments"),
    ("apps", "StatefulSet", "statefulsets"),
    ("apps", "DaemonSet", "daemonsets"),
    ("apps", "ReplicaSet", "replicasets"),
    ("batch", "Job", "jobs"),
    ("batch", "CronJob", "cronjobs"),
    ("", "ReplicationController", "replicationcontrollers"),
];

pub(crate) const TODAY: jiff::civil::Date = jiff::civil::date(2026, 1, 1);

/// Every rule, those that are off by default too.
fn policy() -> Policy {
    let rules: Vec<String> = RULES.iter().map(|rule| format!("{}: deny", rule.id)).collect();
    let text = format!("apiVersion: memlint.dev/v1alpha1\nkind: Policy\nrules: {{{}}}\n", rules.join(", "));
    policy_file::parse("memlint.yaml", &text).expect("a policy")
}

/// Folders whose files belong together.
pub(crate) fn folders() -> Vec<PathBuf> {
    let mut found = vec![repository().join("tests/demo/shop")];
    let mut walk = vec![repository().join("tests/fixtures/rules")];
    while let Some(folder) = walk.pop() {
        let entries: Vec<PathBuf> =
            std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        if entries.iter().any(|path| path.is_file()) {
            found.push(folder);
        }
        walk.extend(entries.into_iter().filter(|path| path.is_dir()));
    }
    found.sort();
    found
}

pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let manifest = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "yaml" || extension == "json")
            && path.file_name().is_some_and(|name| name != "memlint.yaml" && name != "capacity.yaml")
    };
    let mut files: Vec<PathBuf> = entries.filter(manifest).collect();
    files.sort();
    files.iter().map(|path| (path.display().to_string(), std::fs::read(path).expect("a file"))).collect()
}

/// A finding as both tell it.
type Told = (String, String, String);

#[test]
fn d11_command_line_and_webhook_find_the_same() {
    let policy = policy();
    // Nodes so small that some find no room, and one for which few are wanted.
    let taints = serde_json::json!({"taints": [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]});
    let nodes = [serde_json::json!({"memory": "1Gi"}), serde_json::json!({"spec": taints})];
    let capacity = crate::fits::capacity(&nodes);
    let (mut judged, mut found, mut by_nodes) = (0, 0, 0);
    for folder in folders() {
        let files = files(&folder);
        let named = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        let corpus = corpus::from_memory(named, Asked::Met);
        let settings = Settings { policy: &policy, namespace: "", capacity: Some(&capacity), today: TODAY };
        let report = linting::lint(&corpus, settings);
        let (_, scopes) = Known::collect(&corpus, "", Some(&capacity));
        for (index, held) in corpus.documents.iter().enumerate() {
            let Ok(document) = yaml::parse(held.document.raw()) else { continue };
            for object in objects(document.value()) {
                let Some(body) = request(&object) else { continue };
                let by_lint: BTreeSet<Told> = report
                    .findings
                    .iter()
                    .filter(|located| located.place.document == index && located.finding.object == object.reference)
                    .map(|located| of(&located.finding))
                    .collect();
                let by_webhook = told(
                    &body,
                    &ReviewCx {
                        policy: &policy,
                        policy_hash: "",
                        inventory: scopes.whole(),
                        nodes_are_certain: true,
                        options: &Options {
                            workloads: Workloads::Deny,
                            on_decode_error: OnDoubt::Deny,
                            ..Options::default()
                        },
                        today: TODAY,
                    },
                );
                assert_eq!(by_webhook, by_lint, "{} of {}", object.reference, held.file);
                judged += 1;
                found += by_lint.len();
                by_nodes += by_lint.iter().filter(|(rule, ..)| rule.ends_with("fits") || rule.ends_with("fit")).count();
            }
        }
    }
    let figures = format!("{judged} objects with {found} findings, {by_nodes} of them about nodes");
    assert!(judged > 30 && found > 50 && by_nodes > 10, "{figures}: too few to say anything");
}

/// What the webhook finds in a request.
fn told(body: &str, cx: &ReviewCx<'_>) -> BTreeSet<Told> {
    let reply = memlint_review::review(body.as_bytes(), cx);
    assert_eq!(reply.outcome.findings.values().sum::<usize>(), reply.findings.len());
    reply.findings.iter().map(|told| of(&told.finding)).collect()
}

fn of(finding: &Finding) -> Told {
    (finding.rule.to_owned(), finding.message.clone(), finding.at.to_string())
}

/// A request to make the object; `None` where the webhook does not judge its kind.
pub(crate) fn request(object: &Object<'_, '_>) -> Option<String> {
    let reference = &object.reference;
    let (group, version) = reference.api_version.split_once('/').unwrap_or(("", &reference.api_version));
    let (_, kind, resource) = KINDS.into_iter().find(|(g, kind, _)| (*g, *kind) == (group, reference.kind.as_str()))?;
    let namespace = reference.namespace.as_deref().unwrap_or_default();
    Some(format!(
        "{{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{{\"uid\":\"{UID}\",\
         \"kind\":{{\"group\":\"{group}\",\"version\":\"{version}\",\"kind\":\"{kind}\"}},\
         \"resource\":{{\"group\":\"{group}\",\"version\":\"{version}\",\"resource\":\"{resource}\"}},\
         \"namespace\":\"{namespace}\",\"operation\":\"CREATE\",\"object\":{}}}}}",
        json(object.value)
    ))
}

/// JSON that keeps order, duplicates and digits, which a map of `serde_json` would not.
pub(crate) fn json(value: &Value<'_>) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let joined = |parts: Vec<String>| parts.join(",");
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) => text.to_string(),
        Value::String(text) => quoted(text),
        Value::List(items) => format!("[{}]", joined(items.iter().map(json).collect())),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}:{}", quoted(key), json(value)));
            format!("{{{}}}", joined(entries.collect()))
        }
    }
}

/// What is set for the webhook, and for `memlint review`, in the same words.
const SETTINGS: [&[&str]; 7] = [
    &[],
    &["--enforcement", "audit"],
    &["--enforcement", "audit", "--enforcement-for", "shop*=warn"],
    &["--workloads", "deny"],
    &["--exclude-namespaces", "lab,sh*"],
    &["--on-decode-error", "deny"],
    &["--nodes", "growing"],
];

#[tokio::test]
async fn d11_memlint_review_answers_what_the_webhook_answers() {
    use clap::Parser as _;
    use memlint::cli::{Cli, Command};
    use memlint_webhook::{args, capacity};
    let folder = tempfile::tempdir().expect("a folder");
    let nodes = folder.path().join("nodes.json");
    let node = crate::cluster::node("a", "8Gi", &serde_json::json!({}));
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [node]});
    std::fs::write(&nodes, list.to_string()).expect("a file");
    let containers = [crate::support::container("api", "", "")];
    let requests = [
        crate::support::create(&crate::support::pod("", "")),
        crate::support::create(&crate::support::pod("1Gi", "2Gi")),
        crate::support::create(&crate::support::pod("64Gi", "64Gi")),
        crate::support::create(&serde_json::json!("no object")),
        crate::support::deployment(None, &crate::support::deployment_of(&containers)),
    ];
    let mut answers = BTreeSet::new();
    for settings in SETTINGS {
        let capacity_file = nodes.to_str().expect("a path");
        let given = ["memlint-webhook", "--self-signed", "x", "--capacity", capacity_file];
        let given = args::Args::try_parse_from(given.iter().chain(settings)).expect("arguments");
        let app = crate::support::app_with("", given.review.options());
        capacity::load(&app, &given.capacity, given.review.nodes).expect("nodes");
        for request in &requests {
            let body = crate::support::review(request).to_string();
            let file = folder.path().join("review.json");
            std::fs::write(&file, &body).expect("a file");
            let given = ["memlint", "review", file.to_str().expect("a path"), "--capacity", capacity_file];
            let Some(Command::Review(args)) =
                Cli::try_parse_from(given.iter().chain(settings)).expect("arguments").command
            else {
                panic!("another command");
            };
            let policy = PolicyFile::load(None).expect("the default policy");
            let known = memlint_files::capacity_files::load(&args.capacity).expect("nodes").capacity;
            let bench = Bench::new(policy, known, None, &args.options, TODAY);
            let answer = bench.review(&std::fs::read(&args.file).expect("a file")).body;
            let webhook = crate::support::send(&app, crate::support::http("/validate", body)).await;
            assert_eq!(String::from_utf8_lossy(&answer), webhook.text, "{settings:?}");
            answers.insert(answer);
        }
    }
    assert!(answers.len() >= 10, "{} different answers are too few to say anything", answers.len());
}
