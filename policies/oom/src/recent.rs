//! What is remembered of kills already handed out: to place later lines about the same processes, and to notice
//! that a log tells the same kill twice.

use super::cgroup::{Scope, locate};
use super::kill::{Kill, Level};
use super::report::{Inherited, Report};
use std::collections::VecDeque;

/// Kills whose victims are remembered.
const MAX_VICTIMS: usize = 256;
/// Kills whose whole task table is remembered.
const MAX_TABLES: usize = 4;

/// Bounded memory of what came before.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    victims: VecDeque<Known>,
    containers: VecDeque<String>,
    tables: VecDeque<(Inherited, Vec<(u64, String)>)>,
}

/// A victim, with the moment of its death as the log states it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    pid: u64,
    name: String,
    anon: Option<u64>,
    total_vm: Option<u64>,
    uptime: Option<u64>,
    time: Option<String>,
    host: Option<String>,
    cgroup: Option<String>,
    /// The kernel's report came with it, not the kill line alone.
    reported: bool,
}

impl Known {
    fn is_dated(&self) -> bool {
        self.uptime.is_some() || self.time.is_some()
    }

    /// Whether both tell of the same death.
    ///
    /// Two logs of one machine state it with the same moment, or with moments that cannot be compared (`dmesg` and
    /// syslog in one file). Kubelet and node-problem-detector repeat the kill line alone, later and in their own
    /// words; no process dies twice with the same figures.
    fn is_same(&self, other: &Self) -> bool {
        let hosts = self.host.is_none() || other.host.is_none() || self.host == other.host;
        if self.pid != other.pid || self.name != other.name || !hosts {
            return false;
        }
        // Somebody quotes the kill line, whole or not.
        if !other.reported && !other.is_dated() {
            return other.anon.is_none() || (self.anon, self.total_vm) == (other.anon, other.total_vm);
        }
        if !other.is_dated() || self.anon != other.anon {
            return false;
        }
        if (self.uptime, &self.time) == (other.uptime, &other.time) {
            return true;
        }
        let cgroups = self.cgroup.is_none() || other.cgroup.is_none() || self.cgroup == other.cgroup;
        if self.anon.is_none() || self.total_vm != other.total_vm || !cgroups {
            return false;
        }
        if self.reported != other.reported {
            return self.reported;
        }
        let can_be_one = match (self.uptime, other.uptime) {
            (Some(then), Some(now)) => then.abs_diff(now) <= 1_000_000,
            _ => self.time.as_deref().map(shape) != other.time.as_deref().map(shape),
        };
        self.reported && can_be_one
    }
}

/// A time's form: every digit alike, every letter alike.
fn shape(time: &str) -> String {
    let form = |c: char| if c.is_ascii_digit() { '0' } else { c };
    time.chars().map(|c| if c.is_alphabetic() { 'a' } else { form(c) }).collect()
}

impl Recent {
    /// Remembers a kill; `false` if it is one that was told before (two log files of one machine read together).
    pub(super) fn remember(&mut self, kill: &Kill) -> bool {
        let known: Vec<Known> = kill
            .victims
            .iter()
            .take(16)
            .map(|victim| Known {
                pid: victim.pid,
                name: victim.name.clone(),
                anon: victim.anon,
                total_vm: victim.total_vm,
                uptime: kill.uptime,
                time: kill.time.clone(),
                host: kill.host.clone(),
                cgroup: kill.oom_cgroup.clone(),
                reported: kill.trigger.is_some() || !kill.tasks.is_empty() || kill.usage.is_some(),
            })
            .collect();
        let told = |each: &Known| self.victims.iter().any(|known| known.is_same(each));
        if !known.is_empty() && known.iter().all(told) {
            return false;
        }
        self.victims.extend(known);
        self.containers.extend(kill.container.clone());
        while self.containers.len() > MAX_VICTIMS {
            self.containers.pop_front();
        }
        while self.victims.len() > MAX_VICTIMS {
            self.victims.pop_front();
        }
        if let (Some(Level::Container | Level::Pod), Some(path)) = (kill.level, &kill.oom_cgroup)
            && !kill.tasks.is_empty()
        {
            let inherited = Inherited { oom_cgroup: path.clone(), limit: kill.limit, line: kill.evidence.line };
            self.tables.push_back((inherited, kill.tasks.iter().map(|task| (task.pid, task.name.clone())).collect()));
            if self.tables.len() > MAX_TABLES {
                self.tables.pop_front();
            }
        }
        true
    }

    /// Whether something was killed in this container.
    pub(super) fn has_container(&self, id: &str) -> bool {
        self.containers.iter().any(|known| known == id)
    }

    /// Whether this process was a victim.
    pub(super) fn has_victim(&self, pid: u64, name: &str) -> bool {
        self.victims.iter().any(|known| known.pid == pid && known.name == name)
    }

    /// The cgroup of a process that a finished report's table lists.
    pub(super) fn cgroup_of(&self, pid: u64, name: &str) -> Option<Inherited> {
        let lists = |tasks: &[(u64, String)]| tasks.iter().any(|(known, task)| *known == pid && task == name);
        self.tables.iter().rev().find(|(_, tasks)| lists(tasks)).map(|(inherited, _)| inherited.clone())
    }

    /// The same for a report that is still open.
    pub(super) fn open_cgroup_of(report: &Report, pid: u64, name: &str) -> Option<Inherited> {
        if let Some(inherited) = &report.inherited {
            return report.victims.iter().any(|victim| victim.pid == pid).then(|| inherited.clone());
        }
        let path = report
            .oom_path
            .as_ref()
            .filter(|path| !path.is_cut)
            .map(|path| &path.text)
            .or(report.stats_path.as_ref())?;
        let listed = report.rows.iter().any(|row| row.pid == pid && row.name == name);
        (listed && matches!(locate(path).scope, Scope::Pod | Scope::Container)).then(|| Inherited {
            oom_cgroup: path.clone(),
            limit: report.memory.and_then(|memory| memory.limit).filter(|limit| *limit != u64::MAX),
            line: report.evidence.line,
        })
    }
}
