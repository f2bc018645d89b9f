//! [`Bytes`]: how much of what clients send is held at a time, whoever sends it. [`Turns`]: how much memory goes into
//! reviews at a time.
//!
//! What counts is what has arrived, not what was announced: a client that promises 7 MiB and sends nothing takes no
//! room from others.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room is given out in pieces of this size.
const PIECE: usize = 1024;

/// Room for bytes.
#[derive(Debug, Clone)]
pub struct Bytes(Arc<Semaphore>);

/// Room that was given out. It is given back when this is dropped.
#[derive(Debug, Default)]
pub struct Held {
    room: Option<OwnedSemaphorePermit>,
    pieces: usize,
    used: usize,
}

impl Bytes {
    /// Room for this many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.div_ceil(PIECE).min(Semaphore::MAX_PERMITS))))
    }

    /// Takes room for more bytes; `false` if there is none.
    #[must_use]
    pub fn take(&self, held: &mut Held, bytes: usize) -> bool {
        held.used = held.used.saturating_add(bytes);
        let wanted = held.used.div_ceil(PIECE);
        let Some(more) = u32::try_from(wanted.saturating_sub(held.pieces)).ok().filter(|more| *more > 0) else {
            return wanted <= held.pieces;
        };
        let Ok(permit) = self.0.clone().try_acquire_many_owned(more) else { return false };
        match &mut held.room {
            Some(room) => room.merge(permit),
            None => held.room = Some(permit),
        }
        held.pieces = wanted;
        true
    }
}

/// Turns for work that takes memory, in the order in which it came.
#[derive(Debug, Clone)]
pub struct Turns {
    room: Arc<Semaphore>,
    all: usize,
    least: usize,
}

impl Turns {
    /// Turns for work that takes so many bytes together, and for so many pieces of work at most.
    #[must_use]
    pub fn new(bytes: usize, most: usize) -> Self {
        let all = bytes.div_ceil(PIECE).clamp(1, Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(all)), all, least: all.div_ceil(most.max(1)) }
    }

    /// Waits for the turn of work that takes so many bytes; it lasts until what is returned is dropped. What takes more
    /// than all that there is room for has its turn when there is no other.
    pub async fn wait(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let pieces = bytes.div_ceil(PIECE).clamp(self.least, self.all);
        self.room.clone().acquire_many_owned(u32::try_from(pieces).unwrap_or(u32::MAX)).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_as_bytes_arrive_and_given_back() {
        let room = Bytes::new(4 * PIECE);
        let (mut a, mut b) = (Held::default(), Held::default());
        assert!(room.take(&mut a, 10) && room.take(&mut a, 10));
        assert!(room.take(&mut b, 3 * PIECE));
        assert!(!room.take(&mut a, PIECE));
        drop(b);
        assert!(room.take(&mut a, PIECE));
    }

    #[tokio::test]
    async fn a_large_body_has_its_turn_alone_and_small_ones_at_most_so_many() {
        let turns = Turns::new(64 * PIECE, 2);
        let now = async |bytes| tokio::time::timeout(std::time::Duration::ZERO, turns.wait(bytes)).await.ok().flatten();
        let (first, second) = (now(1).await, now(1).await);
        assert!(first.is_some() && second.is_some() && now(1).await.is_none(), "two at a time");
        assert!(now(1_000 * PIECE).await.is_none());
        drop((first, second));
        let large = now(1_000 * PIECE).await;
        assert!(large.is_some() && now(1).await.is_none(), "alone");
        drop(large);
        assert!(now(40 * PIECE).await.is_some());
    }
}
