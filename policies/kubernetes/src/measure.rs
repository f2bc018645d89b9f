//! [`Measure`]: how bad a finding is, so that an update can be held against what was there before.

use std::cmp::Ordering;

use crate::quantity::Quantity;

/// How bad something is: the larger, the worse. Only measures of one rule and one aspect compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    amount: i128,
    /// Never less than one.
    per: i128,
}

impl Measure {
    /// Worse than any amount: a limit that is missing where there must be one.
    pub const UNBOUNDED: Self = Self { amount: i128::MAX, per: 1 };

    /// A whole number, such as bytes or Pods that are too many.
    #[must_use]
    pub fn count(amount: impl Into<i128>) -> Self {
        Self { amount: amount.into(), per: 1 }
    }

    /// How far one amount is above another; negative if it is below.
    #[must_use]
    pub fn above(amount: Quantity, bound: Quantity) -> Self {
        Self::count(amount.nanos().saturating_sub(bound.nanos()))
    }

    /// How many times larger one amount is than another, to the milli that the API server keeps; what is a multiple of
    /// nothing is [`Measure::UNBOUNDED`].
    #[must_use]
    pub fn ratio(amount: Quantity, of: Quantity) -> Self {
        match of.milli_value() {
            per if per > 0 => Self { amount: amount.milli_value().into(), per: per.into() },
            _ => Self::UNBOUNDED,
        }
    }

    /// Whether this is worse than another measure of the same aspect.
    #[must_use]
    pub fn is_worse_than(self, other: Self) -> bool {
        self.compare(other) == Ordering::Greater
    }

    /// The worse of two measures of one aspect.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        if other.is_worse_than(self) { other } else { self }
    }

    fn compare(self, other: Self) -> Ordering {
        self.amount.saturating_mul(other.per).cmp(&other.amount.saturating_mul(self.per))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_is_the_worse() {
        let mi = |amount: i64| Quantity::bytes(amount << 20);
        let far = Quantity::bytes(i64::MAX);
        for (worse, better) in [
            (Measure::count(2), Measure::count(1)),
            (Measure::count(-1), Measure::count(-2)),
            (Measure::above(mi(900), mi(256)), Measure::above(mi(300), mi(256))),
            (Measure::ratio(mi(3), mi(1)), Measure::ratio(mi(5), mi(2))),
            (Measure::ratio(mi(1), Quantity::ZERO), Measure::ratio(far, mi(1))),
            (Measure::UNBOUNDED, Measure::above(far, Quantity::ZERO)),
        ] {
            assert!(worse.is_worse_than(better), "{worse:?} {better:?}");
            assert!(!better.is_worse_than(worse), "{worse:?} {better:?}");
            assert_eq!((worse.worst(better), better.worst(worse)), (worse, worse));
        }
    }

    #[test]
    fn equals_are_not_worse() {
        let mi = |amount: i64| Quantity::bytes(amount << 20);
        for (one, other) in [
            (Measure::ratio(mi(2), mi(1)), Measure::ratio(mi(4), mi(2))),
            (Measure::UNBOUNDED, Measure::UNBOUNDED),
            (Measure::count(0), Measure::above(mi(1), mi(1))),
        ] {
            assert!(!one.is_worse_than(other) && !other.is_worse_than(one), "{one:?} {other:?}");
        }
    }
}
