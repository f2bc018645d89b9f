//! The accept loop: connections within bounds, and an end that none of them notices.

mod activity;
mod connection;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::metrics::Count;
use crate::state::App;

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Serving.
    Serving,
    /// Still serving, but every answer asks the client to connect elsewhere.
    Closing,
    /// No more connections; requests under way are finished, and those that connected just now are answered once.
    Stopping,
}

/// How long things may take on a connection.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// The TLS handshake.
    pub handshake: Duration,
    /// From the first byte of a request to the end of its header; from the handshake to the first request.
    pub header: Duration,
    /// Between requests.
    pub idle: Duration,
    /// For requests under way when the end has come.
    pub finish: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let [handshake, header, idle, finish] = [5, 5, 120, 10].map(Duration::from_secs);
        Self { handshake, header, idle, finish }
    }
}

/// One listener.
#[derive(Debug)]
pub struct Server {
    /// Where connections come in.
    pub listener: TcpListener,
    /// TLS; none for plain HTTP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Which path does what.
    pub router: Router,
    /// What requests share.
    pub app: Arc<App>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// How many connections are served at a time.
    pub max_connections: usize,
}

impl Server {
    /// Serves until the phase is [`Phase::Stopping`] and the last request is answered.
    pub async fn run(self, mut phase: watch::Receiver<Phase>) {
        let most = self.max_connections.min(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(most));
        let tls = self.tls.map(TlsAcceptor::from);
        let of_connections = phase.clone();
        let accept = async {
            loop {
                let Ok(place) = places.clone().acquire_owned().await else { return };
                let stream = match self.listener.accept().await {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        // Out of files, most likely: others will be closed soon.
                        tracing::warn!(%error, "a connection cannot be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                };
                let (tls, router) = (tls.clone(), self.router.clone());
                let (timeouts, phase) = (self.timeouts, of_connections.clone());
                let count = Count::one(&self.app.metrics.connections);
                tokio::spawn(async move {
                    connection::serve(stream, tls, router, timeouts, phase).await;
                    drop((place, count));
                });
            }
        };
        tokio::select! {
            () = accept => {}
            _ = phase.wait_for(|phase| *phase == Phase::Stopping) => {}
        }
        drop(self.listener);
        let all = u32::try_from(most).unwrap_or(u32::MAX);
        if tokio::time::timeout(self.timeouts.finish, places.acquire_many(all)).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
    }
}
