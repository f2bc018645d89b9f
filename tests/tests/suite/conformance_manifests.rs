//! Pods: what a real API server refused under strict field validation, and the fields that it named.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use memlint_kubernetes::decode::{Leniency, ProblemKind, check, from_value_pruned, type_of};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::validation::{ContainerLists, PodLists, validate_object};
use memlint_tests::fixtures;
use serde_json::Value as Json;

use oracle::{dotted, named_by, object_of, parse, undecodable_by, unknown_by, without_indices};

mod oracle;

/// Everything refused in a Pod: by its path, and whether decoding refuses it.
#[derive(Debug, Default)]
struct Verdict {
    unknown: BTreeSet<String>,
    undecodable: BTreeSet<String>,
    invalid: BTreeSet<String>,
}

impl Verdict {
    fn refused(&self) -> bool {
        !(self.unknown.is_empty() && self.undecodable.is_empty() && self.invalid.is_empty())
    }
}

/// An object without a version or kind gets those of the address that it was posted to.
fn posted_as<'a>(version: &'a str, kind: &'a str, case: &'a Json) -> (&'a str, &'a str) {
    let address = case["posted_to"].as_str().unwrap_or("/api/v1/namespaces/default/pods");
    let group = address.trim_start_matches("/apis/").trim_start_matches("/api/").split("/namespaces").next();
    let plural = address.rsplit('/').next().unwrap_or_default();
    let kinds = ["Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"];
    let of_plural = kinds.into_iter().find(|kind| format!("{}s", kind.to_lowercase()) == plural);
    let or = |text: &'a str, other: &'a str| if text.is_empty() { other } else { text };
    (or(version, group.unwrap_or_default()), or(kind, of_plural.unwrap_or_default()))
}

fn refusals(object: &Value<'_>, case: &Json) -> Verdict {
    let mut verdict = Verdict::default();
    let text = |key| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = posted_as(text("apiVersion"), text("kind"), case);
    let Some(type_name) = type_of(version, kind) else {
        verdict.undecodable.insert("kind".to_owned());
        return verdict;
    };
    let problems = check(object, type_name, Leniency::Strict);
    for problem in &problems {
        let set = match problem.kind {
            ProblemKind::UnknownField | ProblemKind::DuplicateField => &mut verdict.unknown,
            _ => &mut verdict.undecodable,
        };
        set.insert(dotted(&problem.at));
    }
    let found = validate_object(object, type_name, &problems, None);
    verdict.invalid.extend(found.iter().map(|problem| dotted(&problem.at)));
    let template = match type_name {
        "Pod" => FieldPath::root(),
        "PodTemplate" => FieldPath::of(&["template"]),
        "CronJob" => FieldPath::of(&["spec", "jobTemplate", "spec", "template"]),
        _ => FieldPath::of(&["spec", "template"]),
    };
    let typed: PodTemplateSpec =
        from_value_pruned(object.at(&template).unwrap_or(&Value::Null), &[]).expect("a template");
    let spec = typed.spec.unwrap_or_default();
    let mut lists = if type_name == "Pod" { PodLists::defaulted(&spec) } else { PodLists::written(&spec) };
    if spec.os.is_some_and(|os| os.name == "windows") {
        lists.pod = None;
    }
    verdict.invalid.extend(requests_above_limits(&lists, &dotted(&template.key("spec"))));
    verdict
}

/// The rule `request-above-limit`, in short: it is checked for the places it names elsewhere.
fn requests_above_limits(lists: &PodLists, spec: &str) -> Vec<String> {
    let above = |lists: &ContainerLists| {
        let limits = lists.limits.clone().unwrap_or_default();
        let native = |name: &str| !name.contains('/') || name.contains("kubernetes.io/");
        let overcommittable = |name: &str| native(name) && !name.starts_with("hugepages-");
        lists
            .requests
            .iter()
            .flatten()
            .any(|(name, request)| limits.get(name).is_some_and(|limit| overcommittable(name) && request > limit))
    };
    let containers = lists.containers.iter().enumerate().map(|(i, lists)| (format!("{spec}.containers.{i}"), lists));
    let init = lists.init_containers.iter().enumerate().map(|(i, lists)| (format!("{spec}.initContainers.{i}"), lists));
    let pod = lists.pod.iter().map(|lists| (spec.to_owned(), lists));
    let all = containers.chain(init).chain(pod);
    all.filter(|(_, lists)| above(lists)).map(|(at, _)| format!("{at}.resources.requests")).collect()
}

/// What is wrong with our answer, or nothing.
fn disagreement(case: &Json, verdict: &Verdict, accepted: bool) -> Option<String> {
    let error = case["error"].as_str().unwrap_or_default();
    if accepted || verdict.refused() == accepted {
        return (verdict.refused() == accepted).then(|| format!("accepted: {accepted}, but we say {verdict:?}"));
    }
    if let Some(unknown) = unknown_by(error) {
        return (unknown != verdict.unknown)
            .then(|| format!("unknown are {unknown:?}, but we say {:?}", verdict.unknown));
    }
    if case["code"] == 400 {
        let place = undecodable_by(error);
        let same = |path: &String| {
            place.as_ref().is_none_or(|place| without_indices(path).to_lowercase().starts_with(&place.to_lowercase()))
        };
        let found = verdict.undecodable.iter().chain(&verdict.unknown).any(same);
        return (!found).then(|| format!("undecodable, but we say {verdict:?}"));
    }
    let mut named = named_by(error);
    // A Job without labels of its own gets those of its template, errors included.
    if error.starts_with("Job.") && named.contains("spec.template.metadata.labels") {
        named.remove("metadata.labels");
    }
    // Some of the recorded errors are cut off.
    let cut = error.contains("is invalid: [") && !error.ends_with(']');
    if cut && named.is_subset(&verdict.invalid) {
        return None;
    }
    // Of host ports the API server counts each init container as the first.
    let first = |path: &String| {
        let (before, after) = path.split_once(".initContainers.").filter(|_| path.ends_with(".hostPort"))?;
        Some(format!("{before}.initContainers.0.{}", after.split_once('.')?.1))
    };
    let counted =
        |paths: &BTreeSet<String>| paths.iter().map(|path| first(path).unwrap_or_else(|| path.clone())).collect();
    let (named, invalid): (BTreeSet<String>, BTreeSet<String>) = (counted(&named), counted(&verdict.invalid));
    let decodes = verdict.unknown.is_empty() && verdict.undecodable.is_empty();
    (named != invalid || !decodes).then(|| format!("named are {named:?}, but we say {verdict:?}"))
}

