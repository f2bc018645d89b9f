//! [`Workload`]: an object that makes Pods, and the way to its Pod template.
//!
//! Known are Kubernetes' own kinds, and of custom resources every one that holds a Pod template, by its shape
//! (`spec.containers` under a key such as `template`), plus Argo workflows and Tekton tasks, whose containers stand
//! elsewhere. One object can hold several templates; each is a workload of its own.

mod block;
mod custom;
mod objects;
mod operators;
mod pod;
mod unreadable;

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1 as core;

use crate::aggregate::ContainerKind;
use crate::decode::{self, Leniency, Problem};
use crate::object::Value;
use crate::path::FieldPath;
use crate::places::ContainerPlace;
use crate::reference::ObjectRef;
use crate::scale::Scale;
use crate::validation::{validate_and_take, validate_pod_metadata};

pub use objects::{Object, objects};

/// One Pod template and the object it is in. All paths are relative to the object.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The object.
    pub object: Arc<ObjectRef>,
    /// The object's labels.
    pub labels: BTreeMap<String, String>,
    /// The place of the Pod template; the root for a Pod.
    pub template_at: FieldPath,
    /// The place of the Pod spec.
    pub spec_at: FieldPath,
    /// The template's metadata and spec; what could not be read is left out.
    pub template: core::PodTemplateSpec,
    /// Application containers, then init containers.
    pub containers: Vec<ContainerPlace>,
    /// What the API server would refuse to read, of the whole object.
    pub problems: Vec<Problem>,
    /// What the API server would refuse of the object for what it means, the Pods' defaulting aside.
    pub invalid: Vec<Problem>,
    /// The names of a StatefulSet's `volumeClaimTemplates`, which become volumes of its Pods.
    pub claim_templates: Vec<String>,
    /// False for an object that makes no Pods but decides about them (a LimitRange): only whether it is valid counts.
    pub makes_pods: bool,
    /// Whether the API server knows the object's type, so that all of the template must be as the type says.
    pub leniency: Leniency,
    /// Whether this is not a whole Pod template, but a resource block and what stands beside it, or a patch of an
    /// operator's template: what is absent may be set elsewhere.
    pub is_block: bool,
    /// Fields of the template that stand somewhere else in the object, each with where.
    pub moved: Vec<(FieldPath, FieldPath)>,
    /// How many Pods it makes.
    pub scale: Scale,
    annotations: BTreeMap<String, String>,
}

impl Workload {
    /// Every workload in an object, or the object itself if it decides about Pods; none if it has nothing to do with
    /// them.
    #[must_use]
    pub fn find(object: &Object<'_, '_>) -> Vec<Self> {
        let ObjectRef { api_version, kind, .. } = object.reference.as_ref();
        let meant = meant(api_version, kind);
        let (api_version, kind) = meant.as_ref().map_or((api_version.as_str(), kind.as_str()), |(meant, _)| *meant);
        let known = decode::type_of(api_version, kind);
        let problems = known.map(|name| decode::check(object.value, name, Leniency::Strict)).unwrap_or_default();
        // Another group may have a kind of the same name: Volcano has a Job.
        let own = (known.is_some() || SERVED.contains(&(api_version, kind))).then(|| template_of(kind)).flatten();
        let Some(template_at) = own else {
            return match known {
                Some(name) => vec![Self::of_support(object, name, problems)],
                None => custom::find(object),
            };
        };
        let leniency = if known.is_some() { Leniency::Strict } else { Leniency::CustomResource };
        let (invalid, template) = match known {
            // A Pod is judged whole, with what it will request: here only what stands around its spec.
            Some("Pod") => (validate_pod_metadata(object.value, &problems), None),
            Some(name) => validate_and_take(object.value, name, &problems, None),
            None => (Vec::new(), None),
        };
        let mut workload = Self::of_template(object, template_at, problems, leniency, template);
        workload.invalid = meant.into_iter().map(|(_, problem)| problem).chain(invalid).collect();
        workload.claim_templates = claim_templates(object.value);
        vec![workload]
    }

