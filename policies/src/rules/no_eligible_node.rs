//! # no-eligible-node
//!
//! No node passes the Pod's `nodeName`, `nodeSelector`, required node affinity and tolerations, whatever its size.
//! Cordons and taints that pass by themselves are looked past.
//!
//! ## Why it matters
//!
//! The Pod stays Pending for ever. Mostly a label is misspelt, or a pool has got a taint that the Pod does not
//! tolerate.
//!
//! ## Bad
//!
//! ```yaml
//! nodeSelector: {agentpool: usr}
//! ```
//!
//! ## Good
//!
//! ```yaml
//! nodeSelector: {agentpool: user}
//! ```
//!
//! ## Source
//!
//! The filters NodeName, TaintToleration and NodeAffinity of kube-scheduler.

use std::collections::BTreeSet;

use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::spelling::nearest;
use memlint_scheduler::{Obstacle, UNKNOWN_LABEL, excluded, nodes, obstacle, obstacles, shown_toleration};

use crate::finding::{Group, Level};
use crate::placing::Placing;
use crate::rule::{Cx, Draft, Needs, Rule, Sink};

pub(super) const RULE: Rule = Rule {
    id: "no-eligible-node",
    group: Group::Pending,
    level: Level::Deny,
    summary: "no node passes the Pod's node name, selector, affinity and tolerations",
    source: include_str!("no_eligible_node.rs"),
    params: &[],
    needs: Needs::Nodes,
    judges_blocks: false,
    check,
};

fn check(cx: &Cx<'_>, sink: &mut Sink) {
    let Some(placing) = cx.placing() else { return };
    if placing.is_daemon_set() || !placing.ever_standings().is_barred() {
        return;
    }
    let total = placing.ever().nodes().len();
    if let Some(name) = placing.candidate.node_name() {
        // The nodes of a declared pool have other names than ours.
        if placing.capacity.pools().is_empty() {
            sink.report(unknown_name(cx, placing, name));
        }
        return;
    }
    let verdict = placing.ever_verdict();
    let excluded = excluded(&verdict);
    let why = match excluded.is_empty() {
        true => format!(": {}", verdict.message(placing.capacity.release()).unwrap_or_default()),
        false => format!("; excluded: {excluded}"),
    };
    let message =
        format!("none of {} is eligible for this Pod, whatever its size{}", nodes(total), why.trim_end_matches('.'));
    let (at, help) = remedy(cx, placing);
    sink.report(Draft::new(at, message, help).data("nodes", i64::try_from(total).unwrap_or(i64::MAX)));
}

fn unknown_name(cx: &Cx<'_>, placing: &Placing<'_>, name: &str) -> Draft {
    let set = placing.ever().nodes();
    let near = nearest(name, (0..set.len()).map(|node| set.name(node)));
    let message = format!("nodeName is {name}, and no node has that name: {} known", nodes(set.len()));
    let help = match near {
        Some(near) => format!("did you mean {near}? better is a nodeSelector, for nodeName passes the scheduler by"),
        None => "leave nodeName out and let the scheduler choose, or use a nodeSelector".to_owned(),
    };
    Draft::new(cx.workload.spec_at.key("nodeName"), message, help)
}

/// The field at fault, and what to type: what stands between the Pod and the nodes that are nearest to taking it. Those
/// with all the labels that it asks for are nearer than others.
fn remedy(cx: &Cx<'_>, placing: &Placing<'_>) -> (FieldPath, String) {
    let all = obstacles(placing.ever(), &placing.candidate, Placing::EVER);
    let labels = |list: &[Obstacle]| list.iter().filter(|obstacle| matches!(obstacle, Obstacle::Label(_))).count();
    let easiest =
        all.iter().min_by_key(|(list, nodes)| (list.len(), labels(list.as_slice()), std::cmp::Reverse(nodes.len())));
    let spec = &cx.workload.spec_at;
    let Some((list, open)) = easiest else {
        return (
            spec.key("affinity"),
            "its node affinity terms exclude one another: no node can match them".to_owned(),
        );
    };
    let at = list.first().map_or_else(|| spec.key("nodeSelector"), |first| field(cx, first));
    let help = match list.as_slice() {
        [Obstacle::Taint(taint)] => {
            format!("tolerations: [{}] would let it on {}", shown_toleration(taint), nodes(open.len()))
        }
        [only @ Obstacle::Label(label)] => match meant(placing, label) {
            Some(meant) => {
                format!("did you mean {meant}? {} alone keeps it from {}", obstacle(only), nodes(open.len()))
            }
            None => format!(
                "{} alone keeps it from {}; change the selector, or label the nodes",
                obstacle(only),
                nodes(open.len())
            ),
        },
        several => {
            let several: Vec<String> = several.iter().map(obstacle).filter(|text| !text.is_empty()).collect();
            let (are, them) = if open.len() == 1 { ("is", "it") } else { ("are", "them") };
            format!("the closest {are} {}; {} rules {them} out", nodes(open.len()), several.join(" together with "))
        }
    };
    (at, help)
}

/// The field that an obstacle comes from.
fn field(cx: &Cx<'_>, obstacle: &Obstacle) -> FieldPath {
    let spec = &cx.workload.spec_at;
    let selector = cx.workload.spec().node_selector.as_ref();
    match obstacle {
        Obstacle::Label(label) => {
            let key = label.split_once('=').map_or(label.as_str(), |(key, _)| key);
            match selector.is_some_and(|selector| selector.contains_key(key)) {
                true => spec.keys(&["nodeSelector", key]),
                false => spec.keys(&["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]),
            }
        }
        Obstacle::Taint(_) => spec.key("tolerations"),
        Obstacle::Other(_) => spec.keys(&["affinity", "nodeAffinity"]),
    }
}

/// The label that some node has and that was probably meant.
fn meant(placing: &Placing<'_>, label: &str) -> Option<String> {
    let (key, value) = label.split_once('=')?;
    let profiles = placing.ever().nodes().profiles();
    let values: BTreeSet<&str> =
        profiles.iter().filter_map(|profile| profile.labels.get(key)).map(String::as_str).collect();
    if values.contains(value) {
        return None;
    }
    if let Some(near) = nearest(value, values.iter().copied()) {
        return Some(format!("{key}: {near}"));
    }
    if !values.is_empty() {
        return None;
    }
    let stated = profiles.iter().flat_map(|profile| &profile.labels).filter(|(_, value)| *value != UNKNOWN_LABEL);
    let keys: BTreeSet<&str> = stated.map(|(key, _)| key.as_str()).collect();
    nearest(key, keys).map(|near| format!("the label {near}"))
}
