//! Whole calculations: nodes that were measured, what kubelets were configured with, and laws that hold everywhere.

mod explained;
mod formulas;
mod laws;
mod measured;

use super::*;

/// AKS before 1.29 with `pods` Pods at most.
fn aks(version: (u32, u32), pods: u32) -> Settings {
    let kubernetes = Some(KubernetesVersion::new(version.0, version.1));
    Settings { kubernetes, max_pods: Some(pods), ..Settings::new(Provider::Aks.into()) }
}

fn machine(name: &str) -> Machine {
    find_size_anywhere(name).unwrap().into()
}

/// The one reservation of `resource` for `kind`.
fn reserved(explanation: &Explanation, kind: ReservationKind, resource: Resource) -> u64 {
    let found: Vec<_> = explanation.reservations.iter().filter(|r| (r.kind, r.resource) == (kind, resource)).collect();
    assert!(found.len() <= 1, "{found:?}");
    found.first().map_or(0, |reservation| reservation.amount.amount)
}

fn warned(explanation: &Explanation) -> Vec<WarningKind> {
    explanation.warnings.iter().map(|warning| warning.kind).collect()
}
