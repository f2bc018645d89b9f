//! Reservations by tiers, like income tax: 25 % of the first 4 GiB, 20 % of the next 4, and so on.

use super::units::{Bytes, GIB, MIB, clamp, tenths_of_mebibytes};

/// A rate of 1 is a hundredth of a percent, so that 0.25 % is whole.
const WHOLE: u128 = 10_000;

/// So much of the resource, and the hundredths of a percent of it that are reserved.
type Tier = (u64, u64);

/// Memory of AKS before 1.29 and of GKE: 25, 20, 10, 6 and 2 %.
const MEMORY: [Tier; 5] = [(4 * GIB, 2500), (4 * GIB, 2000), (8 * GIB, 1000), (112 * GIB, 600), (u64::MAX, 200)];

/// CPU of EKS, GKE and OpenShift's first sizing: 6, 1, 0.5 and 0.25 % of millicores.
const CPU: [Tier; 4] = [(1000, 600), (1000, 100), (2000, 50), (u64::MAX, 25)];

/// CPU of AKS: 6, 4, 2 and 1 % of millicores.
const AKS_CPU: [Tier; 4] = [(1000, 600), (1000, 400), (2000, 200), (u64::MAX, 100)];

/// An exact sum of tiers.
pub(crate) struct Tiered {
    /// Ten-thousandths of a byte or millicore.
    exact: u128,
    /// The tiers in words.
    pub(crate) words: String,
}

impl Tiered {
    /// Bytes or millicores, rounded down.
    pub(crate) fn floor(&self) -> u64 {
        clamp(self.exact / WHOLE)
    }

    /// Bytes or millicores, rounded up.
    pub(crate) fn ceil(&self) -> u64 {
        clamp(self.exact.div_ceil(WHOLE))
    }

    /// Bytes, rounded down to whole MiB.
    pub(crate) fn floor_to_mib(&self) -> u64 {
        clamp(self.exact / mib()).saturating_mul(MIB)
    }

    /// Bytes, rounded to the nearest whole MiB.
    pub(crate) fn nearest_mib(&self) -> u64 {
        clamp(self.exact.saturating_add(mib() / 2) / mib()).saturating_mul(MIB)
    }

    /// The exact amount of memory, as `1638.4Mi`.
    pub(crate) fn mebibytes(&self) -> String {
        tenths_of_mebibytes(self.exact, WHOLE)
    }
}

fn mib() -> u128 {
    u128::from(MIB).saturating_mul(WHOLE)
}

/// The tiers of `bytes` of memory.
pub(crate) fn memory(bytes: u64) -> Tiered {
    tiers(bytes, &MEMORY, |part, share| format!("{} ({})", Bytes(part), tenths_of_mebibytes(share, WHOLE)))
}

/// The tiers of `millicores` as EKS, GKE and OpenShift have them.
pub(crate) fn cpu(millicores: u64) -> Tiered {
    tiers(millicores, &CPU, cores)
}

/// The tiers of `millicores` as AKS has them.
pub(crate) fn aks_cpu(millicores: u64) -> Tiered {
    tiers(millicores, &AKS_CPU, cores)
}

fn cores(part: u64, _: u128) -> String {
    match part {
        1000 => "1 core".to_owned(),
        part if part.is_multiple_of(1000) => format!("{} cores", part / 1000),
        part => format!("{part}m"),
    }
}

fn tiers(total: u64, tiers: &[Tier], name: fn(u64, u128) -> String) -> Tiered {
    let (mut rest, mut exact, mut words) = (total, 0_u128, Vec::new());
    for &(width, rate) in tiers {
        let part = rest.min(width);
        if part == 0 {
            break;
        }
        let share = u128::from(part).saturating_mul(rate.into());
        words.push(format!("{} % of {}", percent(rate), name(part, share)));
        exact = exact.saturating_add(share);
        rest = rest.saturating_sub(part);
    }
    Tiered { exact, words: words.join(" + ") }
}

/// Hundredths of a percent in percent: 25 is `0.25`.
fn percent(rate: u64) -> String {
    let (whole, hundredths) = (rate / 100, rate % 100);
    match format!("{hundredths:02}").trim_end_matches('0') {
        "" => whole.to_string(),
        decimals => format!("{whole}.{decimals}"),
    }
}
