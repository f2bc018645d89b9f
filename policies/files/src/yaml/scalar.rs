//! What a scalar means to Kubernetes: YAML 1.1 as Go's yaml v2 reads it, then turned into JSON.
//!
//! `yes` and `on` are booleans, `0777` is 511, `010` is 8, `1_000` is 1000, `1:30` is a string. The conformance
//! table in the tests is the reference; it holds that library's own answers.

use std::borrow::Cow;

use super::number::{Number, parse_number};
use super::tree::{Style, Tag};

/// The meaning of one scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    Null,
    Bool(bool),
    Number(Number),
    /// A string: the text as it stands.
    String,
    /// A string in base64.
    Binary,
}

/// What a scalar means, or the type that its tag asks for and its text is not.
pub(super) fn meaning(text: &str, style: Style, tag: Tag) -> Result<Meaning, &'static str> {
    let accepts = |expected: bool, name| if expected { Ok(resolve(text)) } else { Err(name) };
    match (tag, style) {
        (Tag::None, Style::Plain) => Ok(resolve(text)),
        (Tag::None | Tag::NonSpecific | Tag::Str | Tag::Merge | Tag::Other, _) => Ok(Meaning::String),
        (Tag::Binary, _) => Ok(Meaning::Binary),
        (Tag::Null, _) => accepts(resolve(text) == Meaning::Null, "!!null"),
        (Tag::Bool, _) => accepts(matches!(resolve(text), Meaning::Bool(_)), "!!bool"),
        (Tag::Int, _) => accepts(matches!(resolve(text), Meaning::Number(Number::Int(_) | Number::Big(_))), "!!int"),
        (Tag::Float, _) => match resolve(text) {
            Meaning::Number(Number::Int(int)) => Ok(Meaning::Number(Number::from_int(int))),
            Meaning::Number(number @ Number::Float(_)) => Ok(Meaning::Number(number)),
            _ => Err("!!float"),
        },
        (Tag::Timestamp, _) if is_timestamp(text) => Ok(Meaning::String),
        (Tag::Timestamp, _) => Err("!!timestamp"),
    }
}

/// What a plain scalar without a tag means.
fn resolve(text: &str) -> Meaning {
    // The first byte tells most strings from everything else.
    match text.as_bytes().first() {
        None => Meaning::Null,
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => parse_number(text).map_or(Meaning::String, Meaning::Number),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(_) => Meaning::String,
    }
}

fn word(text: &str) -> Meaning {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Meaning::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Meaning::Bool(false),
        "~" | "null" | "Null" | "NULL" => Meaning::Null,
        _ => Meaning::String,
    }
}

/// The forms of a date that Go's yaml v2 takes for one: `2024-1-2`, with a time after `T`, `t` or a space.
fn is_timestamp(text: &str) -> bool {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at..)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let date = (|| {
        let year: i16 = (year.len() == 4).then(|| digits(year, 4))??.try_into().ok()?;
        let (month, day) = (digits(month, 2)?.try_into().ok()?, digits(day, 2)?.try_into().ok()?);
        // Go's calendar has a year 0; it is a leap year.
        jiff::civil::Date::new(if year == 0 { 4 } else { year }, month, day).ok()
    })();
    date.is_some() && time.is_none_or(is_time)
}

/// A time behind a date, with its separator: `T1:2:3.5Z`, `t1:2:3+01:00`, ` 1:2:3`.
fn is_time(time: &str) -> bool {
    let (separator, time) = time.split_at(1);
    let zone = time.find(['Z', '+', '-']);
    let (clock, zone) = time.split_at(zone.unwrap_or(time.len()));
    let clock = if separator == " " { clock.trim_start_matches(' ') } else { clock };
    let zone_fits = match separator {
        " " => zone.is_empty(),
        _ => zone == "Z" || zone.len() == 6 && clock_fits(zone.get(1..).unwrap_or_default(), &[(2, 24), (2, 60)], 2),
    };
    let (clock, fraction) = clock.split_once(['.', ',']).map_or((clock, None), |(clock, rest)| (clock, Some(rest)));
    let fraction_fits = fraction.is_none_or(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    zone_fits && fraction_fits && clock_fits(clock, &[(2, 23), (2, 59), (2, 59)], 1)
}

/// Numbers between colons: of at most so many digits and of at most that value each.
fn clock_fits(clock: &str, fields: &[(usize, u16)], least_digits: usize) -> bool {
    let parts: Vec<&str> = clock.split(':').collect();
    parts.len() == fields.len()
        && parts.iter().zip(fields).all(|(part, (width, most))| {
            part.len() >= least_digits && digits(part, *width).is_some_and(|number| number <= *most)
        })
}

fn digits(text: &str, width: usize) -> Option<u16> {
    let fits = !text.is_empty() && text.len() <= width && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

/// The string that base64 stands for. As in JSON from Go, each byte that is no UTF-8 becomes U+FFFD.
pub(super) fn decode_base64(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0u32, 0usize, 0usize);
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                0
            }
            _ => return None,
        };
        if padding > 0 && byte != b'=' {
            return None;
        }
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count % 4 == 0 {
            let [_, group @ ..] = bits.to_be_bytes();
            bytes.extend_from_slice(group.get(..3usize.checked_sub(padding)?)?);
            bits = 0;
        }
    }
    (count % 4 == 0 && padding <= 2).then(|| lossy(&bytes))
}

fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// The key of a JSON object that a scalar key becomes, or what it is instead.
pub(super) fn key<'t>(text: Cow<'t, str>, style: Style, tag: Tag) -> Result<Cow<'t, str>, &'static str> {
    match meaning(&text, style, tag)? {
        Meaning::String => Ok(text),
        Meaning::Bool(true) => Ok(Cow::Borrowed("true")),
        Meaning::Bool(false) => Ok(Cow::Borrowed("false")),
        Meaning::Number(number) => number.key().map(Cow::Owned).ok_or("a number too large"),
        Meaning::Binary => decode_base64(&text).map(Cow::Owned).ok_or("!!binary"),
        Meaning::Null => Err("null"),
    }
}
