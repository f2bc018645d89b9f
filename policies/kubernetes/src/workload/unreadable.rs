//! Which containers' resources could not be read, or not all of them.

use super::{Workload, looks_like_resources};
use crate::decode::ProblemKind;
use crate::path::Segment;
use crate::places::Places;

impl Workload {
    /// For each container whether part of its resources could not be read, so that a missing value is not known to be
    /// missing.
    #[must_use]
    pub fn unreadable(&self) -> Vec<bool> {
        let mut unreadable = vec![false; self.containers.len()];
        let problems = || self.problems.iter().filter(|problem| problem.kind != ProblemKind::Invalid);
        if problems().next().is_none() {
            return unreadable;
        }
        // The container as a whole, or all of them.
        let causes = Places::new(problems().map(|problem| (&problem.at, ())));
        for (place, unreadable) in self.containers.iter().zip(&mut unreadable) {
            *unreadable = causes.around(&place.at).is_some();
        }
        let numbered = || self.containers.iter().enumerate();
        let blocks = Places::new(numbered().map(|(index, place)| (&place.resources_at, index)));
        let containers = Places::new(numbered().map(|(index, place)| (&place.at, index)));
        for problem in problems() {
            let in_block = blocks.around(&problem.at).map(|(index, _)| *index);
            // `limit:` beside `resources:`, or in its place.
            let beside = match containers.around(&problem.at) {
                Some((index, [Segment::Key(key)])) if problem.kind == ProblemKind::UnknownField => {
                    looks_like_resources(key).then_some(*index)
                }
                _ => None,
            };
            for index in in_block.into_iter().chain(beside) {
                if let Some(unreadable) = unreadable.get_mut(index) {
                    *unreadable = true;
                }
            }
        }
        unreadable
    }
}