    /// The workload of a DaemonSet that was read already.
    #[must_use]
    pub fn of_daemon_set(set: &DaemonSet) -> Self {
        let object = ObjectRef {
            api_version: "apps/v1".to_owned(),
            kind: "DaemonSet".to_owned(),
            namespace: set.metadata.namespace.clone(),
            name: set.metadata.name.clone(),
        };
        let template_at = FieldPath::of(&["spec", "template"]);
        let spec_at = template_at.key("spec");
        let template = set.spec.template.clone();
        Self {
            object: Arc::new(object),
            labels: set.metadata.labels.clone().unwrap_or_default(),
            containers: places(&template, &spec_at),
            scale: Scale::one(&template_at),
            template_at,
            spec_at,
            template,
            problems: Vec::new(),
            invalid: Vec::new(),
            claim_templates: Vec::new(),
            makes_pods: true,
            leniency: Leniency::Strict,
            is_block: false,
            moved: Vec::new(),
            annotations: set.metadata.annotations.clone().unwrap_or_default(),
        }
    }

    /// The Pod spec; empty if there is none.
    #[must_use]
    pub fn spec(&self) -> &core::PodSpec {
        static EMPTY: std::sync::LazyLock<core::PodSpec> = std::sync::LazyLock::new(core::PodSpec::default);
        self.template.spec.as_ref().unwrap_or(&EMPTY)
    }

    /// The container at a place.
    #[must_use]
    pub fn container(&self, place: &ContainerPlace) -> Option<&core::Container> {
        let spec = self.template.spec.as_ref()?;
        match place.kind {
            ContainerKind::App => spec.containers.get(place.index),
            ContainerKind::Init | ContainerKind::Sidecar => spec.init_containers.as_ref()?.get(place.index),
        }
    }

    /// Where a field of the template really stands.
    #[must_use]
    pub fn written_at(&self, at: &FieldPath) -> FieldPath {
        let moved = self.moved.iter().find_map(|(here, there)| Some(at.relative_to(here)?.below(there)));
        moved.unwrap_or_else(|| at.clone())
    }

    /// Whether this is a Pod itself, not something that makes Pods.
    #[must_use]
    pub fn is_pod(&self) -> bool {
        self.template_at.segments().is_empty()
    }

    /// The annotations of the object and of its template, each with their place.
    pub fn annotations(&self) -> impl Iterator<Item = (FieldPath, &BTreeMap<String, String>)> {
        let of_object = (FieldPath::of(&["metadata", "annotations"]), &self.annotations);
        let template = self.template.metadata.as_ref().filter(|_| !self.is_pod());
        let of_template = template.and_then(|metadata| metadata.annotations.as_ref());
        let of_template = of_template.map(|found| (self.template_at.keys(&["metadata", "annotations"]), found));
        [of_object].into_iter().chain(of_template)
    }

    fn of_template(
        object: &Object<'_, '_>,
        template_at: FieldPath,
        problems: Vec<Problem>,
        leniency: Leniency,
        read: Option<core::PodTemplateSpec>,
    ) -> Self {
        const NOTHING: &Value<'static> = &Value::Null;
        let value = object.value.at(&template_at).unwrap_or(NOTHING);
        let mut problems = problems;
        if leniency == Leniency::CustomResource {
            let found = decode::check(value, "PodTemplateSpec", leniency);
            problems.extend(found.into_iter().map(|problem| Problem { at: problem.at.below(&template_at), ..problem }));
        }
        let template = read.unwrap_or_else(|| {
            let inside = problems.iter();
            let inside = inside
                .filter_map(|problem| Some(Problem { at: problem.at.relative_to(&template_at)?, ..problem.clone() }));
            decode::from_value_pruned(value, &inside.collect::<Vec<_>>()).unwrap_or_default()
        });
        let spec_at = template_at.key("spec");
        let containers = places(&template, &spec_at);
        // A container without an image is one that an operator makes, and this is what is to be changed of it.
        let is_patch = |spec: &core::PodSpec| spec.containers.iter().any(|container| container.image.is_none());
        let is_patch = leniency == Leniency::CustomResource && template.spec.as_ref().is_some_and(is_patch);
        Self {
            object: object.reference.clone(),
            labels: object.texts("labels"),
            annotations: object.texts("annotations"),
            scale: Scale::read(&object.reference, object.value, &template_at),
            template_at,
            spec_at,
            template,
            containers,
            problems,
            invalid: Vec::new(),
            claim_templates: Vec::new(),
            makes_pods: true,
            leniency,
            is_block: is_patch,
            moved: Vec::new(),
        }
    }

