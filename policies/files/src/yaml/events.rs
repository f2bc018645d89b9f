//! From the parser's events to the span tree.
//!
//! The one place that knows the parser crate (with `problem.rs`, which words its errors).

use std::borrow::Cow;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, StructureStyle, options};

use super::problem::Fault;
use super::repair::{Objection, Repairs};
use super::strict;
use super::tree::{Kind, MAX_DEPTH, Style, Tag, Tree, too_deep};

/// Reads one document.
pub(super) fn read(source: &str) -> Result<Tree<'_>, Fault> {
    strict::characters(source)?;
    let mut repairs = Repairs::default();
    let mut copy = None;
    loop {
        match attempt(source, copy.as_deref().unwrap_or(source), &repairs) {
            Ok(tree) => {
                strict::tabs(source, &tree)?;
                return Ok(tree);
            }
            Err(Failure::Fatal(fault)) => return Err(fault),
            // The parser may be stricter here than Kubernetes: read a copy that says the same in another way.
            Err(Failure::Objection { kind, at, after, fault }) => {
                if !repairs.mend(source, &Objection { kind: &kind, at, after }) {
                    return Err(fault);
                }
                copy = Some(repairs.apply(source));
            }
        }
    }
}

enum Failure {
    Fatal(Fault),
    /// The parser's own, with its place and the end of the last event in the source.
    Objection {
        kind: ErrorKind,
        at: usize,
        after: usize,
        fault: Fault,
    },
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::Fatal(fault)
    }
}

/// Parses `text`, which is the source or a mended copy of it, into a tree over the source.
fn attempt<'a>(source: &'a str, text: &str, repairs: &Repairs) -> Result<Tree<'a>, Failure> {
    let options = options! {
        emit_comments: false,
        emit_anchor_events: true,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
        max_directive_bytes: 64 * 1024,
    };
    let mut reader = Reader { source, tree: Tree::new(source)?, anchors: Vec::new(), flow: 0, documents: 0, after: 0 };
    for next in Parser::new_from_str_with_options(text, options) {
        match next {
            Ok((event, span)) => {
                let (start, end) = span.byte_range().map_or((0, 0), |range| (range.start, range.end));
                reader.event(event, (repairs.source_offset(start), repairs.source_offset(end)))?;
            }
            Err(error) => {
                let mut fault = Fault::from_parser(&error, text);
                fault.at = repairs.source_offset(fault.at);
                return Err(match error.kind() {
                    ErrorKind::RecursionLimitExceeded => too_deep(fault.at).into(),
                    kind => Failure::Objection { kind: kind.clone(), at: fault.at, after: reader.after, fault },
                });
            }
        }
    }
    if reader.tree.len() == 0 {
        reader.tree.scalar((source.len(), source.len()), Style::Plain, Tag::None, "".into())?;
    }
    Ok(reader.tree)
}

/// Builds the tree, event by event.
struct Reader<'a> {
    source: &'a str,
    tree: Tree<'a>,
    /// The node of every anchor, in the order of the parser's numbers.
    anchors: Vec<(usize, usize)>,
    /// How many brackets are open.
    flow: usize,
    documents: usize,
    /// The end of the last event.
    after: usize,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, at: (usize, usize)) -> Result<(), Fault> {
        let index = self.tree.len();
        let anchor = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let at = written(self.source, at);
                if style == ScalarStyle::Plain && self.flow > 0 {
                    strict::flow_scalar(self.source, at, &text)?;
                }
                if style == ScalarStyle::DoubleQuoted && matches!(text, Cow::Owned(_)) {
                    strict::escapes(self.source, at)?;
                }
                let style = if style == ScalarStyle::Plain { Style::Plain } else { Style::Text };
                self.tree.scalar(at, style, tag.as_deref().map_or(Tag::None, known_tag), text)?;
                anchor
            }
            Event::MappingStart(style, anchor, _) => {
                self.flow += usize::from(style == StructureStyle::Flow);
                self.tree.open(Kind::Map, at)?;
                anchor
            }
            Event::SequenceStart(style, anchor, _) => {
                self.flow += usize::from(style == StructureStyle::Flow);
                self.tree.open(Kind::List, (list_start(self.source, self.after, at.0), at.1))?;
                anchor
            }
            Event::MappingEnd | Event::SequenceEnd => {
                // Nothing but brackets stands between brackets.
                let closed = self.tree.close((self.flow > 0).then_some(at.1));
                if self.flow > 0 {
                    strict::flow_keys(self.source, &self.tree, closed)?;
                }
                self.flow = self.flow.saturating_sub(1);
                0
            }
            Event::Anchor(_, name) => return strict::anchor(&name, at.0),
            Event::Alias(anchor) => {
                strict::anchor(self.source.get(at.0 + 1..at.1).unwrap_or_default(), at.0)?;
                let found = self.anchors.binary_search_by_key(&anchor, |(id, _)| *id);
                let target = found.ok().and_then(|found| self.anchors.get(found)).map_or(index, |(_, node)| *node);
                self.tree.alias(at, target)?;
                0
            }
            Event::DocumentStart(_, version) => {
                self.documents += 1;
                if self.documents > 1 {
                    let fault = Fault::new(at.0, "something follows the end of the document");
                    return Err(fault.help("start a new document with a line ---"));
                }
                if version.is_some_and(|version| (version.major, version.minor) != (1, 1)) {
                    let directive = self.source.find("%YAML").unwrap_or(at.0);
                    let fault = Fault::new(directive, "Kubernetes reads YAML 1.1 and refuses any other %YAML version");
                    return Err(fault.help("remove the %YAML line"));
                }
                0
            }
            _ => 0,
        };
        if anchor != 0 {
            self.anchors.push((anchor, index));
        }
        self.after = at.1;
        Ok(())
    }
}

/// The extent of a scalar without the white space behind it, which the parser counts to block scalars. One that is
/// not written stands behind its colon.
fn written(source: &str, at: (usize, usize)) -> (usize, usize) {
    let text = source.get(at.0..at.1).unwrap_or_default().trim_ascii_end();
    if text.is_empty() && source.as_bytes().get(at.0) == Some(&b':') {
        return (at.0 + 1, at.0 + 1);
    }
    (at.0, at.0 + text.len())
}

/// Where a list starts: at its first `-`, which the parser passes over if the list is not indented.
fn list_start(source: &str, after: usize, start: usize) -> usize {
    if source.as_bytes().get(start).is_some_and(|byte| matches!(byte, b'-' | b'[')) {
        return start;
    }
    let mut rest = source.get(after..start).unwrap_or_default();
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ':']);
        match rest.as_bytes().first() {
            Some(b'-') => return start - rest.len(),
            Some(b'#') => rest = rest.split_once('\n').map_or("", |(_, rest)| rest),
            Some(b'&' | b'!') => {
                rest = rest.find(char::is_whitespace).map_or("", |end| rest.get(end..).unwrap_or_default());
            }
            _ => return start,
        }
    }
}

fn known_tag(tag: &granit_parser::Tag) -> Tag {
    let (handle, suffix) = tag.parts();
    if matches!((handle, suffix), ("!", "") | ("", "!")) {
        return Tag::NonSpecific;
    }
    match tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() {
        Some("str") => Tag::Str,
        Some("bool") => Tag::Bool,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("null") => Tag::Null,
        Some("timestamp") => Tag::Timestamp,
        Some("binary") => Tag::Binary,
        Some("merge") => Tag::Merge,
        _ => Tag::Other,
    }
}
