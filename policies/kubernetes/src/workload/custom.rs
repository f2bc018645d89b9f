//! Custom resources that hold Pod templates.

use k8s_openapi::api::core::v1 as core;

use super::{Object, Workload, operators};
use crate::aggregate::ContainerKind;
use crate::decode::{self, Leniency, Problem};
use crate::object::Value;
use crate::path::FieldPath;
use crate::places::ContainerPlace;
use crate::scale::Scale;

/// Every Pod template of a custom resource.
pub(super) fn find(object: &Object<'_, '_>) -> Vec<Workload> {
    let group = object.reference.api_version.split('/').next().unwrap_or_default();
    let mut found = Vec::new();
    match group {
        "argoproj.io" => argo(object, &mut found),
        "tekton.dev" => tekton(object, object.value, &FieldPath::root(), &mut found),
        "apiextensions.k8s.io" => return found,
        _ => {}
    }
    found.extend(operators::find(object));
    let mut templates = Vec::new();
    walk(object.value, &FieldPath::root(), &mut templates);
    let templates = templates.into_iter();
    found.extend(templates.map(|at| Workload::of_template(object, at, Vec::new(), Leniency::CustomResource, None)));
    found
}

/// Finds maps under a key such as `template` whose `spec` has a list of `containers`.
fn walk(value: &Value<'_>, at: &FieldPath, found: &mut Vec<FieldPath>) {
    for (index, item) in value.items().iter().enumerate() {
        walk(item, &at.index(index), found);
    }
    for (key, child) in value.entries() {
        let here = at.key(key.as_ref());
        let containers = child.get("spec").and_then(|spec| spec.get("containers"));
        if matches!(containers, Some(Value::List(_))) && key.to_ascii_lowercase().ends_with("template") {
            found.push(here);
        } else {
            walk(child, &here, found);
        }
    }
}

/// Argo Workflows: each of `templates` that has a `container`, a `script` or a `containerSet` is a Pod.
fn argo(object: &Object<'_, '_>, found: &mut Vec<Workload>) {
    for prefix in [&["spec"][..], &["spec", "workflowSpec"], &["spec", "workflowTemplate", "spec"]] {
        let spec_at = FieldPath::of(prefix);
        let Some(spec) = object.value.at(&spec_at) else { continue };
        let templates = spec.get("templates").map(Value::items).unwrap_or_default();
        for (index, template) in templates.iter().enumerate() {
            let at = spec_at.key("templates").index(index);
            let mut pod = Builder::new(object, template, &at);
            let name = template.get("name").and_then(Value::as_str).unwrap_or("main");
            for field in ["container", "script"] {
                if let Some(container) = template.get(field) {
                    pod.add(ContainerKind::App, container, at.key(field), "resources", Some(name));
                }
            }
            let set = template.get("containerSet").and_then(|set| set.get("containers"));
            pod.add_all(ContainerKind::App, set, &at.keys(&["containerSet", "containers"]), "resources");
            if pod.is_empty() {
                continue;
            }
            pod.add_all(ContainerKind::App, template.get("sidecars"), &at.key("sidecars"), "resources");
            pod.add_all(ContainerKind::Init, template.get("initContainers"), &at.key("initContainers"), "resources");
            pod.inherit(spec);
            found.push(pod.build());
        }
    }
}

/// Tekton: every map with a list of `steps` is a Pod; its steps and sidecars run as containers of it.
fn tekton(object: &Object<'_, '_>, value: &Value<'_>, at: &FieldPath, found: &mut Vec<Workload>) {
    if let Some(steps @ Value::List(_)) = value.get("steps") {
        let mut pod = Builder::new(object, &Value::Null, at);
        for (list, items) in [("steps", Some(steps)), ("sidecars", value.get("sidecars"))] {
            for (index, item) in items.map(Value::items).unwrap_or_default().iter().enumerate() {
                // v1 calls the block computeResources, v1beta1 resources.
                let block = if item.get("resources").is_some() { "resources" } else { "computeResources" };
                pod.add(ContainerKind::App, item, at.key(list).index(index), block, None);
            }
        }
        found.push(pod.build());
        return;
    }
    for (index, item) in value.items().iter().enumerate() {
        tekton(object, item, &at.index(index), found);
    }
    for (key, child) in value.entries() {
        tekton(object, child, &at.key(key.as_ref()), found);
    }
}

