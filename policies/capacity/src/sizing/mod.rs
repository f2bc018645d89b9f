//! What a node offers to Pods, computed from its VM size: nominal memory, capacity, reservations, allocatable.
//!
//! [`explain`] is the way down for one machine, with each step's formula and source; [`compare`] does it for two
//! versions of Kubernetes; [`sizes_that_hold`] goes the other way. [`find_size`] knows the sizes that clouds sell.
//! A Node that exists is always right: give what its status says as [`Measured`], and only the rest is computed.
//!
//! Everything is integers: memory and storage in bytes, CPU in millicores. Nothing here can fail but the look-up of a
//! name, and no number overflows: a sum that would is the largest number.

mod allocatable;
mod estimate;
mod explanation;
mod figure;
mod machine;
mod percent;
mod provider;
mod search;
mod settings;
mod sizes;
#[cfg(test)]
mod tests;
mod tiers;
mod units;
mod upgrade;
mod version;

pub use self::{
    allocatable::explain,
    estimate::{Estimate, linux_capacity, windows_capacity},
    explanation::{Allocatable, Capacity, Explanation, Nominal, Reservation, ReservationKind, Resource},
    figure::{Amount, ErrorBand, Forecast, MemoryFrom, Source, Warning, WarningKind},
    machine::Machine,
    percent::{InvalidPercent, Percent},
    provider::{
        AksNetwork, AksRules, AksSettings, CpuSizing, EksSettings, GkeFlavour, GkeSettings, OpenShiftSettings,
        Platform, Provider, Sizing, UnknownProvider, eni_max_pods,
    },
    search::{Candidate, Demand, sizes_that_hold},
    settings::{EvictionHard, Measured, Reserve, Settings, Threshold},
    sizes::{Arch, Cloud, Size, UnknownSize, all as all_sizes, find as find_size, find_anywhere as find_size_anywhere},
    units::{Bytes, GIB, KIB, MIB, Millicores},
    upgrade::{Upgrade, compare},
    version::{InvalidVersion, KubernetesVersion},
};
