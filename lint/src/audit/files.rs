//! What kubectl printed of a cluster, in place of the cluster: lists of objects, of which one at a time is read.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use memlint_files::yaml;
use memlint_review::plain;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::auditor::Auditor;
use super::kinds::{KINDS, Kind};
use super::report::Gap;
use super::surroundings::{Surroundings, WATCHED};

/// The text of a file, and its name.
pub(super) struct File {
    name: String,
    text: String,
}

/// One object, not yet read.
struct Item<'f> {
    kind: &'static Kind,
    place: String,
    raw: &'f RawValue,
}

/// What is in the files.
#[derive(Default)]
pub(super) struct Contents<'f> {
    items: Vec<Item<'f>>,
    gaps: Vec<Gap>,
    /// What else there is, and how much of it.
    others: BTreeMap<String, usize>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Head<'f> {
    api_version: Option<String>,
    kind: Option<String>,
    metadata: Option<Metadata>,
    #[serde(borrow)]
    message: Option<&'f RawValue>,
    #[serde(borrow)]
    items: Option<Vec<&'f RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    namespace: Option<String>,
}

/// Reads files whole; those that cannot be read are noted.
pub(super) fn read(paths: &[PathBuf], known: &mut Surroundings) -> Vec<File> {
    let mut files = Vec::new();
    for path in paths {
        let stdin = path == Path::new("-");
        let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
        let mut bytes = Vec::new();
        let read = match stdin {
            true => std::io::stdin().lock().read_to_end(&mut bytes).map(drop),
            false => std::fs::read(path).map(|read| bytes = read),
        };
        if let Err(error) = read {
            known.gap(name, format!("it cannot be read: {error}"));
            continue;
        }
        // PowerShell writes UTF-16.
        match yaml::decode(&bytes) {
            Ok(text) => files.push(File { name, text: text.into_owned() }),
            Err(problem) => known.gap(name, format!("it cannot be read: {}", problem.message)),
        }
    }
    files
}

impl<'f> Contents<'f> {
    /// Finds the objects of some namespaces, or of all. What the webhook would know goes to `known`.
    pub(super) fn find(files: &'f [File], namespaces: &[String], known: &mut Surroundings) -> Self {
        let mut contents = Self::default();
        for file in files {
            let mut documents = serde_json::Deserializer::from_str(&file.text).into_iter::<&RawValue>();
            let mut found = 0;
            for document in &mut documents {
                match document {
                    Ok(raw) => contents.object(raw, &file.name, None, namespaces, known),
                    Err(error) => {
                        let why = format!("it is no JSON: {error}; write it with kubectl get -o json");
                        contents.gaps.push(Gap { what: file.name.clone(), why });
                    }
                }
                found += 1;
            }
            if found == 0 {
                let why = "it is empty; write it with kubectl get -o json".to_owned();
                contents.gaps.push(Gap { what: file.name.clone(), why });
            }
        }
        // What makes others comes first.
        let rank = |item: &Item<'_>| KINDS.iter().position(|kind| kind == item.kind);
        contents.items.sort_by_key(rank);
        contents
    }

    fn object(
        &mut self,
        raw: &'f RawValue,
        place: &str,
        inherited: Option<(&str, &str)>,
        namespaces: &[String],
        known: &mut Surroundings,
    ) {
        let mut gap = |why: String| self.gaps.push(Gap { what: place.to_owned(), why });
        // What serde derives would take a list for a struct.
        if !raw.get().starts_with('{') {
            return gap("it is no Kubernetes object: it is no map".to_owned());
        }
        let head: Head<'f> = match serde_json::from_str(raw.get()) {
            Ok(head) => head,
            Err(error) => return gap(format!("it is no Kubernetes object: {error}")),
        };
        let kind = head.kind.as_deref().or(inherited.map(|(_, kind)| kind));
        let version = head.api_version.as_deref().or(inherited.map(|(version, _)| version));
        let (Some(kind), Some(version)) = (kind, version) else {
            return gap("it is no Kubernetes object: it has no apiVersion or no kind".to_owned());
        };
        let items = head.items.unwrap_or_default();
        if kind.ends_with("List") && items.is_empty() {
            *self.others.entry("empty List".to_owned()).or_default() += 1;
            return;
        }
        if let (Some(item), false) = (kind.strip_suffix("List"), items.is_empty()) {
            let inherited = (!item.is_empty()).then_some((version, item));
            for (index, raw) in items.iter().enumerate() {
                self.object(raw, &format!("{place} items[{index}]"), inherited, namespaces, known);
            }
            return;
        }
        for watched in WATCHED.iter().filter(|watched| (watched.api_version, watched.kind) == (version, kind)) {
            if let Ok(object) = serde_json::from_str(raw.get()) {
                known.add(watched, object);
            }
        }
        let own = head.metadata.and_then(|metadata| metadata.namespace).unwrap_or_else(|| "default".to_owned());
        let is_wanted = namespaces.is_empty() || namespaces.contains(&own);
        match Kind::of(version, kind) {
            Some(kind) if is_wanted => self.items.push(Item { kind, place: place.to_owned(), raw }),
            None if is_wanted && Kind::is_meant(version, kind) => {
                gap(format!("no API server sends a {kind} of {version} to a webhook; print it with another kubectl"));
            }
            None if (version, kind) == ("v1", "Status") => {
                let message = head.message.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
                let message = message.unwrap_or_default();
                gap(format!("it is no object but the answer to a question, a Status: {message}"));
            }
            None if kind == "Table" && version.starts_with("meta.k8s.io/") => {
                gap("it is a Table, which leaves most out; print it with -o json".to_owned());
            }
            _ => {
                let elsewhere = if is_wanted { "" } else { " of another namespace" };
                *self.others.entry(format!("{kind}{elsewhere}")).or_default() += 1;
            }
        }
    }

    /// What there is that is not audited, in words.
    pub(super) fn others(&self) -> String {
        let words: Vec<String> =
            self.others.iter().take(5).map(|(kind, count)| format!("{count} {}", plain(kind))).collect();
        let more = if self.others.len() > 5 { " and more" } else { "" };
        format!("{}{more}", words.join(", "))
    }

    /// Whether there is nothing to audit.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.gaps.is_empty()
    }

    /// Audits the objects.
    pub(super) fn audit(self, auditor: &mut Auditor<'_>) {
        for Gap { what, why } in self.gaps {
            auditor.gap(what, why);
        }
        for Item { kind, place, raw } in self.items {
            match serde_json::from_str::<Value>(raw.get()) {
                Ok(object) => auditor.take(kind, object, &place),
                Err(error) => auditor.gap(place, format!("it cannot be read: {error}")),
            }
        }
    }
}
