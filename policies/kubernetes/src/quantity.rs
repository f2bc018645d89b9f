//! [`Quantity`]: Kubernetes' numbers (`512Mi`, `1.5`, `100m`, `1e3`), exact.
//!
//! The grammar, rounding and canonical form are those of `k8s.io/apimachinery/pkg/api/resource`. Values are kept
//! as a whole number of billionths, the finest step that Kubernetes keeps; no float is involved.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Add;

/// How a quantity was written, and how it is printed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// `12M`, `100m`, `7`: powers of ten.
    #[default]
    DecimalSi,
    /// `12Mi`: powers of two.
    BinarySi,
    /// `12e6`: a decimal exponent.
    DecimalExponent,
}

/// Why a text is no quantity. The words are the API server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text does not have the shape of a number and a suffix.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// The number before the suffix has no digits where some are needed.
    #[error("unable to parse numeric part of quantity")]
    Numeric,
    /// The suffix is none of Kubernetes'.
    #[error("unable to parse quantity's suffix")]
    Suffix,
    /// The exponent is so large that an API server runs into its own timeout over it.
    #[error("the exponent is too large for an API server to read in time")]
    Exponent,
}

/// An exact Kubernetes quantity. Compared by value: `1Gi == 1024Mi`.
///
/// The range is ±1.7 × 10²⁹ with nine decimals; anything beyond saturates there, far above what any node has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

/// Exponents of a few hundred thousand are read in time; those of 2^31 were seen not to be.
const MAX_EXPONENT: u64 = 1_000_000;

const NANO: i128 = 1_000_000_000;

impl Quantity {
    /// Nothing, written `0`.
    pub const ZERO: Self = Self { nanos: 0, format: Format::DecimalSi };

    /// The largest value: what is larger saturates here.
    pub const MAX: Self = Self { nanos: i128::MAX, format: Format::DecimalSi };

    /// A whole number of bytes, printed with a binary suffix.
    #[must_use]
    pub fn bytes(bytes: i64) -> Self {
        Self { nanos: i128::from(bytes) * NANO, format: Format::BinarySi }
    }

    /// A whole number (of Pods, devices, cores), printed with a decimal suffix.
    #[must_use]
    pub fn count(count: i64) -> Self {
        Self { nanos: i128::from(count) * NANO, format: Format::DecimalSi }
    }

    /// Thousandths (of a core), printed with a decimal suffix.
    #[must_use]
    pub fn millis(millis: i64) -> Self {
        Self { nanos: i128::from(millis) * (NANO / 1000), format: Format::DecimalSi }
    }

    /// Reads a quantity as the API server reads the text of a JSON string or number.
    ///
    /// Spaces around it do no harm. As in Kubernetes, a number without digits (`Mi`, `.`) is zero, anything finer
    /// than a billionth is rounded away from zero, and binary quantities are capped at 2^63 - 1.
    ///
    /// # Errors
    /// When the API server would refuse the text.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        parse(text.trim_matches(' '))
    }

    /// The value rounded up to a whole number: bytes of memory, devices, Pods (`Quantity.Value()`).
    #[must_use]
    pub fn value(self) -> i64 {
        saturate(div_ceil(self.nanos, NANO))
    }

    /// The value in thousandths, rounded up: millicores of CPU (`Quantity.MilliValue()`).
    #[must_use]
    pub fn milli_value(self) -> i64 {
        saturate(div_ceil(self.nanos, NANO / 1000))
    }

    /// The value in billionths, exact.
    #[must_use]
    pub fn nanos(self) -> i128 {
        self.nanos
    }

    /// Whether the value is a whole number.
    #[must_use]
    pub fn is_integer(self) -> bool {
        self.nanos % NANO == 0
    }

    /// Whether the value is zero. A zero counts as missing for the kubelet.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether the value is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// The value rounded away from zero to thousandths, as the API server stores what stands in `resources`
    /// (`SetDefaults_ResourceList` in `pkg/apis/core/v1/defaults.go`).
    #[must_use]
    pub fn round_up_to_milli(self) -> Self {
        let step = NANO / 1000;
        let millis = if self.nanos < 0 { -div_ceil(-self.nanos, step) } else { div_ceil(self.nanos, step) };
        Self { nanos: millis.saturating_mul(step), ..self }
    }

    /// What is left after the API server has written the value out and read it again: a decimal quantity of a
    /// thousand `E` or more loses its suffix, since there is none.
    #[must_use]
    pub fn as_stored(self) -> Self {
        let rounded = self.round_up_to_milli();
        match rounded.thousands(i32::MAX) {
            (number, 19..) if self.format == Format::DecimalSi => Self { nanos: number.saturating_mul(NANO), ..self },
            _ => rounded,
        }
    }

    /// The value as a number and a power of ten, a multiple of three and as large as it goes, up to `most`.
    fn thousands(self, most: i32) -> (i128, i32) {
        let (mut number, mut exponent) = (self.nanos, -9);
        while number != 0 && number % 1000 == 0 && exponent < most {
            number /= 1000;
            exponent += 3;
        }
        (number, exponent)
    }

    /// The difference, in the format of the left side.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_sub(other.nanos), format: self.format_with(other) }
    }

    /// The product with a whole number.
    #[must_use]
    pub fn saturating_mul(self, factor: i64) -> Self {
        Self { nanos: self.nanos.saturating_mul(i128::from(factor)), ..self }
    }

    fn format_with(self, other: Self) -> Format {
        if self.is_zero() { other.format } else { self.format }
    }
}

