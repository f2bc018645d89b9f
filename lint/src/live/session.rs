//! [`Session`]: asking an API server, and the sentence that says what to do where it does not answer.

use std::time::Duration;

use anyhow::anyhow;
use kube::api::{GetParams, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Request;
use kube::{Client, Config};
use serde_json::Value;

use super::ClusterArgs;

/// To be reached within this time.
const CONNECT: Duration = Duration::from_secs(10);
/// One page, once connected.
const READ: Duration = Duration::from_secs(60);

/// A cluster that can be asked.
pub(crate) struct Session {
    client: Client,
    pub(super) server: String,
}

/// Why something was not answered.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// This was refused; something else may be answered.
    Here(anyhow::Error),
    /// Nothing will be answered.
    Everywhere(anyhow::Error),
}

impl Session {
    /// Reads the kubeconfig.
    ///
    /// # Errors
    /// That it cannot be used, and what to do.
    pub(crate) async fn open(cluster: &ClusterArgs) -> anyhow::Result<Self> {
        let (client, server) = connect(cluster).await?;
        Ok(Self { client, server })
    }

    /// Hands every page of a list to `take`; `what` is the kind as kubectl calls it.
    ///
    /// # Errors
    /// Why there are not all pages. An API server without this kind of object has none of them, which is no error.
    pub(crate) async fn pages(
        &self,
        path: &str,
        what: &str,
        size: u32,
        mut take: impl FnMut(Value),
    ) -> Result<(), Refusal> {
        let mut parameters = ListParams::default().limit(size);
        loop {
            let request = Request::new(path).list(&parameters).map_err(|error| Refusal::Everywhere(error.into()))?;
            let answer = self.client.request(request).await;
            let renewed = answer.as_ref().err().and_then(renewed);
            if let Some(token) = renewed.filter(|token| parameters.continue_token.as_ref() != Some(token)) {
                parameters = parameters.continue_token(&token);
                continue;
            }
            let Some(page) = self.answered(answer, what)? else { return Ok(()) };
            let token = page.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default().to_owned();
            take(page);
            if token.is_empty() {
                return Ok(());
            }
            parameters = parameters.continue_token(&token);
        }
    }

    /// One object; `None` if there is none.
    ///
    /// # Errors
    /// Why that is not known.
    pub(crate) async fn get(&self, path: &str, name: &str, what: &str) -> Result<Option<Value>, Refusal> {
        let request = Request::new(path).get(name, &GetParams::default());
        let request = request.map_err(|error| Refusal::Everywhere(error.into()))?;
        self.answered(self.client.request(request).await, what)
    }

    fn answered(&self, answer: Result<Value, kube::Error>, what: &str) -> Result<Option<Value>, Refusal> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(refused(&error, &self.server, what)),
        }
    }
}

/// Of pages that have expired: where the rest of the list, as it is now, goes on.
fn renewed(error: &kube::Error) -> Option<String> {
    let kube::Error::Api(status) = error else { return None };
    let token = status.metadata.as_ref()?.continue_.clone()?;
    (status.code == 410 && !token.is_empty()).then_some(token)
}

async fn connect(cluster: &ClusterArgs) -> anyhow::Result<(Client, String)> {
    let options = KubeConfigOptions { context: cluster.context.clone(), ..KubeConfigOptions::default() };
    let config = match (&cluster.kubeconfig, &cluster.context) {
        (Some(file), _) => {
            let read = Kubeconfig::read_from(file).map_err(|error| {
                anyhow!("the kubeconfig {} cannot be used: {}; name another with --kubeconfig", file.display(), root(&error))
            })?;
            Config::from_custom_kubeconfig(read, &options).await.map_err(|error| unusable(&root(&error)))
        }
        (None, Some(_)) => Config::from_kubeconfig(&options).await.map_err(|error| unusable(&root(&error))),
        (None, None) => Config::infer().await.map_err(|_| {
            anyhow!("there is no cluster to ask: no kubeconfig was found; name one with --kubeconfig, or give files that kubectl get printed")
        }),
    };
    let mut config = config?;
    (config.connect_timeout, config.read_timeout) = (Some(CONNECT), Some(READ));
    let server = config.cluster_url.to_string();
    let client = Client::try_from(config).map_err(|error| unusable(&root(&error)))?;
    Ok((client, server.trim_end_matches('/').to_owned()))
}

fn unusable(why: &str) -> anyhow::Error {
    anyhow!("the kubeconfig cannot be used: {why}; see kubectl config get-contexts, and choose with --context")
}

/// Why there is no list, and what to do about it.
fn refused(error: &kube::Error, server: &str, what: &str) -> Refusal {
    let why = reason(error, server, what);
    match error {
        kube::Error::Api(status) if status.code != 401 => Refusal::Here(why),
        _ => Refusal::Everywhere(why),
    }
}

fn reason(error: &kube::Error, server: &str, what: &str) -> anyhow::Error {
    match error {
        kube::Error::Api(status) if status.code == 401 => {
            anyhow!("{server} does not accept these credentials; log in again, or choose another --context")
        }
        kube::Error::Api(status) if status.code == 403 => anyhow!(
            "{server} does not let you list {what}; ask for the right to, or have someone who may run: kubectl get {what} -A -o json > FILE"
        ),
        kube::Error::Api(status) => anyhow!("{server} does not list {what}: {} ({})", status.message, status.code),
        kube::Error::Auth(_) => {
            anyhow!(
                "the credentials for {server} cannot be had: {}; log in again, or choose another --context",
                root(error)
            )
        }
        _ => anyhow!(
            "{server} cannot be reached: {}; check the network and --context, or give files that kubectl get printed",
            root(error)
        ),
    }
}

/// The innermost cause, which is the one to act on.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}
