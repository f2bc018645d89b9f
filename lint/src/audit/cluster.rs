//! The cluster to audit: what is asked of its API server, page by page.

use memlint_review::nodes::{AUTOSCALER_STATUS, LIST_NODE_POOLS, NODE_POOLS, OPENSHIFT, STATUS_IN, Traces};
use serde_json::Value;

use super::auditor::Auditor;
use super::kinds::{KINDS, Kind};
use super::surroundings::{Surroundings, WATCHED, Watched};
use crate::live::{PAGE, Refusal, Session};

/// The right to see whether this is OpenShift. Elsewhere nobody could grant a right in its namespace.
const GET_OPENSHIFT: &str = "get namespaces/openshift-machine-api";

/// What the webhook would know.
///
/// # Errors
/// When nothing can be asked at all.
pub(super) async fn surroundings(
    session: &Session,
    namespaces: &[String],
    mut known: Surroundings,
    size: u32,
) -> anyhow::Result<Surroundings> {
    for watched in WATCHED.iter().filter(|watched| watched.kind != "Namespace") {
        if !known.want(watched) {
            continue;
        }
        let of_cluster = namespaces.is_empty() || watched.kind != "LimitRange";
        let paths = match watched.api_version.split_once('/') {
            Some((group, version)) => vec![format!("/apis/{group}/{version}/{}", watched.plural)],
            None if of_cluster => vec![format!("/api/v1/{}", watched.plural)],
            None => namespaces.iter().map(|name| format!("/api/v1/namespaces/{name}/{}", watched.plural)).collect(),
        };
        for path in paths {
            list(session, &path, watched, &mut known, size).await?;
        }
    }
    let (all, path) = (&WATCHED[0], "/api/v1/namespaces");
    if namespaces.is_empty() {
        list(session, path, all, &mut known, size).await?;
    }
    for name in namespaces {
        match session.get(path, name, all.plural).await {
            Ok(Some(namespace)) => known.add(all, namespace),
            Ok(None) => known.gap(format!("namespace {name}"), "there is none of that name"),
            Err(Refusal::Here(why)) => known.gap(format!("namespace {name}"), why),
            Err(Refusal::Everywhere(why)) => return Err(why),
        }
    }
    Ok(known)
}

async fn list(
    session: &Session,
    path: &str,
    watched: &Watched,
    known: &mut Surroundings,
    size: u32,
) -> anyhow::Result<()> {
    let pages = session.pages(path, watched.plural, size, |page| {
        items(page).for_each(|object| known.add(watched, object));
    });
    match pages.await {
        Ok(()) => {}
        Err(Refusal::Here(why)) => known.gap(watched.plural, why),
        Err(Refusal::Everywhere(why)) => return Err(why),
    }
    Ok(())
}

/// Whether an autoscaler has left traces, looked for as the webhook does.
///
/// # Errors
/// When nothing can be asked at all.
pub(super) async fn traces(session: &Session) -> anyhow::Result<Traces> {
    let mut nothing = Traces::None;
    for version in NODE_POOLS {
        let (path, mut found) = (format!("/apis/karpenter.sh/{version}/nodepools"), false);
        let pages = session.pages(&path, "nodepools.karpenter.sh", PAGE, |page| found |= items(page).next().is_some());
        match pages.await {
            Ok(()) if found => return Ok(Traces::NodePool),
            Ok(()) => {}
            Err(Refusal::Here(_)) => nothing = Traces::Forbidden(LIST_NODE_POOLS),
            Err(Refusal::Everywhere(why)) => return Err(why),
        }
    }
    for (namespace, right) in STATUS_IN {
        if namespace == OPENSHIFT {
            match session.get("/api/v1/namespaces", namespace, "namespaces").await {
                Ok(Some(_)) => {}
                Ok(None) => continue,
                Err(Refusal::Here(_)) => {
                    nothing = Traces::Forbidden(GET_OPENSHIFT);
                    continue;
                }
                Err(Refusal::Everywhere(why)) => return Err(why),
            }
        }
        let path = format!("/api/v1/namespaces/{namespace}/configmaps");
        match session.get(&path, AUTOSCALER_STATUS, "configmaps").await {
            Ok(Some(_)) => return Ok(Traces::Status(namespace)),
            Ok(None) => {}
            Err(Refusal::Here(_)) => nothing = Traces::Forbidden(right),
            Err(Refusal::Everywhere(why)) => return Err(why),
        }
    }
    Ok(nothing)
}

/// Audits all that there is, `size` objects at a time.
pub(super) async fn audit(session: &Session, namespaces: &[String], size: u32, auditor: &mut Auditor<'_>) {
    for kind in &KINDS {
        let paths = match namespaces {
            [] => vec![(kind.plural.to_owned(), kind.path(None))],
            some => some.iter().map(|name| (format!("{} in {name}", kind.plural), kind.path(Some(name)))).collect(),
        };
        for (what, path) in paths {
            let mut answered = 0;
            match session.pages(&path, kind.plural, size, |page| answered += take(page, kind, auditor)).await {
                Ok(()) => {}
                // What makes these may have been listed; only it is not known that all was.
                Err(Refusal::Here(why) | Refusal::Everywhere(why)) if answered > 0 => {
                    auditor.gap(format!("{what} after the first {answered}"), why.to_string());
                }
                Err(Refusal::Here(why) | Refusal::Everywhere(why)) => auditor.gap(what, why.to_string()),
            }
        }
    }
}

fn take(page: Value, kind: &'static Kind, auditor: &mut Auditor<'_>) -> usize {
    let mut taken = 0;
    for object in items(page) {
        auditor.take(kind, object, kind.plural);
        taken += 1;
    }
    taken
}

fn items(mut page: Value) -> impl Iterator<Item = Value> {
    let items = page.get_mut("items").map(Value::take);
    match items {
        Some(Value::Array(items)) => items.into_iter(),
        _ => Vec::new().into_iter(),
    }
}
