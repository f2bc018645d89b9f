//! The tables are sorted, unique and complete, and every way of naming a size finds it.

use super::*;
use crate::sizing::units::GIB;

/// Sizes, their vCPUs and MiB summed, arm64 sizes, Pods by interface summed: changes with any number in a table.
const TOTALS: [(Cloud, [u64; 5]); 3] = [
    (Cloud::Aws, [1377, 84_816, 611_201_442, 396, 573_675]),
    (Cloud::Azure, [1446, 70_301, 643_903_744, 97, 0]),
    (Cloud::Gcp, [531, 33_108, 230_045_128, 73, 0]),
];

#[test]
fn every_line_is_a_size() {
    for cloud in Cloud::ALL {
        let table = cloud.table();
        assert!(table.ends_with('\n') && table.is_ascii());
        assert_eq!(all(cloud).count(), table.lines().count(), "{cloud}");
        for size in all(cloud) {
            assert!(size.vcpus > 0 && size.vcpus <= size.base_vcpus && size.memory >= GIB / 2, "{size:?}");
            assert_eq!(size.eni_max_pods.is_some(), cloud == Cloud::Aws, "{size:?}");
        }
    }
}

#[test]
fn tables_are_complete() {
    for (cloud, totals) in TOTALS {
        let sum = |value: fn(&Size) -> u64| all(cloud).map(|size| value(&size)).sum::<u64>();
        let found = [
            sum(|_| 1),
            sum(|size| size.base_vcpus.into()),
            sum(|size| size.memory / MIB),
            sum(|size| u64::from(size.arch == Arch::Arm64)),
            sum(|size| size.eni_max_pods.unwrap_or(0).into()),
        ];
        assert_eq!(found, totals, "{cloud}");
    }
    assert_eq!(TOTALS.iter().map(|(_, totals)| totals[0]).sum::<u64>(), 3354);
}

#[test]
fn tables_are_sorted_and_names_are_unique_in_all_clouds() {
    let mut seen = std::collections::HashSet::new();
    for cloud in Cloud::ALL {
        let lines: Vec<_> = cloud.table().lines().collect();
        for pair in lines.windows(2) {
            assert_eq!(by_lower_case(name_of(pair[0]), name_of(pair[1])), Ordering::Less, "{pair:?}");
        }
        for line in lines {
            assert!(seen.insert(name_of(line).to_ascii_lowercase()), "{line}");
        }
    }
}

#[test]
fn every_size_is_found_in_any_case() {
    for cloud in Cloud::ALL {
        for size in all(cloud) {
            for name in [size.name.clone(), size.name.to_ascii_uppercase(), size.name.to_ascii_lowercase()] {
                assert_eq!(find(cloud, &name).as_ref(), Ok(&size));
                assert_eq!(find_anywhere(&name).as_ref(), Ok(&size));
            }
        }
    }
}

#[test]
fn sizes_are_as_their_cloud_publishes_them() {
    for (cloud, name, vcpus, base_vcpus, mib) in [
        (Cloud::Azure, "Standard_DS2_v2", 2, 2, 7168),
        (Cloud::Azure, "ds2_v2", 2, 2, 7168),
        (Cloud::Azure, "Standard_B1ls", 1, 1, 512),
        (Cloud::Azure, "Standard_DS1_v2", 1, 1, 3584),
        (Cloud::Azure, "Standard_M8-2ms", 2, 8, 224_000),
        (Cloud::Azure, "Standard_DS11-1_v2", 1, 2, 14_336),
        (Cloud::Azure, "standard_hb120rs_v2", 120, 120, 466_944),
        (Cloud::Aws, "m5.xlarge", 4, 4, 16_384),
        (Cloud::Aws, "t1.micro", 1, 1, 627),
        (Cloud::Gcp, "e2-micro", 2, 2, 1024),
        (Cloud::Gcp, "n1-highcpu-4", 4, 4, 3686),
        (Cloud::Gcp, "n2-custom-4-8192", 4, 4, 8192),
        (Cloud::Gcp, "N2D-custom-6-3072-EXT", 6, 6, 3072),
        (Cloud::Gcp, "custom-2-5120", 2, 2, 5120),
        (Cloud::Gcp, "e2-custom-medium-4096", 2, 2, 4096),
    ] {
        let size = find(cloud, name).unwrap();
        assert_eq!((size.vcpus, size.base_vcpus, size.memory), (vcpus, base_vcpus, mib * MIB), "{name}");
    }
    assert_eq!(find(Cloud::Gcp, "n4a-custom-2-4096").unwrap().arch, Arch::Arm64);
    assert_eq!(find(Cloud::Aws, "m5.xlarge").unwrap().eni_max_pods, Some(58));
}

#[test]
fn custom_types_that_are_none() {
    for name in [
        "custom",
        "custom-",
        "custom-2",
        "custom-0-1024",
        "custom-2-0",
        "custom-x-1024",
        "custom-2-4Gi",
        "n2-custom-micro-1024",
        "-custom-2-1024",
        "n2_x-custom-2-1024",
        "custom-+2-1024",
        "custom-2-99999999999999999999",
        "custom-2-18446744073709551615",
    ] {
        assert!(find(Cloud::Gcp, name).is_err(), "{name}");
    }
}

#[test]
fn a_mistyped_size_names_the_nearest() {
    for (cloud, name, expected) in [
        (Cloud::Azure, "Standard_DS2v2", "unknown VM size `Standard_DS2v2`, did you mean `Standard_DS2_v2`, "),
        (Cloud::Azure, "D4s-v5", "unknown VM size `D4s-v5`, did you mean `Standard_D4s_v5`, "),
        (Cloud::Aws, "m5.xlrage", "unknown VM size `m5.xlrage`, did you mean `m5.xlarge`, "),
        (Cloud::Gcp, "e2-standart-4", "unknown VM size `e2-standart-4`, did you mean `e2-standard-4`, "),
        (Cloud::Azure, "m5.xlarge", "`m5.xlarge` is a size of AWS, not of Azure"),
        (Cloud::Gcp, "d4s_v5", "`Standard_D4s_v5` is a size of Azure, not of Google Cloud"),
    ] {
        let message = find(cloud, name).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
    for name in ["", "zzzzzzzzzzzzzzzzzzzzzzzzzzzz", "é", "Standard_é", "standardé"] {
        assert!(find(Cloud::Azure, name).is_err());
    }
    let long = find(Cloud::Azure, &"x".repeat(100_000)).unwrap_err();
    assert!(matches!(long, UnknownSize::Nowhere { nearest, .. } if nearest.is_empty()));
}
