//! The end: R3. Two replicas, clients that never stop, and not one failed request while one replica goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use memlint_webhook::server::Phase;

use crate::client::Client;
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
    assert!(tokio::net::TcpStream::connect(going.address).await.is_err());
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

fn sleepy(body: &[u8], cx: &memlint_review::ReviewCx<'_>) -> memlint_review::Reply {
    std::thread::sleep(Duration::from_millis(600));
    memlint_review::review(body, cx)
}
