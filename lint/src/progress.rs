//! A progress line on standard error, for runs that take longer than a second on a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Counts files and shows the count while it grows. Dropping it clears the line.
#[derive(Debug)]
pub struct Progress {
    files: Arc<AtomicUsize>,
    line: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Starts counting; shows nothing if standard error is no terminal, or if `quiet`.
    #[must_use]
    pub fn start(quiet: bool) -> Self {
        let files = Arc::new(AtomicUsize::new(0));
        let shown = !quiet && std::io::stderr().is_terminal();
        let line = shown.then(|| {
            let (stop, stopped) = channel();
            let files = files.clone();
            let show = move || {
                let mut wait = Duration::from_secs(1);
                while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                    let mut stderr = std::io::stderr().lock();
                    _ = write!(stderr, "\rmemlint: {} files", files.load(Ordering::Relaxed));
                    _ = stderr.flush();
                    wait = Duration::from_millis(200);
                }
                if wait < Duration::from_secs(1) {
                    _ = write!(std::io::stderr(), "\r\x1b[K");
                }
            };
            (stop, std::thread::spawn(show))
        });
        Self { files, line }
    }

    /// Counts one more file.
    pub fn count_file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.line.take() {
            drop(stop);
            _ = thread.join();
        }
    }
}
