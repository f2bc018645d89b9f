//! What the parser takes and Kubernetes' reader refuses: YAML 1.1 knows less than YAML 1.2.

use super::problem::Fault;
use super::tree::{Kind, Style, Tree};

const QUOTES: &str = "put it in quotes";

/// Refuses control characters, wherever they stand.
pub(super) fn characters(source: &str) -> Result<(), Fault> {
    let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7F;
    // In two steps, since the first is one that a compiler makes fast.
    if !source.bytes().fold(false, |found, byte| found | control(byte)) {
        return Ok(());
    }
    let at = source.bytes().position(control).unwrap_or_default();
    let byte = source.as_bytes().get(at).copied().unwrap_or_default();
    let fault = Fault::new(at, format!("the control character 0x{byte:02X} cannot stand in YAML"));
    Err(fault.help(format!("remove it, or write \"\\x{byte:02x}\" in double quotes")))
}

/// Refuses names of anchors and aliases with anything but letters, digits, `_` and `-`.
pub(super) fn anchor(name: &str, at: usize) -> Result<(), Fault> {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        return Ok(());
    }
    let fault = Fault::new(at, format!("{name:?} is no name of an anchor to Kubernetes"));
    Err(fault.help("use letters, digits, - and _ only; put text that starts with & or * in quotes"))
}

/// Refuses escapes in double quotes that came with YAML 1.2.
pub(super) fn escapes(source: &str, at: (usize, usize)) -> Result<(), Fault> {
    let raw = source.as_bytes().get(at.0..at.1).unwrap_or_default();
    let mut escape = 0;
    while let Some(found) = raw.get(escape..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        escape += found;
        let (message, help) = match raw.get(escape + 1..) {
            Some([b'/', ..]) => ("Kubernetes' YAML has no escape \\/", "write / alone"),
            Some([b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]) => {
                ("Kubernetes' YAML has no surrogate pairs", "write the character itself, or \\U and eight hex digits")
            }
            _ => {
                escape += 2;
                continue;
            }
        };
        return Err(Fault::new(at.0 + escape, message).help(help));
    }
    Ok(())
}

/// Refuses plain scalars between brackets that end, to Kubernetes' reader, before the parser thinks so.
pub(super) fn flow_scalar(source: &str, at: (usize, usize), text: &str) -> Result<(), Fault> {
    if memchr::memchr(b'?', text.as_bytes()).is_some() {
        return Err(Fault::new(at.0, "a value between brackets cannot have a ? in it").help(QUOTES));
    }
    if text.starts_with(':') {
        return Err(Fault::new(at.0, "a value between brackets cannot start with a :").help(QUOTES));
    }
    if let Some([b':', b',' | b']' | b'}']) = source.as_bytes().get(at.1..at.1 + 2) {
        return Err(Fault::new(at.1, "between brackets a colon without a space is part of the key")
            .help("add a space behind the colon"));
    }
    Ok(())
}

/// Refuses keys of a map in braces that are not on one line with their colon.
pub(super) fn flow_keys(source: &str, tree: &Tree<'_>, map: usize) -> Result<(), Fault> {
    let extent = tree.node(map).filter(|node| node.kind == Kind::Map).map(|node| (node.start(), node.end()));
    let Some(text) = extent.and_then(|(start, end)| source.get(start..end)) else {
        return Ok(());
    };
    if memchr::memchr(b'\n', text.as_bytes()).is_none() {
        return Ok(());
    }
    for (key, _) in tree.entries(map) {
        let Some((start, end)) = tree.node(key).map(|node| (node.start(), node.end())) else {
            continue;
        };
        let gap = source.get(end..).unwrap_or_default();
        let colon = end + gap.len() - gap.trim_ascii_start().len();
        let explicit = source.get(..start).is_some_and(|before| before.trim_ascii_end().ends_with('?'));
        let lines = source.get(start..colon).unwrap_or_default().contains(['\n', '\r']);
        if lines && !explicit && source.as_bytes().get(colon) == Some(&b':') {
            let fault = Fault::new(start, "this key and its colon are not on one line");
            return Err(fault.help("separate entries with commas, and keep every key on one line"));
        }
    }
    Ok(())
}

