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

use super::View;

/// What the cluster autoscaler tells of itself in.
const STATUS: &str = "cluster-autoscaler-status";
/// Where that is: in OpenShift in the second.
const NAMESPACES: [(&str, &str); 2] = [
    ("kube-system", "get configmaps/cluster-autoscaler-status in kube-system"),
    (OPENSHIFT, "get configmaps/cluster-autoscaler-status in openshift-machine-api"),
];
const OPENSHIFT: &str = "openshift-machine-api";
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
    /// The status of the cluster autoscaler, in this namespace.
    Status(&'static str),
    /// There is no right to look for these.
    Forbidden(&'static str),
}

impl Traces {
    /// Why nodes may come; `None` if there is no reason to think so.
    pub(super) fn describe(self) -> Option<String> {
        Some(match self {
            Traces::None => return None,
            Traces::Unknown => "autoscalers could not be looked for yet".to_owned(),
            Traces::NodePool => "there is a NodePool of Karpenter".to_owned(),
            Traces::Status(namespace) => format!("there is a ConfigMap {namespace}/{STATUS}"),
            Traces::Forbidden(right) => {
                format!("it may not look for autoscalers: let it {right}, or say --nodes fixed if there is none")
            }
        })
    }
}

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
    for version in VERSIONS {
        let kind = GroupVersionKind::gvk("karpenter.sh", version, "NodePool");
        let resource = ApiResource::from_gvk_with_plural(&kind, "nodepools");
        let pools: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let list = pools.list_metadata(&ListParams::default().limit(1)).await;
        if found(list, "list nodepools.karpenter.sh", &mut nothing)?.is_some_and(|list| !list.items.is_empty()) {
            return Ok(Traces::NodePool);
        }
    }
    for (namespace, right) in NAMESPACES {
        if namespace == OPENSHIFT && !is_openshift(client).await? {
            continue;
        }
        let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
        if found(maps.get_metadata(STATUS).await, right, &mut nothing)?.is_some() {
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
