//! What to write into the manifest after a kill: the field, its new value, and a patch.
use memlint_files::place;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::Related;
use memlint_kubernetes::resources::List;
use memlint_kubernetes::workload::Workload;
use memlint_oom::{Advice, Beyond, Kill, Level, format_bytes};
use memlint_policies::finding::{Finding, Group, Level as Severity};

use super::manifests::{Manifests, Match, MatchedBy};
use super::pods::Found;
use super::target::{Proposal, Target, memory, quantity, target};
use crate::project::place::Place;
use crate::report::Located;

/// What the container should get, from what it has: half as much again where its own limit was hit, its real use as
/// its request where the node was full. `None` where no value of its own would help.
pub(super) fn propose(kill: &Kill, advice: &Advice, request: Option<u64>, limit: Option<u64>) -> Option<Proposal> {
    match kill.level? {
        // Set within the container, where no field of the Pod reaches.
        _ if kill.beyond == Some(Beyond::Container) => None,
        _ if kill.is_manual() => None,
        Level::Container | Level::Pod => {
            let old = limit.or(kill.limit)?;
            // It has been raised since.
            if kill.limit.is_some_and(|hit| old > hit) {
                return None;
            }
            let more = match advice {
                Advice::MemoryVolume { shmem, .. } => *shmem,
                _ => old / 2,
            };
            let new = round_up(old.saturating_add(more));
            let request = match request {
                Some(request) if request >= old => Some(new),
                // No further above the request than it was, if that was within the twofold that linting allows.
                Some(request) if request >= old / 2 && request < new / 2 => Some(round_up(new / 2)),
                _ => None,
            };
            Some(Proposal { request, limit: Some(new) })
        }
        Level::Node | Level::Qos | Level::Machine => {
            let held = kill.victims.iter().filter_map(memlint_oom::Victim::resident).fold(0, u64::saturating_add);
            let needed = round_up(held);
            (held > 0 && request.is_none_or(|request| request < held)).then(|| Proposal {
                request: Some(needed),
                limit: limit.filter(|limit| *limit < needed).map(|_| needed),
            })
        }
        Level::System | Level::Numa => None,
    }
}

/// Up to a figure that a person would write.
pub(super) fn round_up(bytes: u64) -> u64 {
    const MI: u64 = 1 << 20;
    let step = match bytes / MI {
        0..256 => 16,
        256..1024 => 64,
        1024..8192 => 256,
        _ => 1024,
    };
    bytes.div_ceil(step * MI).saturating_mul(step * MI)
}

/// The change as a finding on the manifest, so that it is shown as linting shows its own.
pub(super) fn locate(
    manifests: &Manifests<'_>,
    found: Match<'_>,
    kill: &Kill,
    advice: &Advice,
    times: u64,
    live: Option<u64>,
) -> Option<Located> {
    let Match { entry, container, by } = found;
    let workload = &entry.workload;
    let target = of(found, kill)?;
    let request = target.memory(List::Requests);
    // The larger of what the cluster has and what is written, so that no change lowers either.
    let limit = live.filter(|_| !target.is_of_pod()).max(target.memory(List::Limits));
    // Containers of one Pod may share the limit that was hit.
    let proposal = propose(kill, advice, request, limit).filter(|proposal| target.accepts(workload, *proposal))?;
    let list = if proposal.limit.is_some() && own_limit(kill) { List::Limits } else { List::Requests };
    let at = target.at.key(list.field()).key("memory");
    let name = container.and_then(|place| workload.container(place)).map(|container| container.name.clone());
    let mut finding = Finding {
        rule: "oom",
        group: Group::OomKilled,
        level: Severity::Deny,
        object: workload.object.clone(),
        message: message(kill, name.as_deref(), times, request, by),
        container: name,
        at,
        on_key: false,
        part: None,
        help: help(proposal, advice, if target.is_of_pod() { "the Pod's " } else { "" }),
        related: memory_volumes(workload, advice),
        fix: target.patch(proposal),
        measures: Vec::new(),
        data: std::collections::BTreeMap::new(),
    };
    for (key, value) in [("suggestedLimitBytes", proposal.limit), ("suggestedRequestBytes", proposal.request)] {
        if let Some(value) = value.and_then(|value| i64::try_from(value).ok()) {
            finding.data.insert(key, value.into());
        }
    }
    let document = manifests.document(entry)?;
    let locate = |at: &FieldPath| {
        let (path, span) = place::find(document, &entry.object_at, at, false, None);
        Place { document: entry.held, path, span }
    };
    let related = finding.related.iter().map(|related| locate(&related.at)).collect();
    let place = locate(&finding.at);
    Some(Located { place, related, finding, rendered: None, renderings: Vec::new() })
}

