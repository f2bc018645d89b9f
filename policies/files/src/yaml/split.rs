//! Streams of documents, split at `---` as `kubectl` splits them: by lines, before anything is parsed.
//!
//! A broken document hides no other, and one that does not matter need not be parsed at all.

use memchr::memmem;

use super::problem::Fault;

/// One document of a file, not parsed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawDocument<'a> {
    /// Its text, without separators.
    pub text: &'a str,
    /// Byte offset of the text in the file.
    pub start: usize,
    /// Line of the file that it starts in, from 1.
    pub line: usize,
    pub(super) refusal: Option<Refusal>,
}

/// A [`RawDocument`] that owns its text, so that the rest of its file need not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedDocument {
    text: Box<str>,
    start: usize,
    line: usize,
    refusal: Option<Refusal>,
}

impl OwnedDocument {
    /// The document, borrowed.
    #[must_use]
    pub fn raw(&self) -> RawDocument<'_> {
        RawDocument { text: &self.text, start: self.start, line: self.line, refusal: self.refusal }
    }

    /// Byte offset of the text in its file.
    #[must_use]
    pub fn start(&self) -> usize {
        self.start
    }
}

impl From<RawDocument<'_>> for OwnedDocument {
    fn from(raw: RawDocument<'_>) -> Self {
        Self { text: raw.text.into(), start: raw.start, line: raw.line, refusal: raw.refusal }
    }
}

/// What YAML allows between documents and kubectl does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `--- text`: kubectl stops with an error.
    TextAfterSeparator,
    /// A document behind `...` and no `---`: kubectl never looks at it.
    AfterEnd,
}

impl Refusal {
    pub(super) fn fault(self) -> Fault {
        match self {
            Refusal::TextAfterSeparator => {
                Fault::new(3, "kubectl refuses text behind the separator ---").help("put the text on the next line")
            }
            Refusal::AfterEnd => Fault::new(0, "kubectl ignores what follows the line ...")
                .help("start the next document with a line ---"),
        }
    }
}

/// Splits a file into its documents. Those of nothing but blank lines and comments are left out.
///
/// `---` at the start of a line separates, whatever the lines around it are; a comment may follow it. A line `...` ends
/// a document. Directives (`%YAML`) belong to the document that follows their `---`. JSON objects may follow one
/// another without a separator.
#[must_use]
pub fn split(text: &str) -> Vec<RawDocument<'_>> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut splitter = Splitter { text, start, counted: 0, line: 1, documents: Vec::new(), refusal: None };
    if !splitter.json() {
        splitter.yaml();
    }
    splitter.documents
}

struct Splitter<'a> {
    text: &'a str,
    /// Where the document to come starts.
    start: usize,
    /// Where the current line was counted, and which that is.
    counted: usize,
    line: usize,
    documents: Vec<RawDocument<'a>>,
    /// Why kubectl does not read the document to come.
    refusal: Option<Refusal>,
}

impl Splitter<'_> {
    fn yaml(&mut self) {
        for mark in marks(self.text, self.start) {
            let line_end =
                memchr::memchr(b'\n', self.bytes(mark.at)).map_or(self.text.len(), |length| mark.at + length + 1);
            let rest = self.text.get(mark.at + 3..line_end).unwrap_or_default();
            let (blank, space) = (blank(rest), rest.starts_with([' ', '\t', '\r', '\n']) || rest.is_empty());
            match (mark.end, blank, space) {
                (true, true, true) => {
                    self.cut(mark.at, line_end);
                    self.refusal = Some(Refusal::AfterEnd);
                }
                (false, true, _) => self.separate(mark.at, line_end),
                (false, false, true) => {
                    self.cut(mark.at, mark.at);
                    self.refusal = Some(Refusal::TextAfterSeparator);
                }
                // Nothing to YAML either, such as ---- or -----BEGIN: the parser will have its say.
                _ => {}
            }
        }
        self.cut(self.text.len(), self.text.len());
    }

    /// A line `---`: the end of a document, unless there were only directives before it.
    fn separate(&mut self, end: usize, next: usize) {
        let directives = self.text.get(self.start..end).is_some_and(is_directives);
        if !directives {
            self.cut(end, next);
        }
        self.refusal = None;
    }

    /// Ends the document to come at one place and starts the next at another.
    fn cut(&mut self, end: usize, next: usize) {
        let text = self.text.get(self.start..end).unwrap_or_default();
        if has_content(text) {
            self.line +=
                memchr::memchr_iter(b'\n', self.text.as_bytes().get(self.counted..self.start).unwrap_or_default())
                    .count();
            self.counted = self.start;
            self.documents.push(RawDocument { text, start: self.start, line: self.line, refusal: self.refusal });
        }
        self.start = next;
        self.refusal = None;
    }

    /// Splits a stream of JSON objects; false if this is no such stream.
    fn json(&mut self) -> bool {
        let mut ends = Vec::new();
        let mut at = self.start;
        loop {
            at += self.bytes(at).iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            match self.text.as_bytes().get(at) {
                Some(b'{') => {
                    let Some(end) = object_end(self.text.as_bytes(), at) else {
                        return false;
                    };
                    ends.push(end);
                    at = end;
                }
                None if !ends.is_empty() => break,
                _ => return false,
            }
        }
        ends.into_iter().for_each(|end| self.cut(end, end));
        true
    }

    fn bytes(&self, from: usize) -> &[u8] {
        self.text.as_bytes().get(from..).unwrap_or_default()
    }
}

/// A line that starts with three dashes or, for `end`, three dots.
struct Mark {
    at: usize,
    end: bool,
}

fn marks(text: &str, start: usize) -> Vec<Mark> {
    let at_start = |prefix| text.get(start..).is_some_and(|text| text.starts_with(prefix)).then_some(start);
    let find = |needle: &'static str| memmem::find_iter(text.as_bytes(), needle).map(|at| at + 1);
    let dashes = at_start("---").into_iter().chain(find("\n---")).map(|at| Mark { at, end: false });
    let dots = at_start("...").into_iter().chain(find("\n...")).map(|at| Mark { at, end: true });
    let mut marks: Vec<Mark> = dashes.chain(dots).collect();
    marks.sort_unstable_by_key(|mark| mark.at);
    marks
}

/// Whether there is nothing but white space and a comment.
fn blank(line: &str) -> bool {
    let line = line.trim_ascii();
    line.is_empty() || line.starts_with('#')
}

fn has_content(text: &str) -> bool {
    text.lines().any(|line| !blank(line))
}

/// Whether these lines are directives, with blank lines and comments around them.
fn is_directives(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !blank(line)).peekable();
    lines.peek().is_some() && lines.all(|line| line.starts_with('%'))
}

/// The end of the object that starts here, judged by brackets and strings alone.
fn object_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => at = string_end(bytes, at + 1)?,
            _ => {}
        }
        at += 1;
    }
}

/// The closing quote of the string whose text starts here.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}
