//! Kustomize patches: pieces of objects, which only mean something once they are merged.
//!
//! They are recognised by the `kustomization.yaml` that names them, skipped, and told with how to lint the result.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use memlint_files::held::{Asked, Held};
use memlint_files::problem::Note;
use memlint_files::yaml;
use memlint_kubernetes::object::Value;

/// The files that kustomizations of a corpus use as patches.
#[derive(Debug, Default)]
pub struct Patches {
    files: BTreeSet<PathBuf>,
}

/// Whether a file is a kustomization, by its name.
#[must_use]
pub fn is_kustomization(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

impl Patches {
    /// Reads the kustomizations of a corpus.
    #[must_use]
    pub fn collect(corpus: &[Held]) -> Self {
        let mut files = BTreeSet::new();
        for held in corpus.iter().filter(|held| is_kustomization(&held.file)) {
            let Ok(document) = yaml::parse(held.document.raw()) else { continue };
            let folder = Path::new(held.file.as_ref()).parent().unwrap_or(Path::new(""));
            files.extend(patch_files(document.value()).into_iter().map(|file| join(folder, file)));
        }
        Self { files }
    }

    /// Whether a document is a patch, met in a folder. A file that was named is linted all the same.
    #[must_use]
    pub fn contains(&self, held: &Held) -> bool {
        held.asked == Asked::Met && self.files.contains(Path::new(held.file.as_ref()))
    }
}

/// One note for each folder with patches.
#[must_use]
pub fn notes(files: &BTreeSet<&str>) -> Vec<Note> {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files {
        let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
        *folders.entry(folder).or_default() += 1;
    }
    let note = |(folder, count): (&str, usize)| {
        let what = if count == 1 { "1 kustomize patch was" } else { &format!("{count} kustomize patches were") };
        let message = format!("{what} skipped; lint what it renders to: kubectl kustomize {folder} | memlint -");
        Note { file: Some(folder.to_owned()), at: None, message }
    };
    folders.into_iter().map(note).collect()
}

fn patch_files<'v>(kustomization: &'v Value<'_>) -> Vec<&'v str> {
    let items = |key| kustomization.get(key).map(Value::items).unwrap_or_default().iter();
    let named = items("patches").chain(items("patchesJson6902")).filter_map(|patch| patch.get("path")?.as_str());
    // Entries of several lines are patches themselves, not files.
    let plain = items("patchesStrategicMerge").filter_map(Value::as_str).filter(|text| !text.contains('\n'));
    named.chain(plain).collect()
}

/// `overlay` and `../base/x.yaml` give `base/x.yaml`.
fn join(folder: &Path, file: &str) -> PathBuf {
    let mut joined = PathBuf::new();
    for component in folder.join(file).components() {
        match component {
            Component::ParentDir if joined.file_name().is_some() => _ = joined.pop(),
            Component::CurDir => {}
            other => joined.push(other),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{is_kustomization, join};

    #[test]
    fn joins_relative_files() {
        for (folder, file, joined) in [
            ("overlays/prod", "patch.yaml", "overlays/prod/patch.yaml"),
            ("overlays/prod", "./a/../patch.yaml", "overlays/prod/patch.yaml"),
            ("overlays/prod", "../shared/patch.yaml", "overlays/shared/patch.yaml"),
            ("", "patch.yaml", "patch.yaml"),
        ] {
            assert_eq!(join(Path::new(folder), file), Path::new(joined));
        }
    }

    #[test]
    fn knows_a_kustomization_by_its_name() {
        assert!(is_kustomization("a/kustomization.yaml") && is_kustomization("Kustomization"));
        assert!(!is_kustomization("a/my-kustomization.yaml"));
    }
}
