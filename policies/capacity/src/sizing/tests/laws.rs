//! What must hold for every size, provider and setting.

use super::*;

/// Every provider with every choice that changes its formulas.
fn all_settings() -> Vec<Settings> {
    let mut all: Vec<Settings> = Provider::ALL.into_iter().map(|provider| Settings::new(provider.into())).collect();
    for pods in [10, 30, 110, 250] {
        all.extend([aks((1, 28), pods), aks((1, 29), pods)]);
    }
    all.push(Settings::new(Platform::Aks(AksSettings { windows: true, ..AksSettings::default() })));
    all.push(Settings::new(Platform::Eks(EksSettings { prefix_delegation: true, ..EksSettings::default() })));
    all.push(Settings::new(Platform::Gke(GkeSettings { flavour: GkeFlavour::OnPremises, ..GkeSettings::default() })));
    for sizing in [Sizing::Static, Sizing::Auto(CpuSizing::V1)] {
        all.push(Settings::new(Platform::OpenShift(OpenShiftSettings { sizing: Some(sizing) })));
    }
    all
}

fn check_order(explanation: &Explanation) {
    let (allocatable, capacity, nominal) = (explanation.allocatable, &explanation.capacity, explanation.nominal);
    assert!(allocatable.memory <= capacity.memory && capacity.memory <= nominal.memory, "{explanation:#?}");
    assert!(allocatable.cpu <= capacity.cpu && capacity.cpu <= nominal.cpu, "{explanation:#?}");
    if let Some(limit) = explanation.kubepods_limit {
        assert!(allocatable.memory <= limit && limit <= capacity.memory, "{explanation:#?}");
    }
    for warning in &explanation.warnings {
        assert!(!warning.text.ends_with('.') && !warning.text.contains('\n'), "{}", warning.text);
    }
}

#[test]
fn allocatable_is_at_most_capacity_is_at_most_nominal_for_every_size() {
    for settings in all_settings() {
        for cloud in Cloud::ALL {
            if settings.platform.provider().cloud().is_some_and(|own| own != cloud) {
                continue;
            }
            for size in all_sizes(cloud) {
                check_order(&explain(&settings, &size.into(), &Measured::default()));
            }
        }
    }
}

#[test]
fn more_memory_never_offers_less() {
    for settings in all_settings() {
        let clouds = match settings.platform.provider().cloud() {
            Some(cloud) => vec![Some(cloud)],
            None => vec![None, Some(Cloud::Aws), Some(Cloud::Azure), Some(Cloud::Gcp)],
        };
        for cloud in clouds {
            let mut last = 0;
            // Automatic sizing on OpenShift rounds to whole Gi: only steps of 2Gi are sure to be seen.
            let step = if settings.platform.provider() == Provider::OpenShift { 2 * GIB } else { GIB / 4 };
            for memory in (1..2048).map(|steps| steps * step) {
                let machine = Machine { cloud, eni_max_pods: Some(58), ..Machine::new(4, memory) };
                let explanation = explain(&settings, &machine, &Measured::default());
                check_order(&explanation);
                assert!(explanation.allocatable.memory >= last, "{settings:?} {}", Bytes(memory));
                last = explanation.allocatable.memory;
            }
        }
    }
}

#[test]
fn more_pods_never_offer_more_memory() {
    for (version, gib) in [((1, 28), 4), ((1, 29), 4), ((1, 29), 64)] {
        let offers: Vec<_> = (10..=250)
            .map(|pods| {
                explain(&aks(version, pods), &Machine::new(4, gib * GIB), &Measured::default()).allocatable.memory
            })
            .collect();
        assert!(offers.is_sorted_by(|fewer, more| fewer >= more));
    }
}

#[test]
fn reservations_add_up() {
    for settings in all_settings() {
        let measured = Measured { ephemeral_storage: Some(100 * GIB), ..Measured::default() };
        let explanation = explain(&settings, &Machine::new(8, 32 * GIB), &measured);
        let sum = |resource| -> u64 {
            let of_resource = explanation.reservations.iter().filter(|r| r.resource == resource);
            of_resource.map(|reservation| reservation.amount.amount).sum()
        };
        assert_eq!(explanation.capacity.memory - sum(Resource::Memory), explanation.allocatable.memory);
        assert_eq!(explanation.capacity.cpu - sum(Resource::Cpu), explanation.allocatable.cpu);
        assert_eq!(100 * GIB - sum(Resource::EphemeralStorage), explanation.allocatable.ephemeral_storage.unwrap());
    }
}

#[test]
fn extremes_are_answered_without_overflow() {
    let extremes = [0, 1, u64::from(u32::MAX), u64::MAX];
    for mut settings in all_settings() {
        for memory in extremes {
            for vcpus in [0, 1, u32::MAX] {
                for number in [None, Some(0), Some(u64::MAX)] {
                    let reserve = Reserve { cpu: number, memory: number, ephemeral_storage: number };
                    (settings.kube_reserved, settings.system_reserved) = (reserve, reserve);
                    settings.hugepages = number.unwrap_or(0);
                    settings.max_pods = number.map(|_| u32::MAX);
                    settings.pods_per_core = settings.max_pods;
                    let measured = Measured { cpu: number, memory: number, ephemeral_storage: number };
                    let machine = Machine { eni_max_pods: Some(u32::MAX), ..Machine::new(vcpus, memory) };
                    let explanation = explain(&settings, &machine, &measured);
                    assert!(explanation.allocatable.memory <= explanation.capacity.memory);
                }
            }
        }
    }
}

#[test]
fn the_search_finds_just_the_sizes_that_hold_the_demand() {
    for (settings, cloud) in [(aks((1, 29), 110), Cloud::Azure), (Settings::new(Provider::Eks.into()), Cloud::Aws)] {
        let demand = Demand { memory: 16 * GIB, cpu: Some(3500) };
        let found = sizes_that_hold(&settings, cloud, demand);
        let holds = |size: &Size| {
            let offer = explain(&settings, &size.clone().into(), &Measured::default()).allocatable;
            offer.memory >= demand.memory && offer.cpu >= 3500
        };
        assert_eq!(found.len(), all_sizes(cloud).filter(holds).count());
        assert!(found.iter().all(|candidate| holds(&candidate.size)));
        assert!(found.is_sorted_by_key(|candidate| (candidate.size.memory, candidate.size.vcpus)));
        assert!(found.iter().any(|candidate| candidate.safely));
    }
    // A 16 GiB machine does not hold 16 GiB, and 2 vCPUs are less than 2 CPUs.
    let found = sizes_that_hold(&aks((1, 29), 30), Cloud::Azure, Demand { memory: 16 * GIB, cpu: None });
    assert!(found.first().is_some_and(|candidate| candidate.size.memory > 16 * GIB));
    assert!(found.iter().any(|candidate| candidate.size.name == "Standard_D8s_v5"));
    assert_eq!(sizes_that_hold(&aks((1, 29), 30), Cloud::Azure, Demand { memory: u64::MAX, cpu: None }), []);
}
