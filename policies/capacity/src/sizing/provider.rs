//! The providers whose reservations are known, and what each configures on a kubelet when nobody says otherwise.
//!
//! A provider's file turns a machine into [`Defaults`]; taking the user's settings into account and doing the sum is
//! [`super::allocatable`]'s business.

mod aks;
mod eks;
mod gke;
mod openshift;
mod plain;
use std::{fmt, str::FromStr};

use super::machine::Machine;
use super::percent::Percent;
use super::sizes::Cloud;
use super::version::KubernetesVersion;
use crate::sizing::figure::{Amount, Forecast, MemoryFrom, Source, Warning};

pub use self::{
    aks::{AksNetwork, AksRules, AksSettings},
    eks::{EksSettings, eni_max_pods},
    gke::{GkeFlavour, GkeSettings},
    openshift::{CpuSizing, OpenShiftSettings, Sizing},
};

/// Who sets up the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Azure Kubernetes Service.
    Aks,
    /// Amazon Elastic Kubernetes Service.
    Eks,
    /// Google Kubernetes Engine.
    Gke,
    /// OpenShift 4.
    OpenShift,
    /// kubeadm, and any kubelet with its own defaults.
    Kubeadm,
    /// K3s.
    K3s,
    /// RKE2.
    Rke2,
    /// kind, Kubernetes in Docker.
    Kind,
    /// minikube.
    Minikube,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 9] = [
        Self::Aks,
        Self::Eks,
        Self::Gke,
        Self::OpenShift,
        Self::Kubeadm,
        Self::K3s,
        Self::Rke2,
        Self::Kind,
        Self::Minikube,
    ];

    /// The name in a capacity file and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aks => "aks",
            Self::Eks => "eks",
            Self::Gke => "gke",
            Self::OpenShift => "openshift",
            Self::Kubeadm => "kubeadm",
            Self::K3s => "k3s",
            Self::Rke2 => "rke2",
            Self::Kind => "kind",
            Self::Minikube => "minikube",
        }
    }

    /// The one cloud whose machines it runs on; None for those that run anywhere.
    pub const fn cloud(self) -> Option<Cloud> {
        match self {
            Self::Aks => Some(Cloud::Azure),
            Self::Eks => Some(Cloud::Aws),
            Self::Gke => Some(Cloud::Gcp),
            Self::OpenShift | Self::Kubeadm | Self::K3s | Self::Rke2 | Self::Kind | Self::Minikube => None,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown provider `{0}`, known are aks, eks, gke, openshift, kubeadm, k3s, rke2, kind and minikube")]
pub struct UnknownProvider(String);

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let same = |provider: &Self| provider.name().eq_ignore_ascii_case(text.trim());
        Self::ALL.into_iter().find(same).ok_or_else(|| UnknownProvider(text.to_owned()))
    }
}

/// A provider with the options that only it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Azure Kubernetes Service.
    Aks(AksSettings),
    /// Amazon Elastic Kubernetes Service.
    Eks(EksSettings),
    /// Google Kubernetes Engine.
    Gke(GkeSettings),
    /// OpenShift 4.
    OpenShift(OpenShiftSettings),
    /// kubeadm, and any kubelet with its own defaults.
    Kubeadm,
    /// K3s.
    K3s,
    /// RKE2.
    Rke2,
    /// kind.
    Kind,
    /// minikube.
    Minikube,
}

impl Platform {
    /// The provider.
    pub const fn provider(&self) -> Provider {
        match self {
            Self::Aks(_) => Provider::Aks,
            Self::Eks(_) => Provider::Eks,
            Self::Gke(_) => Provider::Gke,
            Self::OpenShift(_) => Provider::OpenShift,
            Self::Kubeadm => Provider::Kubeadm,
            Self::K3s => Provider::K3s,
            Self::Rke2 => Provider::Rke2,
            Self::Kind => Provider::Kind,
            Self::Minikube => Provider::Minikube,
        }
    }

    pub(super) fn is_windows(&self) -> bool {
        matches!(self, Self::Aks(aks) if aks.windows)
    }

    /// Whether an `evictionHard` map is merged into the provider's, not put in its place. AKS and GKE let one set single
    /// signals; nodeadm and the kubelet's drop-in files merge maps key by key.
    pub(super) fn merges_eviction(&self) -> bool {
        matches!(self, Self::Aks(_) | Self::Eks(_) | Self::Gke(_))
    }

    pub(super) fn defaults(&self, given: &Given<'_>) -> Defaults {
        match self {
            Self::Aks(settings) => aks::defaults(settings, given),
            Self::Eks(settings) => eks::defaults(settings, given),
            Self::Gke(settings) => gke::defaults(settings, given),
            Self::OpenShift(settings) => openshift::defaults(settings, given),
            Self::Kubeadm => plain::kubeadm(),
            Self::K3s | Self::Rke2 => plain::k3s(),
            Self::Kind => plain::kind(given),
            Self::Minikube => plain::minikube(),
        }
    }
}

impl From<Provider> for Platform {
    /// The provider with its options at their defaults.
    fn from(provider: Provider) -> Self {
        match provider {
            Provider::Aks => Self::Aks(AksSettings::default()),
            Provider::Eks => Self::Eks(EksSettings::default()),
            Provider::Gke => Self::Gke(GkeSettings::default()),
            Provider::OpenShift => Self::OpenShift(OpenShiftSettings::default()),
            Provider::Kubeadm => Self::Kubeadm,
            Provider::K3s => Self::K3s,
            Provider::Rke2 => Self::Rke2,
            Provider::Kind => Self::Kind,
            Provider::Minikube => Self::Minikube,
        }
    }
}

/// What a formula may depend on.
pub(super) struct Given<'a> {
    pub(super) machine: &'a Machine,
    pub(super) kubernetes: Option<KubernetesVersion>,
    /// The user's maximum of Pods.
    pub(super) max_pods: Option<u32>,
    /// Capacity: millicores.
    pub(super) cpu: u64,
    /// Capacity: bytes.
    pub(super) memory: u64,
    /// Where `memory` is from.
    pub(super) memory_from: &'a MemoryFrom,
    /// Capacity: bytes, if known.
    pub(super) ephemeral_storage: Option<u64>,
}

/// What a provider configures.
pub(super) struct Defaults {
    pub(super) max_pods: Amount,
    pub(super) kube_reserved: Reserved,
    pub(super) system_reserved: Reserved,
    /// `memory.available`, in bytes.
    pub(super) eviction_memory: Option<Amount>,
    /// `nodefs.available`.
    pub(super) eviction_nodefs: Option<(Percent, Source)>,
    /// Whether the kubelet limits the `kubepods` cgroup: `enforceNodeAllocatable` holds `pods`.
    pub(super) enforced: bool,
    pub(super) forecast: Option<Forecast>,
    pub(super) warnings: Vec<Warning>,
}

/// One reservation map.
#[derive(Default)]
pub(super) struct Reserved {
    /// Millicores.
    pub(super) cpu: Option<Amount>,
    /// Bytes.
    pub(super) memory: Option<Amount>,
    /// Bytes.
    pub(super) ephemeral_storage: Option<Amount>,
}

impl Amount {
    fn new(amount: impl Into<u64>, formula: impl Into<String>, source: Source) -> Self {
        Self { amount: amount.into(), formula: formula.into(), source }
    }
}
