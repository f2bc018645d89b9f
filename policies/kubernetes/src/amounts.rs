//! Amounts of resources in words for people: whole Mi, Gi with two decimals from 10Gi on, whole Gi as such.
//!
//! What is needed is rounded up and what there is down, so that no Pod seems to fit that does not; where that would hide
//! the difference, amounts are told in Ki or bytes. Machines get exact integers instead: see `Finding::data`.

use crate::quantity::Quantity;

const KI: i64 = 1 << 10;
const MI: i64 = 1 << 20;
const GI: i64 = 1 << 30;

/// From here on two decimals of a Gi say enough.
const LARGE: i64 = 10 * GI;

/// More is needed than there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// What is needed, rounded up.
    pub needed: String,
    /// What there is, rounded down.
    pub offered: String,
    /// What is missing.
    pub short: String,
}

/// How exactly amounts are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    /// Hundredths of a Gi from 10Gi on, whole Mi below.
    Coarse,
    Mi,
    Ki,
    Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    Up,
    Down,
}

/// Compares two amounts of a resource in the scheduler's unit, of which the first is the larger one or as large.
pub fn compare(resource: &str, needed: i64, offered: i64) -> Compared {
    let missing = needed.saturating_sub(offered);
    if !is_in_bytes(resource) {
        // Thousandths of a core compare better than a mix of them and cores.
        let unit = if resource == "cpu" { "m" } else { "" };
        let show = |amount: i64| format!("{amount}{unit}");
        return Compared { needed: show(needed), offered: show(offered), short: show(missing) };
    }
    let precision = match missing {
        // Equals stay equal only as they are.
        0 if [needed, offered].iter().any(|amount| amount % MI != 0) => finest([needed, offered]),
        0 => Precision::Coarse,
        // A hundredth of a Gi, rounded up.
        missing if missing >= 11 * MI => Precision::Coarse,
        missing if missing >= MI => Precision::Mi,
        _ => finest([needed, offered]),
    };
    let both_in_mi = precision == Precision::Mi || needed < LARGE;
    let short = match precision {
        // The difference of what is shown, for who does the sum.
        Precision::Coarse | Precision::Mi if both_in_mi => {
            needed.saturating_add(MI - 1).div_euclid(MI).saturating_sub(offered.div_euclid(MI)).saturating_mul(MI)
        }
        _ => missing,
    };
    Compared {
        needed: show(needed, precision, Round::Up),
        offered: show(offered, precision, Round::Down),
        short: show(short, precision, Round::Up),
    }
}

/// What there is of a resource, or may be asked for at most: rounded down, but never to nothing.
pub fn at_most(resource: &str, amount: i64) -> String {
    if !is_in_bytes(resource) || amount < MI {
        return exact(resource, amount).to_string();
    }
    show(amount, Precision::Mi, Round::Down)
}

/// What a resource must be at least: rounded up.
pub fn at_least(resource: &str, amount: i64) -> String {
    if !is_in_bytes(resource) {
        return exact(resource, amount).to_string();
    }
    show(amount, Precision::Mi, Round::Up)
}

/// An amount as the API would write it.
pub fn exact(resource: &str, amount: i64) -> Quantity {
    match resource {
        "cpu" => Quantity::millis(amount),
        _ if is_in_bytes(resource) => Quantity::bytes(amount),
        _ => Quantity::count(amount),
    }
}

fn is_in_bytes(resource: &str) -> bool {
    matches!(resource, "memory" | "ephemeral-storage") || resource.starts_with("hugepages-")
}

fn finest(amounts: [i64; 2]) -> Precision {
    if amounts.iter().all(|amount| amount % KI == 0) { Precision::Ki } else { Precision::Bytes }
}

