//! Which hard eviction thresholds hold: the provider's, the user's, or none by accident.
//!
//! A kubelet with `mergeDefaultEvictionSettings: false`, the default, forgets the default of every signal that its
//! `evictionHard` does not name. A map that sets only `nodefs.available` therefore switches memory eviction off.
use crate::sizing::figure::{Amount, Source, Warning, WarningKind};
use crate::sizing::percent::Percent;
use crate::sizing::provider::Defaults;
use crate::sizing::settings::{Settings, Threshold};
use crate::sizing::units::{Bytes, MIB};

/// What hard evictions keep free, in bytes.
pub(super) struct Thresholds {
    pub(super) memory: Option<Amount>,
    /// Of the ephemeral storage; None where its capacity is not known.
    pub(super) nodefs: Option<Amount>,
}

const KUBELET: Source = Source::checked("kubelet defaults, merged by mergeDefaultEvictionSettings");

pub(super) fn thresholds(
    settings: &Settings,
    defaults: &Defaults,
    memory: u64,
    storage: Option<u64>,
    warnings: &mut Vec<Warning>,
) -> Thresholds {
    let yours = settings.eviction_hard;
    let merged = yours.merge_defaults.unwrap_or_else(|| settings.platform.merges_eviction());
    let keeps_defaults = yours.is_empty() || merged;
    // Merging by the kubelet's own switch also brings back what the provider's map had dropped.
    let by_switch = yours.merge_defaults == Some(true) && defaults.enforced;

    let default_memory = defaults.eviction_memory.clone().filter(|_| keeps_defaults).or_else(|| {
        let formula = "memory.available<100Mi".to_owned();
        by_switch.then_some(Amount { amount: 100 * MIB, formula, source: KUBELET })
    });
    let default_nodefs = defaults
        .eviction_nodefs
        .filter(|_| keeps_defaults)
        .or_else(|| by_switch.then(|| (Percent::whole(10), KUBELET)));

    let memory = match yours.memory_available {
        Some(threshold) => Some(given("memory.available", threshold, memory)),
        None => default_memory,
    };
    let nodefs = storage.and_then(|storage| match (yours.nodefs_available, default_nodefs) {
        (Some(threshold), _) => Some(given("nodefs.available", threshold, storage)),
        (None, Some((percent, source))) => Some(below("nodefs.available", percent, storage, source)),
        (None, None) => None,
    });
    if defaults.enforced && memory.as_ref().is_none_or(|memory| memory.amount == 0) {
        warnings.push(never_evicts(settings));
    }
    Thresholds { memory, nodefs }
}

fn given(signal: &str, threshold: Threshold, capacity: u64) -> Amount {
    match threshold {
        Threshold::Bytes(bytes) => {
            Amount { amount: bytes, formula: format!("{signal}<{}", Bytes(bytes)), source: Source::USER }
        }
        Threshold::Percent(percent) => below(signal, percent, capacity, Source::USER),
    }
}

fn below(signal: &str, percent: Percent, capacity: u64, source: Source) -> Amount {
    let formula = format!("{signal}<{percent} of {}, as the kubelet rounds", Bytes(capacity));
    Amount { amount: percent.of(capacity), formula, source }
}

fn never_evicts(settings: &Settings) -> Warning {
    let yours = &settings.eviction_hard;
    let why = if yours.memory_available.is_some() {
        "memory.available is 0".to_owned()
    } else if yours.is_empty() {
        format!("the eviction thresholds of {} name no memory.available", settings.platform.provider())
    } else {
        "evictionHard names no memory.available, and mergeDefaultEvictionSettings is false".to_owned()
    };
    let text = format!("{why}: the kubelet never evicts for memory, the kernel kills instead");
    Warning::new(WarningKind::NoMemoryEviction, text)
}
