//! Google Kubernetes Engine, Standard mode, and Google Distributed Cloud on premises.
//!
//! The base is what the kernel sees, not the nominal memory. One measured node agrees to the MiB if the sum is rounded
//! to the nearest MiB; larger ones were off by up to 1 %. Autopilot nodes belong to Google and are not modelled.
use super::{Defaults, Given, Percent, Reserved, plain};
use crate::sizing::figure::{Amount, Source, Warning, WarningKind};
use crate::sizing::tiers;
use crate::sizing::units::{Bytes, GIB, MIB, clamp};

const DOCS: Source = Source::checked("GKE docs, plan-node-sizes");
const ON_PREMISES: Source = Source::checked("Google Distributed Cloud docs, resources-available-pods");
const UNCHECKED: Source = Source::unchecked("GKE docs, plan-node-sizes");

/// Options of a GKE node pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GkeSettings {
    /// Where the cluster runs.
    pub flavour: GkeFlavour,
    /// Bytes of the boot disk; None takes the ephemeral storage's capacity for it.
    pub boot_disk: Option<u64>,
    /// Local SSDs that hold ephemeral storage in place of the boot disk.
    pub local_ssds: u32,
}

/// Where a Google cluster runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GkeFlavour {
    /// GKE Standard.
    #[default]
    Standard,
    /// Google Distributed Cloud (Anthos) on premises.
    OnPremises,
}

pub(super) fn defaults(settings: &GkeSettings, given: &Given<'_>) -> Defaults {
    let (cpu, memory, source) = match settings.flavour {
        GkeFlavour::Standard => (cpu(given), memory(given), DOCS),
        GkeFlavour::OnPremises => (on_premises_cpu(given), on_premises_memory(given), ON_PREMISES),
    };
    let ephemeral_storage = match settings.flavour {
        GkeFlavour::Standard => given.ephemeral_storage.map(|capacity| storage(settings, capacity)),
        GkeFlavour::OnPremises => None,
    };
    let mut warnings = Vec::new();
    if ephemeral_storage.is_some() && settings.boot_disk.is_none() && settings.local_ssds == 0 {
        let text = "the boot disk's size is not given: its reservation is computed from the smaller capacity";
        warnings.push(Warning::new(WarningKind::SettingAssumed, text));
    }
    Defaults {
        max_pods: Amount::new(110_u64, "the default of Standard clusters", UNCHECKED),
        kube_reserved: Reserved { cpu: Some(cpu), memory: Some(memory), ephemeral_storage },
        eviction_memory: Some(plain::eviction_100mi(source)),
        eviction_nodefs: Some((Percent::whole(10), source)),
        warnings,
        ..plain::kubeadm()
    }
}

fn memory(given: &Given<'_>) -> Amount {
    if given.machine.memory <= GIB {
        return Amount::new(255 * MIB, "255Mi for machines up to 1Gi", DOCS);
    }
    let tiers = tiers::memory(given.memory);
    Amount::new(
        tiers.nearest_mib(),
        format!("{} = {} of the capacity, nearest Mi", tiers.words, tiers.mebibytes()),
        DOCS,
    )
}

/// e2-micro, e2-small and e2-medium see 2 vCPUs of which they own a part; custom ones are taken to be like them.
fn cpu(given: &Given<'_>) -> Amount {
    let name = given.machine.name.as_deref().unwrap_or_default();
    let shared = ["e2-micro", "e2-small", "e2-medium"].contains(&name);
    let shared_custom =
        ["e2-custom-micro-", "e2-custom-small-", "e2-custom-medium-"].iter().any(|start| name.starts_with(start));
    if shared || shared_custom {
        return Amount::new(1060_u64, "1060m of shared-core machines", if shared { DOCS } else { UNCHECKED });
    }
    let cpu = tiers::cpu(given.cpu);
    Amount::new(cpu.floor(), cpu.words, DOCS)
}

fn storage(settings: &GkeSettings, capacity: u64) -> Amount {
    let fixed = match settings.local_ssds {
        0 => {
            let disk = settings.boot_disk.unwrap_or(capacity);
            let most = clamp(u128::from(disk).saturating_mul(35) / 100).saturating_add(6 * GIB);
            let formula = format!("min(50 % of {0}, 35 % of {0} + 6Gi, 100Gi)", Bytes(disk));
            return Amount::new((disk / 2).min(most).min(100 * GIB), formula, DOCS);
        }
        1 => 50 * GIB,
        2 => 75 * GIB,
        _ => 100 * GIB,
    };
    Amount::new(fixed, "50Gi for one local SSD, 75Gi for two, 100Gi for more", DOCS)
}

fn on_premises_memory(given: &Given<'_>) -> Amount {
    let share = clamp(u128::from(given.memory).saturating_mul(5) / 100);
    Amount::new(share.saturating_add(280 * MIB), format!("280Mi + 5 % of {}", Bytes(given.memory)), ON_PREMISES)
}

fn on_premises_cpu(given: &Given<'_>) -> Amount {
    Amount::new((given.cpu / 100).saturating_add(80), format!("80m + 1 % of {}m", given.cpu), ON_PREMISES)
}
