//! What was rendered before, by the content that it was rendered from.
//!
//! A file is found by a hash over the tool, its arguments and every file it may have read. Secrets are not kept. A cache
//! that cannot be read or written costs time, and nothing else.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

/// How long what nobody asks for is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// A key that is being put together.
#[derive(Debug, Clone)]
pub(super) struct Key(Sha256);

impl Key {
    /// A key for what this version of memlint makes of what a tool prints.
    pub(super) fn new(tool: &str) -> Self {
        let mut key = Self(Sha256::new());
        key.add(env!("CARGO_PKG_VERSION").as_bytes());
        key.add(tool.as_bytes());
        key
    }

    /// Adds something that the output depends on.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// Adds every file below a folder, by name and content; false if one cannot be read.
    pub(super) fn add_folder(&mut self, folder: &Path) -> bool {
        let mut files: Vec<PathBuf> = ignore::WalkBuilder::new(folder)
            .standard_filters(false)
            .build()
            .filter_map(|entry| Some(entry.ok()?.into_path()).filter(|path| path.is_file()))
            .collect();
        files.sort();
        files.iter().all(|file| self.add_file(file, file.strip_prefix(folder).unwrap_or(file)))
    }

    /// Adds a file under a name; false if it cannot be read.
    pub(super) fn add_file(&mut self, file: &Path, name: &Path) -> bool {
        let Ok(bytes) = std::fs::read(file) else { return false };
        self.add(name.as_os_str().as_encoded_bytes());
        self.add(&bytes);
        true
    }

    fn name(self) -> String {
        self.0.finalize().iter().fold(String::new(), |mut name, byte| {
            _ = write!(name, "{byte:02x}");
            name
        })
    }
}

/// The folder of the cache.
#[derive(Debug)]
pub(super) struct Cache(Option<PathBuf>);

impl Cache {
    /// The user's own, if there is a place for it. What is old in it is removed.
    pub(super) fn open() -> Self {
        let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = named.or_else(|| Some(std::env::home_dir()?.join(".cache")));
        Self(folder.map(|folder| folder.join("memlint/rendered")))
    }

    /// What was kept under a key, or else what `render` makes, which is kept.
    ///
    /// # Errors
    /// Those of `render`.
    pub(super) fn get(&self, key: Key, render: impl FnOnce() -> Result<String, String>) -> Result<String, String> {
        let Some(folder) = &self.0 else { return render() };
        let file = folder.join(key.name());
        if let Ok(text) = std::fs::read_to_string(&file) {
            return Ok(text);
        }
        let text = render()?;
        // Without a cache it is only slower the next time.
        _ = keep(folder, &file, &text);
        Ok(text)
    }

    /// Removes what nobody has asked for in a while.
    pub(super) fn tidy(&self) {
        let entries = self.0.as_ref().and_then(|folder| std::fs::read_dir(folder).ok());
        for entry in entries.into_iter().flatten().flatten() {
            let written = entry.metadata().and_then(|known| known.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            if written.elapsed().is_ok_and(|age| age > KEPT) {
                // Somebody else may have removed it.
                _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Writes a file whole or not at all, for its owner's eyes only.
fn keep(folder: &Path, file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::DirBuilder::new();
    options.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut options, 0o700);
    options.create(folder)?;
    let mut partial = tempfile::NamedTempFile::new_in(folder)?;
    partial.write_all(text.as_bytes())?;
    partial.persist(file)?;
    Ok(())
}