/// The sum, in the format of the left side (of the right one if the left is zero), as `Quantity.Add` does.
impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos), format: self.format_with(other) }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// The canonical form: no fraction, the largest suffix that loses nothing, in the format it was written in.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = self.format == Format::BinarySi && self.is_integer() && self.nanos.abs() >= 1024 * NANO;
        if binary {
            let (mut number, mut steps) = (self.nanos / NANO, 0);
            while number % 1024 == 0 && steps + 1 < BINARY.len() {
                number /= 1024;
                steps += 1;
            }
            return write!(f, "{number}{}", BINARY[steps]);
        }
        let (number, exponent) = self.thousands(if self.format == Format::DecimalExponent { i32::MAX } else { 18 });
        match (number, self.format) {
            (0, _) => f.write_str("0"),
            (_, Format::DecimalExponent) if exponent != 0 => write!(f, "{number}e{exponent}"),
            _ => write!(f, "{number}{}", decimal_suffix(exponent)),
        }
    }
}

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

fn decimal_suffix(exponent: i32) -> &'static str {
    DECIMAL.iter().find(|(_, e)| *e == exponent).map_or("", |(suffix, _)| suffix)
}

fn parse(text: &str) -> Result<Quantity, QuantityError> {
    if text.is_empty() {
        return Err(QuantityError::Format);
    }
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, rest) = split_digits(unsigned);
    let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    check_suffix_shape(suffix)?;
    let (format, exponent) = interpret_suffix(suffix).ok_or(QuantityError::Suffix)?;
    if exponent.unsigned_abs() > MAX_EXPONENT {
        return Err(QuantityError::Exponent);
    }

    // Without a digit these leave Kubernetes' fast path, and its slow one wants digits.
    let slow = if format == Format::BinarySi { exponent >= 50 } else { exponent < -9 };
    if slow && whole.is_empty() && fraction.is_empty() {
        return Err(QuantityError::Numeric);
    }

    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
    // 10^shift is the step of the last digit, in billionths.
    let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let shift = match format {
        Format::BinarySi => {
            digits = multiply(&digits, 1 << exponent);
            9 - places
        }
        _ => exponent + 9 - places,
    };
    let mut nanos = scale(&digits, shift);
    if format == Format::BinarySi {
        nanos = nanos.min(i128::from(i64::MAX) * NANO);
    }
    let format = if format == Format::BinarySi && nanos < NANO { Format::DecimalSi } else { format };
    Ok(Quantity { nanos: if negative { -nanos } else { nanos }, format })
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// Letters of the suffix alphabet, then a sign, then digits, then nothing.
fn check_suffix_shape(suffix: &str) -> Result<(), QuantityError> {
    let rest = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    if split_digits(rest).1.is_empty() { Ok(()) } else { Err(QuantityError::Format) }
}

/// The format and the exponent: of two for `BinarySi`, else of ten.
fn interpret_suffix(suffix: &str) -> Option<(Format, i64)> {
    if let Some(steps) = BINARY.iter().skip(1).position(|known| *known == suffix) {
        return Some((Format::BinarySi, 10 * (i64::try_from(steps).ok()? + 1)));
    }
    if let Some((_, exponent)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((Format::DecimalSi, i64::from(*exponent)));
    }
    let exponent: i64 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    // Kubernetes keeps 32 bits of it: 1e4294967297 is 10.
    let [a, b, c, d, ..] = exponent.to_le_bytes();
    Some((Format::DecimalExponent, i64::from(i32::from_le_bytes([a, b, c, d]))))
}

/// Schoolbook multiplication of decimal digits (most significant first); exact for any length.
fn multiply(digits: &[u8], factor: u128) -> Vec<u8> {
    let mut product = Vec::with_capacity(digits.len() + 20);
    let mut carry = 0;
    for digit in digits.iter().rev() {
        carry += u128::from(*digit) * factor;
        product.push(u8::try_from(carry % 10).unwrap_or_default());
        carry /= 10;
    }
    while carry > 0 {
        product.push(u8::try_from(carry % 10).unwrap_or_default());
        carry /= 10;
    }
    product.reverse();
    product
}

/// `digits` × 10^`shift` as an integer, rounded up, saturating.
fn scale(digits: &[u8], shift: i64) -> i128 {
    let first = digits.iter().position(|d| *d != 0);
    let Some(first) = first else { return 0 };
    let digits = &digits[first..];
    let dropped = usize::try_from(shift.saturating_neg()).unwrap_or(0).min(digits.len());
    let (kept, rest) = digits.split_at(digits.len() - dropped);
    let mut value: i128 = 0;
    for digit in kept {
        value = value.saturating_mul(10).saturating_add(i128::from(*digit));
    }
    for _ in 0..shift.clamp(0, 40) {
        value = value.saturating_mul(10);
    }
    let round_up = rest.iter().any(|d| *d != 0) || dropped_beyond(digits.len(), shift);
    if round_up { value.saturating_add(1) } else { value }
}

/// Whether the shift drops more digits than there are: what is left is a remainder below one.
fn dropped_beyond(len: usize, shift: i64) -> bool {
    shift < 0 && shift.unsigned_abs() > u64::try_from(len).unwrap_or(u64::MAX)
}

fn div_ceil(value: i128, divisor: i128) -> i128 {
    value.div_euclid(divisor) + i128::from(value.rem_euclid(divisor) != 0)
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}
