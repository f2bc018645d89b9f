//! Units for people: bytes and millicores written as Kubernetes writes them, and exact fractions of them.
//!
//! Nothing here rounds a number that a verdict is built on; [`tenths_of_mebibytes`] rounds only what is printed.

use std::fmt;

/// 2^10 bytes.
pub const KIB: u64 = 1 << 10;
/// 2^20 bytes.
pub const MIB: u64 = 1 << 20;
/// 2^30 bytes.
pub const GIB: u64 = 1 << 30;

/// Bytes, printed with the largest binary unit that loses nothing: `1774Mi`, `2209268Ki`, `1Gi`, `119703055367`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes) = *self;
        for (unit, suffix) in [(GIB, "Gi"), (MIB, "Mi"), (KIB, "Ki")] {
            if bytes >= unit && bytes.is_multiple_of(unit) {
                return write!(f, "{}{suffix}", bytes / unit);
            }
        }
        write!(f, "{bytes}")
    }
}

/// Thousandths of a CPU, printed as whole CPUs where they are whole: `2`, `1900m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millicores(pub u64);

impl fmt::Display for Millicores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(milli) = *self;
        if milli.is_multiple_of(1000) { write!(f, "{}", milli / 1000) } else { write!(f, "{milli}m") }
    }
}

/// `part / whole` bytes as mebibytes with one decimal for an explanation: `1638.4Mi`; the decimal is dropped when it is 0.
///
/// The last digit is cut, never rounded up, so that a sum printed as `1638.4Mi` is seen to become `1638Mi`.
pub(crate) fn tenths_of_mebibytes(part: u128, whole: u128) -> String {
    let unit = u128::from(MIB).saturating_mul(whole.max(1));
    let tenths = part.saturating_mul(10) / unit;
    match tenths % 10 {
        0 => format!("{}Mi", tenths / 10),
        tenth => format!("{}.{tenth}Mi", tenths / 10),
    }
}

/// A count of items with its noun: `1 pod`, `30 pods`.
pub(crate) fn counted(count: u32, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// `u128` to `u64`, the largest `u64` standing in for what does not fit: no node has 16 EiB.
pub(crate) fn clamp(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_every_digit() {
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (KIB, "1Ki"),
            (1774 * MIB, "1774Mi"),
            (2_209_268 * KIB, "2209268Ki"),
            (4 * GIB, "4Gi"),
            (119_703_055_367, "119703055367"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }

    #[test]
    fn cpus_are_whole_or_milli() {
        assert_eq!(Millicores(2000).to_string(), "2");
        assert_eq!(Millicores(1900).to_string(), "1900m");
        assert_eq!(Millicores(0).to_string(), "0");
    }

    #[test]
    fn printed_fractions_are_cut() {
        assert_eq!(tenths_of_mebibytes(16384 * u128::from(MIB), 10), "1638.4Mi");
        assert_eq!(tenths_of_mebibytes(1024 * u128::from(MIB), 1), "1024Mi");
        assert_eq!(tenths_of_mebibytes(u128::from(MIB) * 1999, 1000), "1.9Mi");
    }
}
