//! The kubelet's eviction message (pkg/kubelet/eviction/helpers.go), its wording of today and that of older releases.

use super::super::text::{after, between};
use super::quantity::parse_bytes;

/// What an eviction's message says. Amounts are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Eviction {
    /// The resource that ran short: `memory`, `ephemeral-storage`, `inodes`, `pids`.
    pub resource: Option<String>,
    /// Less than this was to be free.
    pub threshold: Option<u64>,
    /// This was free.
    pub available: Option<u64>,
    /// The Pod as a whole, printed for Pods with Pod-level resources.
    pub pod: Option<ContainerUse>,
    /// The containers that used more than they requested.
    pub containers: Vec<ContainerUse>,
    /// The Pod was not evicted but refused: BestEffort, while the node was short of memory.
    pub refused_under_pressure: bool,
    /// An emptyDir volume outgrew its `sizeLimit`: its name and the limit.
    pub volume: Option<(String, Option<u64>)>,
}

/// Use and request of one container (or Pod).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerUse {
    /// Its name.
    pub name: String,
    /// What it used, in bytes.
    pub using: Option<u64>,
    /// What it requested, in bytes; the kubelet prints 0 for no request.
    pub request: Option<u64>,
}

/// Reads a message; fields that it does not hold stay empty.
pub(super) fn read(message: &str) -> Eviction {
    // Amounts end at a blank, a comma or the sentence's dot; a dot within a number is followed by a digit.
    let amount = |key: &str| after(message, key).and_then(first_amount);
    let mut containers: Vec<ContainerUse> = message.split("Container ").skip(1).take(64).filter_map(usage).collect();
    containers.dedup();
    let refused_under_pressure = message.contains("[MemoryPressure]");
    Eviction {
        resource: after(message, "low on resource: ")
            .map(|rest| rest.split(['.', ' ', ',']).next().unwrap_or(rest).trim_matches(['[', ']']).to_owned())
            .or_else(|| refused_under_pressure.then(|| "memory".to_owned())),
        threshold: amount("Threshold quantity: "),
        available: amount("available: "),
        pod: after(message, "Pod ").and_then(usage),
        containers,
        refused_under_pressure,
        volume: between(message, "EmptyDir volume \"", "\"")
            .map(|name| (name.to_owned(), between(message, "exceeds the limit \"", "\"").and_then(parse_bytes))),
    }
}

/// `<name> was using <amount>, request is <amount>` or `.. which exceeds its request of <amount>`.
fn usage(text: &str) -> Option<ContainerUse> {
    let (name, rest) = text.split_once(" was using ")?;
    if name.contains(' ') {
        return None;
    }
    // Not the next container's.
    let rest = rest.split(" was using ").next().unwrap_or(rest);
    let request = after(rest, "request is ").or_else(|| after(rest, "its request of "));
    Some(ContainerUse { name: name.to_owned(), using: first_amount(rest), request: request.and_then(first_amount) })
}

fn first_amount(text: &str) -> Option<u64> {
    let word = text.split([' ', ',']).next()?;
    parse_bytes(word.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_wordings() {
        let now = read(
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 61.5Mi. Pod p was using 1Gi, request is 500Mi, has larger consumption of memory. Container a was using 700Mi, request is 0, has larger consumption of memory. Container b was using 324Mi, request is 300Mi, has larger consumption of memory. ",
        );
        assert_eq!(now.resource.as_deref(), Some("memory"));
        assert_eq!((now.threshold, now.available), (Some(100 << 20), Some(64_487_424)));
        assert_eq!(now.pod.map(|pod| pod.request), Some(Some(500 << 20)));
        let uses: Vec<_> = now.containers.iter().map(|each| (each.name.as_str(), each.using, each.request)).collect();
        assert_eq!(uses, [("a", Some(700 << 20), Some(0)), ("b", Some(324 << 20), Some(300 << 20))]);
        let old =
            read("The node was low on resource: memory. Container c was using 12Ki, which exceeds its request of 0. ");
        assert_eq!(old.containers, [ContainerUse { name: "c".into(), using: Some(12288), request: Some(0) }]);
        let volume = read("Usage of EmptyDir volume \"v\" exceeds the limit \"1Gi\". ");
        assert_eq!(volume.volume, Some(("v".into(), Some(1 << 30))));
    }
}
