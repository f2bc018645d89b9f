//! Finding and loading `memlint.yaml`.

use std::path::{Path, PathBuf};

use memlint_policies::policy::{Policy, PolicyError, SHIPPED};

use crate::place;
use crate::problem::Problem;
use crate::yaml;

/// The name under which a policy is found.
pub const FILE_NAME: &str = "memlint.yaml";

/// The policy file to use: the one that was named, else the first found from here upwards.
#[must_use]
pub fn locate(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join(FILE_NAME)).find(|file| file.is_file())
}

/// Loads a policy file, or the default policy if there is none.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn load(file: Option<&Path>) -> Result<Policy, Vec<Problem>> {
    let Some(file) = file else { return shipped("default") };
    let name = file.display().to_string();
    let bytes = std::fs::read(file)
        .map_err(|error| vec![Problem::of_file(&name, format!("the policy file cannot be read: {error}"))])?;
    let text = yaml::decode(&bytes).map_err(|problem| vec![Problem::of_document(&name, problem)])?;
    parse(&name, &text)
}

/// Reads a policy from its text; `name` is that of its file.
///
/// # Errors
/// Everything that is wrong with the text, each with its place.
pub fn parse(name: &str, text: &str) -> Result<Policy, Vec<Problem>> {
    let raw = match yaml::split(text).as_slice() {
        [] => return Err(vec![Problem::of_file(name, "the policy file is empty")]),
        [only] => *only,
        [_, second, ..] => {
            let message = "a policy file holds one document".to_owned();
            let help = Some("remove the line --- and what follows".to_owned());
            return Err(vec![Problem { file: name.to_owned(), line: second.line, column: 1, message, help }]);
        }
    };
    let document = yaml::parse(raw).map_err(|problem| vec![Problem::of_document(name, problem)])?;
    let base = shipped(known(Policy::extends(document.value())))?;
    base.extended(document.value()).map_err(|errors| {
        let locate = |error: PolicyError| {
            let root = memlint_policies::path::FieldPath::root();
            let span = place::find(&document, &root, &error.at, error.on_key, None).1;
            let (line, column) = (span.line, span.column);
            Problem { file: name.to_owned(), line, column, message: error.message, help: Some(error.help) }
        };
        let mut problems: Vec<Problem> = errors.into_iter().map(locate).collect();
        problems.sort();
        problems
    })
}

/// A name that is not known is reported when the policy is read.
fn known(name: &str) -> &str {
    if SHIPPED.iter().any(|(shipped, _)| *shipped == name) { name } else { "default" }
}

fn shipped(name: &str) -> Result<Policy, Vec<Problem>> {
    let text = SHIPPED.iter().find(|(shipped, _)| *shipped == name).map_or("", |(_, text)| text);
    let raw = yaml::split(text).first().copied();
    let Some(raw) = raw else { return Ok(Policy::default()) };
    let document = yaml::parse(raw).map_err(|problem| vec![Problem::of_document(name, problem)])?;
    Policy::default().extended(document.value()).map_err(|errors| {
        errors.into_iter().map(|error| Problem::of_file(name, format!("{}: {}", error.at, error.message))).collect()
    })
}
