//! What heap or cache a container's runtime is told it may use: `-Xmx2g`, `GOMEMLIMIT=1GiB`, `--maxmemory 2gb`.
//!
//! [`settings`] reads `env`, `command` and `args` with each runtime's own precedence and units. It reports only what
//! the manifest makes known: a flag whose value comes from a ConfigMap, a Secret, a file or a script gives nothing,
//! and neither does a flag that such an unknown would override. What the image itself sets is not seen.
//!
//! Not here: whether a setting is too large for the container. That is the business of the rules.

mod calls;
mod commands;
mod context;
mod dotnet;
mod env;
mod go;
mod jvm;
mod jvm_flags;
mod node;
mod number;
mod php;
mod setting;
mod shell;
mod sql;
mod stores;
#[cfg(test)]
mod tests;
mod text;
mod vars;
mod words;
use k8s_openapi::api::core::v1::Container;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::places::ContainerPlace;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::resources::{ContainerResources, List, PodResources};
use memlint_kubernetes::workload::Workload;

pub use setting::{HeapSetting, Kind, Memory, Region, Runtime};

use context::Context;

/// A command of more words than this is no start command, but data: nothing is read of it, nor of variables that it
/// might override.
const MAX_WORDS: usize = 4_096;

/// The known memory settings of a container of a workload. Without a limit of its own that of the Pod counts, as it
/// does for the kubelet.
pub(crate) fn of_container(
    workload: &Workload,
    place: &ContainerPlace,
    container: &ContainerResources,
    pod: &PodResources,
) -> Vec<HeapSetting> {
    let bytes = |quantity: Quantity| u64::try_from(quantity.value()).ok();
    let memory = |list| container.memory(list).or(pod.pod_level_memory(list)).and_then(bytes);
    let memory = Memory { limit: memory(List::Limits), request: memory(List::Requests) };
    workload.container(place).map(|typed| settings(typed, &place.at, &memory)).unwrap_or_default()
}

/// The known memory settings of the runtimes in a container, in the order of [`Runtime`].
///
/// `at` is the container's own path. No setting is guessed: see the module's introduction. A container that starts
/// several programs may have several settings of one runtime, each for its own process.
#[must_use]
pub fn settings(container: &Container, at: &FieldPath, memory: &Memory) -> Vec<HeapSetting> {
    if container.env.is_none() && container.command.is_none() && container.args.is_none() {
        return Vec::new();
    }
    let words = [&container.command, &container.args].into_iter().flatten().map(Vec::len).sum::<usize>();
    if words > MAX_WORDS {
        return Vec::new();
    }
    let cx = Context::new(container, at, *memory);
    let mut found = Vec::new();
    for find in [jvm::find, go::find, node::find, dotnet::find, php::find, stores::find, sql::find]
        as [fn(&Context<'_>, &mut Vec<HeapSetting>); 7]
    {
        find(&cx, &mut found);
    }
    let mut distinct: Vec<HeapSetting> = Vec::with_capacity(found.len());
    for setting in found {
        if !distinct.contains(&setting) {
            distinct.push(setting);
        }
    }
    distinct
}
