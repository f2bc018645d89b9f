//! [`Manifests`]: the workloads of the given manifests, and which of them made a Pod that was killed.

use std::collections::BTreeMap;
use std::sync::Arc;

use memlint_files::yaml::Document;
use memlint_kubernetes::aggregate::pod_limits;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::places::ContainerPlace;
use memlint_kubernetes::resources::{List, MEMORY};
use memlint_kubernetes::workload::{Object, Workload, objects};
use memlint_oom::{Kill, Level};

use super::pods::Found;
use super::target::memory;
use crate::project::corpus::Corpus;
use crate::project::walk::{Content, Walk};

/// The workloads of a corpus.
#[derive(Debug, Default)]
pub(super) struct Manifests<'a> {
    documents: Vec<Arc<Document<'a>>>,
    entries: Vec<Entry>,
}

/// One workload.
#[derive(Debug)]
pub(super) struct Entry {
    /// Index into the corpus' documents.
    pub(super) held: usize,
    /// Index into `Manifests::documents`.
    document: usize,
    /// The object's place in its document.
    pub(super) object_at: FieldPath,
    pub(super) workload: Workload,
}

/// How a workload was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MatchedBy {
    /// The Pod's owner, or its own name.
    Owner,
    /// Labels and the container's name, which no other workload has.
    Labels,
    /// No other workload has just this limit. A guess.
    Limit,
}

impl MatchedBy {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Labels => "labels",
            Self::Limit => "limit",
        }
    }
}

/// The workload of a kill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match<'a> {
    pub(super) entry: &'a Entry,
    pub(super) container: Option<&'a ContainerPlace>,
    pub(super) by: MatchedBy,
}

impl<'a> Manifests<'a> {
    /// Reads every workload. What cannot be parsed is left to linting.
    pub(super) fn collect(corpus: &'a Corpus) -> Self {
        let (mut manifests, walk) = (Self::default(), Walk::new(corpus, "", None));
        for (held, each) in corpus.documents.iter().enumerate() {
            let Content::Objects(document) = walk.read(held, each) else { continue };
            for object in objects(document.value()) {
                manifests.add(held, &object);
            }
            manifests.documents.push(document);
        }
        manifests
    }

    fn add(&mut self, held: usize, object: &Object<'_, '_>) {
        let document = self.documents.len();
        let entry = |workload| Entry { held, document, object_at: object.at.clone(), workload };
        self.entries.extend(Workload::find(object).into_iter().map(entry));
    }

    pub(super) fn document(&self, entry: &Entry) -> Option<&Document<'a>> {
        self.documents.get(entry.document).map(Arc::as_ref)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The workload that made a killed Pod, and its container.
    pub(super) fn find(&self, kill: &Kill, found: Option<Found<'_>>) -> Option<Match<'_>> {
        let Some(found) = found else { return self.by_limit(kill) };
        let wanted = found.container.map(|container| container.name.as_str());
        let owners = owners(found);
        for (kind, name) in &owners {
            let mut alike = self.entries.iter().filter(|entry| {
                let object = &entry.workload.object;
                object.kind == *kind && names(object.name.as_deref(), name) && in_namespace(entry, found)
            });
            if let (Some(entry), None) = (alike.next(), alike.next()) {
                return Some(Match { entry, container: container(entry, wanted), by: MatchedBy::Owner });
            }
        }
        let mut alike = self.entries.iter().filter(|entry| {
            let labels = entry.workload.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
            let is_part = |labels: &BTreeMap<String, String>| {
                !labels.is_empty() && labels.iter().all(|(key, value)| found.pod.labels.get(key) == Some(value))
            };
            labels.is_some_and(is_part)
                && in_namespace(entry, found)
                && (wanted.is_none() || container(entry, wanted).is_some())
        });
        match (alike.next(), alike.next()) {
            (Some(entry), None) => Some(Match { entry, container: container(entry, wanted), by: MatchedBy::Labels }),
            _ => None,
        }
    }

    /// Without Pods, the limit itself may tell: if only one workload has it.
    fn by_limit(&self, kill: &Kill) -> Option<Match<'_>> {
        let limit = kill.limit.filter(|_| kill.beyond.is_none())?;
        let mut alike = self.entries.iter().filter_map(|entry| {
            let container = match kill.level? {
                Level::Container => container_with(&entry.workload, limit)?,
                Level::Pod => (of_pod(&entry.workload)? == limit).then(|| container(entry, None))?,
                _ => return None,
            };
            Some(Match { entry, container, by: MatchedBy::Limit })
        });
        match (alike.next(), alike.next()) {
            (Some(found), None) => Some(found),
            _ => None,
        }
    }
}

