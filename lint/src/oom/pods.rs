//! [`Pods`]: what `kubectl get pods -o json` knows of the Pods that a log names by UID and container id only.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use k8s_openapi::api::core::v1 as core;
use memlint_files::capacity_files::Answer;
use memlint_files::yaml;
use memlint_kubernetes::controller::controller_of;
use memlint_kubernetes::decode::{self, Leniency};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::workload::{Object, objects};
use memlint_oom::{Kill, Level, OtherPlace};

/// The annotation that holds the hash which a static Pod's cgroups are named for.
const CONFIG_HASH: &str = "kubernetes.io/config.hash";

/// A Pod of the cluster.
#[derive(Debug, Default)]
pub(super) struct KnownPod {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) node: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    /// Kind and name of the controller.
    pub(super) owner: Option<(String, String)>,
    pub(super) containers: Vec<KnownContainer>,
    pub(super) spec: core::PodSpec,
}

impl KnownPod {
    /// How many of its containers run at the same time: all but the init containers that end before the others begin.
    pub(super) fn runs_together(&self) -> usize {
        let init = self.spec.init_containers.iter().flatten();
        let sidecars = init.filter(|container| container.restart_policy.as_deref() == Some("Always")).count();
        self.spec.containers.len().saturating_add(sidecars)
    }
}

/// A container of one.
#[derive(Debug, Default)]
pub(super) struct KnownContainer {
    pub(super) name: String,
    /// Bytes.
    pub(super) limit: Option<u64>,
    /// Bytes.
    pub(super) request: Option<u64>,
    pub(super) restarts: Option<i32>,
    /// How it ended last: reason, exit code, when.
    pub(super) last_state: Option<(String, i32, Option<String>)>,
    ids: Vec<String>,
}

/// A Pod and the container that a kill is about, if it can be told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) pod: &'a KnownPod,
    pub(super) container: Option<&'a KnownContainer>,
}

/// The Pods and nodes of the given files.
#[derive(Debug, Default)]
pub(super) struct Pods {
    pods: Vec<KnownPod>,
    by_uid: HashMap<String, usize>,
    by_container: HashMap<String, usize>,
    /// `status.capacity.memory` by name, in bytes.
    nodes: HashMap<String, u64>,
}

impl Pods {
    /// Reads the files, and what a cluster answered. Nodes among the Pods give their sizes.
    pub(super) fn read(files: &[PathBuf], answers: &[Answer]) -> anyhow::Result<Self> {
        let mut pods = Self::default();
        for file in files {
            let before = pods.pods.len();
            _ = each_object(file, &mut |object| pods.add(object))?;
            anyhow::ensure!(
                pods.pods.len() > before,
                "{} holds no Pod; write it with: kubectl get pods -A -o json > FILE",
                file.display()
            );
        }
        for answer in answers {
            _ = each_object_of(&answer.name, &answer.text, &mut |object| pods.add(object))?;
        }
        Ok(pods)
    }

    fn add(&mut self, object: &Object<'_, '_>) {
        let kind = object.reference.kind.as_str();
        if !matches!(kind, "Pod" | "Node") || object.reference.api_version != "v1" {
            return;
        }
        let wrong = decode::check(object.value, kind, Leniency::Strict);
        if kind == "Node" {
            let node: core::Node = decode::from_value_pruned(object.value, &wrong).unwrap_or_default();
            let capacity = node.status.as_ref().and_then(|status| status.capacity.as_ref());
            if let (Some(name), Some(memory)) = (node.metadata.name, capacity.and_then(|all| bytes(all.get("memory"))))
            {
                self.nodes.insert(name, memory);
            }
            return;
        }
        let pod: core::Pod = decode::from_value_pruned(object.value, &wrong).unwrap_or_default();
        let index = self.pods.len();
        let known = known(pod, &mut |hash| {
            self.by_uid.insert(hash, index);
        });
        self.by_uid.insert(known.uid.clone(), index);
        for id in known.containers.iter().flat_map(|container| &container.ids) {
            self.by_container.insert(id.clone(), index);
        }
        self.pods.push(known);
    }

