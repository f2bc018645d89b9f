//! [`Activity`]: what a connection is doing, to tell a client that thinks from one that holds on to a place.
//!
//! hyper's own header timeout starts as soon as a connection has nothing to do, and would close those that an API
//! server keeps open between requests.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Timeouts;

/// What a connection is doing.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    under_way: usize,
    /// Whether no request has come yet.
    new: bool,
    /// When a request began to come in that has not been handed on yet.
    coming: Option<Instant>,
    last: Instant,
    /// HTTP/2 has traffic that belongs to no request: only the first one is timed.
    multiplexed: bool,
}

impl Activity {
    /// A connection on which the first request is awaited.
    pub(super) fn new(multiplexed: bool) -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State { under_way: 0, new: true, coming: Some(now), last: now, multiplexed })))
    }

    /// A request has come; it is over when what is returned is dropped.
    pub(super) fn request(&self) -> UnderWay {
        self.with(|state| {
            state.under_way += 1;
            state.new = false;
            state.coming = None;
        });
        UnderWay(self.clone())
    }

    /// Whether no request has come yet.
    pub(super) fn is_new(&self) -> bool {
        self.with(|state| state.new)
    }

    /// When it will be too long that nothing has happened, as things are; `None` while a request is under way.
    pub(super) fn deadline(&self, timeouts: &Timeouts) -> Option<Instant> {
        self.with(|state| match (state.under_way, state.coming) {
            (1.., _) => None,
            (_, Some(since)) => Some(since + timeouts.header),
            (_, None) => Some(state.last + timeouts.idle),
        })
    }

    fn received(&self) {
        self.with(|state| {
            if state.under_way == 0 && !state.multiplexed {
                state.coming.get_or_insert_with(Instant::now);
            }
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct UnderWay(Activity);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.with(|state| {
            state.under_way = state.under_way.saturating_sub(1);
            state.last = Instant::now();
        });
    }
}

/// A stream that tells when bytes come in.
#[derive(Debug)]
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) activity: Activity,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.received();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
