//! Reading what `--capacity` names: what kubectl prints, and capacity files.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_openapi::api::apps::v1::DaemonSet;
use memlint_capacity::{Capacity, CapacityBuilder, CapacityError, CapacityFile, CapacityNote};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::workload::objects;

use crate::held::{Asked, Held};
use crate::place;
use crate::problem::{Note, Problem};
use crate::sources::{Finder, Sources};
use crate::yaml::{self, Document};

/// What was read of the nodes.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The capacity; `None` if no file was named.
    pub capacity: Option<Arc<Capacity>>,
    /// The documents it is from.
    pub sources: Sources,
    /// What every user should be told.
    pub notes: Vec<Note>,
    /// What numbers rest on, for who asks.
    pub assumptions: Vec<Note>,
}

/// Reads files of Kubernetes objects and capacity files; `-` is standard input.
///
/// # Errors
/// Everything that is wrong with them, each with its place.
pub fn load(files: &[PathBuf]) -> Result<Loaded, Vec<Problem>> {
    load_with(files, &[])
}

/// A source that is no file: what a cluster answered, and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The name, for messages.
    pub name: String,
    /// YAML or JSON.
    pub text: String,
}

/// Reads files, and answers of a cluster after them.
///
/// # Errors
/// Everything that is wrong with them, each with its place.
pub fn load_with(files: &[PathBuf], answers: &[Answer]) -> Result<Loaded, Vec<Problem>> {
    load_and(files, answers, Vec::new())
}

/// The same, with DaemonSets that are to come: they take their room of every node, and go before those of the same name
/// that are there.
///
/// # Errors
/// As [`load_with`].
pub fn load_and(files: &[PathBuf], answers: &[Answer], to_come: Vec<DaemonSet>) -> Result<Loaded, Vec<Problem>> {
    if files.is_empty() && answers.is_empty() {
        return Ok(Loaded::default());
    }
    let mut loader = Loader::default();
    for file in files {
        loader.file(file);
    }
    for answer in answers {
        loader.text(&answer.name, &answer.text);
    }
    for set in to_come {
        loader.builder.add_daemon_set(set);
    }
    let Loader { builder, sources, mut problems } = loader;
    let capacity = builder.build().map_err(|errors| located(&errors, &sources));
    let capacity = match capacity {
        Ok(capacity) if problems.is_empty() => capacity,
        result => {
            problems.extend(result.err().into_iter().flatten());
            problems.sort();
            return Err(problems);
        }
    };
    let finder = Finder::new(&sources);
    let mut notes = notes(capacity.notes(), &sources, &finder);
    if !capacity.knows_nodes() {
        let message = "the sources of capacity name no Node and no pool".to_owned();
        let first = files.first().map(|file| shown(file)).or_else(|| Some(answers.first()?.name.clone()));
        notes.push(Note { file: first, at: None, message });
    }
    let assumptions = self::notes(capacity.assumptions(), &sources, &finder);
    drop(finder);
    Ok(Loaded { capacity: Some(Arc::new(capacity)), sources, notes, assumptions })
}

#[derive(Default)]
struct Loader {
    builder: CapacityBuilder,
    sources: Sources,
    problems: Vec<Problem>,
}

