//! What the explanation says: who gave which number, what the reader is warned of, what an upgrade changes.

use super::*;
use ReservationKind::{KubeReserved, SystemReserved};

fn field_report() -> Measured {
    Measured { memory: Some(4_025_844 * KIB), ..Measured::default() }
}

fn lines(explanation: &Explanation) -> Vec<String> {
    let line = |reservation: &Reservation| {
        let amount = match reservation.resource {
            Resource::Cpu => Millicores(reservation.amount.amount).to_string(),
            Resource::Memory | Resource::EphemeralStorage => Bytes(reservation.amount.amount).to_string(),
        };
        let names = (reservation.kind.name(), reservation.resource.name());
        format!("{} {} {amount}: {} [{}]", names.0, names.1, reservation.amount.formula, reservation.amount.source.text)
    };
    explanation.reservations.iter().map(line).collect()
}

#[test]
fn each_step_has_its_formula_with_numbers() {
    let explanation = explain(&aks((1, 28), 110), &machine("Standard_DS2_v2"), &Measured::default());
    assert_eq!(
        lines(&explanation),
        [
            "kube-reserved cpu 100m: 6 % of 1 core + 4 % of 1 core [AKS docs, node-resource-reservations]",
            "kube-reserved memory 1638Mi: 25 % of 4Gi (1024Mi) + 20 % of 3Gi (614.4Mi) = 1638.4Mi, whole Mi [AKS docs, node-resource-reservations]",
            "eviction-hard memory 750Mi: memory.available<750Mi [AKS docs, node-resource-reservations]",
        ]
    );
    let MemoryFrom::Estimated { formula, words, band, .. } = explanation.capacity.memory_from else {
        panic!("not measured")
    };
    assert_eq!(formula, "kernel loss on Google Cloud and Azure");
    assert_eq!(words, "7Gi - 1/64 (112Mi) - 88Mi fixed - 0.175 %, at most 248Mi (12.5Mi)");
    assert_eq!(band, Some(ErrorBand { below: 25 * MIB, above: 0 }));
    let explanation = explain(&aks((1, 29), 250), &machine("Standard_DS2_v2"), &Measured::default());
    assert!(lines(&explanation)[1].contains("min(20Mi x 250 pods + 50Mi = 5050Mi, 25 % of 7Gi = 1792Mi)"));
}

#[test]
fn the_field_report_from_top_to_bottom() {
    let explanation = explain(&aks((1, 23), 30), &machine("Standard_B2s"), &field_report());
    assert_eq!(explanation.nominal.memory, 4 * GIB);
    assert_eq!(explanation.allocatable.memory, 2_209_268 * KIB);
    assert_eq!(explanation.allocatable.cpu, 1900);
    // Where the node's Pods are killed together: allocatable and the 750Mi of eviction.
    assert_eq!(explanation.kubepods_limit, Some(2_209_268 * KIB + 750 * MIB));
}

#[test]
fn an_upgrade_past_1_29_frees_memory_on_aks_only() {
    let version = |minor| KubernetesVersion::new(1, minor);
    let upgrade = compare(&aks((1, 20), 30), &machine("Standard_B2s"), &field_report(), version(28), version(29));
    assert_eq!(upgrade.memory, i128::from((1024 + 750 - 650 - 100) * MIB));
    assert_eq!((upgrade.cpu, upgrade.pods, upgrade.ephemeral_storage), (0, 0, None));
    assert_eq!(upgrade.before.kubernetes, Some(version(28)));
    let back = compare(&aks((1, 20), 30), &machine("Standard_B2s"), &field_report(), version(29), version(28));
    assert_eq!(back.memory, -upgrade.memory);
    for provider in Provider::ALL.into_iter().filter(|&provider| provider != Provider::Aks) {
        let settings = Settings::new(provider.into());
        let upgrade = compare(&settings, &Machine::new(4, 16 * GIB), &Measured::default(), version(28), version(36));
        assert_eq!((upgrade.memory, upgrade.cpu), (0, 0), "{provider}");
    }
}

