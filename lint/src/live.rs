//! A live cluster: what its API server lists, through kubeconfig, cut down to what memlint looks at.
//!
//! Only lists are asked for, page by page, and nothing is kept open. What comes is JSON as kubectl would have printed
//! it, without what could hold a secret (environment, annotations) or is of no use here (managed fields).

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Request;
use kube::{Client, Config};
use memlint_files::capacity_files::Answer;
use memlint_policies::exemption::ALLOW_ANNOTATION;
use serde_json::Value;

/// To be reached within this time.
const CONNECT: Duration = Duration::from_secs(10);
/// One page, once connected.
const READ: Duration = Duration::from_secs(60);
/// Objects a page.
const PAGE: u32 = 500;
/// An annotation that is looked at: the hash that a static Pod's cgroups are named for.
const CONFIG_HASH: &str = "kubernetes.io/config.hash";

/// Which cluster to ask.
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterArgs {
    /// Kubeconfig file; by default $KUBECONFIG, ~/.kube/config, or the account of the Pod that this runs in
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig; by default its current one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// Whether to ask a cluster, and which.
#[derive(Debug, Clone, Default, Args)]
pub struct LiveArgs {
    /// Ask the live cluster what nodes there are and what is on them, through kubeconfig
    #[arg(long)]
    pub cluster: bool,
    /// With --cluster: kubeconfig file, by default as for kubectl
    #[arg(long, value_name = "FILE", requires = "cluster")]
    pub kubeconfig: Option<PathBuf>,
    /// With --cluster: context of the kubeconfig, by default its current one
    #[arg(long, value_name = "NAME", requires = "cluster")]
    pub context: Option<String>,
}

impl LiveArgs {
    /// Lists resources, if a cluster is to be asked.
    ///
    /// # Errors
    /// As for [`list`].
    pub fn list(&self, resources: &[Resource]) -> anyhow::Result<Vec<Answer>> {
        if !self.cluster {
            return Ok(Vec::new());
        }
        list(&self.which(), resources)
    }

    /// The same, doing with what may be listed: also says what may not.
    ///
    /// # Errors
    /// When the cluster cannot be asked at all.
    pub fn list_allowed(&self, resources: &[Resource]) -> anyhow::Result<(Vec<Answer>, Vec<String>)> {
        if self.cluster { ask(&self.which(), resources) } else { Ok((Vec::new(), Vec::new())) }
    }

    fn which(&self) -> ClusterArgs {
        ClusterArgs { kubeconfig: self.kubeconfig.clone(), context: self.context.clone() }
    }
}

/// What can be listed: its path in the API, and its name as kubectl has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource(&'static str, &'static str);

/// Events of all namespaces.
pub const EVENTS: Resource = Resource("/api/v1/events", "events");
/// All that capacity is known from.
pub const CAPACITY: [Resource; 8] = [
    Resource("/api/v1/nodes", "nodes"),
    Resource("/api/v1/pods", "pods"),
    Resource("/apis/apps/v1/daemonsets", "daemonsets"),
    Resource("/api/v1/limitranges", "limitranges"),
    Resource("/api/v1/resourcequotas", "resourcequotas"),
    Resource("/apis/node.k8s.io/v1/runtimeclasses", "runtimeclasses"),
    Resource("/apis/scheduling.k8s.io/v1/priorityclasses", "priorityclasses"),
    Resource("/api/v1/namespaces", "namespaces"),
];

/// Lists resources; each page is an answer.
///
/// # Errors
/// When the cluster cannot be asked or refuses: a sentence that says what to do.
pub fn list(cluster: &ClusterArgs, resources: &[Resource]) -> anyhow::Result<Vec<Answer>> {
    let (answers, forbidden) = ask(cluster, resources)?;
    forbidden.into_iter().next().map_or(Ok(answers), |why| Err(anyhow!(why)))
}

/// The pages of what may be listed, and a sentence about each kind that may not.
fn ask(cluster: &ClusterArgs, resources: &[Resource]) -> anyhow::Result<(Vec<Answer>, Vec<String>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("no connection can be made here")?.block_on(async {
        let (client, server) = connect(cluster).await?;
        let (mut answers, mut forbidden) = (Vec::new(), Vec::new());
        for resource in resources {
            forbidden.extend(pages(&client, &server, *resource, &mut answers).await?);
        }
        Ok((answers, forbidden))
    })
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

/// All pages of a list; or why it may not be listed.
async fn pages(
    client: &Client,
    server: &str,
    resource: Resource,
    answers: &mut Vec<Answer>,
) -> anyhow::Result<Option<String>> {
    let mut parameters = ListParams::default().limit(PAGE);
    let before = answers.len();
    loop {
        let request = Request::new(resource.0).list(&parameters)?;
        let answer: Result<Value, kube::Error> = client.request(request).await;
        let mut page = match answer {
            // An API server without this kind of object has none of them.
            Err(error) if code(&error) == Some(404) => return Ok(None),
            Err(error) if code(&error) == Some(403) => {
                return Ok(Some(refused(&error, server, resource).to_string()));
            }
            // The pages outlived the state that they are of: once more, in one piece.
            Err(error) if code(&error) == Some(410) && parameters.limit.is_some() => {
                answers.truncate(before);
                parameters = ListParams::default();
                continue;
            }
            answer => answer.map_err(|error| refused(&error, server, resource))?,
        };
        if let Some(items) = page.get_mut("items").and_then(Value::as_array_mut) {
            items.iter_mut().for_each(trim);
        }
        answers.push(Answer { name: format!("{} of {server}", resource.1), text: page.to_string() });
        match page.pointer("/metadata/continue").and_then(Value::as_str).filter(|token| !token.is_empty()) {
            Some(token) => parameters = parameters.continue_token(token),
            None => return Ok(None),
        }
    }
}

/// What the API server answered instead of a list.
fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// Takes out what is not looked at and what may be secret.
fn trim(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.retain(|key, _| key == CONFIG_HASH || key.starts_with(ALLOW_ANNOTATION));
        }
    }
    if let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) {
        status.remove("images");
    }
    if let Some(template) = object.pointer_mut("/spec/template") {
        trim(template);
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        let containers = object.get_mut("spec").and_then(|spec| spec.get_mut(list)).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            container.retain(|key, _| !matches!(key.as_str(), "env" | "envFrom" | "args" | "command"));
        }
    }
}

/// Why there is no list, and what to do about it.
fn refused(error: &kube::Error, server: &str, resource: Resource) -> anyhow::Error {
    let what = resource.1;
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::trim;

    #[test]
    fn nothing_secret_is_kept() {
        let container = json!({"name": "a", "env": [{"name": "PASSWORD", "value": "x"}], "args": ["--token=x"]});
        let mut pod = json!({
            "metadata": {
                "labels": {"env": "prod"}, "managedFields": [],
                "annotations": {"kubernetes.io/config.hash": "h", "last-applied": "secret"},
            },
            "spec": {"containers": [container], "template": {"spec": {"initContainers": [container]}}},
            "status": {"images": [{"names": ["x"]}], "phase": "Running"},
        });
        trim(&mut pod);
        let kept = json!({
            "metadata": {"labels": {"env": "prod"}, "annotations": {"kubernetes.io/config.hash": "h"}},
            "spec": {"containers": [{"name": "a"}], "template": {"spec": {"initContainers": [{"name": "a"}]}}},
            "status": {"phase": "Running"},
        });
        assert_eq!(pod, kept);
    }
}
