//! Percentage thresholds (`nodefs.available<10%`), to the byte as the kubelet computes them.
//!
//! The kubelet reads the number as a 32-bit float, divides by 100 in 32 bits, multiplies with the capacity in
//! 64 bits and drops the fraction (kubernetes pkg/kubelet/eviction: parsePercentage, GetThresholdQuantity). 10 % of
//! an AKS node's 133003395072-byte disk is therefore 13300339705 bytes, not 13300339507. This module does the same in
//! integers, rounding mantissas as IEEE 754 does (to nearest, ties to even).

use std::{fmt, str::FromStr};

use super::units::clamp;

const MILLION: u32 = 1_000_000;
/// Significant bits of a 32-bit float.
const F32_BITS: u32 = 24;
/// Significant bits of a 64-bit float.
const F64_BITS: u32 = 53;

/// A percentage from 0 to 100 with at most six decimals, as written in an eviction threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent {
    /// Millionths of a percent, at most 100 million.
    millionths: u32,
}

impl Percent {
    /// A whole percentage; above 100 it is 100.
    pub fn whole(percent: u8) -> Self {
        Self { millionths: u32::from(percent.min(100)).saturating_mul(MILLION) }
    }

    /// The bytes that the kubelet takes this percentage of `capacity` bytes to be.
    pub fn of(self, capacity: u64) -> u64 {
        if self.millionths == 0 || capacity == 0 {
            return 0;
        }
        let written = Binary::nearest(u128::from(self.millionths), u128::from(MILLION), F32_BITS);
        let ratio = Binary::nearest(written.mantissa, 100, F32_BITS);
        let capacity = Binary::nearest(u128::from(capacity), 1, F64_BITS);
        let product = capacity.mantissa.saturating_mul(ratio.mantissa);
        let product = Binary::nearest(product, 1, F64_BITS)
            .halved(written.halvings)
            .halved(ratio.halvings)
            .halved(capacity.halvings);
        clamp(product.truncated())
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.millionths / MILLION, self.millionths % MILLION);
        match format!("{decimals:06}").trim_end_matches('0') {
            "" => write!(f, "{whole} %"),
            decimals => write!(f, "{whole}.{decimals} %"),
        }
    }
}

/// The text is no percentage from 0 % to 100 %.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a percentage from 0% to 100% with at most six decimals")]
pub struct InvalidPercent(String);

impl FromStr for Percent {
    type Err = InvalidPercent;

    /// Reads `10%`, `7.5%`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim()).ok_or_else(|| InvalidPercent(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Percent> {
    let number = text.strip_suffix('%')?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 6 {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let decimals: u32 = format!("{decimals:0<6}").parse().ok()?;
    let millionths = whole.checked_mul(MILLION)?.checked_add(decimals)?;
    (millionths <= 100 * MILLION).then_some(Percent { millionths })
}

/// `mantissa / 2^halvings`: a float's value, kept in integers.
#[derive(Clone, Copy)]
struct Binary {
    mantissa: u128,
    halvings: i32,
}

impl Binary {
    /// `num / den` rounded to `bits` significant bits. `num` is not 0 and below 2^77, `den` is not 0 and below 2^20,
    /// so that no shift below loses a bit.
    fn nearest(num: u128, den: u128, bits: u32) -> Self {
        let (mut num, mut den, mut halvings) = (num, den, 0_i32);
        while num / den < 1 << (bits - 1) {
            num = num.saturating_mul(2);
            halvings = halvings.saturating_add(1);
        }
        while num / den >= 1 << bits {
            den = den.saturating_mul(2);
            halvings = halvings.saturating_sub(1);
        }
        let (mut mantissa, twice_rest) = (num / den, (num % den).saturating_mul(2));
        if twice_rest > den || (twice_rest == den && mantissa % 2 == 1) {
            mantissa = mantissa.saturating_add(1);
        }
        Self { mantissa, halvings }
    }

    fn halved(self, times: i32) -> Self {
        Self { halvings: self.halvings.saturating_add(times), ..self }
    }

    /// The whole part.
    fn truncated(self) -> u128 {
        let shift = self.halvings.unsigned_abs();
        if self.halvings >= 0 {
            self.mantissa.checked_shr(shift).unwrap_or(0)
        } else {
            self.mantissa.checked_shl(shift).unwrap_or(u128::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_kubelet_on_a_measured_disk() {
        let disk = 129_886_128 * 1024;
        assert_eq!(disk - Percent::whole(10).of(disk), 119_703_055_367);
    }

    #[test]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the kubelet's own conversions"
    )]
    fn agrees_with_floats_everywhere() {
        let mut capacity: u64 = 1;
        for step in 0..4_000_u64 {
            capacity = capacity.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407 + step);
            let capacity = capacity >> (step % 50 + 1);
            for text in ["0.1%", "1%", "5%", "7.5%", "10%", "12.345678%", "33%", "99.999999%", "100%"] {
                let percent: f32 = text.trim_end_matches('%').parse::<f32>().unwrap() / 100.0;
                let expected = (capacity as f64 * f64::from(percent)) as u64;
                assert_eq!(text.parse::<Percent>().unwrap().of(capacity), expected, "{text} of {capacity}");
            }
        }
    }

    #[test]
    fn reads_and_prints() {
        for (text, printed) in
            [("10%", "10 %"), ("7.5%", "7.5 %"), ("0%", "0 %"), ("100%", "100 %"), ("0.000001%", "0.000001 %")]
        {
            assert_eq!(text.parse::<Percent>().unwrap().to_string(), printed);
        }
        for text in ["", "%", "10", "101%", "-1%", "1.2.3%", ".5%", "5.%", "1.1234567%", "+5%", "99999999999%"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert_eq!(Percent::whole(0).of(u64::MAX), 0);
        assert_eq!(Percent::whole(100).of(u64::MAX), u64::MAX);
        assert_eq!(Percent::whole(255), Percent::whole(100));
        assert_eq!(Percent::whole(10).of(0), 0);
    }
}
