//! The charts of a tree, and what each is rendered with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memlint_files::held::Held;
use memlint_files::yaml;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;

use super::values::Place;
use crate::render::files::Files;

/// A chart as it lies in the tree.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// Its `Chart.yaml`: the document in the documents, and its name as shown.
    pub(super) document: usize,
    pub(super) file: Arc<str>,
    /// Its name.
    pub(super) name: String,
    /// A library renders to nothing by itself.
    pub(super) is_library: bool,
}

impl Chart {
    /// The charts of a documents, without those that lie in another one's `charts/`.
    pub(super) fn all(documents: &[Held], files: &Files) -> Vec<Self> {
        let mut charts: Vec<Self> = documents
            .iter()
            .enumerate()
            .filter(|(_, held)| held.file.rsplit('/').next() == Some("Chart.yaml"))
            .filter_map(|(index, held)| {
                let document = yaml::parse(held.document.raw()).ok()?;
                let text = |key: &str| document.value().get(key).and_then(Value::as_str);
                Some(Self {
                    folder: files.real(&held.file)?.parent()?.to_owned(),
                    document: index,
                    file: held.file.clone(),
                    name: text("name")?.to_owned(),
                    is_library: text("type") == Some("library"),
                })
            })
            .collect();
        let folders: BTreeSet<PathBuf> = charts.iter().map(|chart| chart.folder.clone()).collect();
        charts.retain(|chart| {
            let above = chart.folder.parent().filter(|above| above.ends_with("charts")).and_then(Path::parent);
            above.is_none_or(|above| !folders.contains(above))
        });
        charts
    }

    /// The documents of the corpus that belong to it.
    pub(super) fn documents(&self, files: &Files) -> BTreeSet<usize> {
        let own = files.all().filter(|(_, path)| path.starts_with(&self.folder));
        own.flat_map(|(_, path)| files.documents(path).iter().copied()).collect()
    }

    /// The values that it brings itself, those of the charts within it first.
    pub(super) fn own_values(&self, files: &Files) -> Vec<Place> {
        let within = self.folder.join("charts");
        let mut below: Vec<(String, usize)> = files
            .all()
            .filter(|(_, path)| path.ends_with("values.yaml"))
            .filter_map(|(_, path)| {
                let folder = path.strip_prefix(&within).ok()?.parent()?;
                let name = folder.to_str().filter(|name| !name.is_empty() && !name.contains('/'))?;
                Some((name.to_owned(), *files.documents(path).first()?))
            })
            .collect();
        below.sort();
        let root = FieldPath::root;
        let below =
            below.into_iter().map(|(name, document)| Place { document, at: root(), is_text: false, below: vec![name] });
        below.chain(file_of_values(&self.folder.join("values.yaml"), files)).collect()
    }

    /// The values files beside it that look like an environment's.
    pub(super) fn environments(&self, files: &Files) -> Vec<(String, Place)> {
        let mut found: Vec<(String, Place)> = files
            .all()
            .filter_map(|(_, path)| {
                let inside = path.strip_prefix(&self.folder).ok()?.to_str()?;
                is_environment(inside).then_some(())?;
                Some((inside.to_owned(), file_of_values(path, files)?))
            })
            .collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found
    }

    /// The file of the chart that a `# Source:` line names.
    pub(super) fn source(&self, line: &str) -> Option<PathBuf> {
        let path = line.trim().strip_prefix("# Source: ")?;
        let (_, inside) = path.split_once('/')?;
        Some(self.folder.join(inside))
    }
}

/// Whether a file of a chart holds the values of an environment: `values-prod.yaml`, `values.prod.yaml`,
/// `ci/small-values.yaml`.
fn is_environment(inside: &str) -> bool {
    let stem = inside.strip_suffix(".yaml").or_else(|| inside.strip_suffix(".yml"));
    stem.is_some_and(|stem| match stem.strip_prefix("ci/") {
        Some(stem) => stem.ends_with("-values") && !stem.contains('/'),
        None => !stem.contains('/') && (stem.starts_with("values-") || stem.starts_with("values.")),
    })
}

/// The values in a file of the corpus.
pub(super) fn file_of_values(path: &Path, files: &Files) -> Option<Place> {
    let document = *files.documents(path).first()?;
    Some(Place { document, at: FieldPath::root(), is_text: false, below: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::is_environment;

    #[test]
    fn environments_are_known_by_their_names() {
        for (inside, expected) in [
            ("values-prod.yaml", true),
            ("values.prod.yml", true),
            ("ci/small-values.yaml", true),
            ("values.yaml", false),
            ("templates/values-a.yaml", false),
            ("ci/values.yaml", false),
        ] {
            assert_eq!(is_environment(inside), expected, "{inside}");
        }
    }
}
