//! Group kill, main process or silent child: what a kill means for the container.
//!
//! A killed child is the case that `kubectl describe` never shows: the container runs on, with less than it
//! needs. On cgroup v2 the kubelet asks for group kills since Kubernetes 1.28 (`memory.oom.group`; kubelet option
//! `singleProcessOOMKill` turns them off since 1.32); on cgroup v1 there are none.

use super::kill::{CgroupVersion, Death, Kill, Level, Victim};
use super::table::Task;

/// The `oom_score_adj` of a Pod's sandbox (`pause`).
pub(super) const SANDBOX: i64 = -998;

/// What died, as far as the task table tells, where no group was killed. `single`: the Pod has but one container.
///
/// A container's first process has its lowest pid, pid numbers' wrapping aside. A Pod's table holds all its
/// containers' processes: without `single` they are taken for one container's only where all are alike.
pub(super) fn death(level: Option<Level>, victims: &[Victim], tasks: &[Task], single: bool) -> Option<Death> {
    let [victim] = victims else { return None };
    let own = tasks.iter().find(|task| task.pid == victim.pid)?;
    let mut running = tasks.iter().filter(|task| task.oom_score_adj != Some(SANDBOX));
    let alike = |task: &Task| task.name == own.name && task.oom_score_adj == own.oom_score_adj;
    let one_container = match level? {
        Level::Container => true,
        Level::Pod => single || running.clone().all(alike),
        _ => false,
    };
    if !one_container {
        return None;
    }
    Some(if running.any(|task| task.pid < victim.pid) { Death::Child } else { Death::Main })
}

impl Kill {
    /// What the way it died means, in a sentence; `None` if the log does not tell.
    pub fn death_note(&self) -> Option<&'static str> {
        self.note_on(self.death)
    }

    /// The same, for a death that was told from more than the log.
    pub fn note_on(&self, death: Option<Death>) -> Option<&'static str> {
        Some(match (death?, self.cgroup_version) {
            (Death::Group, _) if self.level == Some(Level::System) => {
                "the kernel killed the whole service (memory.oom.group, set by systemd for units with OOMPolicy=kill)"
            }
            (Death::Group, _) => {
                "the kernel killed the whole container (memory.oom.group, set by kubelets from 1.28 on cgroup v2), so it restarts, unless its restartPolicy is Never"
            }
            (Death::Main, _) => {
                "the container's main process died, so the container ends as OOMKilled and restarts, unless its restartPolicy is Never"
            }
            (Death::Child, Some(CgroupVersion::V1)) => {
                "a child process died, never the group on cgroup v1: the container may run on unless its first process (sh, tini) ends with it, and Kubernetes may show nothing"
            }
            (Death::Child, Some(CgroupVersion::V2)) => {
                "a child process died without its container (likely: kubelet before 1.28, singleProcessOOMKill, or the group flag unset): the container may run on unless its first process (sh, tini) ends with it, and Kubernetes may show nothing"
            }
            (Death::Child, None) => {
                "a child process died: the container may run on unless its first process (sh, tini) ends with it, and Kubernetes may show nothing"
            }
        })
    }
}
