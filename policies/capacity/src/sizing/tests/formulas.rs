//! Each provider's formulas by the numbers that its documents, scripts and kubelet flags give.

use super::*;
use ReservationKind::{EvictionHard, KubeReserved, SystemReserved};
use Resource::{Cpu, EphemeralStorage, Memory};

/// kube-reserved or system-reserved CPU of `platform` by vCPUs.
fn check_cpu(platform: &Platform, kind: ReservationKind, rows: &[(u32, u64)]) {
    for &(vcpus, millicores) in rows {
        let explanation =
            explain(&Settings::new(platform.clone()), &Machine::new(vcpus, 16 * GIB), &Measured::default());
        assert_eq!(reserved(&explanation, kind, Cpu), millicores, "{platform:?} {vcpus}");
        assert_eq!(explanation.allocatable.cpu, u64::from(vcpus) * 1000 - millicores);
    }
}

fn openshift(sizing: Sizing) -> Platform {
    Platform::OpenShift(OpenShiftSettings { sizing: Some(sizing) })
}

#[test]
fn cpu_reservations() {
    let aks = [(1, 60), (2, 100), (4, 140), (8, 180), (16, 260), (32, 420), (64, 740)];
    check_cpu(&Provider::Aks.into(), KubeReserved, &aks);
    let eks = [(1, 60), (2, 70), (4, 80), (8, 90), (16, 110), (64, 230)];
    check_cpu(&Provider::Eks.into(), KubeReserved, &eks);
    check_cpu(&Provider::Gke.into(), KubeReserved, &eks);
    let v2 = [(1, 500), (2, 500), (32, 500), (37, 500), (38, 500), (39, 520), (64, 820), (128, 1580)];
    check_cpu(&openshift(Sizing::Auto(CpuSizing::V2)), SystemReserved, &v2);
    check_cpu(&openshift(Sizing::Auto(CpuSizing::V1)), SystemReserved, &[(1, 500), (64, 500), (192, 550), (193, 553)]);
    check_cpu(&openshift(Sizing::Static), SystemReserved, &[(1, 500), (64, 500)]);
}

/// `--kube-reserved=memory=` of AKS nodes: VM size, Pods, before and from 1.29.
#[test]
fn aks_kubelet_flags() {
    for (size, version, pods, mib) in [
        ("Standard_DS2_v2", (1, 28), 110, 1638),
        ("Standard_DS4_v2", (1, 28), 110, 3399),
        ("Standard_D8s_v3", (1, 28), 110, 3645),
        ("Standard_DS2_v2", (1, 29), 250, 1792),
        ("Standard_D8s_v3", (1, 29), 110, 2250),
        ("Standard_D4s_v3", (1, 36), 30, 650),
    ] {
        let explanation = explain(&aks(version, pods), &machine(size), &Measured::default());
        assert_eq!(reserved(&explanation, KubeReserved, Memory), mib * MIB, "{size} {version:?}");
    }
    let windows = Platform::Aks(AksSettings { windows: true, ..AksSettings::default() });
    let explanation = explain(&Settings::new(windows), &machine("Standard_D2s_v3"), &Measured::default());
    assert_eq!(reserved(&explanation, KubeReserved, Memory), 3891 * MIB);
    assert_eq!(reserved(&explanation, EvictionHard, Memory), 0);
    assert_eq!(explanation.kubepods_limit, None);
}

#[test]
fn aks_rules_can_be_chosen_apart_from_the_version() {
    let old_pool = AksSettings { rules: Some(AksRules::ByMemory), ..AksSettings::default() };
    let settings = Settings { platform: Platform::Aks(old_pool), ..aks((1, 33), 30) };
    let explanation = explain(&settings, &machine("Standard_B2s"), &Measured::default());
    assert_eq!(reserved(&explanation, KubeReserved, Memory), 1024 * MIB);
    assert_eq!(reserved(&explanation, EvictionHard, Memory), 750 * MIB);
    assert!(!warned(&explanation).contains(&WarningKind::OldPool));
}

