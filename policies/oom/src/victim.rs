//! The lines that name a victim: chosen, killed, already exiting, reaped.

use super::kill::{Fate, Victim};
use super::text::{after, leading, number_after, signed_after, size_after};

/// Which of the two OOM killers speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Killer {
    /// `Memory cgroup out of memory`: some cgroup's limit.
    Memcg,
    /// `Out of memory`: the machine, or its NUMA nodes.
    Global,
}

/// `Kill process N (name) score N or sacrifice child`, before 5.1: who was chosen. A child may be killed instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) killer: Option<Killer>,
    pub(super) pid: u64,
    pub(super) name: String,
}

/// Who speaks, from the words before the victim.
pub(super) fn killer(text: &str) -> Option<Killer> {
    if text.contains("emory cgroup out of memory") {
        Some(Killer::Memcg)
    } else if text.contains("Out of memory") {
        Some(Killer::Global)
    } else {
        None
    }
}

/// The `Kill process` line. Kernels before 2.6.37 wrote `Out of memory: kill process`; other programs write so, too.
pub(super) fn chosen(text: &str) -> Option<Chosen> {
    let old = || text.split_once("kill process ").filter(|(before, _)| killer(before).is_some());
    let (before, rest) = text.split_once("Kill process ").or_else(old)?;
    let (pid, rest) = leading(rest)?;
    let name = rest.strip_prefix(" (")?;
    let name = name.rsplit_once(") score").or_else(|| name.rsplit_once(')')).map_or(name, |(name, _)| name);
    Some(Chosen { killer: killer(before), pid, name: name.to_owned() })
}

/// The `Killed process` line, with who speaks. Page tables are as printed; see [`pgtables`].
pub(super) fn killed(text: &str) -> Option<(Option<Killer>, Victim)> {
    let (before, rest) = text.split_once("Killed process ")?;
    let (pid, rest) = leading(rest)?;
    // A name may look like the sizes: the last ones are the kernel's.
    let (head, sizes) = rest.rsplit_once("total-vm:").unwrap_or((rest, ""));
    let (between, name) = head.split_once('(')?;
    // Nothing but a user is between them: other programs tell of killed processes too.
    if !(between == " " || between.starts_with(", UID ")) {
        return None;
    }
    let name = last_bracket(name);
    let victim = Victim {
        pid,
        name: super::text::cut(name, 64).to_owned(),
        // `UID:5 pgtables` since 5.4; some vendors print `(name), UID 5, total-vm`.
        uid: number_after(sizes, "UID:").or_else(|| number_after(head, "UID ")),
        anon: size_after(sizes, "anon-rss:"),
        file: size_after(sizes, "file-rss:"),
        shmem: size_after(sizes, "shmem-rss:"),
        total_vm: leading(sizes).filter(|(_, unit)| unit.starts_with('k')).map(|(kb, _)| super::text::kib(kb)),
        pgtables: size_after(sizes, "pgtables:"),
        oom_score_adj: signed_after(sizes, "oom_score_adj:"),
        fate: Fate::Killed,
        reaped: false,
        line: 0,
    };
    Some((killer(before), victim))
}

/// A name up to its closing bracket, the last one, as names may hold brackets, too. Beyond the kernel's 15 bytes the
/// next line was run on to this one.
fn last_bracket(text: &str) -> &str {
    let name = text.rsplit_once(')').map_or(text, |(name, _)| name);
    if name.len() <= 15 { name } else { text.split_once(')').map_or(text, |(name, _)| name) }
}

/// Page tables in bytes. Early 5.4 kernels printed bytes and called them kB: those agree with the task table, or
/// are larger than what they could map.
pub(super) fn pgtables(printed: Option<u64>, table: Option<u64>, total_vm: Option<u64>) -> Option<u64> {
    let (printed, as_bytes) = (printed?, printed? / 1024);
    let mislabelled = table == Some(as_bytes)
        || (table != Some(printed) && as_bytes.is_multiple_of(4096) && total_vm.is_some_and(|total| printed > total));
    Some(if mislabelled { as_bytes } else { printed })
}

