//! The numbers runtimes read: whole ones with a unit, and decimal ones, both exact.

/// A non-negative decimal number: `digits` / 10^`places`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    digits: u128,
    places: u32,
}

impl Decimal {
    /// Reads `12`, `12.5`, `.5` and `5.`; nothing with a sign, an exponent or more than 18 digits on either side.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits = whole.trim_start_matches('0').to_owned() + fraction;
        let some = text.bytes().any(|b| b.is_ascii_digit());
        if !some || !is_digits(whole) || !is_digits(fraction) || digits.len() > 36 || fraction.len() > 18 {
            return None;
        }
        let digits = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        Some(Self { digits, places: u32::try_from(fraction.len()).ok()? })
    }

    /// This many times `bytes`, rounded down.
    pub(crate) fn times(self, bytes: u64) -> u64 {
        self.scaled(bytes, 0)
    }

    /// This many per cent of `bytes`, rounded down.
    pub(crate) fn percent_of(self, bytes: u64) -> u64 {
        self.scaled(bytes, 2)
    }

    /// Whether this is more than a whole number.
    pub(crate) fn exceeds(self, whole: u32) -> bool {
        self.digits > u128::from(whole).saturating_mul(10_u128.saturating_pow(self.places))
    }

    pub(crate) fn is_zero(self) -> bool {
        self.digits == 0
    }

    fn scaled(self, bytes: u64, shift: u32) -> u64 {
        let divisor = 10_u128.saturating_pow(self.places + shift);
        let product = self.digits.checked_mul(u128::from(bytes));
        product.map_or(u64::MAX, |product| u64::try_from(product / divisor).unwrap_or(u64::MAX))
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// A whole number, at most `u64::MAX` however long it is.
pub(crate) fn whole(text: &str) -> Option<u64> {
    (!text.is_empty() && is_digits(text)).then(|| text.parse().unwrap_or(u64::MAX))
}

/// Splits `12abc` into `12` and `abc`.
pub(crate) fn split_unit(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count())
}

/// A whole number and one of the units (exactly as given), saturating.
pub(crate) fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, unit) = split_unit(text);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    Some(whole(number)?.saturating_mul(*factor))
}

/// One KiB, MiB, GiB and TiB in bytes.
pub(crate) const KI: u64 = 1 << 10;
pub(crate) const MI: u64 = 1 << 20;
pub(crate) const GI: u64 = 1 << 30;
pub(crate) const TI: u64 = 1 << 40;
