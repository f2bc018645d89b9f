//! Finding and loading `memlint.yaml`.

use std::path::{Path, PathBuf};

use memlint_kubernetes::path::FieldPath;
use memlint_policies::policy::{Policy, PolicyError, SHIPPED};
use memlint_policies::rules::RULES;

use crate::problem::Problem;
use crate::{place, yaml};

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

/// A policy, and where its file says what.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    /// The policy.
    pub policy: Policy,
    /// The file; `None` for a policy that memlint ships.
    pub path: Option<PathBuf>,
    /// What the file holds.
    pub text: Vec<u8>,
    /// The shipped policy that it is laid over.
    pub extends: &'static str,
    /// The lines of rules and exemptions, from 1.
    lines: Vec<(FieldPath, usize)>,
}

impl PolicyFile {
    /// The line on which the file says something of a rule; `None` where it is silent.
    #[must_use]
    pub fn line_of_rule(&self, rule: &str) -> Option<usize> {
        self.line(&FieldPath::of(&["rules", rule]))
    }

    /// The line of an exemption.
    #[must_use]
    pub fn line(&self, at: &FieldPath) -> Option<usize> {
        self.lines.iter().find(|(path, _)| path == at).map(|(_, line)| *line)
    }

    /// Loads a policy file, or the default policy if there is none.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each with its place.
    pub fn load(file: Option<&Path>) -> Result<Self, Vec<Problem>> {
        let Some(file) = file else {
            let text = SHIPPED.first().map_or("", |(_, text)| *text).as_bytes().to_vec();
            return Ok(Self { policy: shipped("default")?, path: None, text, extends: "default", lines: Vec::new() });
        };
        let name = file.display().to_string();
        let bytes = std::fs::read(file)
            .map_err(|error| vec![Problem::of_file(&name, format!("the policy file cannot be read: {error}"))])?;
        let text = yaml::decode(&bytes).map_err(|problem| vec![Problem::of_document(&name, problem)])?;
        let (policy, extends, lines) = read(&name, &text)?;
        Ok(Self { policy, path: Some(file.to_owned()), text: bytes, extends, lines })
    }
}

/// Reads a policy from its text; `name` is that of its file.
///
/// # Errors
/// Everything that is wrong with the text, each with its place.
pub fn parse(name: &str, text: &str) -> Result<Policy, Vec<Problem>> {
    read(name, text).map(|(policy, ..)| policy)
}

/// A policy, the shipped one that it is laid over, and the lines of its rules and exemptions.
type Read = (Policy, &'static str, Vec<(FieldPath, usize)>);

fn read(name: &str, text: &str) -> Result<Read, Vec<Problem>> {
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
    let extends = known(Policy::extends(document.value()));
    let policy = shipped(extends)?.extended(document.value()).map_err(|errors| {
        let locate = |error: PolicyError| {
            let root = FieldPath::root();
            let span = place::find(&document, &root, &error.at, error.on_key, None).1;
            let (line, column) = (span.line, span.column);
            Problem { file: name.to_owned(), line, column, message: error.message, help: Some(error.help) }
        };
        let mut problems: Vec<Problem> = errors.into_iter().map(locate).collect();
        problems.sort();
        problems
    })?;
    let rules = RULES.iter().map(|rule| FieldPath::of(&["rules", rule.id]));
    let written = rules.filter(|at| document.value().at(at).is_some());
    let exemptions = policy.exemptions().iter().map(|exemption| exemption.at().clone());
    let line = |at: FieldPath| (place::find(&document, &FieldPath::root(), &at, true, None).1.line, at);
    let lines = written.chain(exemptions).map(line).map(|(line, at)| (at, line)).collect();
    Ok((policy, extends, lines))
}

/// A name that is not known is reported when the policy is read.
fn known(name: &str) -> &'static str {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map_or("default", |(shipped, _)| shipped)
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
