//! [`Seldom`]: says the same thing again only after a while.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Lets one line through per second, for lines that anyone can cause who reaches the port.
#[derive(Debug, Default)]
pub struct Seldom {
    /// The second of the last line.
    last: AtomicI64,
    held_back: AtomicU64,
}

impl Seldom {
    /// How many lines were held back since the last one; `None` where this one is to be held back too.
    pub fn turn(&self, now: i64) -> Option<u64> {
        if self.last.swap(now, Ordering::Relaxed) == now {
            self.held_back.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.held_back.swap(0, Ordering::Relaxed))
    }
}