#[test]
fn what_the_user_gives_comes_first_and_is_marked() {
    let settings = Settings {
        max_pods: Some(50),
        kube_reserved: Reserve { memory: Some(GIB), ..Reserve::default() },
        system_reserved: Reserve { cpu: Some(250), memory: Some(512 * MIB), ..Reserve::default() },
        eviction_hard: EvictionHard { memory_available: Some(Threshold::Bytes(200 * MIB)), ..EvictionHard::default() },
        hugepages: 2 * GIB,
        ..Settings::new(Provider::Eks.into())
    };
    let measured = Measured { cpu: Some(3900), memory: Some(15_896_988 * KIB), ephemeral_storage: None };
    let explanation = explain(&settings, &machine("m5.xlarge"), &measured);
    let taken = GIB + 512 * MIB + 200 * MIB + 2 * GIB;
    assert_eq!(explanation.allocatable.memory, 15_896_988 * KIB - taken);
    assert_eq!(explanation.allocatable.cpu, 3900 - 79 - 250);
    assert_eq!(explanation.kubepods_limit, Some(15_896_988 * KIB - GIB - 512 * MIB));
    for reservation in &explanation.reservations {
        let provider = reservation.kind == KubeReserved && reservation.resource == Resource::Cpu;
        assert_eq!(reservation.amount.source.user, !provider, "{reservation:?}");
    }
    assert_eq!(explanation.capacity.pods.source, Source::USER);
}

#[test]
fn pods_per_core_lowers_the_maximum() {
    for (per_core, pods) in [(None, 110), (Some(0), 110), (Some(10), 40), (Some(100), 110)] {
        let settings = Settings { pods_per_core: per_core, ..Settings::new(Provider::Kubeadm.into()) };
        let explanation = explain(&settings, &Machine::new(4, 16 * GIB), &Measured::default());
        assert_eq!(explanation.allocatable.pods, pods);
    }
}

#[test]
fn an_eviction_map_drops_the_thresholds_that_it_does_not_name() {
    let nodefs =
        EvictionHard { nodefs_available: Some(Threshold::Percent(Percent::whole(15))), ..EvictionHard::default() };
    let other = EvictionHard { other_signals: true, ..EvictionHard::default() };
    let merged = EvictionHard { merge_defaults: Some(true), ..nodefs };
    let unmerged = EvictionHard { merge_defaults: Some(false), ..nodefs };
    let memory =
        EvictionHard { memory_available: Some(Threshold::Percent(Percent::whole(5))), ..EvictionHard::default() };
    let just_merge = EvictionHard { merge_defaults: Some(true), ..EvictionHard::default() };
    let five_percent = Percent::whole(5).of(4_025_844 * KIB);
    for (provider, eviction_hard, reserved_bytes) in [
        (Provider::Kubeadm, EvictionHard::default(), 100 * MIB),
        (Provider::Kubeadm, nodefs, 0),
        (Provider::Kubeadm, other, 0),
        (Provider::Kubeadm, merged, 100 * MIB),
        (Provider::Kubeadm, memory, five_percent),
        (Provider::K3s, EvictionHard::default(), 0),
        (Provider::K3s, memory, five_percent),
        (Provider::K3s, just_merge, 100 * MIB),
        (Provider::Aks, nodefs, 750 * MIB),
        (Provider::Aks, unmerged, 0),
    ] {
        let settings = Settings { eviction_hard, ..Settings { platform: provider.into(), ..aks((1, 28), 110) } };
        let explanation = explain(&settings, &Machine::new(2, 4 * GIB), &field_report());
        assert_eq!(
            reserved(&explanation, ReservationKind::EvictionHard, Resource::Memory),
            reserved_bytes,
            "{provider} {eviction_hard:?}"
        );
        let never = warned(&explanation).contains(&WarningKind::NoMemoryEviction);
        assert_eq!(never, reserved_bytes == 0, "{provider} {eviction_hard:?}");
    }
}

