//! The fixtures are what `generate.py` writes: nobody has changed one by hand, or the script without its fixtures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use memlint_tests::walk;

/// The files of the folders in a folder, by their path in it.
fn fixtures(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walk::folders(root).into_iter().flat_map(|folder| walk::files(&folder));
    files.map(|file| (file.strip_prefix(root).unwrap().to_owned(), std::fs::read(&file).unwrap())).collect()
}

#[test]
fn generated_fixtures_are_current() {
    let kept = memlint_tests::fixtures().join("oom");
    let folder = tempfile::tempdir().unwrap();
    let output = match Command::new("python3").arg(kept.join("generate.py")).arg(folder.path()).output() {
        Ok(output) => output,
        Err(error) => {
            return memlint_tests::skipped(&format!("python3, which writes the fixtures, cannot be run: {error}"));
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (written, kept) = (fixtures(folder.path()), fixtures(&kept));
    let names = written.keys().chain(kept.keys());
    let stale: Vec<_> = names.filter(|name| written.get(*name) != kept.get(*name)).collect();
    assert!(stale.is_empty(), "generate.py and the fixtures differ: {stale:?}");
    assert!(written.len() > 200, "{}", written.len());
}
