//! Kubelets that nobody computes reservations for: kubeadm, K3s, RKE2, kind, minikube.
use super::{Defaults, Given, Percent, Reserved};
use crate::sizing::figure::{Amount, MemoryFrom, Source, Warning, WarningKind};
use crate::sizing::units::{Bytes, MIB};

pub(super) const KUBELET: Source = Source::checked("kubelet defaults, pkg/kubelet/eviction/defaults_linux.go");
const K3S: Source = Source::checked("k3s, agent kubelet arguments");
const KIND: Source = Source::checked("kind, pkg/cluster/internal/kubeadm/config.go");
const MINIKUBE: Source = Source::unchecked("minikube's kubelet configuration");

/// A kubelet with its own defaults: nothing reserved, evictions below 100Mi of memory and 10 % of disk, 110 Pods.
pub(super) fn kubeadm() -> Defaults {
    Defaults {
        max_pods: default_max_pods(),
        kube_reserved: Reserved::default(),
        system_reserved: Reserved::default(),
        eviction_memory: Some(eviction_100mi(KUBELET)),
        eviction_nodefs: Some((Percent::whole(10), KUBELET)),
        enforced: true,
        forecast: None,
        warnings: Vec::new(),
    }
}

/// K3s and RKE2 pass `imagefs.available<5%,nodefs.available<5%`, which drops the memory threshold: allocatable memory
/// is the capacity, and there is no eviction for memory.
pub(super) fn k3s() -> Defaults {
    Defaults { eviction_memory: None, eviction_nodefs: Some((Percent::whole(5), K3S)), ..kubeadm() }
}

/// kind sets the disk thresholds to 0 % and thereby drops the one for memory; a node sees the host's whole memory.
pub(super) fn kind(given: &Given<'_>) -> Defaults {
    let what = match given.memory_from {
        MemoryFrom::Measured | MemoryFrom::Host => "memory",
        MemoryFrom::Estimated { .. } => "estimated memory",
    };
    let text = format!(
        "every kind node claims the host's whole {what} of {}, however many nodes share it",
        Bytes(given.memory)
    );
    Defaults {
        eviction_memory: None,
        eviction_nodefs: Some((Percent::whole(0), KIND)),
        warnings: vec![Warning::new(WarningKind::SharedHost, text)],
        ..kubeadm()
    }
}

/// minikube is set up like kubeadm, but for thresholds of 0 %.
pub(super) fn minikube() -> Defaults {
    Defaults { eviction_memory: None, eviction_nodefs: Some((Percent::whole(0), MINIKUBE)), ..kubeadm() }
}

pub(super) fn default_max_pods() -> Amount {
    Amount::new(110_u64, "the kubelet's default", KUBELET)
}

pub(super) fn eviction_100mi(source: Source) -> Amount {
    Amount::new(100 * MIB, "memory.available<100Mi", source)
}
