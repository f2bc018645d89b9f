//! [`Graph`]: the kustomizations of a tree, and which uses which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memlint_files::held::Held;
use memlint_files::yaml;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;

use crate::project::kustomize::is_kustomization;
use crate::render::files::Files;

/// The kustomizations of a tree by their folders.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) units: BTreeMap<PathBuf, Unit>,
}

/// One `kustomization.yaml`.
#[derive(Debug)]
pub(super) struct Unit {
    /// Its document in the corpus.
    pub(super) document: usize,
    /// Its file, as shown.
    pub(super) file: Arc<str>,
    is_component: bool,
    /// The files and folders that it names, in the order in which they are applied.
    pub(super) resources: Vec<PathBuf>,
    pub(super) components: Vec<PathBuf>,
    /// Its patches, in their order.
    pub(super) patches: Vec<Patch>,
    /// Other files that it reads.
    others: Vec<PathBuf>,
    /// What it would have to fetch.
    pub(super) remote: Vec<String>,
    /// Whether it inflates charts.
    pub(super) has_charts: bool,
}

/// A patch of a kustomization.
#[derive(Debug)]
pub(super) struct Patch {
    /// Where it stands in the kustomization.
    pub(super) at: FieldPath,
    /// Its file, if it has one of its own.
    pub(super) file: Option<PathBuf>,
    /// The kind and the name that it is for, where they are said beside it.
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
}

impl Graph {
    /// Reads the kustomizations of a corpus. What cannot be read is told by whoever reads the document.
    pub(super) fn read(documents: &[Held], files: &Files) -> Self {
        let mut graph = Self::default();
        for (index, held) in documents.iter().enumerate().filter(|(_, held)| is_kustomization(&held.file)) {
            let Ok(document) = yaml::parse(held.document.raw()) else { continue };
            let value = document.value();
            let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
            // Flux has a kind of this name, too.
            if !(text("apiVersion").is_empty() || text("apiVersion").starts_with("kustomize.config.k8s.io/")) {
                continue;
            }
            let Some(folder) = files.real(&held.file).and_then(|file| Some(file.parent()?.to_owned())) else {
                continue;
            };
            let unit = Unit::read(value, &folder, (index, held.file.clone()), text("kind") == "Component");
            graph.units.insert(folder, unit);
        }
        graph
    }

    /// The kustomizations that no other one uses, by their folders.
    pub(super) fn entries(&self) -> Vec<&Path> {
        let used: BTreeSet<&Path> = self.units.values().flat_map(Unit::folders).collect();
        let is_entry = |(folder, unit): &(&PathBuf, &Unit)| !unit.is_component && !used.contains(folder.as_path());
        self.units.iter().filter(is_entry).map(|(folder, _)| folder.as_path()).collect()
    }

    /// The folders of a kustomization and of all that it uses, in the order in which they are applied, itself last.
    pub(super) fn closure<'g>(&'g self, folder: &'g Path) -> Vec<&'g Path> {
        let (mut order, mut open) = (Vec::new(), BTreeSet::new());
        self.visit(folder, &mut order, &mut open);
        order
    }

    fn visit<'g>(&'g self, folder: &'g Path, order: &mut Vec<&'g Path>, open: &mut BTreeSet<&'g Path>) {
        let Some(unit) = self.units.get(folder).filter(|_| open.insert(folder)) else { return };
        unit.folders().for_each(|used| self.visit(used, order, open));
        order.push(folder);
    }

    /// Every file that is read when a kustomization is rendered.
    pub(super) fn files<'g>(&'g self, folder: &'g Path) -> BTreeSet<&'g Path> {
        let units = self.closure(folder).into_iter().filter_map(|folder| self.units.get(folder));
        units.flat_map(Unit::files).filter(|file| !self.units.contains_key(*file)).collect()
    }
}

impl Unit {
    fn read(value: &Value<'_>, folder: &Path, (document, file): (usize, Arc<str>), is_component: bool) -> Self {
        let mut unit = Self {
            document,
            file,
            is_component,
            resources: Vec::new(),
            components: Vec::new(),
            patches: Vec::new(),
            others: Vec::new(),
            remote: Vec::new(),
            has_charts: value.get("helmCharts").is_some_and(|charts| !charts.items().is_empty()),
        };
        let items = |key: &str| value.get(key).map(Value::items).unwrap_or_default();
        for text in ["resources", "bases"].iter().flat_map(|key| items(key)).filter_map(Value::as_str) {
            match local(folder, text) {
                Some(path) => unit.resources.push(path),
                None => unit.remote.push(text.to_owned()),
            }
        }
        for text in items("components").iter().filter_map(Value::as_str) {
            match local(folder, text) {
                Some(path) => unit.components.push(path),
                None => unit.remote.push(text.to_owned()),
            }
        }
        for (index, patch) in items("patchesStrategicMerge").iter().enumerate() {
            let file = patch.as_str().filter(|text| !text.contains('\n')).and_then(|text| local(folder, text));
            let at = FieldPath::of(&["patchesStrategicMerge"]).index(index);
            unit.patches.push(Patch { at, file, kind: None, name: None });
        }
        for key in ["patchesJson6902", "patches"] {
            for (index, patch) in items(key).iter().enumerate() {
                let file = patch.get("path").and_then(Value::as_str).and_then(|text| local(folder, text));
                let at = FieldPath::of(&[key]).index(index).key("patch");
                let target = |key: &str| Some(patch.get("target")?.get(key)?.as_str()?.to_owned());
                unit.patches.push(Patch { at, file, kind: target("kind"), name: target("name") });
            }
        }
        let named = |value: &Value<'_>| value.as_str().map(str::to_owned);
        let mut others: Vec<String> = ["crds", "configurations", "transformers", "generators", "validators"]
            .iter()
            .flat_map(|key| items(key))
            .filter_map(named)
            .collect();
        others.extend(items("replacements").iter().filter_map(|each| named(each.get("path")?)));
        others.extend(value.get("openapi").and_then(|openapi| named(openapi.get("path")?)));
        for generator in items("configMapGenerator").iter().chain(items("secretGenerator")) {
            let files =
                ["files", "envs"].iter().flat_map(|key| generator.get(key).map(Value::items).unwrap_or_default());
            let files = files.filter_map(Value::as_str).chain(generator.get("env").and_then(Value::as_str));
            others.extend(files.map(|file| file.rsplit_once('=').map_or(file, |(_, file)| file).to_owned()));
        }
        unit.others =
            others.iter().filter(|text| !text.contains('\n')).filter_map(|text| local(folder, text)).collect();
        unit
    }

    /// What it uses that may be a folder with a kustomization of its own.
    fn folders(&self) -> impl Iterator<Item = &Path> {
        self.resources.iter().chain(&self.components).chain(&self.others).map(PathBuf::as_path)
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        let patches = self.patches.iter().filter_map(|patch| patch.file.as_deref());
        self.folders().chain(patches)
    }
}

/// What a kustomization names, if it is there.
fn local(folder: &Path, text: &str) -> Option<PathBuf> {
    std::fs::canonicalize(folder.join(text)).ok()
}