/// `OOM victim N (name) is already exiting. Skip killing the task`
pub(super) fn exiting(text: &str) -> Option<(Option<Killer>, Victim)> {
    let (before, rest) = text.split_once("OOM victim ")?;
    let (pid, rest) = leading(rest)?;
    let (name, _) = rest.split_once('(')?.1.rsplit_once(") is already exiting")?;
    Some((killer(before), bare(pid, name, Fate::AlreadyExiting)))
}

/// `oom_reaper: reaped process N (name), now anon-rss:0kB, ..`
pub(super) fn reaped(text: &str) -> Option<Victim> {
    let (pid, rest) = leading(after(text, "oom_reaper: reaped process ")?)?;
    let name = rest.split_once('(')?.1;
    let name = name.rsplit_once("), now").or_else(|| name.rsplit_once(')'))?.0;
    Some(Victim { reaped: true, ..bare(pid, name, Fate::Killed) })
}

/// A victim of which only the name is known.
pub(super) fn bare(pid: u64, name: &str, fate: Fate) -> Victim {
    Victim {
        pid,
        name: super::text::cut(name, 64).to_owned(),
        uid: None,
        anon: None,
        file: None,
        shmem: None,
        total_vm: None,
        pgtables: None,
        oom_score_adj: None,
        fate,
        reaped: false,
        line: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kill_line() {
        let (killer, victim) = killed("Memory cgroup out of memory: Killed process 12 (a (b) c) total-vm:8kB, anon-rss:4kB, file-rss:1kB, shmem-rss:0kB, UID:7 pgtables:60kB oom_score_adj:-3").unwrap();
        assert_eq!((killer, victim.pid, victim.name.as_str()), (Some(Killer::Memcg), 12, "a (b) c"));
        assert_eq!((victim.uid, victim.anon, victim.pgtables), (Some(7), Some(4096), Some(61440)));
        assert_eq!((victim.total_vm, victim.oom_score_adj), (Some(8192), Some(-3)));
        let (killer, victim) =
            killed("Killed process 12 (java), UID 48, total-vm:8kB, anon-rss:4kB, file-rss:1kB").unwrap();
        assert_eq!((killer, victim.name.as_str(), victim.uid, victim.shmem), (None, "java", Some(48), None));
        let (_, victim) = killed("Killed process 12 (java)Out of memory: kill process 14 (sh) score 7").unwrap();
        assert_eq!(victim.name, "java");
        let (_, victim) = killed("Out of memory: Killed process 12 (java) total-vm:8kB, anon-rss:47").unwrap();
        assert_eq!(victim.anon, None);
        assert_eq!(chosen("Failed to kill process 12 (x), ignoring"), None);
        let old = chosen("Out of memory: kill process 12 (x) score 900 or a child").unwrap();
        assert_eq!((old.killer, old.pid, old.name.as_str()), (Some(Killer::Global), 12, "x"));
        let chosen = chosen("Out of memory: Kill process 12 (x) y) score 900 or sacrifice child").unwrap();
        assert_eq!((chosen.killer, chosen.name.as_str()), (Some(Killer::Global), "x) y"));
        assert!(
            exiting("Memory cgroup out of memory: OOM victim 5 (sh) is already exiting. Skip killing the task")
                .is_some()
        );
        assert!(
            reaped("oom_reaper: reaped process 5 (sh), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB").unwrap().reaped
        );
    }

    #[test]
    fn mislabelled_page_tables() {
        assert_eq!(pgtables(Some(60 * 1024), Some(61440), None), Some(61440));
        assert_eq!(pgtables(Some(61440 * 1024), Some(61440), None), Some(61440));
        assert_eq!(pgtables(Some(61440 * 1024), None, Some(8192)), Some(61440));
        assert_eq!(pgtables(None, Some(1), None), None);
    }
}
