//! The listener: P1 over TLS, T6, R2, R4.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode, Version};
use http_body_util::BodyExt as _;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use memlint_webhook::args::TlsVersion;
use memlint_webhook::router;
use memlint_webhook::server::{Phase, Server, Timeouts};
use memlint_webhook::state::App;
use memlint_webhook::tls::{self, Certificate, Clients};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::SupportedProtocolVersion;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::client::TlsStream;

use crate::client::{BOTH, Client, handshake};
use crate::support::{UID, app, create, metric, pod, review};

/// A CA of the tests.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) der: CertificateDer<'static>,
    pub(crate) pem: String,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "a CA of tests");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let (der, pem) = (certificate.der().clone(), certificate.pem());
        Self { issuer: Issuer::new(params, key), der, pem }
    }

    /// A certificate with this serial number, and its key, both PEM.
    pub(crate) fn issue(&self, serial: u8) -> [String; 2] {
        self.issue_to(serial, "a server")
    }

    /// One that names its holder too.
    pub(crate) fn issue_to(&self, serial: u8, name: &str) -> [String; 2] {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.serial_number = Some(vec![serial].into());
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        [certificate.pem(), key.serialize_pem()]
    }
}

/// A webhook on a port of its own.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) app: Arc<App>,
    pub(crate) ca: Ca,
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) phases: watch::Sender<Phase>,
    pub(crate) task: tokio::task::JoinHandle<()>,
}

/// Times short enough for tests.
pub(crate) fn short() -> Timeouts {
    let [handshake, header, idle, finish] = [400, 400, 1_500, 2_000].map(Duration::from_millis);
    Timeouts { handshake, header, idle, finish }
}

pub(crate) async fn start(app: Arc<App>, timeouts: Timeouts) -> Running {
    start_with(app, timeouts, TlsVersion::V1_2, 1024, None).await
}

/// One that lets in only some clients.
pub(crate) async fn start_for(app: Arc<App>, timeouts: Timeouts, clients: Option<Arc<Clients>>) -> Running {
    start_with(app, timeouts, TlsVersion::V1_2, 1024, clients).await
}

async fn start_with(
    app: Arc<App>,
    timeouts: Timeouts,
    oldest: TlsVersion,
    max_connections: usize,
    clients: Option<Arc<Clients>>,
) -> Running {
    let ca = Ca::new();
    let [pem, key] = ca.issue(1);
    let certificate = Certificate::new(tls::parse(pem.as_bytes(), key.as_bytes()).expect("a pair"));
    let config = tls::config(certificate.clone(), clients, oldest).expect("a configuration");
    app.health.certificate_is_there();
    app.health.cluster_is_known();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (phases, phase) = watch::channel(Phase::Serving);
    let router = router::all(app.clone());
    let server = Server { listener, tls: Some(Arc::new(config)), router, app: app.clone(), timeouts, max_connections };
    let task = tokio::spawn(server.run(phase));
    Running { address, app, ca, certificate, phases, task }
}

impl Running {
    pub(crate) async fn tls(
        &self,
        alpn: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        handshake(self.address, "localhost", std::slice::from_ref(&self.ca.der), alpn, versions).await
    }

    /// A connection as an API server makes it: HTTP/1.1, kept alive.
    pub(crate) async fn client(&self) -> Client {
        Client::over(self.tls("http/1.1", &BOTH).await.expect("a handshake")).await
    }
}

/// A request that is denied.
pub(crate) fn validate() -> Request<Body> {
    let body = review(&create(&pod("", ""))).to_string();
    let request =
        Request::post("/validate?timeout=10s").header("host", "localhost").header("content-type", "application/json");
    request.body(Body::from(body)).expect("a request")
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).header("host", "localhost").body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn p1_t6_every_version_of_tls_and_http_gets_an_answer() {
    let server = start(app(), short()).await;
    for version in BOTH {
        for alpn in ["http/1.1", "h2"] {
            let stream = server.tls(alpn, &[version]).await.expect("a handshake");
            assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
            let io = TokioIo::new(stream);
            let response = if alpn == "h2" {
                let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.expect("HTTP/2");
                tokio::spawn(connection);
                let mut request = validate();
                *request.uri_mut() = "https://localhost/validate".parse().expect("a URI");
                sender.send_request(request).await.expect("an answer")
            } else {
                let (mut sender, connection) = http1::handshake(io).await.expect("HTTP/1.1");
                tokio::spawn(connection);
                sender.send_request(validate()).await.expect("an answer")
            };
            assert_eq!(response.version() == Version::HTTP_2, alpn == "h2");
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert!(String::from_utf8_lossy(&body).contains(UID), "{alpn}");
        }
    }
}

