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
    tables: VecDeque<(Inherited, Vec<(u64, String)>)>,
}

/// A victim, with the moment of its death as the log states it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    pid: u64,
    name: String,
    anon: Option<u64>,
    uptime: Option<u64>,
    time: Option<String>,
    host: Option<String>,
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
                uptime: kill.uptime,
                time: kill.time.clone(),
                host: kill.host.clone(),
            })
            .collect();
        let dated = kill.uptime.is_some() || kill.time.is_some();
        if dated && !known.is_empty() && known.iter().all(|each| self.victims.contains(each)) {
            return false;
        }
        self.victims.extend(known);
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
