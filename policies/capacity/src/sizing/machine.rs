//! A machine as it is sold or built, before an operating system has taken anything: the start of every calculation.

use super::sizes::{Arch, Cloud, Size};

/// A virtual or physical machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The VM size's name; None for a machine that was described by its numbers.
    pub name: Option<String>,
    /// Whose VM it is; decides how much memory firmware and kernel take. None if unknown, or not a cloud's.
    pub cloud: Option<Cloud>,
    /// The instruction set.
    pub arch: Arch,
    /// vCPUs that the kernel sees.
    pub vcpus: u32,
    /// Memory as sold, in bytes.
    pub memory: u64,
    /// AWS: Pods that can have an address of their own on the instance type's network interfaces.
    pub eni_max_pods: Option<u32>,
}

impl Machine {
    /// An x86-64 machine of no known cloud with `vcpus` vCPUs and `memory` bytes.
    pub fn new(vcpus: u32, memory: u64) -> Self {
        Self { name: None, cloud: None, arch: Arch::Amd64, vcpus, memory, eni_max_pods: None }
    }
}

impl From<Size> for Machine {
    fn from(size: Size) -> Self {
        Self {
            name: Some(size.name),
            cloud: Some(size.cloud),
            arch: size.arch,
            vcpus: size.vcpus,
            memory: size.memory,
            eni_max_pods: size.eni_max_pods,
        }
    }
}
