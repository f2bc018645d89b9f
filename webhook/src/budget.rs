//! [`Bytes`]: how much of what clients send is held at a time, whoever sends it.
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
}