#[tokio::test]
async fn t6_only_tls_1_3_if_set() {
    let server = start_with(app(), short(), TlsVersion::V1_3, 10, None).await;
    assert!(server.tls("h2", &[&rustls::version::TLS12]).await.is_err());
    assert!(server.tls("h2", &[&rustls::version::TLS13]).await.is_ok());
}

#[tokio::test]
async fn r2_readiness_is_asked_on_the_listener_with_tls() {
    let server = start(app(), short()).await;
    let mut client = server.client().await;
    assert_eq!(client.send(get("/readyz")).await.expect("an answer").0, StatusCode::OK);
    server.app.health.drain();
    let (status, _, why) = client.send(get("/readyz")).await.expect("an answer");
    assert_eq!((status, why.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "this replica is going\n"));
    assert_eq!(client.send(get("/livez")).await.expect("an answer").0, StatusCode::OK);
    assert_eq!(client.validate().await.expect("an answer").0, StatusCode::OK, "it goes on serving");
}

#[tokio::test]
async fn r2_nothing_is_ready_before_certificate_and_cluster_are_known() {
    let app = app();
    assert_eq!(app.health.not_ready().len(), 2);
    app.health.certificate_is_there();
    assert_eq!(app.health.not_ready(), ["the cluster is not known yet"]);
    app.health.cluster_is_known();
    assert!(app.health.not_ready().is_empty());
}

#[tokio::test]
async fn r4_a_handshake_that_does_not_come_ends() {
    let server = start(app(), short()).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let started = Instant::now();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0, "closed");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn r4_a_header_that_drips_ends() {
    let server = start(app(), short()).await;
    let mut stream = server.tls("http/1.1", &BOTH).await.expect("a handshake");
    let started = Instant::now();
    for byte in
        b"POST /validate HTTP/1.1\r\nhost: localhost\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".iter().cycle()
    {
        if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(started.elapsed() < Duration::from_secs(3), "still open");
    }
}

#[tokio::test]
async fn r4_an_idle_connection_outlives_the_header_timeout_and_ends_at_its_own() {
    let server = start(app(), short()).await;
    let mut client = server.client().await;
    client.validate().await.expect("an answer");
    tokio::time::sleep(Duration::from_millis(900)).await;
    client.validate().await.expect("the connection is kept between requests");
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(client.validate().await.is_err(), "the connection is closed when nobody uses it");
}

#[tokio::test]
async fn r4_a_body_that_does_not_come_ends() {
    let server = start(app(), short()).await;
    let mut stream = server.tls("http/1.1", &BOTH).await.expect("a handshake");
    let head = "POST /validate?timeout=1s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 7000000\r\n\r\n{\"apiVersion\"";
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut answer = vec![0; 12];
    tokio::time::timeout(Duration::from_secs(3), stream.read_exact(&mut answer)).await.expect("in time").expect("read");
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 408");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_500_stuck_sockets_do_not_hold_up_good_requests() {
    // The real times: the sockets stay stuck for as long as the test takes.
    let server = start(app(), Timeouts::default()).await;
    let p99 = async || {
        let mut client = server.client().await;
        let mut times = Vec::new();
        for _ in 0..200 {
            let started = Instant::now();
            assert_eq!(client.validate().await.expect("an answer").0, StatusCode::OK);
            times.push(started.elapsed());
        }
        times.sort();
        times[197]
    };
    let alone = p99().await;
    let mut stuck = Vec::new();
    for index in 0..500 {
        let mut stream = TcpStream::connect(server.address).await.expect("a connection");
        if index % 2 == 0 {
            // The beginning of a handshake, and nothing after it.
            stream.write_all(&[0x16, 3, 1, 2, 0, 1]).await.expect("written");
        }
        stuck.push(stream);
    }
    let beside = p99().await;
    assert!(metric(&server.app, "memlint_connections") > 400.0);
    assert!(beside < alone * 2 + Duration::from_millis(100), "{alone:?} alone, {beside:?} beside stuck sockets");
}

#[tokio::test]
async fn r4_connections_over_the_limit_wait_for_a_place() {
    let server = start_with(app(), short(), TlsVersion::V1_2, 1, None).await;
    let mut first = server.client().await;
    first.validate().await.expect("an answer");
    let second = tokio::time::timeout(Duration::from_millis(300), server.client()).await;
    assert!(second.is_err(), "there is no place");
    drop(first);
    let mut third = tokio::time::timeout(Duration::from_secs(3), server.client()).await.expect("a place");
    third.validate().await.expect("an answer");
}
