//! [`Groups`]: the same thing killed again and again, in bounded memory whatever the log's length.

use std::collections::VecDeque;

use memlint_oom::{Kill, Level, Outcome, Repeat, Repeats};

use super::missing::Told;

/// Moments kept of a group; the first and the number of all are kept besides.
const RECENT: usize = 5;
/// Victims kept of a group's latest kill.
const VICTIMS: usize = 64;

/// When and where one kill was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// Index of the log.
    pub(super) log: usize,
    pub(super) line: u64,
    pub(super) time: Option<String>,
}

/// One group.
#[derive(Debug)]
pub(super) struct Shown {
    /// The latest kill, without its task table.
    pub(super) kill: Kill,
    /// How many processes the latest kill took.
    pub(super) victims: usize,
    pub(super) first: Moment,
    /// The latest moments, in the order of the log.
    pub(super) recent: VecDeque<Moment>,
}

/// All groups of a run.
#[derive(Debug, Default)]
pub(super) struct Groups {
    repeats: Repeats,
    shown: Vec<Shown>,
    /// How many reports there were.
    pub(super) total: u64,
    /// The containers they tell of.
    pub(super) told: Told,
    /// How many of them show that a process was killed.
    pub(super) killed: u64,
    /// How many say that the kernel found none to kill.
    pub(super) no_victim: u64,
}

impl Groups {
    /// Counts a kill; `identity` is what its Pod is called, and whether that names its container.
    pub(super) fn add(&mut self, log: usize, kill: &Kill, identity: Option<(String, bool)>) {
        self.total += 1;
        match kill.outcome() {
            Outcome::Killed => self.killed += 1,
            Outcome::NoVictim => self.no_victim += 1,
            Outcome::Unknown => {}
        }
        let Some(number) = self.repeats.add_as(kill, identity) else { return };
        let moment = Moment { log, line: kill.evidence.line, time: kill.time.clone() };
        let victims = kill.victims.len();
        let kill = slim(kill);
        match self.shown.get_mut(number) {
            Some(shown) => {
                (shown.kill, shown.victims) = (kill, victims);
                if shown.recent.len() == RECENT {
                    shown.recent.pop_front();
                }
                shown.recent.push_back(moment);
            }
            None => self.shown.push(Shown { kill, victims, first: moment.clone(), recent: [moment].into() }),
        }
    }

    /// The groups: whole reports before those that do not say whose limit or whom they killed, what concerns a whole node first, then the most frequent, of equally frequent ones the latest.
    pub(super) fn sorted(&self) -> Vec<(&Repeat, &Shown)> {
        let pairs = self.shown.iter().enumerate();
        let mut all: Vec<_> = pairs.filter_map(|(number, shown)| Some((self.repeats.get(number)?, shown))).collect();
        all.sort_by_key(|(repeat, shown)| {
            let own = matches!(repeat.level, Some(Level::Container | Level::Pod) | None);
            (
                shown.kill.outcome() != Outcome::Killed || repeat.level.is_none(),
                own,
                std::cmp::Reverse(repeat.count),
                std::cmp::Reverse(shown.recent.back().map(|last| (last.log, last.line))),
            )
        });
        all
    }

    /// Kills beyond the number of groups that are kept.
    pub(super) fn not_grouped(&self) -> u64 {
        self.repeats.not_grouped()
    }
}

fn slim(kill: &Kill) -> Kill {
    let mut kill = kill.clone();
    kill.victims.truncate(VICTIMS);
    kill.victims.shrink_to_fit();
    (kill.tasks, kill.by_cgroup) = (Vec::new(), Vec::new());
    kill
}
