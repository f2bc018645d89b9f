//! [`Known`]: the documents that rules need to know besides the one under review.
use std::sync::Arc;

use memlint_capacity::Capacity;
use memlint_files::held::Asked;
use memlint_files::place;
use memlint_files::sources::Finder;
use memlint_files::yaml::{self, Document};
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::Origin;
use memlint_kubernetes::workload::objects;
use memlint_policies::annotation::ALLOW_ANNOTATION;
use rayon::prelude::*;

use crate::project::corpus::Corpus;
use crate::project::place::Place;
use crate::project::scopes::{Fact, Scopes};

/// Parsed documents that related locations may point into. An [`Origin`] is an index into its objects.
#[derive(Debug)]
pub struct Known<'a> {
    documents: Vec<(usize, Arc<Document<'a>>)>,
    /// For each origin: index into `documents`, and the object's place in it.
    objects: Vec<(usize, FieldPath)>,
    /// Places in the sources of capacity, whose documents come after those that are linted.
    sources: Finder<'a>,
    linted: usize,
}

/// Words of which every object of an inventory has one; a Namespace counts for its annotations only.
const WORDS: [&str; 5] = ["LimitRange", "RuntimeClass", "ResourceQuota", "HorizontalPodAutoscaler", "ScaledObject"];

impl<'a> Known<'a> {
    /// Collects what a corpus says about its objects. Those that name no namespace live in `namespace`.
    #[must_use]
    pub fn collect(corpus: &'a Corpus, namespace: &str, capacity: Option<&Arc<Capacity>>) -> (Self, Scopes) {
        let documents = corpus.documents.par_iter().enumerate().filter_map(|(index, held)| {
            if corpus.used.contains(&index) && held.asked == Asked::Met {
                return None;
            }
            let raw = held.document.raw();
            let allows = raw.text.contains(ALLOW_ANNOTATION) && raw.text.contains("Namespace");
            (allows || WORDS.iter().any(|word| raw.text.contains(word)))
                .then(|| Some((index, Arc::new(yaml::parse(raw).ok()?))))?
        });
        let (sources, linted) = (Finder::new(&corpus.sources), corpus.documents.len());
        let mut known = Self { documents: documents.collect(), objects: Vec::new(), sources, linted };
        let (mut facts, mut places) = (Vec::new(), Vec::new());
        for (index, (held, document)) in known.documents.iter().enumerate() {
            let Some(held) = corpus.documents.get(*held) else { continue };
            for object in objects(document.value()) {
                let origin = Origin(u32::try_from(places.len()).unwrap_or(u32::MAX));
                if let Some(fact) = Fact::read(&object, namespace, origin) {
                    facts.push((held, fact));
                    places.push((index, object.at));
                }
            }
        }
        known.objects = places;
        (known, Scopes::new(&facts, capacity))
    }

    /// A document of the corpus, if it has been read.
    pub(crate) fn document(&self, index: usize) -> Option<Arc<Document<'a>>> {
        let at = self.documents.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        self.documents.get(at).map(|(_, document)| document.clone())
    }

    /// The place of a field of a known object.
    #[must_use]
    pub fn place(&self, origin: Origin, at: &FieldPath) -> Place {
        if let Some((index, path, span)) = self.sources.find(origin, at, false) {
            return Place { document: self.linted + index, path, span };
        }
        let object = usize::try_from(origin.0).ok().and_then(|index| self.objects.get(index));
        let found = object.and_then(|(index, object_at)| Some((self.documents.get(*index)?, object_at)));
        match found {
            Some(((document_index, document), object_at)) => {
                let (path, span) = place::find(document, object_at, at, false, None);
                Place { document: *document_index, path, span }
            }
            None => Place { document: 0, path: at.clone(), span: NOWHERE },
        }
    }
}

const NOWHERE: yaml::Span = yaml::Span { start: 0, end: 0, line: 1, column: 1, end_line: 1, end_column: 1 };
