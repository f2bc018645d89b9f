//! Traces of an autoscaler besides the labels of nodes, which a pool without nodes does not have: Karpenter's
//! NodePools, and the object in which the cluster autoscaler tells how it is.
//!
//! They are looked for at the start and then now and then, never while a request waits. Who may not look does not know
//! that there is none.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{ApiResource, GroupVersionKind, ListParams};
use kube::core::DynamicObject;
use kube::{Api, Client, Error};
use memlint_review::nodes::{AUTOSCALER_STATUS, LIST_NODE_POOLS, NODE_POOLS, OPENSHIFT, STATUS_IN, Traces};

use super::View;

/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon to look again where one has failed.
const AGAIN: Duration = Duration::from_secs(15);

/// Looks now and then; never returns. `every` is how long what was seen holds.
pub(super) async fn follow(client: Client, view: Arc<View>, every: Duration) {
    let mut failing = false;
    loop {
        let looked = tokio::time::timeout(PATIENCE, look(&client)).await;
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

async fn look(client: &Client) -> Result<Traces, Error> {
    let mut nothing = Traces::None;
    for version in NODE_POOLS {
        let kind = GroupVersionKind::gvk("karpenter.sh", version, "NodePool");
        let resource = ApiResource::from_gvk_with_plural(&kind, "nodepools");
        let pools: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let list = pools.list_metadata(&ListParams::default().limit(1)).await;
        if found(list, LIST_NODE_POOLS, &mut nothing)?.is_some_and(|list| !list.items.is_empty()) {
            return Ok(Traces::NodePool);
        }
    }
    for (namespace, right) in STATUS_IN {
        if namespace == OPENSHIFT && !is_openshift(client).await? {
            continue;
        }
        let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
        if found(maps.get_metadata(AUTOSCALER_STATUS).await, right, &mut nothing)?.is_some() {
            return Ok(Traces::Status(namespace));
        }
    }
    Ok(nothing)
}

/// Whether there is that namespace: elsewhere nobody could grant a right in it.
async fn is_openshift(client: &Client) -> Result<bool, Error> {
    let params = ListParams::default().fields(&format!("metadata.name={OPENSHIFT}"));
    let list = Api::<Namespace>::all(client.clone()).list_metadata(&params).await?;
    Ok(list.items.iter().any(|namespace| namespace.metadata.name.as_deref() == Some(OPENSHIFT)))
}

/// What there is, or `None`. Where it may not be seen, that is what becomes of nothing.
fn found<T>(answer: Result<T, Error>, right: &'static str, nothing: &mut Traces) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Api(status)) if status.code == 404 => Ok(None),
        Err(Error::Api(status)) if status.code == 403 => {
            *nothing = Traces::Forbidden(right);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