fn lines(path: &PathBuf) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzipped UTF-8");
    } else {
        text = String::from_utf8(bytes).expect("UTF-8");
    }
    text.lines().map(str::to_owned).collect()
}

/// Prints the agreement over a file of Pods, and returns the disagreements by class.
fn run(path: &PathBuf) -> (usize, BTreeMap<String, Vec<String>>) {
    let mut wrong = BTreeMap::<String, Vec<String>>::new();
    let mut cases = 0;
    for line in lines(path) {
        let case: Json = serde_json::from_str(&line).expect("a JSON line");
        let Some(object) = object_of(&line, &case) else { continue };
        let code = case["code"].as_i64().unwrap_or_default();
        let error = case["error"].as_str().unwrap_or_default();
        if !matches!(code, 0 | 400 | 422) || error.contains("does not match the namespace") {
            continue;
        }
        cases += 1;
        let accepted = case["accepted"].as_bool().unwrap_or_else(|| case.get("error").is_none());
        if let Some(difference) = disagreement(&case, &refusals(&object, &case), accepted) {
            let class = case["class"].as_str().unwrap_or("any").to_owned();
            wrong.entry(class).or_default().push(format!("{difference}\n    {line}"));
        }
    }
    let differ: usize = wrong.values().map(Vec::len).sum();
    println!("{}: {} of {cases} agree", path.display(), cases - differ);
    (cases, wrong)
}

fn assert_agrees(name: &str, at_least: usize) {
    let (cases, wrong) = run(&fixtures().join("conformance").join(name));
    assert!(cases >= at_least, "only {cases} cases");
    let lines: Vec<&str> = wrong.values().flatten().map(String::as_str).collect();
    assert!(lines.is_empty(), "{} of {cases} differ:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn mutated_resources_are_refused_as_by_the_api_server() {
    assert_agrees("manifests.jsonl.gz", 800);
}

#[test]
fn quantities_and_pods_at_the_border_of_qos_classes_are_refused_as_by_the_api_server() {
    assert_agrees("quantities.jsonl.gz", 1000);
}

/// More of the same: every class of mutation, and one systematic change at a time.
#[test]
fn other_pods_are_refused_as_by_the_api_server() {
    assert_agrees("extra-manifests.jsonl.gz", 3500);
    assert_agrees("extra-matrix.jsonl.gz", 5800);
    assert_agrees("extra-qos.jsonl.gz", 1700);
}

/// Templates are validated without what is filled in for Pods.
#[test]
fn workloads_are_refused_as_by_the_api_server() {
    assert_agrees("extra-templates.jsonl.gz", 850);
}

/// The scheduler's Pods: what LimitRanges and quotas refused is checked with the rules about those.
#[test]
fn candidates_of_the_scheduler_are_refused_as_by_the_api_server() {
    let (mut cases, mut wrong) = (0, Vec::new());
    for line in lines(&fixtures().join("conformance/scheduler.jsonl.gz")) {
        let cluster: Json = serde_json::from_str(&line).expect("a JSON line");
        for (candidate, golden) in cluster["candidates"].as_array().into_iter().flatten().zip(golden(&cluster)) {
            let reject = golden["reject"].as_str().unwrap_or_default();
            if golden["code"] == 403 || reject.contains("limit ratio") {
                continue;
            }
            cases += 1;
            let verdict = refusals(&parse(&candidate.to_string()), golden);
            let named = named_by(reject);
            // A LimitRange's defaults may make more wrong than the Pod alone is.
            let limit_ranges = cluster["limitRanges"].as_array().is_some_and(|list| !list.is_empty());
            if !(verdict.invalid == named || limit_ranges && verdict.invalid.is_subset(&named)) {
                wrong.push(format!("{reject}, but we say {verdict:?}\n    {candidate}"));
            }
        }
    }
    assert!(cases > 1000, "only {cases} cases");
    assert!(wrong.is_empty(), "{} of {cases} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn golden(cluster: &Json) -> impl Iterator<Item = &Json> {
    cluster["golden"].as_array().into_iter().flatten()
}

/// More such files, in a folder that `MEMLINT_ORACLE` names: figures, and a few disagreements of each class.
#[test]
fn a_folder_of_more_cases() {
    let Some(folder) = std::env::var_os("MEMLINT_ORACLE") else { return };
    for name in std::env::var("MEMLINT_ORACLE_FILES")
        .unwrap_or("manifests.jsonl manifests2.jsonl manifests-matrix.jsonl qos.jsonl templates.jsonl".to_owned())
        .split(' ')
    {
        let (_, wrong) = run(&PathBuf::from(&folder).join(name));
        for (class, lines) in wrong {
            println!("== {class}: {}", lines.len());
            lines.iter().take(3).for_each(|line| println!("  {line}"));
        }
    }
}
