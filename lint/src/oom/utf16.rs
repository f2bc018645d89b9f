//! UTF-16 to UTF-8, a block at a time: what PowerShell's `>` makes of a log.

/// The order of a unit's two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endian {
    /// The low byte first.
    Little,
    /// The high byte first.
    Big,
}

impl Endian {
    /// What the mark at the beginning of a text says; `None` if it is no UTF-16.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, ..] => Some(Self::Little),
            [0xfe, 0xff, ..] => Some(Self::Big),
            _ => None,
        }
    }
}

/// A decoder that remembers what a block's end cut in two.
#[derive(Debug)]
pub(super) struct Utf16 {
    endian: Endian,
    /// The first byte of a unit.
    half: Option<u8>,
    /// The first unit of a pair.
    high: Option<u16>,
    out: Vec<u8>,
}

impl Utf16 {
    /// A decoder at the beginning of a text.
    pub(super) fn new(endian: Endian) -> Self {
        Self { endian, half: None, high: None, out: Vec::new() }
    }

    /// The next bytes as UTF-8; what is no character becomes U+FFFD.
    pub(super) fn push(&mut self, bytes: &[u8]) -> &[u8] {
        self.out.clear();
        for byte in bytes {
            let Some(first) = self.half.take() else {
                self.half = Some(*byte);
                continue;
            };
            let unit = match self.endian {
                Endian::Little => u16::from_le_bytes([first, *byte]),
                Endian::Big => u16::from_be_bytes([first, *byte]),
            };
            self.unit(unit);
        }
        &self.out
    }

    fn unit(&mut self, unit: u16) {
        if let Some(high) = self.high.take() {
            for read in char::decode_utf16([high, unit]) {
                match read {
                    Err(error)
                        if (0xd800..0xdc00).contains(&error.unpaired_surrogate())
                            && error.unpaired_surrogate() == unit =>
                    {
                        self.high = Some(unit);
                    }
                    read => self.put(read.unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
            }
        } else if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
        } else {
            let read = char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER);
            // The mark itself.
            if read != '\u{feff}' {
                self.put(read);
            }
        }
    }

    fn put(&mut self, character: char) {
        self.out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_may_end_anywhere() {
        let text = "a\u{1f4a5}ü\n";
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for size in 1..bytes.len() {
            let mut decoder = Utf16::new(Endian::Little);
            let found: Vec<u8> = bytes.chunks(size).flat_map(|block| decoder.push(block).to_vec()).collect();
            assert_eq!(String::from_utf8(found).unwrap(), text);
        }
        let mut decoder = Utf16::new(Endian::Big);
        assert_eq!(decoder.push(&[0xdc, 0, 0, b'x']), "\u{fffd}x".as_bytes());
    }
}