/// Whether a container of the workload has just this limit, its own or, lacking one, its Pod's; and which, if it is
/// certain.
fn container_with(workload: &Workload, limit: u64) -> Option<Option<&ContainerPlace>> {
    let own = |place: &&ContainerPlace| written(workload, place, List::Limits);
    if let Some(place) = workload.containers.iter().find(|place| own(place) == Some(limit)) {
        return Some(Some(place));
    }
    let of_pod = memory(workload.spec().resources.as_ref()?, List::Limits);
    let mut without = workload.containers.iter().filter(|place| own(place).is_none());
    let first = without.next().filter(|_| of_pod == Some(limit))?;
    Some(without.next().is_none().then_some(first))
}

/// The limit that the kubelet gives the Pod's cgroup: what is written for the whole Pod, else the sum of its
/// containers' limits, if all have one.
fn of_pod(workload: &Workload) -> Option<u64> {
    let spec = workload.spec();
    let whole = spec.resources.as_ref().is_some_and(|resources| memory(resources, List::Limits).is_some());
    let all = || workload.containers.iter().all(|place| written(workload, place, List::Limits).is_some());
    let limit = pod_limits(spec, None).get(MEMORY).filter(|_| whole || all())?.value();
    u64::try_from(limit).ok()
}

/// The memory that a container's manifest asks for or allows, in bytes.
fn written(workload: &Workload, place: &ContainerPlace, list: List) -> Option<u64> {
    memory(workload.container(place)?.resources.as_ref()?, list)
}

fn container<'e>(entry: &'e Entry, wanted: Option<&str>) -> Option<&'e ContainerPlace> {
    let workload = &entry.workload;
    match wanted {
        Some(name) => workload
            .containers
            .iter()
            .find(|place| workload.container(place).is_some_and(|container| container.name == name)),
        None => match workload.containers.as_slice() {
            [only] => Some(only),
            _ => None,
        },
    }
}

fn in_namespace(entry: &Entry, found: Found<'_>) -> bool {
    entry.workload.object.namespace.as_ref().is_none_or(|namespace| *namespace == found.pod.namespace)
}

/// Whether a manifest's name, which ends in `*` where the API server completes it, is that of an object.
fn names(written: Option<&str>, name: &str) -> bool {
    written.is_some_and(|written| match written.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => written == name,
    })
}

/// Who may have made a Pod, the likeliest first: `ReplicaSet api-5d4f` was made by `Deployment api`, `Job tidy-2839`
/// by `CronJob tidy`. Argo's Rollouts name their ReplicaSets alike.
pub(super) fn owners(found: Found<'_>) -> Vec<(String, String)> {
    let pod = found.pod;
    let Some((kind, name)) = &pod.owner else { return vec![("Pod".to_owned(), pod.name.clone())] };
    let mut owners = vec![(kind.clone(), name.clone())];
    let shorter = match pod.labels.get("pod-template-hash") {
        Some(hash) => name.strip_suffix(hash.as_str()).and_then(|name| name.strip_suffix('-')),
        None => name.rsplit_once('-').map(|(name, _)| name),
    };
    match (kind.as_str(), shorter) {
        ("ReplicaSet", Some(shorter)) => {
            owners.insert(0, ("Deployment".to_owned(), shorter.to_owned()));
            owners.insert(1, ("Rollout".to_owned(), shorter.to_owned()));
        }
        ("Job", _) => {
            let digits = |end: &str| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
            if let Some((shorter, _)) = name.rsplit_once('-').filter(|(_, end)| digits(end)) {
                owners.insert(0, ("CronJob".to_owned(), shorter.to_owned()));
            }
        }
        // A static Pod's mirror is owned by its node and named for it.
        ("Node", _) => {
            let own = pod.name.strip_suffix(name.as_str()).and_then(|own| own.strip_suffix('-')).unwrap_or(&pod.name);
            owners = vec![("Pod".to_owned(), own.to_owned()), ("Pod".to_owned(), pod.name.clone())];
        }
        _ => {}
    }
    owners
}