#[test]
fn doubts_are_named() {
    use WarningKind::*;
    let settings = |provider: Provider| Settings::new(provider.into());
    let size = |name| (machine(name), Measured::default());
    let tiny = (Machine::new(1, 100 * MIB), Measured::default());
    let too_much = (machine("Standard_B2s"), Measured { memory: Some(5 * GIB), ..Measured::default() });
    let too_little = (machine("Standard_B2s"), Measured { memory: Some(3 * GIB), ..Measured::default() });
    for (settings, (machine, measured), expected) in [
        (settings(Provider::Aks), size("Standard_B2s"), vec![VersionAssumed, MaxPodsAssumed, AutoscalerForecast]),
        (aks((1, 33), 30), size("Standard_B2s"), vec![OldPool, AutoscalerForecast]),
        (aks((1, 28), 110), size("Standard_B2s"), vec![AutoscalerForecast]),
        (aks((1, 28), 9), size("Standard_B2s"), vec![MaxPodsOutOfRange, AutoscalerForecast]),
        (aks((1, 28), 110), too_much, vec![MeasuredElsewhere, AutoscalerForecast]),
        (aks((1, 28), 110), too_little, vec![MeasuredElsewhere, AutoscalerForecast]),
        (settings(Provider::Eks), size("m5.xlarge"), vec![AutoscalerForecast]),
        (
            settings(Provider::Eks),
            (Machine::new(2, 8 * GIB), Measured::default()),
            vec![MaxPodsAssumed, AutoscalerForecast],
        ),
        (settings(Provider::Gke), size("e2-standard-4"), vec![]),
        (settings(Provider::OpenShift), size("m5.xlarge"), vec![SettingAssumed]),
        (settings(Provider::Kubeadm), size("m5.xlarge"), vec![]),
        (settings(Provider::Kubeadm), tiny, vec![NothingLeft]),
        (settings(Provider::Kind), size("m5.xlarge"), vec![SharedHost, NoMemoryEviction]),
    ] {
        let explanation = explain(&settings, &machine, &measured);
        assert_eq!(warned(&explanation), expected, "{explanation:#?}");
    }
}

#[test]
fn old_pools_are_told_what_they_miss() {
    let explanation = explain(&aks((1, 33), 30), &machine("Standard_B2s"), &Measured::default());
    assert_eq!(
        explanation.warnings[0].text,
        "a pool created before 2024-02-26 follows the rules from before 1.29 until it is updated or recreated: it reserves 1024Mi more"
    );
}

#[test]
fn karpenter_forecasts() {
    // Karpenter's own reference: m5.large 8192Mi less ceil(614.4Mi) and its kube-reserved and eviction.
    let eks = explain(&Settings::new(Provider::Eks.into()), &machine("m5.large"), &Measured::default());
    assert_eq!(eks.forecast.unwrap().memory.amount, (8192 - 615 - (11 * 29 + 255) - 100) * MIB);
    let arm = explain(&Settings::new(Provider::Eks.into()), &machine("m6g.large"), &Measured::default());
    assert_eq!(arm.forecast.unwrap().memory.amount, (8128 - 610 - (11 * 29 + 255) - 100) * MIB);
    let nap = explain(&aks((1, 33), 30), &machine("Standard_B2s"), &Measured::default());
    assert_eq!(nap.forecast.unwrap().memory.amount, (4096 - 308 - 1024 - 750) * MIB);
}

#[test]
fn unchecked_rules_say_so() {
    let unchecked = |explanation: &Explanation| -> Vec<ReservationKind> {
        explanation.reservations.iter().filter(|r| !r.amount.source.checked).map(|r| r.kind).collect()
    };
    let measured = Measured { ephemeral_storage: Some(100 * GIB), ..Measured::default() };
    let minikube = explain(&Settings::new(Provider::Minikube.into()), &Machine::new(2, 4 * GIB), &measured);
    assert_eq!(unchecked(&minikube), [ReservationKind::EvictionHard]);
    let gke = explain(&Settings::new(Provider::Gke.into()), &machine("e2-standard-4"), &measured);
    assert_eq!(unchecked(&gke), []);
    assert!(!gke.capacity.pods.source.checked);
    let openshift = explain(&Settings::new(Provider::OpenShift.into()), &machine("m5.xlarge"), &measured);
    assert!(openshift.reservations.iter().any(|r| r.kind == SystemReserved));
    let small = explain(&Settings::new(Provider::Eks.into()), &machine("t3.medium"), &measured);
    assert!(matches!(small.capacity.memory_from, MemoryFrom::Estimated { band: None, source, .. } if !source.checked));
}

#[test]
fn providers_are_read_by_name() {
    for provider in Provider::ALL {
        assert_eq!(provider.to_string().to_uppercase().parse(), Ok(provider));
        assert_eq!(Platform::from(provider).provider(), provider);
    }
    assert!("gks".parse::<Provider>().is_err());
}
