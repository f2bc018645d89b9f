//! The same thing dying again and again: kills grouped by whose limit it was and what died.

use super::kill::{Kill, Level};
use std::collections::BTreeMap;

/// Groups that are counted; kills beyond them only add to [`Repeats::not_grouped`].
const MAX_GROUPS: usize = 4096;

/// One group of kills. A restarted container has a new id and a recreated Pod a new UID, so a group is one Pod's
/// (or one cgroup's) processes of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The Pod's UID (or what the caller calls it), or else the cgroup whose limit it was, or nothing for the
    /// machine.
    pub place: Option<String>,
    /// The node, where the log names it and no Pod is known.
    pub host: Option<String>,
    /// The first victim's command name.
    pub name: String,
    /// Whose limit it was.
    pub level: Option<Level>,
    /// How many kills.
    pub count: u64,
    /// How many different container ids died, each of them a restart.
    pub containers: u64,
    /// Line of the first kill.
    pub first_line: u64,
    /// Its time, as written.
    pub first_time: Option<String>,
    /// Line of the last.
    pub last_line: u64,
    /// Its time.
    pub last_time: Option<String>,
    last_container: Option<String>,
}

type Key = (Option<String>, Option<String>, String, Option<&'static str>);

/// Counts repeated kills, in bounded memory.
#[derive(Debug, Clone, Default)]
pub struct Repeats {
    index: BTreeMap<Key, usize>,
    groups: Vec<Repeat>,
    not_grouped: u64,
}

impl Repeats {
    /// Counts one more kill, under the log's own names; returns its group's number, from 0 in the order of first
    /// kills. Kills are expected in the order of the log.
    pub fn add(&mut self, kill: &Kill) -> Option<usize> {
        self.add_as(kill, kill.pod.as_ref().map(|pod| pod.uid.clone()))
    }

    /// The same, with what the caller knows the Pod by. Pods of one workload may share a name.
    pub fn add_as(&mut self, kill: &Kill, pod: Option<String>) -> Option<usize> {
        let host = kill.host.clone().filter(|_| pod.is_none());
        let place = pod.or_else(|| kill.oom_cgroup.clone());
        let name = kill.victims.first().map(|victim| victim.name.clone()).unwrap_or_default();
        let key = (place, host, name, kill.level.map(Level::name));
        let number = match self.index.get(&key) {
            Some(number) => *number,
            None if self.groups.len() >= MAX_GROUPS => {
                self.not_grouped = self.not_grouped.saturating_add(1);
                return None;
            }
            None => {
                self.groups.push(Repeat {
                    place: key.0.clone(),
                    host: key.1.clone(),
                    name: key.2.clone(),
                    level: kill.level,
                    count: 0,
                    containers: 0,
                    first_line: kill.evidence.line,
                    first_time: kill.time.clone(),
                    last_line: 0,
                    last_time: None,
                    last_container: None,
                });
                self.index.insert(key, self.groups.len().saturating_sub(1));
                self.groups.len().saturating_sub(1)
            }
        };
        let group = self.groups.get_mut(number)?;
        group.count = group.count.saturating_add(1);
        group.last_line = kill.evidence.line;
        group.last_time.clone_from(&kill.time);
        if kill.container.is_some() && kill.container != group.last_container {
            group.containers = group.containers.saturating_add(1);
            group.last_container.clone_from(&kill.container);
        }
        Some(number)
    }

    /// The group with a number.
    pub fn get(&self, number: usize) -> Option<&Repeat> {
        self.groups.get(number)
    }

    /// The groups, the most frequent first.
    pub fn groups(&self) -> Vec<&Repeat> {
        let mut groups: Vec<&Repeat> = self.groups.iter().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.count), group.first_line));
        groups
    }

    /// Kills that found no room in a group.
    pub fn not_grouped(&self) -> u64 {
        self.not_grouped
    }
}
