//! From a field of a rendered object to the base, patch or component that it is written in.
//!
//! kustomize says of each object which file it comes from. Which patch set a field is found by looking at the patches in
//! the order in which they were applied, the last first: the one that holds this field with this value. What a
//! transformer computed (a name prefix, a count of replicas) is told at the object it was done to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use memlint_files::held::Held;
use memlint_files::place;
use memlint_files::yaml::{self, Document, Embedded};
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::{FieldPath, Segment};

use super::graph::{Graph, Patch, Unit};
use crate::render::align::align;
use crate::render::files::Files;
use crate::render::token::{Asked, Token};

/// The annotation in which kustomize says what file an object is from.
const ORIGIN: &str = "config.kubernetes.io/origin";

/// What is known of where a kustomization's output comes from.
#[derive(Debug)]
pub(in crate::render) struct Trace {
    graph: Arc<Graph>,
    files: Arc<Files>,
    folder: PathBuf,
}

/// Makes the paths in kustomize's output absolute, which are relative to the folder that it ran in.
pub(super) fn absolute(text: &str, folder: &Path) -> String {
    let line = |line: &str| {
        let rest = line.trim_start();
        let Some(path) = rest.strip_prefix("path: ../").map(|path| format!("../{path}")) else {
            return line.to_owned();
        };
        let Ok(real) = std::fs::canonicalize(folder.join(path)) else { return line.to_owned() };
        format!("{}path: {}", " ".repeat(line.len() - rest.len()), real.display())
    };
    text.lines().map(|each| line(each) + "\n").collect()
}

/// A field as it is written somewhere.
struct Found {
    token: Token,
    /// Whether the whole path is there, with the value that was rendered.
    is_it: bool,
    depth: usize,
}

impl Trace {
    pub(super) fn new(graph: Arc<Graph>, files: Arc<Files>, folder: PathBuf) -> Self {
        Self { graph, files, folder }
    }

    /// The token that a field of a rendered object comes from; the kustomization itself if nothing else is known.
    pub(in crate::render) fn find(&self, documents: &[Held], rendered: &Value<'_>, asked: &Asked<'_>) -> Option<Token> {
        let origin = self.in_origin(documents, rendered, asked);
        let name = origin.as_ref().and_then(|(_, name)| name.clone());
        let is_scalar = rendered.at(asked.at).is_some_and(is_scalar);
        let mut deepest: Option<Found> = origin.map(|(found, _)| found);
        for folder in self.graph.closure(&self.folder).into_iter().rev() {
            let Some(unit) = self.graph.units.get(folder) else { continue };
            for patch in unit.patches.iter().rev() {
                let Some(found) = self.in_patch(documents, unit, patch, (rendered, name.as_deref()), asked) else {
                    continue;
                };
                if found.is_it && is_scalar {
                    return Some(found.token);
                }
                // A list or map that is merged is everybody's; what the object itself has of it counts.
                if deepest.as_ref().is_none_or(|known| found.depth > known.depth) {
                    deepest = Some(found);
                }
            }
        }
        deepest.map(|found| found.token).or_else(|| self.in_kustomization(documents))
    }

    /// In the object that was patched, with its own name.
    fn in_origin(
        &self,
        documents: &[Held],
        rendered: &Value<'_>,
        asked: &Asked<'_>,
    ) -> Option<(Found, Option<String>)> {
        let annotation = rendered.get("metadata")?.get("annotations")?.get(ORIGIN)?.as_str()?;
        let path = annotation.lines().find_map(|line| line.trim().strip_prefix("path: "))?;
        let kind = rendered.get("kind")?;
        let name = name_of(rendered).unwrap_or_default();
        let objects = self.files.documents(Path::new(path)).iter().filter_map(|index| {
            let document = yaml::parse(documents.get(*index)?.document.raw()).ok()?;
            let is_it = document.value().get("kind") == Some(kind);
            let own = name_of(document.value()).filter(|own| name.contains(own.as_str()))?;
            is_it.then_some((*index, document, own))
        });
        // Of several whose names a prefix might have been put before, the one with the longest.
        let (index, document, own) = objects.max_by_key(|(.., own)| own.len())?;
        Some((in_document(index, &document, rendered, asked), Some(own)))
    }

    fn in_patch(
        &self,
        documents: &[Held],
        unit: &Unit,
        patch: &Patch,
        (rendered, name): (&Value<'_>, Option<&str>),
        asked: &Asked<'_>,
    ) -> Option<Found> {
        if !is_for(patch.kind.as_deref(), kind_of(rendered)) || !is_for(patch.name.as_deref(), name) {
            return None;
        }
        let has_target = patch.kind.is_some() || patch.name.is_some();
        let fits = |value: &Value<'_>| {
            has_target || (kind_of(value) == kind_of(rendered) && (name.is_none() || name_of(value).as_deref() == name))
        };
        if let Some(file) = &patch.file {
            let found = self.files.documents(file).iter().filter_map(|index| {
                let document = yaml::parse(documents.get(*index)?.document.raw()).ok()?;
                match document.value() {
                    Value::List(_) => in_operations(*index, &document, rendered, asked),
                    value => fits(value).then(|| in_document(*index, &document, rendered, asked)),
                }
            });
            return found.max_by_key(|found| (found.is_it, found.depth));
        }
        let document = yaml::parse(documents.get(unit.document)?.document.raw()).ok()?;
        let own_at = match document.value().at(&patch.at) {
            Some(_) => patch.at.clone(),
            None => return None,
        };
        if matches!(document.value().at(&own_at), Some(Value::Map(_))) {
            return None;
        }
        let Some(embedded) = Embedded::find(&document, &own_at) else {
            // Written in a way whose lines cannot be told: the patch as a whole, if it has the field.
            let text = document.value().at(&own_at)?.as_str()?;
            let inner = yaml::parse(*yaml::split(text).first()?).ok()?;
            let found = in_any(unit.document, &inner, rendered, asked, &fits)?;
            let (path, span) = place::find(&document, &FieldPath::root(), &own_at, true, None);
            return Some(Found { token: Token { document: unit.document, path, span }, ..found });
        };
        let found = yaml::split(&embedded.text).into_iter().filter_map(|raw| {
            let inner = yaml::parse(raw).ok()?;
            let found = in_any(unit.document, &inner, rendered, asked, &fits)?;
            let span = embedded.span(&document, found.token.span);
            Some(Found { token: Token { span, ..found.token }, ..found })
        });
        found.max_by_key(|found| (found.is_it, found.depth))
    }

