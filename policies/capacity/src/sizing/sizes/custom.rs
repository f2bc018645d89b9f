//! Google Cloud's custom machine types, whose name says it all: `n2-custom-4-8192` is 4 vCPUs and 8192 MiB.
//!
//! Shape: `[FAMILY-]custom-CPUS-MIB[-ext]`. Without a family it is n1; `e2-custom-micro`, `-small` and `-medium` share
//! two vCPUs (kubernetes/autoscaler cloudprovider/gce/machine_types.go). Whether Google would sell the combination
//! (steps of 256 MiB, limits per vCPU) is not checked.

use super::{Arch, Cloud, Size, number};
use crate::sizing::units::MIB;

/// The machine of a custom type's name; None when the name is no such type.
pub(super) fn size(name: &str) -> Option<Size> {
    let name = name.to_ascii_lowercase();
    let base = name.strip_suffix("-ext").unwrap_or(&name);
    let (family, shape) = match base.strip_prefix("custom-") {
        Some(shape) => ("n1", shape),
        None => base.split_once("-custom-")?,
    };
    let (cpus, mib) = shape.split_once('-')?;
    let vcpus = match cpus {
        "micro" | "small" | "medium" if family == "e2" => 2,
        cpus => digits(cpus).and_then(number)?,
    };
    let memory = digits(mib)?.parse::<u64>().ok()?.checked_mul(MIB)?;
    let plain_family = !family.is_empty() && family.bytes().all(|b| b.is_ascii_alphanumeric());
    if !plain_family || vcpus == 0 || memory == 0 {
        return None;
    }
    let arch = arch_of(family);
    Some(Size { cloud: Cloud::Gcp, name, vcpus, base_vcpus: vcpus, memory, arch, eni_max_pods: None })
}

fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|b| b.is_ascii_digit()).then_some(text)
}

/// A family has one instruction set, that of its sizes in the table.
fn arch_of(family: &str) -> Arch {
    super::all(Cloud::Gcp)
        .find(|size| size.name.split_once('-').is_some_and(|(of, _)| of == family))
        .map_or(Arch::Amd64, |size| size.arch)
}
