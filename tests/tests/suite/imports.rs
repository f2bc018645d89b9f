//! No circles: a file imports from files that do not import from it, however far round.
//!
//! What is read are the `use` lines outside of tests, as text. A name that a module passes on (`pub use`) is followed to
//! the file that defines it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use memlint_tests::{repository, walk};

/// Files that may import one another, and why.
const ALLOWED: [(&[&str], &str); 1] = [(
    &["policies/src/runtimes/calls.rs", "policies/src/runtimes/commands.rs", "policies/src/runtimes/shell.rs"],
    "a shell runs commands, and a command may be a shell",
)];

/// The files of one crate by the path of their module, which is empty for the crate itself.
type Modules = BTreeMap<Vec<String>, Source>;

/// One file.
struct Source {
    name: String,
    /// Every imported path in full, from the crate's root on, and whether it is passed on.
    imports: Vec<(Vec<String>, bool)>,
}

fn crates() -> Vec<PathBuf> {
    let is_crate = |folder: &PathBuf| folder.join("Cargo.toml").is_file();
    let outer: Vec<PathBuf> = walk::folders(&repository()).into_iter().filter(is_crate).collect();
    let inner = outer.iter().flat_map(|folder| walk::folders(folder)).filter(is_crate);
    inner.chain(outer.clone()).collect()
}

fn modules(root: &Path) -> Modules {
    let source = root.join("src");
    let mut modules = Modules::new();
    let rust = walk::files(&source).into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs"));
    for file in rust {
        let inside = file.strip_prefix(&source).expect("a file of the crate").with_extension("");
        let mut path: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if path.iter().any(|part| part == "tests" || part == "properties") || path == ["main"] {
            continue;
        }
        if path.last().is_some_and(|last| last == "mod" || (path.len() == 1 && last == "lib")) {
            path.pop();
        }
        let text = std::fs::read_to_string(&file).expect("UTF-8");
        let name = file.strip_prefix(repository()).expect("a file of ours").to_string_lossy().replace('\\', "/");
        let imports = imports(&text, &path);
        modules.insert(path, Source { name, imports });
    }
    modules
}

/// What a text imports. Tests stand at its end.
fn imports(text: &str, module: &[String]) -> Vec<(Vec<String>, bool)> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let children: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").trim_start_matches("pub(crate) ").strip_prefix("mod "))
        .filter_map(|rest| rest.strip_suffix(';'))
        .collect();
    let mut found = Vec::new();
    for statement in text.split(";\n").map(|statement| format!("\n{statement}")) {
        let start =
            statement.rfind("\nuse ").or(statement.rfind("\npub use ")).or(statement.rfind("\npub(crate) use "));
        let start = start.or(statement.rfind("\npub(super) use ")).map(|at| at + 1);
        let Some(statement) = start.and_then(|start| statement.get(start..)) else { continue };
        let Some((before, path)) = statement.split_once("use ") else { continue };
        for path in spread(path) {
            let parts: Vec<String> = path.split("::").map(|part| part.trim().to_owned()).collect();
            let first = parts.first().map(String::as_str).unwrap_or_default();
            let supers = parts.iter().take_while(|part| *part == "super").count();
            let full = match first {
                "crate" => parts[1..].to_vec(),
                "self" => [module, &parts[1..]].concat(),
                "super" if supers <= module.len() => [&module[..module.len() - supers], &parts[supers..]].concat(),
                child if children.contains(child) => [module, &parts[..]].concat(),
                _ => continue,
            };
            found.push((full, !before.is_empty()));
        }
    }
    found
}

/// `a::{b, c::{d, self}}` as `a::b`, `a::c::d` and `a::c`.
fn spread(path: &str) -> Vec<String> {
    let path = path.trim();
    let Some((head, rest)) = path.split_once('{') else {
        return vec![path.split(" as ").next().unwrap_or_default().trim_end_matches("::self").to_owned()];
    };
    let inner = rest.trim_end().strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut from, mut items) = (0_usize, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    items.push(&inner[from..]);
    let items = items.into_iter().filter(|item| !item.trim().is_empty());
    items.flat_map(|item| spread(&format!("{head}{}", item.trim()))).collect()
}

