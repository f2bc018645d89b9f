//! What a workload's review says of its Pods is what is answered when they are created.

use std::collections::BTreeSet;

use memlint_files::{policy_file, yaml};
use memlint_kubernetes::object::Value as Object;
use memlint_kubernetes::workload::{Workload, objects};
use memlint_policies::finding::Group;
use memlint_policies::inventory::Inventory;
use memlint_policies::policy::Policy;
use memlint_policies::rules::{self, RULES};
use memlint_review::{Action, Options, Reply, ReviewCx};
use serde_json::{Value, json};

use crate::parity::{TODAY, files, folders, json as text, request};
use crate::support::{create, with};

/// Every rule denies, and some workloads or Pods are exempt from all.
fn policy(matcher: &str) -> Policy {
    let all: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let rules: Vec<String> = all.iter().map(|rule| format!("{rule}: deny")).collect();
    let (rules, all) = (rules.join(", "), all.join(", "));
    let head = "apiVersion: memlint.dev/v1alpha1\nkind: Policy\n";
    let exemptions = format!("exemptions: [{{rules: [{all}], match: {matcher}, reason: r}}]\n");
    policy_file::parse("memlint.yaml", &format!("{head}rules: {{{rules}}}\n{exemptions}")).expect("a policy")
}

/// The Pod that a controller makes of a template, as the API server completes it; `None` where more goes into it than
/// the template has.
fn pod(workload: &Workload, object: &Object<'_>) -> Option<Value> {
    let template: Value = serde_json::from_str(&text(object.at(&workload.template_at)?)).ok()?;
    let mut pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
    let is_more = |key: &str| !pod["spec"][key].is_null();
    if is_more("resources") || is_more("runtimeClassName") || !workload.claim_templates.is_empty() {
        return None;
    }
    if pod["metadata"].is_null() {
        pod["metadata"] = json!({});
    }
    let name = workload.object.name.as_deref()?;
    pod["metadata"]["name"] = match workload.object.kind.as_str() {
        "StatefulSet" => json!(format!("{name}-0")),
        "Deployment" | "CronJob" => json!(format!("{name}-7d4f-x2k4z")),
        _ => json!(format!("{name}-x2k4z")),
    };
    pod["metadata"]["namespace"] = json!(workload.object.namespace.as_deref().unwrap_or_default());
    for list in ["containers", "initContainers"] {
        for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
            let Some(limits) = container["resources"]["limits"].as_object().cloned() else { continue };
            for (resource, limit) in limits {
                let request = &mut container["resources"]["requests"][resource];
                if request.is_null() {
                    *request = limit;
                }
            }
        }
    }
    Some(pod)
}

/// What is denied of a Pod by which rule; the places are those in the Pod.
fn denied(reply: &Reply, workload: &Workload, is_template: bool) -> BTreeSet<(&'static str, String)> {
    let findings = reply.findings.iter().filter(|told| told.in_pods == Action::Deny);
    // The Pods of a DaemonSet are bound to nodes, and this one is not.
    let is_pending = |rule: &str| rules::find(rule).is_some_and(|rule| rule.group == Group::Pending);
    let asked = findings.filter(|told| workload.object.kind != "DaemonSet" || !is_pending(told.finding.rule));
    let place = |told: &memlint_review::Told| {
        let inside = is_template.then(|| told.finding.at.relative_to(&workload.template_at)).flatten();
        inside.unwrap_or_else(|| told.finding.at.clone()).to_string()
    };
    asked.map(|told| (told.finding.rule, place(told))).collect()
}

#[test]
fn d11_what_is_said_of_pods_is_what_becomes_of_them() {
    let nodes = [json!({"memory": "1Gi"}), json!({"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}})];
    let mut inventory = Inventory::default();
    inventory.set_capacity(crate::fits::capacity(&nodes));
    let options = Options::default();
    let (mut judged, mut found, mut exempt) = (0, 0, 0);
    for matcher in [
        "{names: [nothing]}",
        "{kinds: [Deployment, DaemonSet, Job, StatefulSet]}",
        "{kinds: [Pod]}",
        "{names: [\"*-*\"]}",
        "{names: [\"*-*-*\"]}",
    ] {
        let policy = policy(matcher);
        let cx = ReviewCx {
            policy: &policy,
            policy_hash: "",
            inventory: &inventory,
            nodes_are_certain: true,
            options: &options,
            today: TODAY,
        };
        for (name, bytes) in folders().iter().flat_map(|folder| files(folder)) {
            let file = yaml::decode(&bytes).expect("text");
            for document in yaml::split(&file).into_iter().filter_map(|raw| yaml::parse(raw).ok()) {
                for object in objects(document.value()) {
                    let Some(body) = request(&object) else { continue };
                    let workload = &Workload::find(&object)[0];
                    if !workload.problems.is_empty() || !workload.invalid.is_empty() {
                        continue;
                    }
                    let Some(pod) = pod(workload, object.value) else { continue };
                    let reply = memlint_review::review(body.as_bytes(), &cx);
                    let told = denied(&reply, workload, true);
                    let created = with(create(&pod), &json!({"namespace": pod["metadata"]["namespace"]}));
                    let created =
                        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": created});
                    let of_pod = memlint_review::review(created.to_string().as_bytes(), &cx);
                    assert_eq!(told, denied(&of_pod, workload, false), "{matcher}: {} of {name}", object.reference);
                    judged += 1;
                    found += told.len();
                    exempt += usize::from(!told.is_empty() && !reply.exemptions.is_empty());
                }
            }
        }
    }
    let figures = format!("{judged} workloads with {found} denials in their Pods, {exempt} of them exempt");
    assert!(judged > 100 && found > 100 && exempt > 10, "{figures}: too few to say anything");
}
