//! The sum: capacity, less what provider and user reserve, is allocatable.
//!
//! As the kubelet does it (pkg/kubelet/cm/node_container_manager_linux.go, nodestatus/setters.go): allocatable is
//! capacity - kubeReserved - systemReserved - hard eviction threshold, floor 0, and memory also loses all huge pages.

mod eviction;
use super::estimate::{linux_capacity, windows_capacity};
use super::explanation::{Allocatable, Capacity, Explanation, Nominal, Reservation, ReservationKind, Resource};
use super::machine::Machine;
use super::provider::{Defaults, Given, Platform, Reserved};
use super::settings::{Measured, Reserve, Settings};
use super::units::{Bytes, tenths_of_mebibytes};
use crate::sizing::figure::{Amount, MemoryFrom, Source, Warning, WarningKind};

/// How the allocatable resources of `machine` come about under `settings`, with what was measured taken as measured.
pub fn explain(settings: &Settings, machine: &Machine, measured: &Measured) -> Explanation {
    let nominal = Nominal { cpu: u64::from(machine.vcpus).saturating_mul(1000), memory: machine.memory };
    let (memory, memory_from) = memory_capacity(settings, machine, measured);
    let cpu = measured.cpu.unwrap_or(nominal.cpu);
    let ephemeral_storage = measured.ephemeral_storage;
    let given = Given {
        machine,
        kubernetes: settings.kubernetes,
        max_pods: settings.max_pods,
        cpu,
        memory,
        memory_from: &memory_from,
        ephemeral_storage,
    };
    let defaults = settings.platform.defaults(&given);
    let pods = pods(settings, &defaults, cpu);
    let mut warnings = defaults.warnings.clone();
    let evictions = eviction::thresholds(settings, &defaults, memory, ephemeral_storage, &mut warnings);

    let mut reservations = Vec::new();
    let mut add = |kind, resource, amount: Option<Amount>| {
        reservations.extend(amount.map(|amount| Reservation { kind, resource, amount }));
    };
    for (kind, reserved, yours, map) in [
        (ReservationKind::KubeReserved, &defaults.kube_reserved, settings.kube_reserved, "kubeReserved"),
        (ReservationKind::SystemReserved, &defaults.system_reserved, settings.system_reserved, "systemReserved"),
    ] {
        for (resource, amount) in reserved.with(yours, map) {
            if resource != Resource::EphemeralStorage || ephemeral_storage.is_some() {
                add(kind, resource, amount);
            }
        }
    }
    add(ReservationKind::EvictionHard, Resource::Memory, evictions.memory);
    add(ReservationKind::EvictionHard, Resource::EphemeralStorage, evictions.nodefs);
    if settings.hugepages > 0 {
        let amount = Amount { amount: settings.hugepages, formula: "preallocated".to_owned(), source: Source::USER };
        add(ReservationKind::Hugepages, Resource::Memory, Some(amount));
    }

    let left = |capacity: u64, resource| {
        let of_resource = reservations.iter().filter(|reservation| reservation.resource == resource);
        of_resource.fold(capacity, |left, reservation| left.saturating_sub(reservation.amount.amount))
    };
    let allocatable = Allocatable {
        cpu: left(cpu, Resource::Cpu),
        memory: left(memory, Resource::Memory),
        ephemeral_storage: ephemeral_storage.map(|capacity| left(capacity, Resource::EphemeralStorage)),
        pods: pods.amount,
    };
    let kubepods_limit = defaults.enforced.then(|| {
        let in_cgroups = [ReservationKind::KubeReserved, ReservationKind::SystemReserved];
        let outside = reservations.iter().filter(|r| r.resource == Resource::Memory && in_cgroups.contains(&r.kind));
        outside.fold(memory, |left, reservation| left.saturating_sub(reservation.amount.amount))
    });
    warnings.extend(nothing_left(&allocatable));
    warnings.extend(measured_elsewhere(settings, machine, measured));
    warnings.extend(forecast_differs(&defaults, &allocatable));
    Explanation {
        provider: settings.platform.provider(),
        size: machine.name.clone(),
        kubernetes: settings.kubernetes,
        nominal,
        capacity: Capacity { cpu, memory, memory_from, ephemeral_storage, hugepages: settings.hugepages, pods },
        reservations,
        allocatable,
        kubepods_limit,
        forecast: defaults.forecast,
        warnings,
    }
}

