//! A live cluster: what its API server lists, through kubeconfig, cut down to what memlint looks at.
//!
//! Only lists are asked for, page by page, and nothing is kept open. What comes is JSON as kubectl would have printed
//! it, without what could hold a secret (environment, annotations) or is of no use here (managed fields).

mod session;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use memlint_files::capacity_files::Answer;
use memlint_policies::annotation::ALLOW_ANNOTATION;
use serde_json::Value;

pub(crate) use session::{Refusal, Session};

/// Objects a page.
pub(crate) const PAGE: u32 = 500;
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
        if self.cluster { list(&self.which(), resources) } else { Ok(Vec::new()) }
    }

    /// The same, doing with what is answered: also says what is not.
    ///
    /// # Errors
    /// When the cluster cannot be asked at all.
    pub fn list_allowed(&self, resources: &[Resource]) -> anyhow::Result<(Vec<Answer>, Vec<String>)> {
        let (answers, refused) = if self.cluster { ask(&self.which(), resources)? } else { Default::default() };
        Ok((answers, refused.iter().map(ToString::to_string).collect()))
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
    let (answers, refused) = ask(cluster, resources)?;
    refused.into_iter().next().map_or(Ok(answers), Err)
}

/// The pages of what is answered, and why the rest is not.
fn ask(cluster: &ClusterArgs, resources: &[Resource]) -> anyhow::Result<(Vec<Answer>, Vec<anyhow::Error>)> {
    wait(async {
        let session = Session::open(cluster).await?;
        let (mut answers, mut refused) = (Vec::new(), Vec::new());
        for resource in resources {
            let before = answers.len();
            let mut listed = pages(&session, *resource, PAGE, &mut answers).await;
            if matches!(listed, Err(Refusal::Here(_))) && answers.len() > before {
                // Not all pages came, as when they expired: once more, in one piece.
                answers.truncate(before);
                listed = pages(&session, *resource, 0, &mut answers).await;
            }
            match listed {
                Ok(()) => {}
                Err(Refusal::Here(why)) => refused.push(why),
                Err(Refusal::Everywhere(why)) => return Err(why),
            }
        }
        Ok((answers, refused))
    })
}

/// All pages of a list, trimmed; of size 0, one page of all.
async fn pages(session: &Session, resource: Resource, size: u32, answers: &mut Vec<Answer>) -> Result<(), Refusal> {
    let Resource(path, what) = resource;
    let trimmed = |mut page: Value| {
        page.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten().for_each(trim);
        answers.push(Answer { name: format!("{what} of {}", session.server), text: page.to_string() });
    };
    session.pages(path, what, size, trimmed).await
}

/// Waits for what is asked of a cluster.
///
/// # Errors
/// Those of the work, and when there can be no connection at all.
pub(crate) fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("no connection can be made here")?.block_on(work)
}

/// Takes out what is not looked at and what may be secret.
pub(crate) fn trim(object: &mut Value) {
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
