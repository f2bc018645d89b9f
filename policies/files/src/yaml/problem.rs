//! [`Problem`]: why a document cannot be read, where, and what to do about it.
//!
//! The parser's own errors are worded here for people who write manifests, not YAML parsers.

use granit_parser::{ErrorKind, ScanError};

/// Why a text or a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct Problem {
    /// Byte offset in the decoded file.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A problem whose line and column are not counted yet.
#[derive(Debug)]
pub(super) struct Fault {
    /// Byte offset in the document.
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Fault {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The parser's error in our words. `text` is what the parser read.
    pub(super) fn from_parser(error: &ScanError, text: &str) -> Self {
        let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
        let before = text.get(..at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let rest = text.get(at..).unwrap_or_default();
        let tab_indent =
            line.trim_start_matches(' ').starts_with('\t') || line.trim().is_empty() && rest.starts_with('\t');
        let (message, help) = match error.kind() {
            _ if tab_indent => TAB,
            kind => explain(kind, rest),
        };
        let message =
            if message.is_empty() { format!("this is no valid YAML: {}", error.info()) } else { message.to_owned() };
        Fault::new(at, message).help(help)
    }
}

const TAB: (&str, &str) = ("a tab cannot indent YAML", "use spaces");
const INDENT: &str = "line it up with the key or `-` that it belongs to";
const SECOND_COLON: &str = "put the value in quotes if it contains `: `, or put the key on a line of its own";

fn explain(kind: &ErrorKind, rest: &str) -> (&'static str, &'static str) {
    use ErrorKind as K;
    match kind {
        K::TabNotAllowed
        | K::TabInBlockIndentation
        | K::TabInIndentation
        | K::TabAtBlockScalarStart
        | K::TabInPlainScalar => TAB,
        K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar => {
            ("this quoted string is never closed", "add the closing quote")
        }
        K::InvalidTrailingSingleQuotedScalar => (
            "text follows the closing quote",
            "double every ' inside a single-quoted string, or remove what follows it",
        ),
        K::InvalidTrailingDoubleQuotedScalar => {
            ("text follows the closing quote", "write \\\" for a quote inside the string, or remove what follows it")
        }
        K::UnclosedFlowCollection { open: '[' } | K::UnexpectedEofFlowSequence => {
            ("this list is never closed", "add the closing ]")
        }
        K::UnclosedFlowCollection { .. } | K::UnexpectedEofFlowMapping | K::UnexpectedEofImplicitFlowMapping => {
            ("this map is never closed", "add the closing }")
        }
        K::MismatchedFlowCollectionEnd { .. } | K::MisplacedFlowCollectionEnd => {
            ("this bracket closes nothing that is open", "pair every [ with ] and every { with }")
        }
        K::ExpectedFlowMappingSeparator => {
            ("a , or } is missing here", "separate entries with commas and close the map with }")
        }
        K::ExpectedFlowSequenceSeparator => {
            ("a , or ] is missing here", "separate items with commas and close the list with ]")
        }
        K::UnknownAnchor => {
            ("this alias names an anchor that does not stand before it", "define it with & above, in the same document")
        }
        K::MappingValueNotAllowed | K::InvalidColonPlacement => ("a second `: ` in one line", SECOND_COLON),
        K::SimpleKeyExpected | K::InvalidSimpleKey => (
            "this line is neither a `key: value` nor part of the one above",
            "add the `: ` behind the key, or indent the line",
        ),
        K::ExpectedBlockMappingKey => ("a key is expected here: the indentation fits no map around it", INDENT),
        K::ExpectedBlockSequenceEntry | K::BlockSequenceEntryNotAllowed => {
            ("a list item does not fit here", "line up the `-` with the other items")
        }
        K::InvalidIndentation | K::MappingKeyNotAllowed => ("this line's indentation fits nothing around it", INDENT),
        K::InvalidQuotedScalarIndent | K::InvalidFlowScalarIndent => (
            "this line belongs to a quoted string or list above and is not indented",
            "indent it, or close what is open above",
        ),
        K::InvalidBlockScalarHeader | K::ZeroBlockScalarIndent => {
            ("text follows a | or >", "put the text on the next line, indented")
        }
        K::InvalidBlockScalarIndent => {
            ("the lines of this text are indented unevenly", "indent every line as far as the first one")
        }
        K::UnknownQuotedScalarEscape => {
            ("a backslash starts an unknown escape", "double the backslash, or put the string in single quotes")
        }
        K::InvalidQuotedScalarHexEscape
        | K::InvalidLowSurrogateHexEscape
        | K::InvalidLowSurrogate
        | K::MissingLowSurrogate
        | K::UnpairedLowSurrogate
        | K::InvalidUnicodeEscape => {
            ("this escape is no character", "use \\x with two, \\u with four or \\U with eight hex digits")
        }
        K::UnexpectedCharacter { .. } if rest.starts_with(['@', '`', '%']) => {
            ("a value cannot start with @, ` or %", "put it in quotes")
        }
        K::ExpectedDocumentStart => ("the document above has ended, and kubectl ignores what follows", INDENT),
        K::UndeclaredTagHandle => ("this tag's prefix is not declared", "remove the tag"),
        K::RecursionLimitExceeded => {
            ("the nesting is too deep to be read", "flatten it: no Kubernetes object nests that deep")
        }
        K::CommentNotSeparated => ("a comment needs a space before its #", "add the space, or put the value in quotes"),
        K::CommentInterceptedScalar => ("a comment stands inside a value of several lines", "move it above the value"),
        K::BlockEntryInFlowCollection | K::PlainScalarStartsWithDashFlowIndicator => {
            ("a `-` item cannot stand between brackets", "write [a, b], or one item a line without brackets")
        }
        _ => ("", "correct the YAML here; a value with unusual characters belongs in quotes"),
    }
}
