//! What the webhook knows of a cluster besides the object under review: as much, and no more.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use memlint_capacity::Capacity;
use memlint_files::capacity_files::{self, Answer, Loaded};
use memlint_files::problem::{Note, Problem};
use serde_json::{Value, json};

use super::report::Gap;
use crate::exit::Refused;
use crate::live;

/// A kind that the webhook watches.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    /// For kubectl.
    pub(super) plural: &'static str,
    /// Whether it says what nodes there are; then `--capacity` takes its place.
    pub(super) is_of_nodes: bool,
}

const fn watched(api_version: &'static str, kind: &'static str, plural: &'static str, is_of_nodes: bool) -> Watched {
    Watched { api_version, kind, plural, is_of_nodes }
}

/// The kinds that the webhook watches by default.
pub(super) static WATCHED: [Watched; 5] = [
    watched("v1", "Namespace", "namespaces", false),
    watched("v1", "LimitRange", "limitranges", false),
    watched("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", false),
    watched("v1", "Node", "nodes", true),
    watched("apps/v1", "DaemonSet", "daemonsets", true),
];

/// Objects of these kinds.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// The files that take the place of nodes.
    capacity: Vec<PathBuf>,
    objects: Vec<Value>,
    names: BTreeSet<(&'static str, String, String)>,
    twice: BTreeSet<String>,
    notes: Vec<String>,
    /// What is not known.
    pub(super) gaps: BTreeSet<Gap>,
}

/// What was made of them.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) capacity: Option<Arc<Capacity>>,
    pub(super) notes: Vec<String>,
    /// What was given more than once.
    pub(super) twice: BTreeSet<String>,
    pub(super) gaps: BTreeSet<Gap>,
    /// A node that is there and cannot be read.
    pub(super) doubt: Option<String>,
}

impl Surroundings {
    pub(super) fn new(capacity: &[PathBuf]) -> Self {
        Self { capacity: capacity.to_vec(), ..Self::default() }
    }

    /// Whether objects of a kind are of use.
    pub(super) fn want(&self, watched: &Watched) -> bool {
        !watched.is_of_nodes || self.capacity.is_empty()
    }

    /// Adds an object, once; the items of a list leave their kind to the list.
    pub(super) fn add(&mut self, watched: &Watched, mut object: Value) {
        let (namespace, name) = names(&object);
        let (namespace, name) = (namespace.unwrap_or_default().to_owned(), name.unwrap_or_default().to_owned());
        // What has no name is told by whoever reads it.
        if !name.is_empty() && !self.names.insert((watched.kind, namespace.clone(), name.clone())) {
            let namespace = if namespace.is_empty() { namespace } else { format!("{namespace}/") };
            self.twice.insert(format!("{} {namespace}{name}", watched.kind));
            return;
        }
        if !self.want(watched) {
            return;
        }
        live::trim(&mut object);
        if let Some(object) = object.as_object_mut() {
            object.insert("apiVersion".to_owned(), watched.api_version.into());
            object.insert("kind".to_owned(), watched.kind.into());
        }
        self.objects.push(object);
    }

    /// Whether no object of a kind was given, though it would have counted.
    pub(super) fn lacks(&self, kind: &str) -> bool {
        let wanted = WATCHED.iter().any(|watched| watched.kind == kind && self.want(watched));
        wanted && !self.names.iter().any(|(known, ..)| *known == kind)
    }

    /// Decides whose nodes count: those of `--capacity`, else those that were given, else those of the policy's file.
    pub(super) fn settle(&mut self, of_policy: Vec<PathBuf>) {
        let has_nodes = self.names.iter().any(|(kind, ..)| *kind == "Node");
        let first = of_policy.first().map(|file| file.display().to_string());
        match first {
            _ if has_nodes && !self.capacity.is_empty() => {
                self.notes.push("the nodes of --capacity count, and not those given with --from".to_owned());
            }
            Some(file) if has_nodes => {
                self.notes.push(format!(
                    "the nodes given with --from count, and not those of {file}, which the policy names"
                ));
            }
            Some(_) if self.capacity.is_empty() => {
                self.capacity = of_policy;
                let is_of_nodes =
                    |kind: &Value| WATCHED.iter().any(|watched| watched.is_of_nodes && kind == watched.kind);
                self.objects.retain(|object| !is_of_nodes(&object["kind"]));
            }
            _ => {}
        }
    }

    /// Notes what is not known.
    pub(super) fn gap(&mut self, what: impl Into<String>, why: impl ToString) {
        self.gaps.insert(Gap { what: what.into(), why: why.to_string() });
    }

    /// Puts it all together. An object that cannot be read is left out, and named.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub(super) fn know(self) -> Result<Known, Refused> {
        let Self { capacity, mut objects, twice, notes, gaps, .. } = self;
        if !capacity.is_empty() {
            capacity_files::load(&capacity).map_err(Refused)?;
        }
        let mut known = Known { gaps, twice, ..Known::default() };
        let loaded = match load(&capacity, &objects) {
            Ok(loaded) => loaded,
            Err(_) => {
                objects.retain(|object| match load(&[], std::slice::from_ref(object)) {
                    Ok(_) => true,
                    Err(problems) => {
                        known.leave_out(object, &problems);
                        false
                    }
                });
                load(&capacity, &objects).map_err(Refused)?
            }
        };
        known.notes.extend(loaded.notes.into_iter().map(|Note { message, .. }| message));
        if loaded.capacity.as_ref().is_some_and(|capacity| !capacity.knows_nodes()) {
            // The last note says so, and so does the doubt that comes of it.
            known.notes.pop();
        }
        known.notes.extend(notes);
        known.capacity = loaded.capacity;
        Ok(known)
    }
}

impl Known {
    fn leave_out(&mut self, object: &Value, problems: &[Problem]) {
        let (namespace, name) = names(object);
        let name = name.unwrap_or("without a name");
        let name = match namespace {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        };
        let kind = object["kind"].as_str().unwrap_or_default();
        // What is wrong with a node is told of each of its figures.
        let mut why: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        why.dedup();
        self.gaps.insert(Gap { what: format!("{kind} {name}"), why: format!("it cannot be read: {}", why.join("; ")) });
        if kind == "Node" {
            self.doubt = Some(format!("node {name} cannot be read"));
        }
    }
}

fn names(object: &Value) -> (Option<&str>, Option<&str>) {
    let text = |key: &str| object.get("metadata")?.get(key)?.as_str();
    (text("namespace"), text("name"))
}

fn load(files: &[PathBuf], objects: &[Value]) -> Result<Loaded, Vec<Problem>> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let answer = Answer { name: "the cluster".to_owned(), text: list.to_string() };
    let answers = if objects.is_empty() { &[][..] } else { &[answer] };
    capacity_files::load_with(files, answers)
}
