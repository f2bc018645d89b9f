//! Group kill, main process or silent child: what a kill means for the container.
//!
//! A killed child is the case that `kubectl describe` never shows: the container runs on, with less than it
//! needs. On cgroup v2 the kubelet asks for group kills since Kubernetes 1.28 (`memory.oom.group`; kubelet option
//! `singleProcessOOMKill` turns them off since 1.32); on cgroup v1 there are none.

use super::kill::{CgroupVersion, Death, Kill, Level, Victim};
use super::table::Task;

/// The `oom_score_adj` of a Pod's sandbox (`pause`).
const SANDBOX: i64 = -998;

/// What died, as far as the task table tells.
///
/// A container's first process has its lowest pid, pid numbers' wrapping aside, and its processes share one
/// `oom_score_adj`. Tables of more than one Pod tell nothing.
pub(super) fn death(level: Option<Level>, group: bool, victims: &[Victim], tasks: &[Task]) -> Option<Death> {
    if group {
        return Some(Death::Group);
    }
    let [victim] = victims else { return None };
    if !matches!(level, Some(Level::Container | Level::Pod)) {
        return None;
    }
    let own = tasks.iter().find(|task| task.pid == victim.pid)?;
    let first = tasks
        .iter()
        .filter(|task| task.oom_score_adj != Some(SANDBOX) && task.oom_score_adj == own.oom_score_adj)
        .map(|task| task.pid)
        .min()?;
    Some(if first == victim.pid { Death::Main } else { Death::Child })
}

impl Kill {
    /// What the way it died means, in a sentence; `None` if the log does not tell.
    pub fn death_note(&self) -> Option<&'static str> {
        Some(match (self.death?, self.cgroup_version) {
            (Death::Group, _) => {
                "the kernel killed the whole container (memory.oom.group, set by kubelets from 1.28 on cgroup v2), so it restarts"
            }
            (Death::Main, _) => "the container's main process died, so the container restarts as OOMKilled",
            (Death::Child, Some(CgroupVersion::V1)) => {
                "a child process died: on cgroup v1 the container runs on, and Kubernetes may show nothing"
            }
            (Death::Child, Some(CgroupVersion::V2)) => {
                "a child process died without its container: this kubelet is older than 1.28 or sets singleProcessOOMKill, and Kubernetes may show nothing"
            }
            (Death::Child, None) => "a child process died: the container may run on, and Kubernetes may show nothing",
        })
    }
}