fn show(amount: i64, precision: Precision, round: Round) -> String {
    let whole = |step: i64| match round {
        Round::Up => amount.div_euclid(step).saturating_add(i64::from(amount.rem_euclid(step) > 0)),
        Round::Down => amount.div_euclid(step),
    };
    match precision {
        _ if amount == 0 => "0".to_owned(),
        Precision::Bytes => amount.to_string(),
        Precision::Ki => format!("{}Ki", whole(KI)),
        _ if amount % GI == 0 => format!("{}Gi", amount / GI),
        Precision::Coarse if amount >= LARGE => {
            let hundredths = hundredths_of_gi(amount, round);
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            format!("{}Gi", text.trim_end_matches('0').trim_end_matches('.'))
        }
        Precision::Coarse | Precision::Mi => format!("{}Mi", whole(MI)),
    }
}

fn hundredths_of_gi(amount: i64, round: Round) -> i128 {
    let (wide, gi) = (i128::from(amount) * 100, i128::from(GI));
    match round {
        Round::Up => (wide + gi - 1).div_euclid(gi),
        Round::Down => wide.div_euclid(gi),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, proptest};

    use super::*;

    fn text(resource: &str, needed: i64, offered: i64) -> String {
        let Compared { needed, offered, short } = compare(resource, needed, offered);
        format!("{needed} {offered} {short}")
    }

    #[test]
    fn amounts_are_round_unless_that_hides_the_difference() {
        let ki = |amount: i64| amount * KI;
        for (needed, offered, expected) in [
            (8 * GI, ki(2_945_875), "8Gi 2876Mi 5316Mi"),
            (6_500_000_000, 5_629_451_264, "6199Mi 5368Mi 831Mi"),
            (2 * GI, ki(1_891_828), "2Gi 1847Mi 201Mi"),
            (ki(2_209_271), ki(2_209_268), "2209271Ki 2209268Ki 3Ki"),
            (2_000_000_001, 2_000_000_000, "2000000001 2000000000 1"),
            (100 * GI, ki(14_000_000), "100Gi 13.35Gi 86.65Gi"),
            (50 * GI + 5 * MI, 50 * GI, "51205Mi 50Gi 5Mi"),
            (512 * MI, 512 * MI, "512Mi 512Mi 0"),
            (1_000_000_000, 1_000_000_000, "1000000000 1000000000 0"),
            (512 * MI, 0, "512Mi 0 512Mi"),
        ] {
            assert_eq!(text("memory", needed, offered), expected);
        }
        assert_eq!(text("cpu", 1500, 1000), "1500m 1000m 500m");
        assert_eq!(text("nvidia.com/gpu", 2, 1), "2 1 1");
        assert_eq!(text("hugepages-2Mi", 4 * MI, 2 * MI), "4Mi 2Mi 2Mi");
    }

    #[test]
    fn suggestions_keep_to_the_safe_side() {
        for (amount, most, least) in
            [(2_945_875 * KI, "2876Mi", "2877Mi"), (4 * GI, "4Gi", "4Gi"), (3 * KI, "3Ki", "1Mi"), (0, "0", "0")]
        {
            assert_eq!((at_most("memory", amount).as_str(), at_least("memory", amount).as_str()), (most, least));
        }
    }

    fn read(text: &str) -> Quantity {
        Quantity::parse(text).expect("a quantity")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        /// What is shown never says that a Pod fits which does not, nor that it lacks less than it does.
        #[test]
        fn what_is_shown_does_not_mislead(offered in 0..(1_i64 << 45), by in any::<u32>(), scale in 0..24_u32) {
            let missing = (i64::from(by) >> (31 - scale)).max(1);
            let needed = offered + missing;
            let Compared { needed: shown, offered: left, short } = compare("memory", needed, offered);
            assert!(read(&shown) >= Quantity::bytes(needed) && read(&left) <= Quantity::bytes(offered), "{shown} {left}");
            assert!(read(&shown) > read(&left) && read(&short) >= Quantity::bytes(missing), "{shown} {left} {short}");
            assert!(read(&at_most("memory", offered)) <= Quantity::bytes(offered));
            assert!(read(&at_least("memory", offered)) >= Quantity::bytes(offered));
        }
    }
}