/// The file that defines what a path names.
fn home<'m>(modules: &'m Modules, path: &[String], depth: usize) -> Option<&'m Source> {
    let known = (0..=path.len()).rev().find(|length| modules.contains_key(&path[..*length]))?;
    let source = modules.get(&path[..known])?;
    let Some(name) = path.get(known).filter(|_| depth < 8) else { return Some(source) };
    let passed_on = source.imports.iter().find(|(import, passes)| *passes && import.last() == Some(name));
    match passed_on {
        Some((import, _)) => home(modules, import, depth + 1),
        None => Some(source),
    }
}

/// Which files each file imports from.
fn arrows(modules: &Modules) -> BTreeMap<&str, BTreeSet<&str>> {
    let to = |source: &Source| {
        // What is only passed on is no use of it.
        let used = source.imports.iter().filter(|(_, passed_on)| !passed_on);
        let files = used.filter_map(|(path, _)| home(modules, path, 0)).map(|source| source.name.as_str());
        files.collect::<BTreeSet<&str>>()
    };
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> =
        modules.values().map(|source| (source.name.as_str(), to(source))).collect();
    arrows.iter_mut().for_each(|(file, to)| _ = to.remove(file));
    arrows
}

fn reached<'m>(arrows: &BTreeMap<&'m str, BTreeSet<&'m str>>, from: &'m str) -> BTreeSet<&'m str> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        next.extend(arrows.get(file).into_iter().flatten().filter(|to| seen.insert(**to)));
    }
    seen
}

/// Files that reach themselves again, in groups that all reach one another.
fn circles(modules: &Modules) -> Vec<Vec<String>> {
    let arrows = arrows(modules);
    let reaches: BTreeMap<&str, BTreeSet<&str>> = arrows.keys().map(|file| (*file, reached(&arrows, file))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (file, reached) in reaches.iter().filter(|(file, reached)| reached.contains(**file)) {
        let back = |other: &&&str| reaches.get(**other).is_some_and(|reached| reached.contains(file));
        circles.insert(reached.iter().filter(back).map(|file| (*file).to_owned()).collect());
    }
    circles.into_iter().collect()
}

#[test]
fn files_do_not_import_in_circles() {
    let mut files = 0;
    let mut found: Vec<Vec<String>> = Vec::new();
    for root in crates() {
        let modules = modules(&root);
        files += modules.len();
        found.extend(circles(&modules));
    }
    assert!(files > 300, "only {files} files were read");
    let new: Vec<_> = found.iter().filter(|circle| !ALLOWED.iter().any(|(allowed, _)| allowed == circle)).collect();
    let shown: Vec<String> = new.iter().map(|circle| circle.join("\n  ")).collect();
    assert!(new.is_empty(), "{} circles:\n- {}", new.len(), shown.join("\n- "));
    for (allowed, why) in ALLOWED {
        assert!(found.iter().any(|circle| circle == allowed), "{allowed:?} is no circle any more: {why}");
    }
}

#[test]
fn a_circle_is_found() {
    let module = |name: &str, text: &str| {
        let path = vec![name.to_owned()];
        let imports = imports(&format!("\n{text}"), &path);
        (path, Source { name: name.to_owned(), imports })
    };
    let root = Source { name: "lib".to_owned(), imports: imports("\nmod a;\npub use a::A;\n", &[]) };
    let modules = Modules::from([
        (Vec::new(), root),
        module("a", "use crate::b::{B, c::C};\n"),
        module("b", "use super::d::D;\n"),
        module("d", "use crate::{A, other};\n"),
        module("e", "use crate::a::A;\n"),
    ]);
    assert_eq!(circles(&modules), [["a", "b", "d"]]);
}
