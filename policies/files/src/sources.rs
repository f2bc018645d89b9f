//! [`Sources`]: documents that are not linted and that findings and notes may point into.

use std::collections::HashMap;
use std::sync::OnceLock;

use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::Origin;

use crate::held::Held;
use crate::place;
use crate::yaml::{self, Document, Span};

/// Documents that capacity is known from, and the objects in them.
#[derive(Debug, Default)]
pub struct Sources {
    /// The documents.
    pub documents: Vec<Held>,
    /// For each mark: index into `documents`, and the object's place in it.
    objects: Vec<(usize, FieldPath)>,
}

/// The first of the marks given out here; those of linted documents are below it.
const FIRST: u32 = 1 << 31;

impl Sources {
    /// Marks an object of a document.
    pub fn mark(&mut self, document: usize, at: FieldPath) -> Origin {
        let origin = u32::try_from(self.objects.len()).ok().and_then(|index| FIRST.checked_add(index));
        self.objects.push((document, at));
        Origin(origin.unwrap_or(u32::MAX))
    }

    /// The document of a mark, and the object's place in it.
    #[must_use]
    pub fn find(&self, origin: Origin) -> Option<(usize, &FieldPath)> {
        let index = usize::try_from(origin.0.checked_sub(FIRST)?).ok()?;
        self.objects.get(index).map(|(document, at)| (*document, at))
    }
}

/// Places in sources. Few are ever asked for, so a document is parsed again when the first is.
#[derive(Debug)]
pub struct Finder<'a> {
    sources: &'a Sources,
    parsed: HashMap<usize, OnceLock<Option<Document<'a>>>>,
}

impl<'a> Finder<'a> {
    /// Nothing is parsed yet.
    #[must_use]
    pub fn new(sources: &'a Sources) -> Self {
        let parsed = (0..sources.documents.len()).map(|index| (index, OnceLock::new()));
        Self { sources, parsed: parsed.collect() }
    }

    /// The place of a field of a marked object: the document, how much of the path exists, and the token to point at.
    #[must_use]
    pub fn find(&self, origin: Origin, at: &FieldPath, on_key: bool) -> Option<(usize, FieldPath, Span)> {
        let (index, object_at) = self.sources.find(origin)?;
        let held = self.sources.documents.get(index)?;
        let parse = || yaml::parse(held.document.raw()).ok();
        let document = self.parsed.get(&index)?.get_or_init(parse).as_ref()?;
        let (path, span) = place::find(document, object_at, at, on_key, None);
        Some((index, path, span))
    }
}
