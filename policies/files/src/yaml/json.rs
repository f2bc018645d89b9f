//! JSON documents, read as JSON into the same span tree: numbers keep their text, tabs are white space, `\/` and
//! surrogate pairs are escapes, and keys may be as long as they like.

use std::borrow::Cow;

use super::problem::Fault;
use super::tree::{Kind, Style, Tag, Tree};

/// What became of an attempt to read a document as JSON.
pub(super) enum Outcome<'a> {
    /// It is JSON.
    Read(Tree<'a>),
    /// It does not even look like JSON.
    NotJson,
    /// It looks like JSON and is not. YAML may still be able to read it.
    Broken(Fault),
}

/// Reads a document that starts as JSON does.
pub(super) fn read(source: &str) -> Outcome<'_> {
    let bytes = source.as_bytes();
    let mut reader = Reader { source, bytes, at: 0 };
    reader.skip_space();
    let start = reader.at;
    if !matches!(reader.peek(), Some(b'{' | b'[')) {
        return Outcome::NotJson;
    }
    match reader.document() {
        Ok(tree) => Outcome::Read(tree),
        Err(fault) => {
            // A YAML map in braces seldom has its first key in quotes.
            reader.at = start + 1;
            reader.skip_space();
            let json = bytes.get(start) == Some(&b'{') && matches!(reader.peek(), Some(b'"' | b'}'));
            if json { Outcome::Broken(fault) } else { Outcome::NotJson }
        }
    }
}

struct Reader<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Tree<'a>, Fault> {
        let mut tree = Tree::new(self.source)?;
        // What is open: true for maps. The tree limits how deep this gets.
        let mut open: Vec<bool> = Vec::new();
        loop {
            // A value is next.
            self.skip_space();
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    let map = bracket == b'{';
                    tree.open(if map { Kind::Map } else { Kind::List }, (self.at, self.at + 1))?;
                    open.push(map);
                    self.at += 1;
                    self.skip_space();
                    if self.peek() != Some(closing(map)) {
                        self.key(map, &mut tree)?;
                        continue;
                    }
                }
                _ => self.scalar(&mut tree)?,
            }
            // A value is over: so may be what it stands in.
            loop {
                self.skip_space();
                let Some(map) = open.last().copied() else {
                    return if self.at == self.bytes.len() {
                        Ok(tree)
                    } else {
                        Err(self.fault("text follows the end of the JSON document"))
                    };
                };
                match self.peek() {
                    Some(byte) if byte == closing(map) => {
                        self.at += 1;
                        tree.close(Some(self.at));
                        open.pop();
                    }
                    Some(b',') => {
                        self.at += 1;
                        self.skip_space();
                        if self.peek() == Some(closing(map)) {
                            return Err(self
                                .fault("a comma stands before the closing bracket")
                                .help("remove the comma"));
                        }
                        self.key(map, &mut tree)?;
                        break;
                    }
                    None if map => return Err(self.fault("the JSON ends inside a map").help("add the closing }")),
                    None => return Err(self.fault("the JSON ends inside a list").help("add the closing ]")),
                    Some(_) if map => {
                        return Err(self.fault("a , or } is missing here").help("separate entries with commas"));
                    }
                    Some(_) => {
                        return Err(self.fault("a , or ] is missing here").help("separate items with commas"));
                    }
                }
            }
        }
    }

    /// The key of the next entry with its colon, if this is a map.
    fn key(&mut self, map: bool, tree: &mut Tree<'a>) -> Result<(), Fault> {
        if !map {
            return Ok(());
        }
        if self.peek() != Some(b'"') {
            return Err(self.fault("a key in double quotes is expected here").help("put the key in double quotes"));
        }
        self.string(tree)?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.fault("a : is missing behind the key").help("write \"key\": value"));
        }
        self.at += 1;
        Ok(())
    }

    fn scalar(&mut self, tree: &mut Tree<'a>) -> Result<(), Fault> {
        if self.peek() == Some(b'"') {
            return self.string(tree);
        }
        let start = self.at;
        let length = self.rest().iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(byte)));
        let end = length.map_or(self.bytes.len(), |length| start + length);
        let text = self.source.get(start..end).unwrap_or_default();
        let style = match text {
            "true" | "false" | "null" => Style::Plain,
            _ if is_number(text.as_bytes()) => Style::JsonNumber,
            _ => return Err(self.fault("this is no JSON value").help("put text in double quotes")),
        };
        self.at = end;
        tree.scalar((start, end), style, Tag::None, Cow::Borrowed(text))
    }

    fn string(&mut self, tree: &mut Tree<'a>) -> Result<(), Fault> {
        let open = self.at;
        self.at += 1;
        let mut composed: Option<String> = None;
        loop {
            let start = self.at;
            let stop = self.rest().iter().position(|byte| matches!(byte, b'"' | b'\\') || *byte < 0x20);
            let Some(stop) = stop else {
                let fault = Fault::new(open, "this string is never closed");
                return Err(fault.help("add the closing quote"));
            };
            self.at += stop;
            let part = self.source.get(start..self.at).unwrap_or_default();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    let text = match composed {
                        Some(text) => Cow::Owned(text + part),
                        None => Cow::Borrowed(part),
                    };
                    return tree.scalar((open, self.at), Style::Text, Tag::None, text);
                }
                Some(b'\\') => {
                    let text = composed.get_or_insert_default();
                    text.push_str(part);
                    text.push(self.escape()?);
                }
                _ => {
                    let fault = self.fault("a line break or control character stands inside a string");
                    return Err(fault.help("write it as an escape, such as \\n"));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let character = match self.bytes.get(self.at + 1) {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => {
                return Err(self.fault("a backslash starts an unknown escape").help("double the backslash"));
            }
        };
        self.at += 2;
        Ok(character)
    }

    /// `\u0041`, or two of them for a character beyond U+FFFF. Half a pair becomes U+FFFD, as in Go.
    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let Some(high) = self.code_unit() else {
            return Err(self.fault("\\u needs four hex digits").help("write \\u and four hex digits"));
        };
        self.at += 6;
        if (0xD800..0xDC00).contains(&high)
            && let Some(low) = self.code_unit()
            && let Some(Ok(character)) = char::decode_utf16([high, low]).next()
        {
            self.at += 6;
            return Ok(character);
        }
        Ok(char::from_u32(u32::from(high)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn code_unit(&self) -> Option<u16> {
        let digits = self.source.get(self.at..self.at + 6)?.strip_prefix("\\u")?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u16::from_str_radix(digits, 16).ok()
    }

    fn skip_space(&mut self) {
        let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.rest().iter().take_while(|byte| space(byte)).count();
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fault(&self, message: &str) -> Fault {
        Fault::new(self.at, message)
    }
}

fn closing(map: bool) -> u8 {
    if map { b'}' } else { b']' }
}

/// Whether this is a number by JSON's grammar.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &mut &[u8]| {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *text = text.get(count..).unwrap_or_default();
        count > 0
    };
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    match rest.strip_prefix(b"0") {
        Some(after) => rest = after,
        None if !digits(&mut rest) => return false,
        None => {}
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = fraction;
        if !digits(&mut rest) {
            return false;
        }
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        rest = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        if !digits(&mut rest) {
            return false;
        }
    }
    rest.is_empty()
}
