//! Releases of charts: Flux' HelmRelease and Argo CD's Application, with the values that they give.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use memlint_files::held::Held;
use memlint_files::yaml;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::workload::{Object, objects};

use super::charts::file_of_values;
use super::values::Place;
use crate::render::files::Files;

/// A release of a chart.
#[derive(Debug)]
pub(super) struct Release {
    /// Its document in the documents, and the file as shown.
    pub(super) document: usize,
    pub(super) file: Arc<str>,
    /// What it is called, and where it goes.
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) chart: ChartOf,
    /// Where its values are, the weakest first.
    pub(super) places: Vec<Place>,
    /// Values given one by one.
    pub(super) set: Vec<String>,
    /// What of its values is not in the tree.
    pub(super) missing: Vec<String>,
}

/// The chart that a release is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ChartOf {
    /// A folder of the tree.
    Folder(PathBuf),
    /// A chart of a repository.
    Packed { name: String, version: String },
}

impl Release {
    /// The releases of a corpus whose chart is said plainly.
    pub(super) fn all(documents: &[Held], files: &Files) -> Vec<Self> {
        let mut releases = Vec::new();
        for (index, held) in documents.iter().enumerate() {
            let raw = held.document.raw();
            if !(raw.text.contains("HelmRelease") || raw.text.contains("argoproj.io")) {
                continue;
            }
            let Ok(document) = yaml::parse(raw) else { continue };
            for object in &objects(document.value()) {
                let above = files.real(&held.file).and_then(Path::parent);
                let reader = Reader { documents, files, document: index, file: &held.file, object, above };
                match object.reference.kind.as_str() {
                    "HelmRelease" if is_of(object, "helm.toolkit.fluxcd.io/") => releases.extend(reader.helm_release()),
                    "Application" if is_of(object, "argoproj.io/") => releases.extend(reader.application()),
                    _ => {}
                }
            }
        }
        releases
    }
}

fn is_of(object: &Object<'_, '_>, group: &str) -> bool {
    object.reference.api_version.starts_with(group)
}

struct Reader<'r> {
    documents: &'r [Held],
    files: &'r Files,
    document: usize,
    file: &'r Arc<str>,
    object: &'r Object<'r, 'r>,
    /// The folder of the file.
    above: Option<&'r Path>,
}

