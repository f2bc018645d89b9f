//! [`Corpus`]: every document of the given paths that a rule could speak of.
//!
//! Each file is read once. What cannot matter is dropped at once, so that memory grows with the manifests that make
//! Pods, not with the size of the tree.

use std::collections::{BTreeSet, HashSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::{DirEntry, WalkBuilder, WalkState};
use k8s_openapi::api::apps::v1::DaemonSet;
use memlint_files::held::{Asked, Held};
use memlint_files::place;
use memlint_files::problem::{Note, Problem};
use memlint_files::sources::Sources;
use memlint_files::yaml::{self, Document};
use memlint_kubernetes::decode::{self, Leniency};
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::workload::objects;

use crate::progress::Progress;
use crate::project::kustomize;
use crate::project::place::{Place, Wanted};
use crate::render::{self, Outcome, Plan, Renderings};

/// What was found and read.
#[derive(Debug, Default)]
pub struct Corpus {
    /// The documents that may matter, by file and place.
    pub documents: Vec<Held>,
    /// Those of them that are judged in what they are rendered to, and not by themselves.
    pub used: BTreeSet<usize>,
    /// Documents that are not linted and that findings may point into: sources of capacity.
    pub sources: Sources,
    /// What charts and kustomizations render to, and where that comes from.
    pub renderings: Renderings,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// What was left out and should be known.
    pub notes: Vec<Note>,
    /// Errors about paths of the command line: memlint cannot do its job.
    pub fatal: Vec<String>,
    /// How much was read.
    pub counts: Counts,
    /// The files that were read.
    seen: HashSet<Arc<str>>,
    /// While one file is read: its name.
    file: Option<Arc<str>>,
}

/// How much was read.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// Files.
    pub files: usize,
    /// Bytes.
    pub bytes: usize,
    /// Documents, those that cannot matter included.
    pub documents: usize,
    /// Documents that no rule could speak of, and were not parsed.
    pub passed_over: usize,
    /// Symbolic links that were not followed.
    pub links: usize,
}

/// Reads all paths; `-` is standard input.
#[must_use]
pub fn read(paths: &[PathBuf], threads: usize, progress: &Progress) -> Corpus {
    let mut corpus = Corpus::default();
    let mut seen = HashSet::new();
    for path in paths.iter().filter(|path| seen.insert(path.as_path())) {
        if path == Path::new("-") {
            corpus.read_stdin();
        } else {
            corpus.walk(path, threads, progress);
        }
    }
    corpus.settle();
    corpus
}

/// A corpus of files that are in memory already, for callers that have no folder to read: tests, fuzzing.
#[must_use]
pub fn from_memory<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>, asked: Asked) -> Corpus {
    let mut corpus = Corpus::default();
    for (name, bytes) in files {
        corpus.take(name.into(), bytes, asked);
    }
    corpus.settle();
    corpus
}

impl Corpus {
    /// Brings what was read into an order that depends on the files alone.
    fn settle(&mut self) {
        self.documents.sort_by(|a, b| (&a.file, a.document.start()).cmp(&(&b.file, b.document.start())));
        self.problems.sort();
        self.problems.dedup();
    }

    /// Leaves out files that were met on the way and are known to be something else: what `kubectl get` printed of a
    /// cluster is judged by nobody who gave it as its capacity.
    pub fn leave_out(&mut self, files: &[PathBuf]) {
        let known: Vec<PathBuf> = files.iter().filter_map(|file| std::fs::canonicalize(file).ok()).collect();
        let is_known = |held: &Held| {
            let path = Path::new(held.file.as_ref());
            let alike = known.iter().any(|known| known.file_name() == path.file_name());
            held.asked == Asked::Met && alike && std::fs::canonicalize(path).is_ok_and(|path| known.contains(&path))
        };
        self.documents.retain(|held| !is_known(held));
    }

    /// The DaemonSets that are written in it as they will be: each takes room of every node that it runs on. Those that
    /// set no namespace live in `namespace`; those that cannot be read are told by whoever lints them.
    #[must_use]
    pub fn daemon_sets(&self, namespace: &str) -> Vec<DaemonSet> {
        let mut sets = Vec::new();
        let held = self.documents.iter().map(|held| held.document.raw());
        for raw in held.filter(|raw| raw.text.contains("DaemonSet")) {
            let Ok(document) = yaml::parse(raw) else { continue };
            for object in objects(document.value()) {
                let reference = object.reference.as_ref();
                if (reference.api_version.as_str(), reference.kind.as_str()) != ("apps/v1", "DaemonSet") {
                    continue;
                }
                let Some(of_type) = decode::type_of(&reference.api_version, &reference.kind) else { continue };
                if !decode::check(object.value, of_type, Leniency::Strict).is_empty() {
                    continue;
                }
                if let Ok(mut set) = decode::from_value::<DaemonSet>(object.value) {
                    set.metadata.namespace.get_or_insert_with(|| namespace.to_owned());
                    sets.push(set);
                }
            }
        }
        sets
    }

    /// Renders charts and kustomizations, and adds what comes of it.
    pub fn render(&mut self, plan: Plan<'_>) {
        let Outcome { renderings, documents, used, problems, notes } = Renderings::of(&self.documents, plan);
        self.renderings = renderings;
        self.documents.extend(documents);
        self.used = used;
        self.problems.extend(problems);
        self.problems.sort();
        self.notes.extend(notes);
    }

