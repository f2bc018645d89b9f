//! The span tree: one document as a flat list of small nodes in the order of the text.
//!
//! A node's children follow it directly, `next` jumps over them. A map's children are key, value, key, value.
//! Offsets are bytes from the start of the document's text.

use std::borrow::Cow;

use super::problem::Fault;

/// Deepest nesting that is read. Go's reader takes ten thousand levels; no manifest has fifty.
pub(super) const MAX_DEPTH: usize = 512;
/// Most nodes of one document: about 150 MB of tree, a `kubectl get -o json` of 50 MB.
const MAX_NODES: usize = 6_000_000;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A scalar whose text is a part of the document's text, at `data` for `len` bytes.
    Scalar,
    /// A scalar whose text had to be put together (escapes, folded lines): entry `data` of the texts.
    Composed,
    Map,
    List,
    /// An alias of the node `data`.
    Alias,
}

/// How a scalar is written, as far as its meaning depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    /// Quoted, or a block scalar: a string, unless a tag says otherwise.
    Text,
    /// A number of a JSON document: taken as it is.
    JsonNumber,
}

/// The tags that Kubernetes' reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    None,
    /// `!`: a string.
    NonSpecific,
    Str,
    Bool,
    Int,
    Float,
    Null,
    Timestamp,
    Binary,
    Merge,
    /// Any other: scalars are strings, on collections it means nothing.
    Other,
}

/// One node, 24 bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) style: Style,
    pub(super) tag: Tag,
    start: u32,
    end: u32,
    next: u32,
    data: u32,
    len: u32,
}

impl Node {
    pub(super) fn start(&self) -> usize {
        self.start as usize
    }

    pub(super) fn end(&self) -> usize {
        self.end as usize
    }
}

/// All nodes of a document. Node 0 is the root.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    source: &'a str,
    nodes: Vec<Node>,
    texts: Vec<String>,
    /// Collections that are not closed yet, while building.
    open: Vec<u32>,
}

impl<'a> Tree<'a> {
    /// An empty tree over a text of less than 4 GiB.
    pub(super) fn new(source: &'a str) -> Result<Self, Fault> {
        if u32::try_from(source.len()).is_err() {
            return Err(Fault::new(0, "this document is larger than 4 GiB").help("split it into several files"));
        }
        Ok(Self { source, nodes: Vec::with_capacity(source.len() / 24 + 1), texts: Vec::new(), open: Vec::new() })
    }

    pub(super) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// Index of the node behind this one and all its children.
    pub(super) fn next(&self, index: usize) -> usize {
        self.nodes.get(index).map_or(index + 1, |node| node.next as usize)
    }

    /// The indexes of the children of a collection.
    pub(super) fn children(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.next(index);
        let mut child = index + 1;
        std::iter::from_fn(move || {
            let current = (child < end).then_some(child)?;
            child = self.next(current);
            Some(current)
        })
    }

    /// The keys and values of a map.
    pub(super) fn entries(&self, index: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let mut children = self.children(index);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// The node an alias stands for; the node itself if it is no alias.
    pub(super) fn target(&self, index: usize) -> usize {
        match self.nodes.get(index) {
            Some(node) if node.kind == Kind::Alias => node.data as usize,
            _ => index,
        }
    }

    /// The text of a scalar, borrowed from the document where it stands there as such.
    pub(super) fn text(&self, index: usize) -> Cow<'a, str> {
        match self.nodes.get(index) {
            Some(node) if node.kind == Kind::Composed => Cow::Owned(self.composed(node).to_owned()),
            Some(node) => Cow::Borrowed(self.slice(node)),
            None => Cow::Borrowed(""),
        }
    }

    /// The text of a scalar, without a copy.
    pub(super) fn peek(&self, index: usize) -> &str {
        match self.nodes.get(index) {
            Some(node) if node.kind == Kind::Composed => self.composed(node),
            Some(node) => self.slice(node),
            None => "",
        }
    }

    fn composed(&self, node: &Node) -> &str {
        self.texts.get(node.data as usize).map_or("", String::as_str)
    }

    fn slice(&self, node: &Node) -> &'a str {
        let start = node.data as usize;
        match node.kind {
            Kind::Scalar => self.source.get(start..start + node.len as usize).unwrap_or_default(),
            _ => "",
        }
    }

    /// Appends a scalar. `text` is found again in the document if it is a part of it.
    pub(super) fn scalar(
        &mut self,
        at: (usize, usize),
        style: Style,
        tag: Tag,
        text: Cow<'_, str>,
    ) -> Result<(), Fault> {
        // An empty scalar has no text anywhere; what the parser stands in for it does not count.
        if at.0 == at.1 && style == Style::Plain {
            return self.push(Kind::Scalar, style, tag, at, 0, 0);
        }
        // Where a part of the text starts in it is the distance of their addresses.
        let offset = (text.as_ptr() as usize).wrapping_sub(self.source.as_ptr() as usize);
        if self.source.get(offset..offset.saturating_add(text.len())) == Some(&text) {
            return self.push(Kind::Scalar, style, tag, at, offset, text.len());
        }
        self.texts.push(text.into_owned());
        self.push(Kind::Composed, style, tag, at, self.texts.len() - 1, 0)
    }

    /// Appends an alias of a node.
    pub(super) fn alias(&mut self, at: (usize, usize), target: usize) -> Result<(), Fault> {
        if self.open.contains(&narrow(target)) {
            let fault = Fault::new(at.0, "this alias stands inside the very value that it names");
            return Err(fault.help("write the value out instead of the alias"));
        }
        self.push(Kind::Alias, Style::Plain, Tag::None, at, target, 0)
    }

    /// Opens a map or a list; what follows is inside it until [`Tree::close`].
    pub(super) fn open(&mut self, kind: Kind, at: (usize, usize)) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(at.0));
        }
        self.open.push(narrow(self.nodes.len()));
        self.push(kind, Style::Plain, Tag::None, at, 0, 0)
    }

    /// Closes the innermost collection and says which it was. `end` is the end of its closing bracket, if it has one.
    pub(super) fn close(&mut self, end: Option<usize>) -> usize {
        let last = self.nodes.last().map_or(0, |node| node.end);
        let next = narrow(self.nodes.len());
        let index = self.open.pop().map_or(self.nodes.len(), |index| index as usize);
        if let Some(node) = self.nodes.get_mut(index) {
            node.next = next;
            node.end = end.map_or(last, narrow).max(node.start);
        }
        index
    }

    /// How many nodes there are: the index of the next one.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn push(
        &mut self,
        kind: Kind,
        style: Style,
        tag: Tag,
        at: (usize, usize),
        data: usize,
        len: usize,
    ) -> Result<(), Fault> {
        if self.nodes.len() >= MAX_NODES {
            let fault = Fault::new(at.0, format!("this document has more than {MAX_NODES} values"));
            return Err(fault.help("split it into several documents"));
        }
        let next = narrow(self.nodes.len() + 1);
        let (start, end, data, len) = (narrow(at.0), narrow(at.1), narrow(data), narrow(len));
        self.nodes.push(Node { kind, style, tag, start, end, next, data, len });
        Ok(())
    }
}

/// What is said of nesting that nobody can mean.
pub(super) fn too_deep(at: usize) -> Fault {
    Fault::new(at, format!("more than {MAX_DEPTH} levels of nesting"))
        .help("flatten it: no Kubernetes object nests that deep")
}

/// Offsets fit: [`Tree::new`] refuses texts of 4 GiB and more.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