/// The limit that holds now, in the cluster or as written, where it is above the one that was hit.
pub(super) fn raised(kill: &Kill, found: Option<Found<'_>>, matched: Option<Match<'_>>) -> Option<u64> {
    let hit = kill.limit.filter(|_| own_limit(kill) && kill.beyond.is_none())?;
    let live = found
        .and_then(|found| found.container?.limit.or_else(|| memory(found.pod.spec.resources.as_ref()?, List::Limits)));
    let written = matched.and_then(|matched| of(matched, kill)?.memory(List::Limits));
    live.max(written).filter(|now| *now > hit)
}

/// The block to change. The whole Pod's needs no certainty which container it was.
fn of(found: Match<'_>, kill: &Kill) -> Option<Target> {
    let workload = &found.entry.workload;
    match found.container {
        Some(place) => Some(target(workload, place, kill)),
        None => workload.containers.iter().map(|place| target(workload, place, kill)).find(Target::is_of_pod),
    }
}

fn own_limit(kill: &Kill) -> bool {
    matches!(kill.level, Some(Level::Container | Level::Pod))
}

fn message(kill: &Kill, name: Option<&str>, times: u64, request: Option<u64>, by: MatchedBy) -> String {
    let name = name.map_or_else(|| "of this Pod".to_owned(), str::to_owned);
    let often = if times > 1 { format!(" {times} times") } else { String::new() };
    let guess = if by == MatchedBy::Limit { " (the only one with this limit, --pods would tell for sure)" } else { "" };
    match kill.level {
        Some(Level::Container | Level::Pod) => {
            let whose = if kill.level == Some(Level::Pod) { "its Pod's memory limit" } else { "its memory limit" };
            let limit = kill.limit.map(|limit| format!(" of {}", format_bytes(limit))).unwrap_or_default();
            format!("container {name}{guess} was killed{often} at {whose}{limit}")
        }
        _ => {
            let held = kill.victims.iter().filter_map(memlint_oom::Victim::resident).fold(0, u64::saturating_add);
            let requests = request.map_or_else(|| "no memory".to_owned(), format_bytes);
            format!(
                "container {name} requests {requests}, and held {} when it was killed{often} for want of memory on its node",
                format_bytes(held)
            )
        }
    }
}

fn help(proposal: Proposal, advice: &Advice, whose: &str) -> String {
    let value = |name: &str, bytes: Option<u64>| bytes.map(|bytes| format!("{whose}{name} to {}", quantity(bytes)));
    let values: Vec<String> = [value("limits.memory", proposal.limit), value("requests.memory", proposal.request)]
        .into_iter()
        .flatten()
        .collect();
    let values = values.join(" and ");
    match advice {
        Advice::RaiseLimitOrFixLeak { .. } => {
            format!("if this is normal use, set {values} and watch it; if it grows without end, find the leak")
        }
        Advice::UnwrittenPageCache { .. } => format!("write less at once or to a faster volume, or set {values}"),
        Advice::MemoryVolume { .. } => format!("give the in-memory volume a sizeLimit, or set {values}"),
        _ => format!("set {values}"),
    }
}

/// The in-memory volumes of the Pod, which are charged to its containers.
fn memory_volumes(workload: &Workload, advice: &Advice) -> Vec<Related> {
    if !matches!(advice, Advice::MemoryVolume { .. }) {
        return Vec::new();
    }
    let volumes = workload.spec().volumes.iter().flatten().enumerate();
    let in_memory = volumes.filter_map(|(index, volume)| {
        let empty_dir = volume.empty_dir.as_ref().filter(|dir| dir.medium.as_deref() == Some("Memory"))?;
        let at = workload.spec_at.key("volumes").index(index).key("emptyDir");
        Some(match &empty_dir.size_limit {
            Some(size) => {
                (at.key("sizeLimit"), format!("volume {} keeps up to {} of it in memory", volume.name, size.0))
            }
            None => (
                at.key("medium"),
                format!("volume {} keeps what is written to it in memory, without a sizeLimit", volume.name),
            ),
        })
    });
    in_memory.map(|(at, message)| Related { origin: None, at, message }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_figures() {
        let mi = |n: u64| n << 20;
        for (bytes, rounded) in
            [(1, mi(16)), (mi(750), mi(768)), (mi(768), mi(768)), (mi(1500), mi(1536)), (mi(9000), mi(9216))]
        {
            assert_eq!(round_up(bytes), rounded);
        }
        assert_eq!(quantity(mi(768)), "768Mi");
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }
}
