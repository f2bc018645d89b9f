//! Opening a log: files and standard input, plain, gzip or UTF-16, as blocks of UTF-8 in constant memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::utf16::{Endian, Utf16};

/// Large blocks: the parser skips what cannot matter a block at a time.
const BLOCK: usize = 1 << 18;

/// How much of a log was read, and why not all of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Why reading ended before the end of the log.
    pub(super) error: Option<String>,
    /// Bytes of text, uncompressed.
    pub(super) bytes: u64,
}

/// Reads a log (`-` is standard input) and hands out its text, block by block.
pub(super) fn read(path: &Path, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> Outcome {
    let mut outcome = Outcome::default();
    let source: io::Result<Box<dyn Read>> = if path == Path::new("-") {
        Ok(Box::new(io::stdin().lock()))
    } else {
        File::open(path).and_then(|file| {
            let is_folder = file.metadata().is_ok_and(|metadata| metadata.is_dir());
            if is_folder {
                Err(io::Error::other("it is a folder; name the log in it"))
            } else {
                Ok(Box::new(file) as _)
            }
        })
    };
    let result = source.and_then(|source| unpack(source, &mut outcome.bytes, take));
    outcome.error = result.err().map(|error| error.to_string());
    outcome
}

/// The name of a log in messages.
pub(super) fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

fn unpack(mut source: Box<dyn Read>, count: &mut u64, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut head = Vec::new();
    source.by_ref().take(8).read_to_end(&mut head)?;
    if let Some(help) = foreign(&head) {
        return Err(io::Error::other(help));
    }
    let whole = io::Cursor::new(head.clone()).chain(source);
    if head.starts_with(&[0x1f, 0x8b]) {
        text(MultiGzDecoder::new(whole), count, take)
    } else {
        text(whole, count, take)
    }
}

/// Formats that other tools read, and how to have them do it.
fn foreign(head: &[u8]) -> Option<&'static str> {
    const FORMATS: [(&[u8], &str); 5] = [
        (b"\xfd7zXZ\0", "it is compressed by xz; try: xz -dc FILE | memlint oom"),
        (b"\x28\xb5\x2f\xfd", "it is compressed by zstd; try: zstd -dc FILE | memlint oom"),
        (b"BZh", "it is compressed by bzip2; try: bzip2 -dc FILE | memlint oom"),
        (b"PK\x03\x04", "it is a zip archive; try: unzip -p FILE | memlint oom"),
        (b"LPKSHHRH", "it is journald's binary journal; try: journalctl --file FILE -k -o json | memlint oom"),
    ];
    FORMATS.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, help)| *help)
}

fn text(mut source: impl Read, count: &mut u64, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    let mut decoder = None;
    let mut is_first = true;
    loop {
        let length = fill(&mut source, &mut block);
        // What came before an error, as of a truncated gzip file, is still worth reading.
        let (length, error) = match length {
            Ok(length) => (length, None),
            Err((length, error)) => (length, Some(error)),
        };
        let mut bytes = block.get(..length).unwrap_or_default();
        if std::mem::take(&mut is_first) {
            decoder = Endian::of(bytes).map(Utf16::new);
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        match &mut decoder {
            Some(decoder) => take(decoder.push(bytes))?,
            None => take(bytes)?,
        }
        *count = count.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        match error {
            Some(error) => return Err(error),
            None if length == 0 => return Ok(()),
            None => {}
        }
    }
}

/// Reads until the block is full or nothing more is there, so that pipes give blocks of a useful size.
fn fill(source: &mut impl Read, block: &mut [u8]) -> Result<usize, (usize, io::Error)> {
    let mut length = 0;
    while let Some(rest) = block.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((length, error)),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn read_all(bytes: &[u8]) -> (String, Option<String>) {
        let (mut found, mut count) = (Vec::new(), 0);
        let result = unpack(Box::new(io::Cursor::new(bytes.to_vec())), &mut count, &mut |block| {
            found.extend_from_slice(block);
            Ok(())
        });
        (String::from_utf8(found).unwrap(), result.err().map(|error| error.to_string()))
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_packing_gives_the_same_text() {
        let text = "Out of memory: Killed process 1 (ü)\n";
        let utf16: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(utf16.iter().flat_map(|unit| unit.to_le_bytes())).collect();
        let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(utf16.iter().flat_map(|unit| unit.to_be_bytes())).collect();
        let marked = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        for bytes in [text.as_bytes(), &little, &big, &marked, &gzip(text.as_bytes()), &gzip(&little)] {
            assert_eq!(read_all(bytes), (text.to_owned(), None));
        }
        let twice = [gzip(text.as_bytes()), gzip(text.as_bytes())].concat();
        assert_eq!(read_all(&twice), (text.repeat(2), None));
        assert_eq!(read_all(b""), (String::new(), None));
    }

    #[test]
    fn what_cannot_be_read_says_what_to_do() {
        for head in [&b"\xfd7zXZ\0abc"[..], b"LPKSHHRH", b"PK\x03\x04"] {
            assert!(read_all(head).1.unwrap().contains("memlint oom"));
        }
        let packed = gzip("Killed process\n".repeat(50_000).as_bytes());
        let (found, error) = read_all(&packed[..packed.len() / 2]);
        assert!(found.starts_with("Killed process\n") && error.is_some());
    }
}
