//! The client: as an API server asks, over HTTP/1.1 connections that are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use memlint_webhook::tls;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

use crate::server::Ready;
use crate::statistics::Done;

const CONNECTIONS: usize = 8;

/// How to ask.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// The next request as soon as there is an answer.
    Closed { millis: u64 },
    /// At a rate, whether there are answers or not.
    Open { millis: u64, rate: f64 },
}

/// Connections to one server.
pub(crate) struct Client {
    runtime: Runtime,
    connections: Vec<SendRequest<Body>>,
}

impl Client {
    pub(crate) fn new(ready: &Ready) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(ready.ca.as_bytes()).expect("a certificate");
        roots.add(ca).expect("a CA");
        let builder = ClientConfig::builder_with_provider(tls::provider()).with_safe_default_protocol_versions();
        let config = builder.expect("versions").with_root_certificates(roots).with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let connect = async || {
            let stream = TcpStream::connect(("127.0.0.1", ready.port)).await.expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            let name = ServerName::try_from("localhost").expect("a name");
            let stream = connector.connect(name, stream).await.expect("a handshake");
            let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
            tokio::spawn(connection);
            sender
        };
        let connections = runtime.block_on(async {
            let mut connections = Vec::new();
            for _ in 0..CONNECTIONS {
                connections.push(connect().await);
            }
            connections
        });
        Self { runtime, connections }
    }

    pub(crate) fn run(&mut self, bodies: &[Vec<u8>], load: Load) -> Done {
        let started = Instant::now();
        let sent = Arc::new(AtomicUsize::new(0));
        let bodies: Arc<Vec<axum::body::Bytes>> = Arc::new(bodies.iter().map(|body| body.clone().into()).collect());
        let connections = std::mem::take(&mut self.connections);
        let (connections, times) = self.runtime.block_on(async {
            let tasks = connections.into_iter().map(|mut sender| {
                let (sent, bodies) = (sent.clone(), bodies.clone());
                tokio::spawn(async move {
                    let mut times = Vec::new();
                    loop {
                        let index = sent.fetch_add(1, Ordering::Relaxed);
                        let (from, end) = match load {
                            Load::Closed { millis } => (Instant::now(), started + Duration::from_millis(millis)),
                            Load::Open { millis, rate } => {
                                let due = f64::from(u32::try_from(index).expect("few")) / rate;
                                let due = started + Duration::from_secs_f64(due);
                                tokio::time::sleep_until(due.into()).await;
                                (due, started + Duration::from_millis(millis))
                            }
                        };
                        if from >= end {
                            return (sender, times);
                        }
                        ask(&mut sender, bodies[index % bodies.len()].clone()).await;
                        times.push(from.elapsed());
                    }
                })
            });
            let tasks: Vec<_> = tasks.collect();
            let (mut connections, mut times) = (Vec::new(), Vec::new());
            for task in tasks {
                let (sender, some) = task.await.expect("a task");
                connections.push(sender);
                times.extend(some);
            }
            (connections, times)
        });
        self.connections = connections;
        Done { times, took: started.elapsed() }
    }
}

async fn ask(sender: &mut SendRequest<Body>, body: axum::body::Bytes) {
    let request =
        Request::post("/validate?timeout=3s").header("host", "localhost").header("content-type", "application/json");
    let request = request.body(Body::from(body)).expect("a request");
    sender.ready().await.expect("a connection");
    let response = sender.send_request(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().collect().await.expect("a body");
}
