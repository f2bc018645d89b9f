//! [`Pace`]: how often the caBundle is written. Two controllers that undo each other's work must not become a storm.

use std::time::{Duration, Instant};

/// So many at once, and then one every so often.
#[derive(Debug)]
pub(super) struct Pace {
    left: u32,
    most: u32,
    every: Duration,
    since: Instant,
}

impl Pace {
    pub(super) fn new(most: u32, every: Duration, now: Instant) -> Self {
        Self { left: most, most, every, since: now }
    }

    /// Whether one more is in order now; if it is, it counts.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        while self.left < self.most && now.saturating_duration_since(self.since) >= self.every {
            self.left += 1;
            self.since += self.every;
        }
        if self.left == self.most {
            self.since = now;
        }
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_once_and_then_one_every_so_often() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::new(2, Duration::from_secs(5), start);
        let taken: Vec<_> = [0, 0, 0, 4, 5, 6, 9, 10, 10, 100, 100, 100].map(|second| pace.take(at(second))).to_vec();
        let few = [true, true, false, false, true, false, false, true, false, true, true, false];
        assert_eq!(taken, few);
        // A minute of being asked all the time.
        let mut pace = Pace::new(2, Duration::from_secs(5), start);
        assert_eq!((0..600).filter(|tenth| pace.take(start + Duration::from_millis(100 * tenth))).count(), 13);
    }
}