#[test]
fn default_maximum_of_pods() {
    let aks = |network| Platform::Aks(AksSettings { network: Some(network), ..AksSettings::default() });
    let prefixes = Platform::Eks(EksSettings { prefix_delegation: true, ..EksSettings::default() });
    let expression = Platform::Eks(EksSettings { max_pods_expression: Some(42), ..EksSettings::default() });
    for (platform, size, pods) in [
        (aks(AksNetwork::Overlay), "Standard_D4s_v5", 250),
        (aks(AksNetwork::PodSubnet), "Standard_D4s_v5", 110),
        (aks(AksNetwork::NodeSubnet), "Standard_D4s_v5", 30),
        (aks(AksNetwork::Kubenet), "Standard_D4s_v5", 110),
        (Provider::Eks.into(), "m5.xlarge", 58),
        (prefixes.clone(), "t3.nano", 34),
        (prefixes.clone(), "m5.xlarge", 110),
        (prefixes, "m5.16xlarge", 250),
        (expression, "m5.xlarge", 42),
        (Provider::Gke.into(), "e2-standard-4", 110),
        (Provider::OpenShift.into(), "m5.xlarge", 250),
        (Provider::Kubeadm.into(), "m5.xlarge", 110),
        (Provider::K3s.into(), "m5.xlarge", 110),
    ] {
        let explanation = explain(&Settings::new(platform), &machine(size), &Measured::default());
        assert_eq!(explanation.allocatable.pods, pods, "{explanation:#?}");
    }
    assert_eq!(eni_max_pods(4, 15, false), 58);
    assert_eq!(eni_max_pods(4, 15, true), 44);
    assert_eq!(eni_max_pods(0, 0, true), 2);
}

#[test]
fn eks_reserves_for_the_interfaces_whatever_max_pods_says() {
    let settings = Settings { max_pods: Some(110), ..Settings::new(Provider::Eks.into()) };
    let explanation = explain(&settings, &machine("m5.xlarge"), &Measured::default());
    assert_eq!(explanation.allocatable.pods, 110);
    assert_eq!(reserved(&explanation, KubeReserved, Memory), (11 * 58 + 255) * MIB);
    assert!(warned(&explanation).contains(&WarningKind::ReservedForOtherMaxPods));
    let expression = Platform::Eks(EksSettings { max_pods_expression: Some(110), ..EksSettings::default() });
    let explanation = explain(&Settings::new(expression), &machine("m5.xlarge"), &Measured::default());
    assert_eq!(reserved(&explanation, KubeReserved, Memory), (11 * 110 + 255) * MIB);
    assert!(!warned(&explanation).contains(&WarningKind::ReservedForOtherMaxPods));
}

#[test]
fn gke_small_and_shared_machines() {
    let explanation = explain(&Settings::new(Provider::Gke.into()), &machine("e2-micro"), &Measured::default());
    assert_eq!(reserved(&explanation, KubeReserved, Memory), 255 * MIB);
    for size in ["e2-micro", "e2-small", "e2-medium"] {
        let explanation = explain(&Settings::new(Provider::Gke.into()), &machine(size), &Measured::default());
        assert_eq!(explanation.allocatable.cpu, 940, "{size}");
    }
    let on_premises = Platform::Gke(GkeSettings { flavour: GkeFlavour::OnPremises, ..GkeSettings::default() });
    let measured = Measured { memory: Some(8000 * MIB), ..Measured::default() };
    let explanation = explain(&Settings::new(on_premises), &Machine::new(4, 8 * GIB), &measured);
    assert_eq!(explanation.allocatable.memory, (8000 - 280 - 400 - 100) * MIB);
    assert_eq!(explanation.allocatable.cpu, 4000 - 120);
}