impl Loader {
    fn file(&mut self, path: &Path) {
        let name = shown(path);
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                return self.problems.push(Problem::of_file(&name, format!("the file cannot be read: {error}")));
            }
        };
        let text = match yaml::decode(&bytes) {
            Ok(text) => text,
            Err(problem) => return self.problems.push(Problem::of_document(&name, problem)),
        };
        self.text(&name, &text);
    }

    fn text(&mut self, name: &str, text: &str) {
        let documents = yaml::split(text);
        if documents.is_empty() {
            self.problems.push(Problem {
                help: Some("write what kubectl get nodes -o yaml prints, or a capacity file".to_owned()),
                ..Problem::of_file(name, "the file is empty")
            });
        }
        let (problems, mut foreign) = (self.problems.len(), Vec::new());
        let count = documents.len();
        for raw in documents {
            match yaml::parse(raw) {
                Err(problem) => self.problems.push(Problem::of_document(name, problem)),
                Ok(document) => foreign.extend(self.document(name, &document)),
            }
        }
        // Manifests, most likely: a slip that would keep them from being linted.
        if let Some(kind) = foreign.first().filter(|_| foreign.len() == count && self.problems.len() == problems) {
            let message = format!("the file says nothing of nodes, Pods or limits: it holds a {kind}");
            let help = Some("give what kubectl get nodes -o yaml prints, or a capacity file".to_owned());
            self.problems.push(Problem { help, ..Problem::of_file(name, message) });
        }
    }

    /// Reads one document; gives the kind of its objects where none of them says anything of capacity.
    fn document(&mut self, name: &str, document: &Document<'_>) -> Option<String> {
        let mut foreign = None;
        let index = self.sources.documents.len();
        let value = document.value();
        if is_capacity_file(value) {
            match CapacityFile::read(value) {
                Ok(file) => self.builder.add_file(&file, &mut |at| self.sources.mark(index, at.clone())),
                Err(errors) => self.problems.extend(errors.iter().map(|error| in_file(name, document, error))),
            }
        } else {
            let found = objects(value);
            // An empty List of kubectl is an object all the same.
            if found.is_empty() && value.get("items").is_none() {
                self.problems.push(no_source(name, document));
                return None;
            }
            let mut says_something = found.is_empty();
            for object in found {
                let origin = self.sources.mark(index, object.at);
                let reference = &object.reference;
                says_something |=
                    self.builder.add_object(&reference.api_version, &reference.kind, object.value, origin);
                foreign = Some(reference.kind.clone());
            }
            foreign = foreign.filter(|_| !says_something);
        }
        let held = Held { file: name.into(), asked: Asked::Named, document: document.raw().into(), rendering: None };
        self.sources.documents.push(held);
        foreign
    }
}

/// Whether this is a capacity file, or was meant to be one.
fn is_capacity_file(value: &Value<'_>) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    match (text("apiVersion"), text("kind")) {
        (Some(version), Some(kind)) => version.starts_with("memlint.dev/") && kind != "Policy" || kind == "Capacity",
        (None, Some(kind)) => kind == "Capacity",
        (Some(version), None) => version.starts_with("memlint.dev/"),
        (None, None) => value.get("pools").is_some(),
    }
}

fn no_source(name: &str, document: &Document<'_>) -> Problem {
    let span = document.resolve(&FieldPath::root()).value;
    let found = match document.value() {
        Value::Map(_) => "a map without apiVersion and kind",
        other => other.describe(),
    };
    Problem {
        file: name.to_owned(),
        line: span.line,
        column: span.column,
        message: format!("this is {found}, neither a Kubernetes object nor a capacity file"),
        help: Some("write what kubectl get nodes -o yaml prints, or a capacity file".to_owned()),
    }
}

/// A mistake in a capacity file.
fn in_file(name: &str, document: &Document<'_>, error: &CapacityError) -> Problem {
    let span = place::find(document, &FieldPath::root(), &error.at, error.on_key, None).1;
    let (line, column) = (span.line, span.column);
    Problem { file: name.to_owned(), line, column, message: error.message.clone(), help: Some(error.help.clone()) }
}

/// Mistakes in objects.
fn located(errors: &[CapacityError], sources: &Sources) -> Vec<Problem> {
    let finder = Finder::new(sources);
    let locate = |error: &CapacityError| {
        let found = error.origin.and_then(|origin| finder.find(origin, &error.at, error.on_key));
        let (file, line, column) = match found {
            Some((index, _, span)) => (file_of(sources, index), span.line, span.column),
            None => (String::new(), 1, 1),
        };
        Problem { file, line, column, message: error.message.clone(), help: Some(error.help.clone()) }
    };
    errors.iter().map(locate).collect()
}

fn notes(notes: &[CapacityNote], sources: &Sources, finder: &Finder<'_>) -> Vec<Note> {
    let locate = |note: &CapacityNote| {
        let found = note.origin.and_then(|origin| finder.find(origin, &note.at, false));
        let (file, at) = match found {
            Some((index, _, span)) => (Some(file_of(sources, index)), Some((span.line, span.column))),
            None => (None, None),
        };
        Note { file, at, message: note.message.clone() }
    };
    notes.iter().map(locate).collect()
}

fn file_of(sources: &Sources, index: usize) -> String {
    sources.documents.get(index).map_or_else(String::new, |held| held.file.to_string())
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(path)
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() }
}
