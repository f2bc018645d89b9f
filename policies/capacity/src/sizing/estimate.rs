//! How much of the memory that was paid for the kernel lets Kubernetes see: an estimate, for want of a Node to ask.
//!
//! `Node.status.capacity` is what is left after firmware, the kernel image, its page tables and I/O buffers. No cloud
//! documents the loss. The formulas are fitted to nodes that were measured; how far those are off is the [`ErrorBand`].
use super::sizes::{Arch, Cloud};
use super::units::{Bytes, GIB, KIB, MIB, clamp, tenths_of_mebibytes};
use crate::sizing::figure::ErrorBand;
use crate::sizing::figure::Source;

/// An estimated `Node.status.capacity.memory`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes, whole KiB as the kernel counts.
    pub memory: u64,
    /// What the formula is called.
    pub formula: &'static str,
    /// The formula with this machine's numbers.
    pub words: String,
    /// How far measured nodes were off; None where none was measured.
    pub band: Option<ErrorBand>,
    /// Where the formula is from.
    pub source: Source,
}

const LINUX: Source = Source::checked("kubernetes/autoscaler, cloudprovider/gce/gce_reserved.go");
const LINUX_ELSEWHERE: Source =
    Source::unchecked("cluster-autoscaler's formula for Google Cloud, as no better is known here");
const NITRO: Source = Source::checked("fitted to measured Nitro instances of 8 to 512 GiB");
const SMALL_NITRO: Source = Source::unchecked("interpolated below 8 GiB, not measured");
const WINDOWS: Source = Source::unchecked("one measured AKS node; cluster-autoscaler assumes no loss");

/// The memory in bytes that a Linux node of `nominal` bytes reports as its capacity.
pub fn linux_capacity(cloud: Option<Cloud>, arch: Arch, nominal: u64) -> Estimate {
    match cloud {
        Some(Cloud::Aws) => nitro(arch, nominal),
        Some(cloud) => Estimate { band: band(cloud, nominal), ..kernel(nominal, LINUX) },
        None => kernel(nominal, LINUX_ELSEWHERE),
    }
}

/// The memory in bytes that a Windows node of `nominal` bytes reports as its capacity: all of it, but for half a MiB.
pub fn windows_capacity(nominal: u64) -> Estimate {
    Estimate {
        memory: whole_kib(nominal),
        formula: "Windows",
        words: "Windows reports all of it".to_owned(),
        band: Some(ErrorBand { below: MIB, above: 0 }),
        source: WINDOWS,
    }
}

/// 1/64 for page structures, 16Mi for the kernel, 64Mi of I/O bounce buffers above 3 GiB, 8Mi up to 8 GiB, and a
/// correction of 0.175 % up to 248Mi.
fn kernel(nominal: u64, source: Source) -> Estimate {
    let bounce = if nominal > 3 * GIB { 64 * MIB } else { 0 };
    let small = if nominal <= 8 * GIB { 8 * MIB } else { 0 };
    let correction = share(nominal, 175, 100_000).min(248 * MIB);
    let fixed = (16 * MIB).saturating_add(bounce).saturating_add(small);
    let loss = (nominal / 64).saturating_add(fixed).saturating_add(correction);
    Estimate {
        memory: whole_kib(nominal.saturating_sub(loss)),
        formula: "kernel loss on Google Cloud and Azure",
        words: format!(
            "{} - 1/64 ({}) - {} fixed - 0.175 %, at most 248Mi ({})",
            Bytes(nominal),
            mebi(nominal / 64),
            Bytes(fixed),
            mebi(correction)
        ),
        band: None,
        source,
    }
}

/// 2.6 % and 320Mi from 8 GiB; below it the 320Mi shrink to 120Mi at 4 GiB and to nothing at 0. The kernel of arm64
/// AMIs sets another 64Mi aside for contiguous allocations.
fn nitro(arch: Arch, nominal: u64) -> Estimate {
    let small = nominal < 8 * GIB;
    let fixed = if !small {
        320 * MIB
    } else if nominal <= 4 * GIB {
        share(nominal, 30, 1024)
    } else {
        (120 * MIB).saturating_add(share(nominal.saturating_sub(4 * GIB), 50, 1024))
    };
    let contiguous = if arch == Arch::Arm64 { 64 * MIB } else { 0 };
    let proportional = share(nominal, 26, 1000);
    let loss = proportional.saturating_add(fixed).saturating_add(contiguous);
    let arm = if contiguous > 0 { " - 64Mi (arm64)" } else { "" };
    Estimate {
        memory: whole_kib(nominal.saturating_sub(loss)),
        formula: "kernel loss on AWS Nitro",
        words: format!("{} - 2.6 % ({}) - {}{arm}", Bytes(nominal), mebi(proportional), mebi(fixed)),
        band: (!small).then_some(ErrorBand { below: 150 * MIB, above: 150 * MIB }),
        source: if small { SMALL_NITRO } else { NITRO },
    }
}

/// Measured: Azure 3.5 to 64 GiB lost up to 25Mi more than the formula says; Google Cloud up to 64 GiB was within 20Mi,
/// and from 128 GiB lost 110Mi to 220Mi less.
fn band(cloud: Cloud, nominal: u64) -> Option<ErrorBand> {
    match cloud {
        Cloud::Azure if (7 * GIB / 2..=64 * GIB).contains(&nominal) => Some(ErrorBand { below: 25 * MIB, above: 0 }),
        Cloud::Gcp if nominal <= 64 * GIB => Some(ErrorBand { below: 20 * MIB, above: 20 * MIB }),
        Cloud::Gcp => Some(ErrorBand { below: 20 * MIB, above: 220 * MIB }),
        Cloud::Azure | Cloud::Aws => None,
    }
}

fn share(bytes: u64, numerator: u64, denominator: u64) -> u64 {
    clamp(u128::from(bytes).saturating_mul(numerator.into()) / u128::from(denominator.max(1)))
}

fn whole_kib(bytes: u64) -> u64 {
    bytes.saturating_sub(bytes % KIB)
}

fn mebi(bytes: u64) -> String {
    tenths_of_mebibytes(bytes.into(), 1)
}