    /// Whether there is no Pod.
    pub(super) fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// The Pod of a kill: by its UID or a static Pod's hash, else by the container's id.
    pub(super) fn find(&self, kill: &Kill) -> Option<Found<'_>> {
        let by_uid = kill.pod.as_ref().and_then(|pod| self.by_uid.get(&pod.uid));
        let by_container = || self.by_container.get(kill.container.as_ref()?);
        let pod = self.pods.get(*by_uid.or_else(by_container)?)?;
        Some(Found { pod, container: container(pod, kill) })
    }

    /// All of them.
    pub(super) fn all(&self) -> &[KnownPod] {
        &self.pods
    }

    /// The Pod with a UID or a static Pod's hash, with a container of an id, or of a name; and that container.
    pub(super) fn named(&self, place: &OtherPlace) -> Option<Found<'_>> {
        let by_uid = place.pod.as_ref().and_then(|uid| self.by_uid.get(uid));
        let by_container = || self.by_container.get(place.container.as_ref()?);
        let by_name = || {
            let (namespace, name) = place.name.as_ref()?;
            self.pods.iter().find(|pod| pod.namespace == *namespace && pod.name == *name)
        };
        let pod = by_uid.or_else(by_container).and_then(|index| self.pods.get(*index)).or_else(by_name)?;
        let has_id = |known: &&KnownContainer| known.ids.iter().any(|id| Some(id) == place.container.as_ref());
        Some(Found { pod, container: pod.containers.iter().find(has_id) })
    }

    /// The memory of a node, in bytes.
    pub(super) fn node_memory(&self, name: &str) -> Option<u64> {
        self.nodes.get(name).copied().or_else(|| {
            // A log may shorten the node's name to its first label, or write it out.
            let short = |name: &str| name.split('.').next().unwrap_or(name).to_ascii_lowercase();
            let mut alike = self.nodes.iter().filter(|(known, _)| short(known) == short(name));
            let (_, memory) = alike.next()?;
            alike.next().is_none().then_some(*memory)
        })
    }

    /// The memory of every node, if all are alike.
    pub(super) fn common_node_memory(&self) -> Option<u64> {
        let mut sizes = self.nodes.values();
        let first = sizes.next()?;
        sizes.all(|size| size == first).then_some(*first)
    }
}

/// The container: by id; else the only one there is, or the only one with the limit that was hit.
fn container<'a>(pod: &'a KnownPod, kill: &Kill) -> Option<&'a KnownContainer> {
    let has_id = |container: &&KnownContainer| {
        let same = |id: &String| kill.container.as_ref().is_some_and(|wanted| id.starts_with(wanted.as_str()));
        container.ids.iter().any(same)
    };
    if let Some(container) = pod.containers.iter().find(has_id) {
        return Some(container);
    }
    if let [only] = pod.containers.as_slice() {
        return Some(only);
    }
    let limit = kill.limit.filter(|_| kill.level == Some(Level::Container))?;
    let mut alike = pod.containers.iter().filter(|container| container.limit == Some(limit));
    let first = alike.next()?;
    alike.next().is_none().then_some(first)
}

fn known(pod: core::Pod, static_hash: &mut dyn FnMut(String)) -> KnownPod {
    let metadata = pod.metadata;
    if let Some(hash) = metadata.annotations.as_ref().and_then(|all| all.get(CONFIG_HASH)) {
        static_hash(hash.clone());
    }
    let controller = controller_of(metadata.owner_references.as_deref()).cloned();
    let spec = pod.spec.unwrap_or_default();
    let status = pod.status.unwrap_or_default();
    let statuses: Vec<core::ContainerStatus> =
        [status.container_statuses, status.init_container_statuses, status.ephemeral_container_statuses]
            .into_iter()
            .flatten()
            .flatten()
            .collect();
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let containers = containers.map(|container| known_container(container, &statuses)).collect();
    KnownPod {
        namespace: metadata.namespace.unwrap_or_else(|| "default".to_owned()),
        name: metadata.name.unwrap_or_default(),
        uid: metadata.uid.unwrap_or_default(),
        node: spec.node_name.clone(),
        labels: metadata.labels.unwrap_or_default(),
        owner: controller.map(|owner| (owner.kind, owner.name)),
        containers,
        spec,
    }
}