/// Puts a Pod together from containers that stand in unusual places.
struct Builder<'o> {
    object: &'o Object<'o, 'o>,
    at: FieldPath,
    spec: core::PodSpec,
    apps: Vec<ContainerPlace>,
    inits: Vec<ContainerPlace>,
    problems: Vec<Problem>,
}

impl<'o> Builder<'o> {
    /// Starts from what a template has of a Pod spec's own fields.
    fn new(object: &'o Object<'_, '_>, template: &Value<'_>, at: &FieldPath) -> Self {
        let problems = decode::check(template, "PodSpec", Leniency::Strict);
        let spec = core::PodSpec {
            containers: Vec::new(),
            init_containers: None,
            ..decode::from_value_pruned(template, &problems).unwrap_or_default()
        };
        Self { object, at: at.clone(), spec, apps: Vec::new(), inits: Vec::new(), problems: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.apps.is_empty()
    }

    fn add_all(&mut self, kind: ContainerKind, list: Option<&Value<'_>>, at: &FieldPath, block: &str) {
        for (index, item) in list.map(Value::items).unwrap_or_default().iter().enumerate() {
            self.add(kind, item, at.index(index), block, None);
        }
    }

    fn add(&mut self, kind: ContainerKind, value: &Value<'_>, at: FieldPath, block: &str, name: Option<&str>) {
        let wrong = decode::check(value, "Container", Leniency::CustomResource);
        let mut container: core::Container = decode::from_value_pruned(value, &wrong).unwrap_or_default();
        let mut wrong: Vec<Problem> = wrong;
        if block != "resources" {
            let block_at = FieldPath::of(&[block]);
            let written = value.get(block).unwrap_or(&Value::Null);
            let inside = decode::check(written, "ResourceRequirements", Leniency::Strict);
            container.resources = decode::from_value_pruned(written, &inside).ok();
            wrong.extend(inside.into_iter().map(|problem| Problem { at: problem.at.below(&block_at), ..problem }));
        }
        self.problems.extend(wrong.into_iter().map(|problem| Problem { at: problem.at.below(&at), ..problem }));
        if let Some(name) = name.filter(|_| container.name.is_empty()) {
            name.clone_into(&mut container.name);
        }
        let kind = if kind == ContainerKind::Init { ContainerKind::of_init(&container) } else { kind };
        let (list, places) = match kind {
            ContainerKind::App => (&mut self.spec.containers, &mut self.apps),
            _ => (self.spec.init_containers.get_or_insert_default(), &mut self.inits),
        };
        places.push(ContainerPlace { kind, index: list.len(), resources_at: at.key(block), at });
        list.push(container);
    }

    /// Takes from the workflow what the template leaves open of where its Pod may run.
    fn inherit(&mut self, workflow: &Value<'_>) {
        let problems = decode::check(workflow, "PodSpec", Leniency::Strict);
        let shared: core::PodSpec = decode::from_value_pruned(workflow, &problems).unwrap_or_default();
        self.spec.node_selector = self.spec.node_selector.take().or(shared.node_selector);
        self.spec.affinity = self.spec.affinity.take().or(shared.affinity);
        self.spec.tolerations = self.spec.tolerations.take().or(shared.tolerations);
        self.spec.volumes.get_or_insert_default().extend(shared.volumes.unwrap_or_default());
    }

    fn build(self) -> Workload {
        Workload {
            object: self.object.reference.clone(),
            labels: self.object.texts("labels"),
            annotations: self.object.texts("annotations"),
            scale: Scale::one(&self.at),
            template_at: self.at.clone(),
            spec_at: self.at,
            template: core::PodTemplateSpec { spec: Some(self.spec), metadata: None },
            containers: self.apps.into_iter().chain(self.inits).collect(),
            problems: self.problems,
            invalid: Vec::new(),
            claim_templates: Vec::new(),
            makes_pods: true,
            leniency: Leniency::CustomResource,
            is_block: false,
            moved: Vec::new(),
        }
    }
}