    /// An object that decides about Pods without making any.
    fn of_support(object: &Object<'_, '_>, name: &str, problems: Vec<Problem>) -> Self {
        let mut support =
            Self::of_template(object, FieldPath::of(&["spec", "template"]), problems, Leniency::Strict, None);
        support.template = core::PodTemplateSpec::default();
        support.containers = Vec::new();
        support.makes_pods = false;
        if name == "LimitRange" {
            let read = decode::from_value_pruned(object.value, &support.problems).unwrap_or_default();
            support.invalid = crate::limit_range::contradictions(&read);
        }
        support
    }
}

fn claim_templates(object: &Value<'_>) -> Vec<String> {
    let templates = object.at(&FieldPath::of(&["spec", "volumeClaimTemplates"])).map(Value::items).unwrap_or_default();
    let name = |template: &Value<'_>| template.get("metadata")?.get("name")?.as_str().map(str::to_owned);
    templates.iter().filter_map(name).collect()
}

/// The place of the Pod template in Kubernetes' own kinds.
fn template_of(kind: &str) -> Option<FieldPath> {
    Some(match kind {
        "Pod" => FieldPath::root(),
        "Deployment" | "ReplicaSet" | "ReplicationController" | "StatefulSet" | "DaemonSet" | "Job" => {
            FieldPath::of(&["spec", "template"])
        }
        "CronJob" => FieldPath::of(&["spec", "jobTemplate", "spec", "template"]),
        "PodTemplate" => FieldPath::of(&["template"]),
        _ => return None,
    })
}

/// Kubernetes' own workloads, with the version under which the API server has them.
const SERVED: [(&str, &str); 9] = [
    ("v1", "Pod"),
    ("v1", "PodTemplate"),
    ("v1", "ReplicationController"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
];

/// For a workload of Kubernetes' own under names that no API server has for it (`extensions/v1beta1`, no version at
/// all, kind `pods`): the right ones, and what is wrong. Other groups may have kinds of the same name.
fn meant(api_version: &str, kind: &str) -> Option<((&'static str, &'static str), Problem)> {
    if SERVED.contains(&(api_version, kind)) {
        return None;
    }
    let nearest = crate::spelling::nearest(kind, SERVED.iter().map(|(_, known)| *known))?;
    let (served, known) = SERVED.into_iter().find(|(_, known)| *known == nearest)?;
    if kind != known && decode::type_of(api_version, kind).is_some() {
        return None;
    }
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    if (api_version, kind) == (served, known) || !matches!(group, "" | "apps" | "batch" | "extensions") {
        return None;
    }
    let (at, message, help) = if kind == known {
        let message = match api_version {
            "" => "the object has no apiVersion".to_owned(),
            _ => format!("no API server has a {kind} in {api_version}"),
        };
        ("apiVersion", message, format!("write apiVersion: {served}"))
    } else {
        ("kind", format!("there is no kind {kind}"), format!("write kind: {known}"))
    };
    Some(((served, known), Problem::invalid(FieldPath::of(&[at]), message).help(help)))
}

/// Whether a kind is, or was meant as, one of Kubernetes' own workloads.
fn is_own(kind: &str) -> bool {
    SERVED.iter().any(|(_, known)| *known == kind)
}

fn places(template: &core::PodTemplateSpec, spec_at: &FieldPath) -> Vec<ContainerPlace> {
    let Some(spec) = &template.spec else { return Vec::new() };
    let place = |kind, list: &str, index| {
        let at = spec_at.key(list).index(index);
        ContainerPlace { kind, index, resources_at: at.key("resources"), at }
    };
    let apps = (0..spec.containers.len()).map(|index| place(ContainerKind::App, "containers", index));
    let inits = spec.init_containers.iter().flatten().enumerate();
    let inits = inits.map(|(index, init)| place(ContainerKind::of_init(init), "initContainers", index));
    apps.chain(inits).collect()
}

/// A key beside a container's name that was surely meant to be about resources.
fn looks_like_resources(key: &str) -> bool {
    const MEANT: [&str; 5] = ["resources", "requests", "limits", "memory", "cpu"];
    crate::spelling::nearest(key, MEANT).is_some()
}
