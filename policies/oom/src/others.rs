//! Others who kill or tell of kills: userspace OOM killers, and container runtimes.
//!
//! systemd-oomd and earlyoom end processes before the kernel has to, by rules of their own; no limit was hit. A
//! container runtime passes on that the kernel killed something in a container, which is worth telling only where
//! the kernel's own lines are missing.

use super::cgroup::locate;
use super::text::{after, between, cut, leading};

/// Places kept of one program.
const MAX_PLACES: usize = 256;
/// Bytes kept of a line.
const MAX_TEXT: usize = 512;

/// Who it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Program {
    /// systemd-oomd, because of memory pressure.
    SystemdOomd,
    /// systemd-oomd, because memory and swap were nearly full.
    SystemdOomdSwap,
    /// earlyoom, which watches free memory and swap.
    Earlyoom,
    /// Talos' own OOM controller, which watches memory pressure.
    Talos,
    /// containerd or cri-dockerd, which saw the kernel kill in a container.
    Runtime,
    /// systemd, which saw the kernel kill in a container's scope.
    Systemd,
    /// The kubelet, which evicts Pods while the node is short of memory.
    KubeletEviction,
    /// The kubelet, which saw the kernel kill for want of memory on the whole machine.
    KubeletOom,
}

/// What the lines of one program say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Who.
    pub program: Program,
    /// How many times.
    pub count: u64,
    /// Number of the first line.
    pub first_line: u64,
    /// Its text.
    pub first_text: String,
    /// Where, as far as the lines tell; the first few places.
    pub places: Vec<OtherPlace>,
}

/// A container or Pod that lines of another program are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherPlace {
    /// The Pod's UID, or a static Pod's hash.
    pub pod: Option<String>,
    /// The container's id.
    pub container: Option<String>,
    /// The Pod's namespace and name.
    pub name: Option<(String, String)>,
    /// How many lines.
    pub count: u64,
    /// Number of the first line.
    pub first_line: u64,
}

impl Program {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SystemdOomd | Self::SystemdOomdSwap => "systemd-oomd",
            Self::Earlyoom => "earlyoom",
            Self::Talos => "Talos' OOM controller",
            Self::Runtime => "the container runtime",
            Self::Systemd => "systemd",
            Self::KubeletEviction | Self::KubeletOom => "the kubelet",
        }
    }

    /// What its lines mean.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::SystemdOomd => {
                "it ends a whole cgroup under memory pressure, before the kernel has to; no limit of a Pod was hit: see oomctl, and ManagedOOMMemoryPressure of the unit"
            }
            Self::SystemdOomdSwap => {
                "it ends the cgroup that uses most swap when the machine's memory and swap are nearly full, before the kernel has to; no limit of a Pod was hit: see oomctl, SwapUsedLimit of oomd.conf and ManagedOOMSwap of the unit, and give the machine more memory or its Pods less swap"
            }
            Self::Earlyoom => {
                "it ends the process with the highest oom_score when little memory is free; no limit of a Pod was hit: see its options -m and -s"
            }
            Self::Talos => {
                "it ends a whole cgroup when the node is under memory pressure, before the kernel has to; no limit of a Pod was hit: see OOMConfig of the machine's configuration"
            }
            Self::KubeletEviction => {
                "it evicts Pods while less memory is free on the node than evictionHard or evictionSoft asks for (memory.available), before the kernel has to; no limit of a Pod was hit: raise requests to real use, or take larger nodes"
            }
            Self::KubeletOom => {
                "it saw the kernel kill because the whole machine ran out of memory; the kernel's own lines (journalctl -k, dmesg of that node) say who took the memory"
            }
            Self::Runtime | Self::Systemd => {
                "it saw the kernel kill a process in a container; the kernel's own lines (journalctl -k, dmesg of that node) say at which limit"
            }
        }
    }
}

