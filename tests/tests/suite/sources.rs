//! Conventions of the source code itself.

use std::path::{Path, PathBuf};

use memlint_tests::{repository, walk};

/// The most lines that a file may have.
const LONGEST: usize = 500;

/// Words that say nothing, or that belong in an issue and not in the code.
const UNWANTED: [&str; 6] = ["blazing", "leverage", "utilize", "seamless", "TODO", "FIXME"];

fn sources() -> Vec<(PathBuf, String)> {
    let is_crate = |folder: &PathBuf| folder.join("Cargo.toml").is_file();
    let outer: Vec<PathBuf> = walk::folders(&repository()).into_iter().filter(is_crate).collect();
    let inner = outer.iter().flat_map(|folder| walk::folders(folder)).filter(is_crate);
    let folders =
        inner.chain(outer.clone()).flat_map(|folder| ["src", "tests", "benches"].map(|part| folder.join(part)));
    let files = folders.filter(|folder| folder.is_dir()).flat_map(|folder| walk::files(&folder));
    let rust = files.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|file| (file.clone(), std::fs::read_to_string(file).expect("UTF-8"))).collect()
}

fn short(file: &Path) -> String {
    let path = file.strip_prefix(repository()).unwrap_or(file);
    path.to_string_lossy().replace('\\', "/")
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> =
        sources().iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(f, _)| short(f)).collect();
    assert!(silent.is_empty(), "without a first line of //!: {silent:?}");
}

#[test]
fn no_file_is_too_long_to_read() {
    let long: Vec<_> = sources()
        .iter()
        .map(|(file, text)| (short(file), text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .collect();
    assert!(long.is_empty(), "over {LONGEST} lines: {long:?}");
}

#[test]
fn no_word_is_hollow() {
    for (file, text) in sources().iter().filter(|(file, _)| !file.ends_with("suite/sources.rs")) {
        for word in UNWANTED {
            let found = text.lines().position(|line| line.contains(word));
            assert!(found.is_none(), "{}:{} has {word:?}", short(file), found.unwrap_or_default() + 1);
        }
    }
}
