//! What the JSON of several commands has in common.

use memlint_files::problem;
use memlint_kubernetes::reference::ObjectRef;
use serde::Serialize;

/// What an object is called.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> Object<'a> {
    /// With the namespace that it is looked at in, which it need not name itself.
    pub(crate) fn new(object: &'a ObjectRef, namespace: Option<&'a str>) -> Self {
        Self { api_version: &object.api_version, kind: &object.kind, namespace, name: object.name.as_deref() }
    }
}

/// What is wrong with what was read.
#[derive(Debug, Serialize)]
pub(crate) struct Problem<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
    help: Option<&'a str>,
}

impl<'a> From<&'a problem::Problem> for Problem<'a> {
    fn from(found: &'a problem::Problem) -> Self {
        let problem::Problem { file, line, column, message, help, .. } = found;
        Self { file, line: *line, column: *column, message, help: help.as_deref() }
    }
}

/// What should be known, and is nobody's fault.
#[derive(Debug, Serialize)]
pub(crate) struct Note<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
}

impl<'a> From<&'a problem::Note> for Note<'a> {
    fn from(note: &'a problem::Note) -> Self {
        let (line, column) = note.at.unzip();
        Self { file: note.file.as_deref(), line, column, message: &note.message }
    }
}