fn memory_capacity(settings: &Settings, machine: &Machine, measured: &Measured) -> (u64, MemoryFrom) {
    if let Some(memory) = measured.memory {
        return (memory, MemoryFrom::Measured);
    }
    if settings.platform == Platform::Kind && machine.cloud.is_none() {
        return (machine.memory, MemoryFrom::Host);
    }
    let estimate = estimate(settings, machine);
    let (formula, words, band, source) = (estimate.formula, estimate.words, estimate.band, estimate.source);
    (estimate.memory, MemoryFrom::Estimated { formula, words, band, source })
}

fn estimate(settings: &Settings, machine: &Machine) -> super::estimate::Estimate {
    if settings.platform.is_windows() {
        return windows_capacity(machine.memory);
    }
    linux_capacity(machine.cloud.or(settings.platform.provider().cloud()), machine.arch, machine.memory)
}

fn pods(settings: &Settings, defaults: &Defaults, cpu: u64) -> Amount {
    let most = match settings.max_pods {
        Some(pods) => Amount { amount: pods.into(), formula: "maxPods".to_owned(), source: Source::USER },
        None => defaults.max_pods.clone(),
    };
    let Some(per_core) = settings.pods_per_core.filter(|&per_core| per_core > 0) else {
        return most;
    };
    let by_cores = (cpu / 1000).saturating_mul(per_core.into());
    if by_cores >= most.amount {
        return most;
    }
    let formula = format!("podsPerCore {per_core} x {} cores", cpu / 1000);
    Amount { amount: by_cores, formula, source: Source::USER }
}

impl Reserved {
    /// Each resource's reservation, `yours` from the kubelet setting `map` before the provider's.
    fn with(&self, yours: Reserve, map: &str) -> [(Resource, Option<Amount>); 3] {
        let pick = |yours: Option<u64>, provider: &Option<Amount>| match yours {
            Some(amount) => Some(Amount { amount, formula: map.to_owned(), source: Source::USER }),
            None => provider.clone(),
        };
        [
            (Resource::Cpu, pick(yours.cpu, &self.cpu)),
            (Resource::Memory, pick(yours.memory, &self.memory)),
            (Resource::EphemeralStorage, pick(yours.ephemeral_storage, &self.ephemeral_storage)),
        ]
    }
}

fn nothing_left(allocatable: &Allocatable) -> Option<Warning> {
    let resource = match allocatable {
        Allocatable { memory: 0, .. } => Resource::Memory,
        Allocatable { cpu: 0, .. } => Resource::Cpu,
        Allocatable { pods: 0, .. } => return Some(Warning::new(WarningKind::NothingLeft, "the node takes no pods")),
        _ => return None,
    };
    let text = format!("the reservations reach the capacity: no {} is allocatable", resource.name());
    Some(Warning::new(WarningKind::NothingLeft, text))
}

/// A node never sees more than was paid for, and no kernel takes more than a few percent of it.
fn measured_elsewhere(settings: &Settings, machine: &Machine, measured: &Measured) -> Option<Warning> {
    let memory = measured.memory?;
    let estimate = estimate(settings, machine).memory;
    let text = if memory > machine.memory {
        format!("the measured capacity {} is above the machine's memory {}", Bytes(memory), Bytes(machine.memory))
    } else if memory < estimate.saturating_sub(estimate / 8) {
        format!(
            "the measured capacity {} is far below the {} that is usual for {}",
            Bytes(memory),
            Bytes(estimate),
            Bytes(machine.memory)
        )
    } else {
        return None;
    };
    Some(Warning::new(WarningKind::MeasuredElsewhere, format!("{text}: is it this machine's?")))
}

fn forecast_differs(defaults: &Defaults, allocatable: &Allocatable) -> Option<Warning> {
    let forecast = defaults.forecast.as_ref()?;
    let planned = forecast.memory.amount;
    if planned == allocatable.memory {
        return None;
    }
    let direction = if planned < allocatable.memory { "less" } else { "more" };
    let text = format!(
        "{} plans with {} allocatable, {} {direction} than here",
        forecast.autoscaler,
        Bytes(planned),
        tenths_of_mebibytes(planned.abs_diff(allocatable.memory).into(), 1)
    );
    Some(Warning::new(WarningKind::AutoscalerForecast, text))
}
