//! Traces of an autoscaler besides the labels of nodes, which a pool without nodes does not have: Karpenter's
//! NodePools, and the object in which the cluster autoscaler tells how it is.
//!
//! They are looked for at the start and then now and then, never while a request waits. To be allowed to is optional.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ApiResource, GroupVersionKind, ListParams};
use kube::core::DynamicObject;
use kube::{Api, Client, Error};

use super::View;

/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon to look again where one has failed.
const AGAIN: Duration = Duration::from_secs(15);
/// The versions of NodePool that are tried, newest first.
const VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// What was seen of autoscalers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Traces {
    /// Nobody has looked yet, or nobody could.
    #[default]
    Unknown,
    /// Nothing.
    None,
    /// A NodePool of Karpenter.
    NodePool,
    /// The status of the cluster autoscaler.
    Status,
}

impl Traces {
    /// Why nodes may come; `None` if there is no reason to think so.
    pub(super) fn describe(self) -> Option<&'static str> {
        match self {
            Traces::None => None,
            Traces::Unknown => Some("autoscalers could not be looked for yet"),
            Traces::NodePool => Some("there is a NodePool of Karpenter"),
            Traces::Status => Some("there is a ConfigMap kube-system/cluster-autoscaler-status"),
        }
    }
}

/// Looks now and then; never returns. `every` is how long what was seen holds.
pub(super) async fn follow(client: Client, view: Arc<View>, every: Duration) {
    let mut told = Vec::new();
    let mut failing = false;
    loop {
        let looked = tokio::time::timeout(PATIENCE, look(&client, &mut told)).await;
        let seen = match looked {
            Ok(Ok(seen)) => Ok(seen),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("there was no answer within {PATIENCE:?}")),
        };
        let pause = match seen {
            Ok(seen) => {
                failing = false;
                view.set_traces(Some(seen));
                every
            }
            Err(why) => {
                if !failing {
                    tracing::warn!(why, "autoscalers cannot be looked for; what was seen last goes on");
                }
                failing = true;
                view.set_traces(None);
                AGAIN.min(every)
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn look(client: &Client, told: &mut Vec<&'static str>) -> Result<Traces, Error> {
    for version in VERSIONS {
        let kind = GroupVersionKind::gvk("karpenter.sh", version, "NodePool");
        let resource = ApiResource::from_gvk_with_plural(&kind, "nodepools");
        let pools: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let list = pools.list_metadata(&ListParams::default().limit(1)).await;
        if optional(list, "NodePools of karpenter.sh", told)?.is_some_and(|list| !list.items.is_empty()) {
            return Ok(Traces::NodePool);
        }
    }
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "kube-system");
    let status = maps.get_metadata("cluster-autoscaler-status").await;
    let status = optional(status, "ConfigMap kube-system/cluster-autoscaler-status", told)?;
    Ok(if status.is_some() { Traces::Status } else { Traces::None })
}

/// What is not there, or may not be seen, is no trace; the latter is told once.
fn optional<T>(answer: Result<T, Error>, what: &'static str, told: &mut Vec<&'static str>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Api(status)) if status.code == 404 => Ok(None),
        Err(Error::Api(status)) if status.code == 403 => {
            if !told.contains(&what) {
                tracing::info!(what, "the webhook may not look there for an autoscaler; labels of nodes must tell");
                told.push(what);
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
