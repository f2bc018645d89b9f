//! From the bytes of a file to text: UTF-8, or UTF-16 with a byte order mark.

use std::borrow::Cow;

use super::problem::Problem;

/// Reads bytes as text, as Kubernetes' YAML reader does. A byte order mark is taken off.
///
/// # Errors
/// A problem with its place, if these bytes are no text.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Problem> {
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [0xEF, 0xBB, 0xBF, rest @ ..] => Cow::Borrowed(utf8(rest)?),
        _ => Cow::Borrowed(utf8(bytes)?),
    };
    match memchr::memchr(0, text.as_bytes()) {
        Some(at) => Err(binary(text.as_bytes(), at, "a NUL byte")),
        None => Ok(text),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or_default();
        binary(bytes, at, &format!("the byte 0x{byte:02X}, which is no UTF-8"))
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Problem> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match character {
            Ok(character) => text.push(character),
            Err(_) => {
                return Err(binary(text.as_bytes(), text.len(), "half a surrogate pair, which is no UTF-16"));
            }
        }
    }
    if odd.is_empty() { Ok(text) } else { Err(binary(text.as_bytes(), text.len(), "half a character of UTF-16")) }
}

fn binary(bytes: &[u8], offset: usize, what: &str) -> Problem {
    let before = bytes.get(..offset).unwrap_or_default();
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let line = before.get(line_start..).unwrap_or_default();
    Problem {
        offset,
        line: memchr::memchr_iter(b'\n', before).count() + 1,
        column: line.iter().filter(|byte| (**byte & 0xC0) != 0x80).count() + 1,
        message: format!("this file is no text: it holds {what}"),
        help: Some("save it as UTF-8, or leave it out".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn reads_the_encodings_that_kubernetes_reads() {
        for bytes in
            [&b"a: \xC3\xA9"[..], b"\xEF\xBB\xBFa: \xC3\xA9", b"\xFF\xFEa\0:\0 \0\xE9\0", b"\xFE\xFF\0a\0:\0 \0\xE9"]
        {
            assert_eq!(decode(bytes).expect("text"), "a: é");
        }
        assert_eq!(decode(b"").expect("text"), "");
    }

    #[test]
    fn points_at_the_byte_that_is_no_text() {
        for (bytes, line, column) in [
            (&b"a: 1\nb: \0"[..], 2, 4),
            (b"\x89PNG", 1, 1),
            (b"a: \xC3\xA9\xFF", 1, 5),
            (b"\xFF\xFEa\0\x00\xD8b\0", 1, 2),
            (b"\xFF\xFEa\0b", 1, 2),
        ] {
            let problem = decode(bytes).expect_err("binary");
            assert_eq!((problem.line, problem.column), (line, column), "{problem}");
        }
    }
}
