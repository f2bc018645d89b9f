//! Small readers for kernel text: numbers after a key, the text between two keys, sizes in kB.
//!
//! Every function takes any text and answers `None` when the shape is not there; none of them can panic.
//! A size whose unit was cut off is not read: the digits before the cut may be only half of the number.

/// Bytes in a kibibyte. The kernel's `kB` is always this.
const KIB: u64 = 1024;

/// The decimal number that `text` starts with, and what follows it. `None` without digits or above `u64`.
pub(super) fn leading(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(end)?;
    digits.parse().ok().map(|number| (number, rest))
}

/// The signed decimal number that `text` starts with, and what follows it.
pub(super) fn leading_signed(text: &str) -> Option<(i64, &str)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (number, rest) = leading(digits)?;
    let number = i64::try_from(number).ok()?;
    Some((if negative { -number } else { number }, rest))
}

/// What follows the first `key` in `text`.
pub(super) fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split_once(key).map(|(_, rest)| rest)
}

/// What stands between the first `start` and the next `end` after it.
pub(super) fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    after(text, start)?.split_once(end).map(|(inner, _)| inner)
}

/// The number right after the first `key`, blanks between them allowed.
pub(super) fn number_after(text: &str, key: &str) -> Option<u64> {
    leading(after(text, key)?.trim_start()).map(|(number, _)| number)
}

/// The signed number right after the first `key`.
pub(super) fn signed_after(text: &str, key: &str) -> Option<i64> {
    leading_signed(after(text, key)?.trim_start()).map(|(number, _)| number)
}

/// The size in bytes right after `key`, printed by the kernel as `123kB` (or `123KB`).
pub(super) fn size_after(text: &str, key: &str) -> Option<u64> {
    let (number, rest) = leading(after(text, key)?.trim_start())?;
    rest.starts_with(['k', 'K']).then(|| kib(number))
}

/// Kibibytes to bytes; a number too large for `u64` becomes the largest one.
pub(super) fn kib(number: u64) -> u64 {
    number.saturating_mul(KIB)
}

/// Whether `text` is digits and nothing else.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` is lower- or upper-case hexadecimal digits and nothing else.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The first `limit` bytes of `text`, cut at a character.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    // A character has at most four bytes.
    (0..4).find_map(|back| text.get(..limit.checked_sub(back)?)).unwrap_or("")
}

/// Text without terminal colours (`dmesg --color=always`).
pub(super) fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut clean = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let rest = part.strip_prefix('[').and_then(|rest| {
            let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
            rest.get(end.checked_add(1)?..)
        });
        clean.push_str(rest.unwrap_or(part));
    }
    clean
}

/// Bytes of one line that are looked at: journald's JSON objects and kmsg's escaped blocks stay far below, and a
/// whole log that a tool has put into one line of JSON fits.
pub const MAX_LINE: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_and_refuses_cut_sizes() {
        assert_eq!(leading("12ab"), Some((12, "ab")));
        assert_eq!(leading("x"), None);
        assert_eq!(leading("99999999999999999999999"), None);
        assert_eq!(signed_after("adj:-998 x", "adj:"), Some(-998));
        assert_eq!(size_after("anon-rss:4kB", "anon-rss:"), Some(4096));
        assert_eq!(size_after("anon-rss:4", "anon-rss:"), None);
        assert_eq!(between("a(b)c", "(", ")"), Some("b"));
        assert_eq!(cut("aé", 2), "a");
    }
}
