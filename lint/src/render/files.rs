//! [`Files`]: which documents of a corpus a file on disk holds, whatever it is called.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memlint_files::held::Held;

/// The files of a corpus by their real paths.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// By the name that is shown.
    real: HashMap<Arc<str>, PathBuf>,
    documents: HashMap<PathBuf, Vec<usize>>,
}

impl Files {
    /// Looks up the files of a corpus. Standard input is none.
    pub(super) fn of(documents: &[Held]) -> Self {
        let mut files = Self::default();
        let mut folders: HashMap<PathBuf, Option<PathBuf>> = HashMap::new();
        for (index, held) in documents.iter().enumerate() {
            if let Some(path) = files.real.get(&held.file) {
                files.documents.entry(path.clone()).or_default().push(index);
                continue;
            }
            let path = Path::new(held.file.as_ref());
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { continue };
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            let folder = folders.entry(parent.to_owned()).or_insert_with(|| std::fs::canonicalize(parent).ok());
            let Some(path) = folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.is_file()) else {
                continue;
            };
            files.documents.entry(path.clone()).or_default().push(index);
            files.real.insert(held.file.clone(), path);
        }
        files
    }

    /// The real path of a file of the corpus.
    pub(super) fn real(&self, file: &str) -> Option<&Path> {
        self.real.get(file).map(PathBuf::as_path)
    }

    /// The documents of a file, in their order.
    pub(super) fn documents(&self, path: &Path) -> &[usize] {
        self.documents.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every file, as it is shown and by its real path.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Arc<str>, &Path)> {
        self.real.iter().map(|(file, path)| (file, path.as_path()))
    }
}
