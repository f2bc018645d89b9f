//! From the parser's events to the span tree.
//!
//! The one place that knows the parser crate (with `problem.rs`, which words its errors).

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, options};

use super::problem::Fault;
use super::repair::Repairs;
use super::tree::{Kind, MAX_DEPTH, Style, Tag, Tree, too_deep};

/// Reads one document.
pub(super) fn read(source: &str) -> Result<Tree<'_>, Fault> {
    let mut repairs = Repairs::default();
    match attempt(source, source, &repairs) {
        Ok(tree) => return Ok(tree),
        Err(Failure::Fatal(fault)) => return Err(fault),
        Err(Failure::Mend { at, after, fault }) => {
            if !repairs.mend(source, at, after) {
                return Err(fault);
            }
        }
    }
    // The parser is stricter here than Kubernetes': read a copy that says the same with more indentation.
    loop {
        let copy = repairs.apply(source);
        match attempt(source, &copy, &repairs) {
            Ok(tree) => return Ok(tree),
            Err(Failure::Fatal(fault)) => return Err(fault),
            Err(Failure::Mend { at, after, fault }) => {
                if !repairs.mend(source, at, after) {
                    return Err(fault);
                }
            }
        }
    }
}

enum Failure {
    Fatal(Fault),
    /// The parser objects to the indentation inside a quoted string that starts behind `after`. Both in the source.
    Mend {
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
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
        max_directive_bytes: 64 * 1024,
    };
    let mut tree = Tree::new(source)?;
    // The node of every anchor, in the order of the parser's numbers.
    let mut anchors: Vec<(usize, usize)> = Vec::new();
    let mut documents = 0;
    let mut after = 0;
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match next {
            Ok(next) => next,
            Err(error) => {
                let mut fault = Fault::from_parser(&error, text);
                fault.at = repairs.source_offset(fault.at);
                let at = fault.at;
                return Err(match error.kind() {
                    ErrorKind::InvalidQuotedScalarIndent | ErrorKind::TabInIndentation => {
                        Failure::Mend { at, after, fault }
                    }
                    ErrorKind::RecursionLimitExceeded => too_deep(at).into(),
                    _ => fault.into(),
                });
            }
        };
        let (start, end) = span.byte_range().map_or((0, 0), |range| (range.start, range.end));
        let at = (repairs.source_offset(start), repairs.source_offset(end));
        let index = tree.len();
        let anchor = match event {
            Event::Scalar(value, style, anchor, tag) => {
                let style = if style == ScalarStyle::Plain { Style::Plain } else { Style::Text };
                // Nothing but a tag or an anchor: an empty scalar.
                let at = if start == end { (at.0, at.0) } else { at };
                tree.scalar(at, style, tag.as_deref().map_or(Tag::None, known_tag), value)?;
                anchor
            }
            Event::MappingStart(_, anchor, _) => {
                tree.open(Kind::Map, at)?;
                anchor
            }
            Event::SequenceStart(_, anchor, _) => {
                tree.open(Kind::List, at)?;
                anchor
            }
            Event::MappingEnd | Event::SequenceEnd => {
                tree.close((start != end).then_some(at.1));
                0
            }
            Event::Alias(anchor) => {
                let target =
                    anchors.binary_search_by_key(&anchor, |(id, _)| *id).map_or(index, |found| anchors[found].1);
                tree.alias(at, target)?;
                0
            }
            Event::DocumentStart(_, version) => {
                documents += 1;
                if documents > 1 {
                    let fault = Fault::new(at.0, "something follows the end of the document");
                    return Err(fault.help("start a new document with a line ---").into());
                }
                if version.is_some_and(|version| (version.major, version.minor) != (1, 1)) {
                    let fault = Fault::new(at.0, "Kubernetes reads YAML 1.1 and refuses any other %YAML version");
                    return Err(fault.help("remove the %YAML line").into());
                }
                0
            }
            _ => 0,
        };
        if anchor != 0 {
            anchors.push((anchor, index));
        }
        after = at.1;
    }
    if tree.len() == 0 {
        tree.scalar((source.len(), source.len()), Style::Plain, Tag::None, "".into())?;
    }
    Ok(tree)
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