/// Who says in a line that it has killed, or that someone was. What was counted `before` tells what a line is about
/// that does not say it itself.
pub(super) fn read(line: &str, before: &[Other]) -> Option<Program> {
    if line.contains("systemd-oomd") && line.contains("Killed /") && line.contains(" due to memory ") {
        let is_swap = line.contains(" and swap used ");
        return Some(if is_swap { Program::SystemdOomdSwap } else { Program::SystemdOomd });
    }
    if line.contains("[talos]") && line.contains("Sending SIGKILL to cgroup") {
        return Some(Program::Talos);
    }
    if line.contains("viction manager: ") {
        let reclaims = line.contains("attempting to reclaim") && line.contains("memory");
        // Of what the node was short is said before the Pods.
        let evicts = line.contains("evicted successfully")
            && before.iter().any(|other| other.program == Program::KubeletEviction);
        return (reclaims || evicts).then_some(Program::KubeletEviction);
    }
    if victim_of_kubelet(line).is_some() {
        return Some(Program::KubeletOom);
    }
    let earlyoom =
        line.contains("earlyoom") && (line.contains("sending SIGTERM to") || line.contains("sending SIGKILL to"));
    earlyoom.then_some(Program::Earlyoom)
}

/// The process that the kubelet's `System OOM encountered, victim process: <name>, pid: <n>` names.
pub(super) fn victim_of_kubelet(line: &str) -> Option<(&str, u64)> {
    let (name, rest) = after(line, "System OOM encountered, victim process: ")?.rsplit_once(", pid: ")?;
    Some((name, leading(rest)?.0))
}

/// What systemd says of a scope or service in which the kernel has killed.
const UNIT: &str = ".scope: A process of this unit has been killed by the OOM killer";

/// The container of a runtime's `TaskOOM event` line, or of systemd's about its scope.
pub(super) fn task_oom(text: &str) -> Option<&str> {
    match after(text, "TaskOOM event") {
        Some(event) => full_id(event),
        None => full_id(text.split_once(UNIT)?.0),
    }
}

fn full_id(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_hexdigit()).find(|word| word.len() == 64)
}

/// Who passed on that the kernel killed something.
pub(super) fn witness(text: &str) -> Program {
    if text.contains(UNIT) { Program::Systemd } else { Program::Runtime }
}

/// Counts a line.
pub(super) fn count(others: &mut Vec<Other>, program: Program, line: u64, text: &str) {
    let at = others.iter().position(|other| other.program == program).unwrap_or_else(|| {
        let first_text = cut(text, MAX_TEXT).to_owned();
        others.push(Other { program, count: 0, first_line: line, first_text, places: Vec::new() });
        others.len().saturating_sub(1)
    });
    let Some(other) = others.get_mut(at) else { return };
    other.count = other.count.saturating_add(1);
    let Some((pod, container, name)) = place(program, text) else { return };
    let has_room = other.places.len() < MAX_PLACES;
    match other.places.iter_mut().find(|place| (&place.pod, &place.container, &place.name) == (&pod, &container, &name))
    {
        Some(place) => place.count = place.count.saturating_add(1),
        None if !has_room => {}
        None => other.places.push(OtherPlace { pod, container, name, count: 1, first_line: line }),
    }
}

/// A Pod's UID, a container's id, a Pod's namespace and name.
type PlaceKey = (Option<String>, Option<String>, Option<(String, String)>);

/// The Pod and the container that a line is about.
fn place(program: Program, text: &str) -> Option<PlaceKey> {
    let path = match program {
        Program::Runtime | Program::Systemd => return Some((None, Some(task_oom(text)?.to_owned()), None)),
        Program::KubeletEviction => {
            let (namespace, name) = between(text, "pod=\"", "\"")?.split_once('/')?;
            return Some((None, None, Some((namespace.to_owned(), name.to_owned()))));
        }
        Program::SystemdOomd | Program::SystemdOomdSwap => between(text, "Killed ", " due to memory ")?,
        Program::Talos => between(text, "\"cgroup\": \"", "\"")?,
        Program::Earlyoom | Program::KubeletOom => return None,
    };
    let place = locate(path);
    let pod = place.pod.map(|pod| pod.uid);
    (pod.is_some() || place.container.is_some()).then_some((pod, place.container, None))
}

#[cfg(test)]
mod tests {
    use super::super::Stream;