fn known_container(container: &core::Container, statuses: &[core::ContainerStatus]) -> KnownContainer {
    let resources = container.resources.as_ref();
    let of = |list: Option<&BTreeMap<String, _>>| list.and_then(|list| bytes(list.get("memory")));
    let limit = of(resources.and_then(|resources| resources.limits.as_ref()));
    let request = of(resources.and_then(|resources| resources.requests.as_ref()));
    let status = statuses.iter().find(|status| status.name == container.name);
    let ended = status.and_then(|status| status.last_state.as_ref()?.terminated.as_ref());
    let now = status.and_then(|status| status.state.as_ref()?.terminated.as_ref());
    let ids = [
        status.and_then(|status| status.container_id.as_ref()),
        ended.and_then(|ended| ended.container_id.as_ref()),
        now.and_then(|now| now.container_id.as_ref()),
    ];
    // `containerd://<id>`
    let bare = |id: &String| id.split_once("://").map_or(id.as_str(), |(_, id)| id).to_owned();
    KnownContainer {
        name: container.name.clone(),
        limit: limit.filter(|bytes| *bytes > 0),
        request: request.filter(|bytes| *bytes > 0),
        restarts: status.map(|status| status.restart_count),
        last_state: now.or(ended).map(|ended| {
            let when = ended.finished_at.as_ref().map(|time| time.0.to_string());
            (ended.reason.clone().unwrap_or_default(), ended.exit_code, when)
        }),
        ids: ids.into_iter().flatten().map(bare).filter(|id| !id.is_empty()).collect(),
    }
}

fn bytes(quantity: Option<&k8s_openapi::apimachinery::pkg::api::resource::Quantity>) -> Option<u64> {
    u64::try_from(Quantity::parse(&quantity?.0).ok()?.value()).ok()
}

/// Hands out every object of a file of YAML or JSON; says whether it holds an empty list, as of a cluster that has
/// none of what was asked for.
pub(super) fn each_object(file: &Path, take: &mut dyn FnMut(&Object<'_, '_>)) -> anyhow::Result<bool> {
    let shown = file.display();
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let bytes = bytes.with_context(|| format!("{shown} cannot be read"))?;
    let name = shown.to_string();
    let text = yaml::decode(&bytes).map_err(|problem| wrong(&name, &problem))?;
    each_object_of(&name, &text, take)
}

/// Whether a text is a table or a description, as kubectl prints them for people.
fn is_for_people(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let head = first.split_whitespace().next().unwrap_or_default();
    let is_table = matches!(head, "NAME" | "NAMESPACE" | "LAST") && first.split_whitespace().count() > 2;
    is_table || first.starts_with("Name:  ")
}

fn wrong(name: &str, problem: &yaml::Problem) -> anyhow::Error {
    anyhow::anyhow!("{name}:{}:{}: {}", problem.line, problem.column, problem.message)
}

/// Hands out every object of a text of YAML or JSON.
pub(super) fn each_object_of(name: &str, text: &str, take: &mut dyn FnMut(&Object<'_, '_>)) -> anyhow::Result<bool> {
    anyhow::ensure!(
        !is_for_people(text),
        "{name} is what kubectl prints for people, which leaves out what is needed here; write it with -o json"
    );
    let mut empty = false;
    for raw in yaml::split(text) {
        let document = yaml::parse(raw).map_err(|problem| wrong(name, &problem))?;
        for part in parts(document.value()) {
            let is_list = part.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
            empty |= is_list && part.get("items").is_none_or(|items| items.items().is_empty());
            objects(part).iter().for_each(&mut *take);
        }
    }
    Ok(empty)
}

/// What a document holds: itself, the items of an array (`jq .items`), or the object of a watch
/// (`kubectl get --watch --output-watch-events`).
fn parts<'v, 'a>(value: &'v Value<'a>) -> Vec<&'v Value<'a>> {
    match value {
        Value::List(items) => items.iter().flat_map(parts).collect(),
        _ => vec![value.get("object").filter(|_| value.get("type").is_some()).unwrap_or(value)],
    }
}