impl Reader<'_> {
    fn text(&self, keys: &[&str]) -> Option<&str> {
        self.object.value.at(&FieldPath::of(keys))?.as_str().filter(|text| !text.is_empty())
    }

    fn place(&self, at: &FieldPath, is_text: bool) -> Place {
        Place { document: self.document, at: at.below(&self.object.at), is_text, below: Vec::new() }
    }

    fn helm_release(&self) -> Option<Release> {
        let name = self.object.reference.name.clone()?;
        let chart = self.text(&["spec", "chart", "spec", "chart"])?;
        let version = self.text(&["spec", "chart", "spec", "version"]).unwrap_or_default();
        let is_path = self.text(&["spec", "chart", "spec", "sourceRef", "kind"]) != Some("HelmRepository");
        let chart = match self.folder(chart).filter(|_| is_path) {
            Some(folder) => ChartOf::Folder(folder),
            None => ChartOf::Packed { name: chart.to_owned(), version: version.to_owned() },
        };
        let (mut places, mut missing) = (Vec::new(), Vec::new());
        let given = self.object.value.at(&FieldPath::of(&["spec", "valuesFrom"])).map(Value::items).unwrap_or_default();
        for reference in given {
            let text = |key: &str| reference.get(key).and_then(Value::as_str).unwrap_or_default();
            let key = if text("valuesKey").is_empty() { "values.yaml" } else { text("valuesKey") };
            match self.config_map(text("kind"), text("name"), key).filter(|_| text("targetPath").is_empty()) {
                Some(place) => places.push(place),
                None => missing.push(format!("{} {}", text("kind"), text("name"))),
            }
        }
        let values = FieldPath::of(&["spec", "values"]);
        if self.object.value.at(&values).is_some() {
            places.push(self.place(&values, false));
        }
        Some(Release {
            document: self.document,
            file: self.file.clone(),
            namespace: self
                .text(&["spec", "targetNamespace"])
                .map(str::to_owned)
                .or_else(|| self.object.reference.namespace.clone()),
            name: self.text(&["spec", "releaseName"]).map_or(name, str::to_owned),
            chart,
            places,
            set: Vec::new(),
            missing,
        })
    }

    fn application(&self) -> Option<Release> {
        let name = self.object.reference.name.clone()?;
        let spec = self.object.value.get("spec")?;
        let (source_at, source) = match spec.get("source") {
            Some(source) => (FieldPath::of(&["spec", "source"]), source),
            None => {
                let all = spec.get("sources")?.items().iter().enumerate();
                let mut charts =
                    all.filter(|(_, source)| source.get("chart").is_some() || source.get("path").is_some());
                let (index, source) = charts.next()?;
                (FieldPath::of(&["spec", "sources"]).index(index), source)
            }
        };
        let text = |value: &Value<'_>, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let folder = text(source, "path").and_then(|path| self.folder(&path));
        let chart = match (folder, text(source, "chart")) {
            (Some(folder), _) => ChartOf::Folder(folder),
            (None, Some(name)) => ChartOf::Packed { name, version: text(source, "targetRevision").unwrap_or_default() },
            (None, None) => return None,
        };
        let helm_at = source_at.key("helm");
        let null = Value::Null;
        let helm = source.get("helm").unwrap_or(&null);
        let (mut places, mut missing, mut set) = (Vec::new(), Vec::new(), Vec::new());
        for file in helm.get("valueFiles").map(Value::items).unwrap_or_default().iter().filter_map(Value::as_str) {
            let found = match &chart {
                ChartOf::Folder(folder) if !file.starts_with('$') => std::fs::canonicalize(folder.join(file)).ok(),
                _ => file.split_once('/').and_then(|(_, inside)| self.beside(inside)),
            };
            match found.and_then(|path| file_of_values(&path, self.files)) {
                Some(place) => places.push(place),
                None => missing.push(file.to_owned()),
            }
        }
        for (key, is_text) in [("values", true), ("valuesObject", false)] {
            if helm.get(key).is_some() {
                places.push(self.place(&helm_at.key(key), is_text));
            }
        }
        for (index, parameter) in helm.get("parameters").map(Value::items).unwrap_or_default().iter().enumerate() {
            let (Some(name), Some(value)) = (text(parameter, "name"), text(parameter, "value")) else { continue };
            let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
            // What helm would take for a number, a boolean or a list is left to helm.
            let is_text =
                value.starts_with(|c: char| c.is_ascii_digit()) && value.ends_with(|c: char| c.is_alphabetic());
            if is_plain && is_text {
                let at = helm_at.key("parameters").index(index).key("value");
                let below = name.split('.').map(str::to_owned).collect();
                places.push(Place { below, ..self.place(&at, false) });
            } else {
                set.push(format!("{name}={}", value.replace(',', "\\,")));
            }
        }
        Some(Release {
            document: self.document,
            file: self.file.clone(),
            namespace: self.text(&["spec", "destination", "namespace"]).map(str::to_owned),
            name: text(helm, "releaseName").unwrap_or(name),
            chart,
            places,
            set,
            missing,
        })
    }

    /// A folder with a chart, named from the root of the repository: the highest folder above from which it is there.
    fn folder(&self, path: &str) -> Option<PathBuf> {
        self.beside(path).filter(|folder| folder.join("Chart.yaml").is_file())
    }

    fn beside(&self, path: &str) -> Option<PathBuf> {
        let path = path.trim_start_matches("./").trim_start_matches('/');
        let above: Vec<&Path> = self.above?.ancestors().collect();
        above.iter().rev().find_map(|folder| std::fs::canonicalize(folder.join(path)).ok())
    }

    /// The values in a ConfigMap among the linted files.
    fn config_map(&self, kind: &str, name: &str, key: &str) -> Option<Place> {
        if kind != "ConfigMap" {
            return None;
        }
        self.documents.iter().enumerate().find_map(|(index, held)| {
            let raw = held.document.raw();
            if !(raw.text.contains("ConfigMap") && raw.text.contains(name)) {
                return None;
            }
            let document = yaml::parse(raw).ok()?;
            objects(document.value()).iter().find_map(|object| {
                let is_it = object.reference.kind == "ConfigMap" && object.reference.name.as_deref() == Some(name);
                let at = FieldPath::of(&["data", key]);
                (is_it && object.value.at(&at).is_some()).then(|| Place {
                    document: index,
                    at: at.below(&object.at),
                    is_text: true,
                    below: Vec::new(),
                })
            })
        })
    }
}
