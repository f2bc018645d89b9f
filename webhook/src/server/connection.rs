//! One connection, from the handshake to its end.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::activity::{Activity, Watched};
use super::{Phase, Timeouts};

/// The largest header block: an API server's has a few hundred bytes.
const MAX_HEADER: u32 = 16 * 1024;
/// How many requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// Serves one connection.
pub(super) async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    router: Router,
    timeouts: Timeouts,
    phase: watch::Receiver<Phase>,
) {
    _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return drive(stream, Activity::new(false), router, timeouts, phase).await;
    };
    match tokio::time::timeout(timeouts.handshake, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let multiplexed = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            drive(stream, Activity::new(multiplexed), router, timeouts, phase).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn drive<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    activity: Activity,
    router: Router,
    timeouts: Timeouts,
    mut phase: watch::Receiver<Phase>,
) {
    let io = TokioIo::new(Watched { stream, activity: activity.clone() });
    let (of_service, of_answers) = (activity.clone(), phase.clone());
    let service = service_fn(move |request: axum::http::Request<Incoming>| {
        let under_way = of_service.request();
        let (router, phase) = (router.clone(), of_answers.clone());
        async move {
            let multiplexed = request.version() == Version::HTTP_2;
            let mut response = router.oneshot(request.map(Body::new)).await?;
            if *phase.borrow() > Phase::Serving && !multiplexed {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            drop(under_way);
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().header_read_timeout(None::<Duration>).max_buf_size(64 * 1024);
    builder.http2().max_concurrent_streams(MAX_STREAMS).max_header_list_size(MAX_HEADER);
    let connection = builder.serve_connection(io, service);
    tokio::pin!(connection);
    let (mut stopping, mut told) = (false, false);
    loop {
        let look_again = Instant::now() + timeouts.header / 2;
        let deadline = activity.deadline(&timeouts);
        let wake = deadline.map_or(look_again, |deadline| deadline.min(look_again));
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error, "a connection broke off");
                }
                return;
            }
            () = tokio::time::sleep_until(wake.into()) => {
                if activity.deadline(&timeouts).is_some_and(|deadline| deadline <= Instant::now()) {
                    tracing::debug!("a connection did nothing for too long");
                    return;
                }
            }
            changed = phase.wait_for(|phase| *phase == Phase::Stopping), if !stopping => {
                stopping = true;
                drop(changed);
            }
        }
        // Who has connected just now knows nothing of the end: one request is answered, and that asks for no other.
        if stopping && !told && !activity.is_new() {
            told = true;
            connection.as_mut().graceful_shutdown();
        }
    }
}
