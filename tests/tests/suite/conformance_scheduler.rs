//! Placement: what a real kube-scheduler answered, for Pods that a real API server stored.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod, PodSpec, ResourceRequirements};
use memlint_kubernetes::aggregate::pod_requests;
use memlint_scheduler::{Candidate, Cluster, ClusterBuilder, Release, View, apply_runtime_class, filter};
use memlint_tests::conformance;
use serde_json::Value;

#[test]
fn agrees_with_the_scheduler() {
    let (mut verdicts, mut wrong) = (0, Vec::new());
    for file in ["scheduler.jsonl.gz", "scheduler-pods.jsonl.gz"] {
        for case in conformance(file) {
            let cluster = cluster(&case);
            let answers = list(&case, "candidates").iter().zip(list(&case, "golden"));
            for (index, (pod, golden)) in answers.enumerate().filter(|(_, (_, golden))| golden["admitted"] == true) {
                let candidate = candidate(pod, &golden["stored"], list(&case, "runtimeClasses"));
                for (view, key) in [(View::Empty, "empty"), (View::Now, "now")] {
                    // What the quota refused never came before the scheduler.
                    let answer = &golden[key];
                    if answer.is_null() || answer["admitted"] == false {
                        continue;
                    }
                    verdicts += 1;
                    if let Err(difference) = check(&cluster, &candidate, view, answer) {
                        wrong.push(format!("{file} {} candidate {index} {key}: {difference}", case["id"]));
                    }
                }
            }
        }
    }
    println!("scheduler: {} of {verdicts} verdicts agree", verdicts - wrong.len());
    assert!(verdicts > 4000, "only {verdicts} verdicts");
    assert!(wrong.is_empty(), "{} of {verdicts} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn check(cluster: &Cluster, candidate: &Candidate, view: View, answer: &Value) -> Result<(), String> {
    let verdict = filter(cluster, candidate, view);
    let said = answer["message"].as_str().map(|text| text.split_once(". ").map_or(text, |(first, _)| first));
    // The counted reasons end with a full stop, which the cut may have taken.
    let said = said
        .map(|text| if text.starts_with("0/") && !text.ends_with('.') { format!("{text}.") } else { text.to_owned() });
    if answer["scheduled"] == true {
        let node = answer["node"].as_str();
        let names = verdict.feasible_names();
        let known = node.is_none_or(|node| names.contains(&node));
        return if verdict.fits() && known {
            Ok(())
        } else {
            Err(format!("{answer}, not {names:?} {:?}", verdict.message(Release::default())))
        };
    }
    let message = verdict.message(Release::default());
    if message == said { Ok(()) } else { Err(format!("{said:?}, not {message:?}")) }
}

fn cluster(case: &Value) -> Cluster {
    let mut builder = ClusterBuilder::default();
    for node in list(case, "nodes") {
        let node: Node = serde_json::from_value(node.clone()).expect("a Node");
        let (node, problems) = memlint_scheduler::Node::read(&node);
        assert!(problems.is_empty(), "{problems:?}");
        builder.node(node);
    }
    for pod in list(case, "daemonSetPods").iter().chain(list(case, "pods")) {
        builder.pod(&serde_json::from_value::<Pod>(pod.clone()).expect("a Pod"));
    }
    builder.build()
}

/// The Pod as it was stored: its own spec, with the resources and overhead that the API server made of them, and with
/// what its RuntimeClass demands of nodes.
fn candidate(pod: &Value, stored: &Value, classes: &[Value]) -> Candidate {
    let pod: Pod = serde_json::from_value(pod.clone()).expect("a Pod");
    let mut spec: PodSpec = pod.spec.unwrap_or_default();
    if let Some(name) = &spec.runtime_class_name {
        let class = classes.iter().find(|class| class["metadata"]["name"] == name.as_str()).expect("its RuntimeClass");
        let class = serde_json::from_value(class.clone()).expect("a RuntimeClass");
        apply_runtime_class(&mut spec, &class).expect("no conflict: it was admitted");
    }
    let resources =
        |stored: &Value| -> Option<ResourceRequirements> { serde_json::from_value(stored.clone()).expect("resources") };
    for container in &mut spec.containers {
        container.resources = resources(&stored["containers"][&container.name]);
    }
    for container in spec.init_containers.iter_mut().flatten() {
        container.resources = resources(&stored["initContainers"][&container.name]);
    }
    spec.resources = resources(&stored["resources"]);
    spec.overhead = serde_json::from_value(stored["overhead"].clone()).expect("overhead");
    let labels: BTreeMap<String, String> = pod.metadata.labels.unwrap_or_default();
    let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
    Candidate::new(&spec, &labels, namespace, &pod_requests(&spec, None))
}

fn list<'a>(case: &'a Value, key: &str) -> &'a [Value] {
    case[key].as_array().map(Vec::as_slice).unwrap_or_default()
}