/// system-reserved memory of an automatically sized OpenShift node, by the whole GiB that it sees.
#[test]
fn openshift_automatic_memory() {
    let settings = Settings::new(openshift(Sizing::Auto(CpuSizing::V2)));
    for (visible, gib) in
        [(3, 1), (8, 1), (15, 1), (16, 1), (17, 2), (32, 2), (64, 4), (128, 8), (129, 8), (251, 10), (503, 15)]
    {
        // Just short of the next GiB: `free -g` cuts.
        let measured = Measured { memory: Some((visible + 1) * GIB - KIB), ..Measured::default() };
        let explanation = explain(&settings, &Machine::new(4, (visible + 1) * GIB), &measured);
        assert_eq!(reserved(&explanation, SystemReserved, Memory), gib * GIB, "{visible}");
    }
    let explanation = explain(&Settings::new(openshift(Sizing::Static)), &machine("m5.4xlarge"), &Measured::default());
    assert_eq!(reserved(&explanation, SystemReserved, Memory), GIB);
}

#[test]
fn kubelets_left_alone() {
    let measured = Measured { memory: Some(4_025_844 * KIB), ..Measured::default() };
    for (provider, allocatable) in [
        (Provider::Kubeadm, 4_025_844 * KIB - 100 * MIB),
        (Provider::K3s, 4_025_844 * KIB),
        (Provider::Rke2, 4_025_844 * KIB),
        (Provider::Kind, 4_025_844 * KIB),
        (Provider::Minikube, 4_025_844 * KIB),
    ] {
        let explanation = explain(&Settings::new(provider.into()), &Machine::new(2, 4 * GIB), &measured);
        assert_eq!(explanation.allocatable.memory, allocatable, "{provider}");
        assert_eq!(explanation.allocatable.cpu, 2000);
        assert_eq!(explanation.kubepods_limit, Some(4_025_844 * KIB));
    }
    let host = explain(&Settings::new(Provider::Kind.into()), &Machine::new(8, 16 * GIB), &Measured::default());
    assert_eq!((host.allocatable.memory, host.capacity.memory_from), (16 * GIB, MemoryFrom::Host));
}

#[test]
fn ephemeral_storage() {
    let disk = 129_886_128 * KIB;
    let measured = Measured { ephemeral_storage: Some(disk), ..Measured::default() };
    let gke = |boot_disk, local_ssds| Platform::Gke(GkeSettings { boot_disk, local_ssds, ..GkeSettings::default() });
    let tenth = disk - 119_703_055_367;
    let gib = 107_374_182_400;
    for (platform, allocatable) in [
        // The field report's node.
        (Provider::Aks.into(), 119_703_055_367),
        (Provider::Kubeadm.into(), 119_703_055_367),
        (Provider::Eks.into(), 119_703_055_367 - GIB),
        (openshift(Sizing::Static), 119_703_055_367 - GIB),
        (Provider::K3s.into(), disk - Percent::whole(5).of(disk)),
        (Provider::Kind.into(), disk),
        (gke(Some(10 * GIB), 0), disk - tenth - 5 * GIB),
        (gke(Some(100 * GIB), 0), disk - tenth - 41 * GIB),
        (gke(Some(300 * GIB), 0), disk - tenth - gib),
        (gke(None, 1), disk - tenth - 50 * GIB),
        (gke(None, 2), disk - tenth - 75 * GIB),
        (gke(None, 3), disk - tenth - gib),
    ] {
        let explanation = explain(&Settings::new(platform), &Machine::new(4, 16 * GIB), &measured);
        assert_eq!(explanation.allocatable.ephemeral_storage, Some(allocatable), "{explanation:#?}");
    }
    let unknown = explain(&Settings::new(Provider::Eks.into()), &machine("m5.xlarge"), &Measured::default());
    assert_eq!(unknown.allocatable.ephemeral_storage, None);
    assert!(unknown.reservations.iter().all(|reservation| reservation.resource != EphemeralStorage));
}
