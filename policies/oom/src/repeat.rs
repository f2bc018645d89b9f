//! The same thing dying again and again: kills grouped by whose limit it was and what died.

use super::kill::{Kill, Level, Outcome};
use std::collections::BTreeMap;

/// Groups that are counted; kills beyond them only add to [`Repeats::not_grouped`].
const MAX_GROUPS: usize = 4096;

/// Names counted of a group.
const MAX_NAMES: usize = 16;

/// One group of kills: of one container, or, as a restarted container has a new id, of processes of one name in one
/// Pod (or one cgroup). Whether the container's limit was hit or its Pod's makes no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The Pod's UID (or what the caller calls it), or else the cgroup whose limit it was, or nothing for the
    /// machine.
    pub place: Option<String>,
    /// The node, where the log names it and no Pod is known.
    pub host: Option<String>,
    /// The first kill's victim's command name.
    pub name: String,
    /// How often a process of which name was the victim, in the order of first kills.
    pub names: Vec<(String, u64)>,
    /// Whose limit it was the last time.
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

/// Place, host, what died, whose limit, and what came of it.
type Key = (Option<String>, Option<String>, Died, Option<&'static str>, Outcome);

/// What a group is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Died {
    Container(String),
    Process(String),
    /// The place names the container already.
    AsPlaced,
}

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
        self.add_as(kill, kill.pod.as_ref().map(|pod| (pod.uid.clone(), false)))
    }

    /// The same, with what the caller knows the Pod by, and whether that names its container too. Pods of one workload
    /// may share a name.
    pub fn add_as(&mut self, kill: &Kill, pod: Option<(String, bool)>) -> Option<usize> {
        let host = kill.host.clone().filter(|_| pod.is_none());
        let of_pod = pod.is_some();
        let (pod, is_container) = pod.map_or((None, false), |(pod, is_container)| (Some(pod), is_container));
        let place = pod.or_else(|| kill.oom_cgroup.clone());
        let name = kill.victims.first().map(|victim| victim.name.clone()).unwrap_or_default();
        let level = kill.level.map(|level| match level {
            Level::Pod if of_pod => Level::Container.name(),
            level => level.name(),
        });
        let key = |died: Died| (place.clone(), host.clone(), died, level, kill.outcome());
        let process = key(if is_container { Died::AsPlaced } else { Died::Process(name.clone()) });
        let container = kill.container.clone().filter(|_| !is_container).map(|id| key(Died::Container(id)));
        let known = container.as_ref().and_then(|key| self.index.get(key)).or_else(|| self.index.get(&process));
        let number = match known.copied() {
            Some(number) => number,
            None if self.groups.len() >= MAX_GROUPS => {
                self.not_grouped = self.not_grouped.saturating_add(1);
                return None;
            }
            None => {
                self.groups.push(Repeat {
                    place,
                    host,
                    name: name.clone(),
                    names: Vec::new(),
                    level: kill.level,
                    count: 0,
                    containers: 0,
                    first_line: kill.evidence.line,
                    first_time: kill.time.clone(),
                    last_line: 0,
                    last_time: None,
                    last_container: None,
                });
                self.groups.len().saturating_sub(1)
            }
        };
        // A container that died under another name comes back under a new id.
        for key in container.into_iter().chain([process]) {
            if self.index.len() < 4 * MAX_GROUPS {
                self.index.entry(key).or_insert(number);
            }
        }
        let group = self.groups.get_mut(number)?;
        group.level = kill.level;
        if let Some((_, count)) = group.names.iter_mut().find(|(known, _)| *known == name) {
            *count = count.saturating_add(1);
        } else if group.names.len() < MAX_NAMES {
            group.names.push((name, 1));
        }
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
