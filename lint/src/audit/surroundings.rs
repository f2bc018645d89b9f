//! What the webhook knows of a cluster besides the object under review: as much, and no more.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use memlint_files::capacity_files::{self, Answer, Loaded};
use memlint_files::problem::{Note, Problem};
use memlint_policies::capacity::Capacity;
use serde_json::{Value, json};

use super::report::Gap;
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
#[derive(Debug)]
pub(super) struct Surroundings {
    /// The files that take the place of nodes.
    capacity: Vec<PathBuf>,
    objects: Vec<Value>,
    /// What is not known.
    pub(super) gaps: BTreeSet<Gap>,
}

/// What was made of them.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) capacity: Option<Arc<Capacity>>,
    pub(super) notes: Vec<String>,
    pub(super) gaps: BTreeSet<Gap>,
    /// A node that is there and cannot be read.
    pub(super) doubt: Option<String>,
}

impl Surroundings {
    pub(super) fn new(capacity: &[PathBuf]) -> Self {
        Self { capacity: capacity.to_vec(), objects: Vec::new(), gaps: BTreeSet::new() }
    }

    /// Whether objects of a kind are of use.
    pub(super) fn want(&self, watched: &Watched) -> bool {
        !watched.is_of_nodes || self.capacity.is_empty()
    }

    /// Adds an object; the items of a list leave their kind to the list.
    pub(super) fn add(&mut self, watched: &Watched, mut object: Value) {
        live::trim(&mut object);
        if let Some(object) = object.as_object_mut() {
            object.insert("apiVersion".to_owned(), watched.api_version.into());
            object.insert("kind".to_owned(), watched.kind.into());
        }
        self.objects.push(object);
    }

    /// Notes what is not known.
    pub(super) fn gap(&mut self, what: impl Into<String>, why: impl ToString) {
        self.gaps.insert(Gap { what: what.into(), why: why.to_string() });
    }

    /// Puts it all together. An object that cannot be read is left out, and named.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub(super) fn know(self) -> Result<Known, Vec<Problem>> {
        let Self { capacity, mut objects, gaps } = self;
        if !capacity.is_empty() {
            capacity_files::load(&capacity)?;
        }
        let mut known = Known { gaps, ..Known::default() };
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
                load(&capacity, &objects)?
            }
        };
        known.notes.extend(loaded.notes.into_iter().map(|Note { message, .. }| message));
        if loaded.capacity.as_ref().is_some_and(|capacity| !capacity.knows_nodes()) {
            // The last note says so, and so does the doubt that comes of it.
            known.notes.pop();
        }
        known.capacity = loaded.capacity;
        Ok(known)
    }
}

impl Known {
    fn leave_out(&mut self, object: &Value, problems: &[Problem]) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let name = text("/metadata/name").unwrap_or("without a name");
        let name = match text("/metadata/namespace") {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        };
        let kind = text("/kind").unwrap_or_default();
        let why: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        self.gaps.insert(Gap { what: format!("{kind} {name}"), why: format!("it cannot be read: {}", why.join("; ")) });
        if kind == "Node" {
            self.doubt = Some(format!("node {name} cannot be read"));
        }
    }
}

fn load(files: &[PathBuf], objects: &[Value]) -> Result<Loaded, Vec<Problem>> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let answer = Answer { name: "the cluster".to_owned(), text: list.to_string() };
    let answers = if objects.is_empty() { &[][..] } else { &[answer] };
    capacity_files::load_with(files, answers)
}
