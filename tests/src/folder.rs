//! A temporary folder of files to lint.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::walk;

/// A folder that is removed when it is dropped.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// An empty folder.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    /// A copy of another folder; links are left out.
    ///
    /// # Panics
    /// When it cannot be read or written.
    #[must_use]
    pub fn copy(from: &Path) -> Self {
        let folder = Self::new();
        for file in walk::files(from) {
            let bytes = std::fs::read(&file).expect("a readable file");
            folder.write(file.strip_prefix(from).expect("a file of the folder"), bytes);
        }
        folder
    }

    /// Adds a file, with the folders above it.
    #[must_use]
    pub fn with(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.write(Path::new(path), text);
        self
    }

    /// Writes a file, with the folders above it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &Path, text: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a new folder");
        std::fs::write(path, text).expect("a new file");
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The place of a file in it.
    #[must_use]
    pub fn at(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }
}
