//! `GET /debug/policy`: what holds, and what is known, as JSON. For operators, and so not where the API server asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use memlint_capacity::Capacity;
use memlint_kubernetes::aggregate::ResourceList;
use memlint_policies::rules::RULES;
use serde_json::{Value, json};

use crate::cluster::KINDS;
use crate::state::{App, Cluster, Rulebook};

/// What holds, and what is known.
pub(crate) async fn policy(State(app): State<Arc<App>>) -> impl IntoResponse {
    let (rulebook, cluster) = (app.rulebook.load(), app.cluster.load());
    let synced: BTreeMap<&str, bool> =
        KINDS.into_iter().filter_map(|kind| Some((kind, app.metrics.is_synced(kind)?))).collect();
    let answer = json!({
        "version": 1,
        "memlint": env!("CARGO_PKG_VERSION"),
        "policy": of_policy(&rulebook),
        "nodes": of_nodes(&cluster),
        "synced": synced,
        "ready": app.health.not_ready().is_empty(),
        "notReady": app.health.not_ready(),
    });
    ([(header::CONTENT_TYPE, "application/json")], answer.to_string())
}

fn of_policy(rulebook: &Rulebook) -> Value {
    let rules: BTreeMap<&str, Value> = RULES
        .iter()
        .zip(rulebook.policy.settings())
        .map(|(rule, setting)| {
            let level = setting.level.map_or_else(|| "off".to_owned(), |level| level.to_string());
            let params: BTreeMap<&str, String> =
                rule.params.iter().map(|param| (param.name, param.kind.show(setting.params.get(param.name)))).collect();
            (rule.id, json!({"level": level, "params": params}))
        })
        .collect();
    json!({"hash": rulebook.hash, "rules": rules, "exemptions": rulebook.policy.exemptions().len()})
}

fn of_nodes(cluster: &Cluster) -> Value {
    let amounts = |list: &ResourceList| -> BTreeMap<String, String> {
        list.iter().map(|(name, amount)| (name.clone(), amount.to_string())).collect()
    };
    let capacity = cluster.inventory.capacity();
    let classes: Vec<Value> = capacity
        .map(|capacity| capacity.now().nodes().classes())
        .unwrap_or_default()
        .iter()
        .map(|class| {
            json!({
                "count": class.nodes.len(),
                "allocatable": amounts(&class.allocatable),
                "daemonSets": {"requests": amounts(&class.overhead.requests), "pods": class.overhead.pods},
            })
        })
        .collect();
    json!({
        "count": capacity.map_or(0, |capacity| capacity.now().nodes().len()),
        "certain": cluster.nodes_are_certain(),
        "doubt": cluster.doubt,
        "knowsPods": capacity.is_some_and(Capacity::knows_bound_pods),
        "classes": classes,
    })
}