    /// The place of a field where it is written, and the line of a template that renders it, if there is one.
    #[must_use]
    pub fn place(
        &self,
        index: usize,
        document: &Document<'_>,
        object_at: &FieldPath,
        wanted: Wanted<'_>,
    ) -> (Place, Option<Place>) {
        let Wanted { at, on_key, part } = wanted;
        let (path, span) = place::find(document, object_at, at, on_key, part);
        let here = Place { document: index, path, span };
        let held = self.documents.get(index);
        let Some((held, rendering)) = held.and_then(|held| Some((held, held.rendering?))) else { return (here, None) };
        let full = at.below(object_at);
        let asked = render::Asked { ordinal: rendering.ordinal, at: &full, on_key, part };
        let place = |token: render::Token| Place { document: token.document, path: token.path, span: token.span };
        match self.renderings.origin(&self.documents, held, document.value(), &asked) {
            Some(origin) => (place(origin.token), origin.template.map(place)),
            None => (here, None),
        }
    }

    /// A document by the index of a place: those that are linted, then the sources.
    #[must_use]
    pub fn held(&self, document: usize) -> Option<&Held> {
        let source = || self.sources.documents.get(document.checked_sub(self.documents.len())?);
        self.documents.get(document).or_else(source)
    }

    fn read_stdin(&mut self) {
        let mut bytes = Vec::new();
        match std::io::stdin().lock().read_to_end(&mut bytes) {
            Err(error) => self.fatal.push(format!("standard input cannot be read: {error}")),
            Ok(_) => self.take("<stdin>".into(), &bytes, Asked::Stdin),
        }
    }

    fn walk(&mut self, path: &Path, threads: usize, progress: &Progress) {
        if let Err(error) = std::fs::metadata(path) {
            self.fatal.push(format!("{} cannot be read: {error}", path.display()));
            return;
        }
        let shared = Mutex::new(std::mem::take(self));
        let walker = WalkBuilder::new(path).threads(threads).build_parallel();
        walker.run(|| {
            Box::new(|entry| {
                let mut part = Corpus::default();
                match entry {
                    Ok(entry) => part.visit(&entry, progress),
                    Err(error) => part.refuse(path, &error),
                }
                if let Ok(mut corpus) = shared.lock() {
                    corpus.merge(part);
                }
                WalkState::Continue
            })
        });
        *self = shared.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    }

    fn visit(&mut self, entry: &DirEntry, progress: &Progress) {
        let named = entry.depth() == 0;
        let kind = entry.file_type();
        if !named && entry.path_is_symlink() {
            self.counts.links += usize::from(has_extension(entry.path()));
            return;
        }
        let is_file = kind.is_some_and(|kind| kind.is_file()) || (named && !entry.path().is_dir());
        if !is_file || !(named || has_extension(entry.path())) {
            return;
        }
        let name: Arc<str> = display(entry.path()).into();
        self.file = Some(name.clone());
        match std::fs::read(entry.path()) {
            Err(error) if named => self.fatal.push(format!("{name} cannot be read: {error}")),
            Err(error) => self.problems.push(Problem::of_file(&name, format!("the file cannot be read: {error}"))),
            Ok(bytes) => self.take(name, &bytes, if named { Asked::Named } else { Asked::Met }),
        }
        progress.count_file();
    }

    /// An error of the walk itself: a folder without permission, a broken ignore file.
    fn refuse(&mut self, root: &Path, error: &ignore::Error) {
        match path_of(error) {
            Some(path) if path != root => {
                self.problems.push(Problem::of_file(&display(path), format!("it cannot be read: {}", cause(error))));
            }
            _ => self.fatal.push(format!("{} cannot be read: {}", root.display(), cause(error))),
        }
    }

    fn take(&mut self, file: Arc<str>, bytes: &[u8], asked: Asked) {
        self.counts.files += 1;
        self.counts.bytes += bytes.len();
        let text = match yaml::decode(bytes) {
            Ok(text) => text,
            Err(problem) => return self.problems.push(Problem::of_document(&file, problem)),
        };
        if asked == Asked::Met && file.ends_with(".json") && !text.contains("\"apiVersion\"") {
            self.counts.documents += 1;
            self.counts.passed_over += 1;
            return;
        }
        let documents = yaml::split(&text);
        if documents.is_empty() && asked == Asked::Stdin {
            self.problems.push(Problem::of_file(&file, "standard input is empty: there is no Kubernetes object in it"));
        }
        for document in documents {
            self.counts.documents += 1;
            if yaml::may_matter(document.text) || kustomize::is_kustomization(&file) {
                self.documents.push(Held { file: file.clone(), asked, document: document.into(), rendering: None });
            } else {
                self.counts.passed_over += 1;
            }
        }
    }

    fn merge(&mut self, part: Corpus) {
        // A file may be named twice, by itself and through its folder.
        if let Some(file) = &part.file
            && !self.seen.insert(file.clone())
        {
            return;
        }
        self.documents.extend(part.documents);
        self.problems.extend(part.problems);
        self.notes.extend(part.notes);
        self.fatal.extend(part.fatal);
        self.counts.files += part.counts.files;
        self.counts.bytes += part.counts.bytes;
        self.counts.documents += part.counts.documents;
        self.counts.passed_over += part.counts.passed_over;
        self.counts.links += part.counts.links;
    }
}

fn has_extension(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "json")
}

/// The path as shown: with `/`, and without the `./` that the walk of `.` puts before it.
fn display(path: &Path) -> String {
    let shown = path.strip_prefix("./").unwrap_or(path).to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { shown.into_owned() } else { shown.replace(std::path::MAIN_SEPARATOR, "/") }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

fn cause(error: &ignore::Error) -> String {
    error.io_error().map_or_else(|| error.to_string(), ToString::to_string)
}
