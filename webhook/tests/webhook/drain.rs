//! The end: R3. Two replicas, clients that never stop, and not one failed request while one replica goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use memlint_webhook::server::Phase;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::client::{BOTH, Client, handshake_over};
use crate::server::{Running, short, start};
use crate::support::app;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_replica_goes_under_load_without_a_failed_request() {
    let replicas = Arc::new([start(app(), short()).await, start(app(), short()).await]);
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = Vec::new();
    for index in 0..8 {
        let (replicas, stop, answered) = (replicas.clone(), stop.clone(), answered.clone());
        clients.push(tokio::spawn(async move {
            let mut at = index % 2;
            let mut client = connect(&replicas, &mut at).await;
            while !stop.load(Ordering::Relaxed) {
                let (status, close, body) = client.validate().await.expect("no request fails");
                assert_eq!(status, StatusCode::OK, "{body}");
                answered.fetch_add(1, Ordering::Relaxed);
                if close {
                    client = connect(&replicas, &mut at).await;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let going = &replicas[0];
    going.app.health.drain();
    tokio::time::sleep(Duration::from_millis(300)).await;
    going.phases.send(Phase::Closing).expect("a server");
    tokio::time::sleep(Duration::from_millis(500)).await;
    going.phases.send(Phase::Stopping).expect("a server");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(going.task.is_finished(), "nothing is left of it");
    assert!(TcpStream::connect(going.address).await.is_err());
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no request fails");
    }
    assert!(answered.load(Ordering::Relaxed) > 100, "{answered:?} requests");
}

/// Connects to a replica that is ready, as endpoints in a cluster would have it.
async fn connect(replicas: &[Running; 2], at: &mut usize) -> Client {
    *at = (*at + 1) % 2;
    if !replicas[*at].app.health.not_ready().is_empty() {
        *at = (*at + 1) % 2;
    }
    replicas[*at].client().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_request_under_way_is_finished() {
    let slow =
        memlint_webhook::state::App::new(crate::support::rulebook(""), crate::support::options(), Default::default());
    let server = start(Arc::new(slow.with_review(sleepy)), short()).await;
    let mut client = server.client().await;
    let request = tokio::spawn(async move { client.validate().await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    server.phases.send(Phase::Stopping).expect("a server");
    let (status, ..) = request.await.expect("a task").expect("an answer");
    assert_eq!(status, StatusCode::OK);
    server.task.await.expect("the server ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_who_connected_just_before_the_end_is_answered_once() {
    let server = start(app(), short()).await;
    let (mut new, mut used) = (server.client().await, server.client().await);
    let mut multiplexed = Multiplexed::over(server.tls("h2", &BOTH).await.expect("a handshake")).await;
    used.validate().await.expect("an answer");
    // A connection that is accepted and has yet to shake hands.
    let raw = TcpStream::connect(server.address).await.expect("a connection");
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.phases.send(Phase::Stopping).expect("a server");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(used.validate().await.is_err(), "who was answered before is not waited for");
    let (status, close, _) = new.validate().await.expect("an answer");
    assert_eq!((status, close), (StatusCode::OK, true));
    assert_eq!(multiplexed.validate().await, StatusCode::OK);
    let roots = std::slice::from_ref(&server.ca.der);
    let mut late =
        Client::over(handshake_over(raw, "localhost", roots, "http/1.1", &BOTH).await.expect("a handshake")).await;
    let (status, close, _) = late.validate().await.expect("an answer");
    assert_eq!((status, close), (StatusCode::OK, true));
    tokio::time::timeout(Duration::from_secs(1), server.task).await.expect("soon").expect("the server ends");
}

/// A connection of HTTP/2.
struct Multiplexed(http2::SendRequest<Body>);

impl Multiplexed {
    async fn over(stream: TlsStream<TcpStream>) -> Self {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
        tokio::spawn(connection);
        Self(sender)
    }

    async fn validate(&mut self) -> StatusCode {
        let mut request = crate::server::validate();
        *request.uri_mut() = "https://localhost/validate?timeout=10s".parse().expect("an address");
        self.0.send_request(request).await.expect("an answer").status()
    }
}

fn sleepy(body: &[u8], cx: &memlint_review::ReviewCx<'_>) -> memlint_review::Reply {
    std::thread::sleep(Duration::from_millis(600));
    memlint_review::review(body, cx)
}