    #[test]
    fn the_kubelet_says_of_what_and_whom() {
        let line = |text: &str| format!("May 01 12:34:56 n kubelet[9]: {text}\n");
        let evicted = line(
            "I0501 12:34:56.2 9 eviction_manager.go:616] \"Eviction manager: pod is evicted successfully\" pod=\"shop/web-0\"",
        );
        let reclaim = |what: &str| {
            line(&format!(
                "I0501 12:34:56.1 9 eviction_manager.go:366] \"Eviction manager: attempting to reclaim\" resourceName=\"{what}\""
            ))
        };
        let oom =
            line("event.go:1] \"Event occurred\" message=\"System OOM encountered, victim process: java, pid: 7\"");
        let told = |log: String| {
            let (mut stream, mut kills) = (Stream::new(), Vec::new());
            stream.push(log.as_bytes(), &mut kills);
            stream.finish(&mut kills);
            let all = stream.others().iter().map(|o| (o.program, o.count, o.places.len())).collect::<Vec<_>>();
            (kills.len(), all)
        };
        assert_eq!(told(reclaim("ephemeral-storage") + &evicted), (0, vec![]));
        assert_eq!(told(reclaim("memory") + &evicted), (0, vec![(super::Program::KubeletEviction, 2, 1)]));
        assert_eq!(told(oom.clone()), (0, vec![(super::Program::KubeletOom, 1, 0)]));
        let kernel = "[1.5] Out of memory: Killed process 7 (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n";
        assert_eq!(told(kernel.to_owned() + &oom), (1, vec![]));
    }

    #[test]
    fn who_killed_is_told_apart() {
        let id = "ab".repeat(32);
        let log = format!(
            "May 01 12:34:56 n systemd-oomd[5]: Killed /user.slice/app.scope due to memory pressure for /user.slice being 62.55% > 50.00% for > 20s\n\
             May 01 12:34:56 n systemd-oomd[5]: Killed /user.slice/b.scope due to memory used (8131133440) / total (8167239680) and swap used (1932735283) / total (2147479552) being more than 90.00%\n\
             May 01 12:34:56 n systemd[1]: app.scope: systemd-oomd killed 12 process(es) in this unit.\n\
             May 01 12:34:57 n earlyoom[8]: sending SIGTERM to process 4 uid 1 \"java\": oom_score 903, VmRSS 1234 MiB\n\
             May 01 12:34:58 n earlyoom[8]: sending SIGKILL to process 4 uid 1 \"java\": oom_score 903, VmRSS 1234 MiB\n\
             May 01 12:34:59 n systemd[1]: cri-containerd-{id}.scope: A process of this unit has been killed by the OOM killer.\n\
             user: warning: [2026-05-01T12:34:59Z]: [talos] Sending SIGKILL to cgroup {{\"controller\": \"runtime.OOMController\", \"cgroup\": \"/sys/fs/cgroup/kubepods/burstable/pod11112222-3333-4444-5555-666677778888\"}}\n\
             May 01 12:34:59 n containerd[8]: time=\"t\" level=info msg=\"TaskOOM event &TaskOOM{{ContainerID:{id},}}\"\n"
        );
        let (mut stream, mut kills) = (Stream::new(), Vec::new());
        stream.push(log.as_bytes(), &mut kills);
        stream.finish(&mut kills);
        assert!(kills.is_empty());
        let told: Vec<_> = stream.others().iter().map(|o| (o.program.name(), o.count, o.first_line)).collect();
        let expected = [
            ("systemd-oomd", 1, 1),
            ("systemd-oomd", 1, 2),
            ("earlyoom", 2, 4),
            ("systemd", 1, 6),
            ("Talos' OOM controller", 1, 7),
            ("the container runtime", 1, 8),
        ];
        assert_eq!(told, expected);
        let uids: Vec<_> = stream.others().iter().flat_map(|other| &other.places).collect();
        let places: Vec<_> = uids.iter().map(|place| (place.pod.as_deref(), place.container.as_deref())).collect();
        let uid = "11112222-3333-4444-5555-666677778888";
        assert_eq!(places, [(None, Some(id.as_str())), (Some(uid), None), (None, Some(id.as_str()))]);
        let meanings: Vec<_> = stream.others().iter().take(2).map(|other| other.program.meaning()).collect();
        assert!(meanings[0].contains("pressure") && meanings[1].contains("swap") && !meanings[1].contains("pressure"));
    }
}