    fn in_kustomization(&self, documents: &[Held]) -> Option<Token> {
        let unit = self.graph.units.get(&self.folder)?;
        let document = yaml::parse(documents.get(unit.document)?.document.raw()).ok()?;
        let resources = FieldPath::of(&["resources"]);
        let (path, span) = place::find(&document, &FieldPath::root(), &resources, true, None);
        Some(Token { document: unit.document, path, span })
    }
}

fn in_any(
    index: usize,
    document: &Document<'_>,
    rendered: &Value<'_>,
    asked: &Asked<'_>,
    fits: &dyn Fn(&Value<'_>) -> bool,
) -> Option<Found> {
    match document.value() {
        Value::List(_) => in_operations(index, document, rendered, asked),
        value => fits(value).then(|| in_document(index, document, rendered, asked)),
    }
}

/// In an object or a strategic merge patch.
fn in_document(index: usize, document: &Document<'_>, rendered: &Value<'_>, asked: &Asked<'_>) -> Found {
    let (at, complete) = align(rendered, document.value(), asked.at);
    let is_it = complete && document.value().at(&at) == rendered.at(asked.at);
    found(index, document, &at, asked, is_it, at.segments().len())
}

/// In the operations of a JSON patch (RFC 6902): the last that writes the field.
fn in_operations(index: usize, document: &Document<'_>, rendered: &Value<'_>, asked: &Asked<'_>) -> Option<Found> {
    let operations = document.value().items().iter().enumerate().rev();
    let mut all = operations.filter_map(|(number, operation)| {
        let writes = operation.get("op").and_then(Value::as_str).is_some_and(|op| op == "add" || op == "replace");
        let pointer = operation.get("path")?.as_str().filter(|_| writes)?;
        let depth = pointer_depth(pointer, rendered, asked.at)?;
        let rest = FieldPath::from_segments(asked.at.segments().get(depth..)?);
        let base = FieldPath::root().index(number).key("value");
        let above = FieldPath::from_segments(asked.at.segments().get(..depth)?);
        let (inner, complete) = align(rendered.at(&above)?, operation.get("value")?, &rest);
        let at = inner.below(&base);
        let is_it = complete && document.value().at(&at) == rendered.at(asked.at);
        // Only what the operation writes is its own, and what is absent in that.
        (complete || !inner.segments().is_empty())
            .then(|| found(index, document, &at, asked, is_it, depth + inner.segments().len()))
    });
    all.next()
}

/// How many steps of a path a JSON pointer takes, if it leads to the field or above it.
fn pointer_depth(pointer: &str, rendered: &Value<'_>, at: &FieldPath) -> Option<usize> {
    let mut value = rendered;
    let steps: Vec<String> =
        pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    if steps.len() > at.segments().len() {
        return None;
    }
    for (step, segment) in steps.iter().zip(at.segments()) {
        let same = match segment {
            Segment::Key(key) => key.as_str() == step,
            Segment::Index(index) if step == "-" => index + 1 == value.items().len(),
            Segment::Index(index) => step.parse() == Ok(*index),
        };
        if !same {
            return None;
        }
        value = match segment {
            Segment::Key(key) => value.get(key)?,
            Segment::Index(index) => value.items().get(*index)?,
        };
    }
    Some(steps.len())
}

fn found(index: usize, document: &Document<'_>, at: &FieldPath, asked: &Asked<'_>, is_it: bool, depth: usize) -> Found {
    let part = asked.part.filter(|_| is_it);
    let (path, span) = place::find(document, &FieldPath::root(), at, asked.on_key, part);
    Found { token: Token { document: index, path, span }, is_it, depth }
}

fn is_scalar(value: &Value<'_>) -> bool {
    !matches!(value, Value::Map(_) | Value::List(_))
}

fn kind_of<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    value.get("kind")?.as_str()
}

fn name_of(value: &Value<'_>) -> Option<String> {
    value.get("metadata")?.get("name")?.as_str().map(str::to_owned)
}

/// Whether a target means this. It is a regular expression: one that is more than a word may mean anything.
fn is_for(target: Option<&str>, this: Option<&str>) -> bool {
    let Some(target) = target else { return true };
    let is_plain = target.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    !is_plain || this.is_none_or(|this| this == target)
}