/// Refuses tabs where Kubernetes' reader counts indentation: before anything that could be a key, outside of brackets.
pub(super) fn tabs(source: &str, tree: &Tree<'_>) -> Result<(), Fault> {
    let bytes = source.as_bytes();
    let mut tabs = memchr::memchr_iter(b'\t', bytes).filter_map(|at| Lead::read(bytes, at)).peekable();
    if tabs.peek().is_none() {
        return Ok(());
    }
    let mut before = Before::default();
    let mut index = 0;
    for lead in tabs {
        while let Some(node) = tree.node(index).filter(|node| node.start() <= lead.tab) {
            before.pass(source, index, node.kind, (node.start(), node.end()), tree.next(index));
            index += 1;
        }
        if before.forbids(source, tree, &lead) {
            return Err(Fault::new(lead.tab, "a tab cannot indent YAML").help("use spaces"));
        }
    }
    Ok(())
}

/// A tab with nothing before it in its line but spaces and the indicators `-`, `?` and `:`.
struct Lead {
    tab: usize,
    /// How many spaces start the line.
    spaces: usize,
    indicator: bool,
}

impl Lead {
    fn read(bytes: &[u8], tab: usize) -> Option<Self> {
        let line = bytes.get(..tab)?;
        let line = line.get(memchr::memrchr(b'\n', line).map_or(0, |at| at + 1)..)?;
        let spaces = line.iter().take_while(|byte| **byte == b' ').count();
        let rest = line.get(spaces..)?;
        // Only the first tab of a line counts, and only indicators that stand alone.
        let alone = rest.split(|byte| *byte == b' ').all(|word| matches!(word, b"" | b"-" | b"?" | b":"));
        alone.then_some(Self { tab, spaces, indicator: !rest.is_empty() })
    }
}

/// What stands before a place in the text.
#[derive(Default)]
struct Before {
    /// The end of the outermost brackets.
    brackets: usize,
    /// The last scalar or alias: node and extent.
    last: Option<(usize, (usize, usize))>,
    /// Columns of the block collections around: where each starts in its line, and the node behind it.
    columns: Vec<(usize, usize)>,
}

impl Before {
    fn pass(&mut self, source: &str, index: usize, kind: Kind, at: (usize, usize), next: usize) {
        self.columns.retain(|(_, end)| *end > index);
        match kind {
            Kind::Map | Kind::List if source.as_bytes().get(at.0).is_some_and(|byte| matches!(byte, b'[' | b'{')) => {
                self.brackets = self.brackets.max(at.1);
            }
            Kind::Map | Kind::List => self.columns.push((column(source, at.0), next)),
            _ => self.last = Some((index, at)),
        }
    }

    fn forbids(&self, source: &str, tree: &Tree<'_>, lead: &Lead) -> bool {
        if lead.tab < self.brackets {
            return false;
        }
        let Some((index, (start, end))) = self.last else {
            return true;
        };
        let quoted = matches!(source.as_bytes().get(start), Some(b'"' | b'\''));
        match tree.node(index).map(|node| node.style) {
            Some(Style::Text) if quoted => lead.tab >= end,
            // A block scalar: its indentation is that of its first line, in spaces, and all after that is text.
            Some(Style::Text) => {
                lead.spaces < column(source, start) || lead.tab == start && !says_indent(source, start)
            }
            // A plain scalar takes the lines behind it until something else follows.
            _ if lead.tab < end => {
                lead.spaces <= self.columns.last().map_or(0, |(column, _)| *column) && !self.columns.is_empty()
            }
            _ => {
                let gap = source.get(end..lead.tab).unwrap_or_default();
                let in_scalar = !lead.indicator && start < end && gap.trim_ascii().is_empty();
                let indent = self.columns.last().map_or(0, |(column, _)| column + 1);
                !in_scalar || lead.spaces < indent
            }
        }
    }
}

/// Whether the header of the block scalar whose text starts here says how far it is indented (`|2`).
fn says_indent(source: &str, start: usize) -> bool {
    let before = source.get(..start).unwrap_or_default();
    let header = before.rfind(['|', '>']).and_then(|at| before.get(at + 1..)).unwrap_or_default();
    header.bytes().take_while(|byte| !byte.is_ascii_whitespace()).any(|byte| byte.is_ascii_digit())
}

/// How many bytes stand before this place in its line.
fn column(source: &str, at: usize) -> usize {
    let before = source.as_bytes().get(..at).unwrap_or_default();
    before.len() - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1)
}
