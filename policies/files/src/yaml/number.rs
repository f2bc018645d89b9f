//! Numbers as Go reads and prints them: `strconv.ParseInt` with base 0, floats, and the JSON text of both.

use std::borrow::Cow;

/// A number with the type that Go's yaml v2 gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i64),
    /// Above the largest signed integer.
    Big(u64),
    Float(f64),
}

/// Reads a plain scalar as a number, if it is one. Underscores are skipped, a leading zero means octal (`010` is 8)
/// unless the digits are not octal (`08` is 8 by way of a float).
pub(super) fn parse_number(text: &str) -> Option<Number> {
    match text {
        ".nan" | ".NaN" | ".NAN" => return Some(Number::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(Number::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => return Some(Number::Float(f64::NEG_INFINITY)),
        _ => {}
    }
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit() || b"+-._xXoObB".contains(&byte)) {
        return None;
    }
    // What starts with a dot is read by Go's float parser alone, which takes underscores between digits only.
    if text.starts_with('.') && !underscores_separate_digits(text) {
        return None;
    }
    let plain = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    if plain.starts_with('.') {
        return parse_float(&plain);
    }
    parse_integer(&plain).or_else(|| parse_float(&plain))
}

fn underscores_separate_digits(text: &str) -> bool {
    let ends_in_digit = |part: &str| part.ends_with(|c: char| c.is_ascii_digit());
    let starts_with_digit = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    let mut parts = text.split('_');
    let first = parts.next().unwrap_or_default();
    !text.contains('_')
        || ends_in_digit(first) && parts.clone().all(starts_with_digit) && parts.rev().skip(1).all(ends_in_digit)
}

fn parse_integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    // Rust would take another sign here.
    if !digits.bytes().next()?.is_ascii_hexdigit() {
        return None;
    }
    // Only unsigned integers may go above the signed range, and those take no sign at all.
    let signed = text.starts_with(['+', '-']);
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match i64::try_from(magnitude) {
        Ok(int) => Some(Number::Int(if negative { -int } else { int })),
        Err(_) if negative && magnitude == i64::MIN.unsigned_abs() => Some(Number::Int(i64::MIN)),
        Err(_) if !signed => Some(Number::Big(magnitude)),
        Err(_) => None,
    }
}

/// Decimal floats of YAML 1.1 without the sexagesimal ones. Out of range is no number.
fn parse_float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (unsigned.get(..at)?, unsigned.get(at + 1..)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    if !exponent_fits || !all_digits(whole) || !all_digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let float: f64 = text.parse().ok()?;
    float.is_finite().then_some(Number::Float(float))
}

impl Number {
    /// The float nearest to an integer, as `!!float` wants it.
    #[expect(clippy::cast_precision_loss, reason = "rounds to nearest, as Go does")]
    pub(super) fn from_int(int: i64) -> Self {
        Number::Float(int as f64)
    }

    /// The number in JSON, borrowed from its own text if that is it; infinities and NaN have none.
    pub(super) fn json<'t>(self, text: Cow<'t, str>) -> Option<Cow<'t, str>> {
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let canonical =
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        match self {
            Number::Int(_) | Number::Big(_) if canonical => Some(text),
            Number::Int(int) => Some(Cow::Owned(int.to_string())),
            Number::Big(big) => Some(Cow::Owned(big.to_string())),
            Number::Float(float) if !float.is_finite() => None,
            Number::Float(float) => {
                let size = float.abs();
                let scientific = size != 0.0 && !(1e-6..1e21).contains(&size);
                Some(Cow::Owned(if scientific {
                    scientific_text(&format!("{float:e}"), 1)
                } else {
                    format!("{float}")
                }))
            }
        }
    }

    /// The number as a key of a JSON object: floats in single precision, as sigs.k8s.io/yaml does it.
    #[expect(clippy::cast_possible_truncation, reason = "keys are printed from 32 bits, as goyaml does")]
    pub(super) fn key(self) -> Option<String> {
        match self {
            Number::Int(int) => Some(int.to_string()),
            Number::Big(_) => None,
            Number::Float(float) if float.is_nan() => Some(".nan".to_owned()),
            Number::Float(float) => {
                let single = float as f32;
                if single.is_infinite() {
                    return Some(if single > 0.0 { ".inf" } else { "-.inf" }.to_owned());
                }
                let text = format!("{single:e}");
                let exponent: i32 = text.split_once('e')?.1.parse().ok()?;
                // The choice that `%g` makes for the shortest digits.
                let scientific = !(-4..6).contains(&exponent);
                Some(if scientific { scientific_text(&text, 2) } else { single.to_string() })
            }
        }
    }
}

/// `1.5e-7` as Go prints it: a sign always, and so many digits of exponent at least.
fn scientific_text(text: &str, width: usize) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>width$}")
}
