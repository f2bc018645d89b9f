//! The clients that tests speak to a listener with: over TLS, HTTP/1.1, kept alive, as an API server does it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use memlint_webhook::tls;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) const BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

/// A handshake with a server of this name, whose certificate must be signed by one of these.
pub(crate) async fn handshake(
    address: SocketAddr,
    name: &str,
    roots: &[CertificateDer<'static>],
    alpn: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    handshake_over(TcpStream::connect(address).await?, name, roots, alpn, versions).await
}

/// The same over a connection that is there.
pub(crate) async fn handshake_over(
    stream: TcpStream,
    name: &str,
    roots: &[CertificateDer<'static>],
    alpn: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut store = RootCertStore::empty();
    roots.iter().for_each(|root| store.add(root.clone()).expect("a CA"));
    let builder = ClientConfig::builder_with_provider(tls::provider()).with_protocol_versions(versions);
    let mut config = builder.expect("versions").with_root_certificates(store).with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// A connection that is kept alive.
pub(crate) struct Client {
    sender: http1::SendRequest<Body>,
    /// The last byte of the serial number of the server's certificate.
    pub(crate) serial: u8,
    /// The server's certificate.
    pub(crate) certificate: CertificateDer<'static>,
}

impl Client {
    /// Speaks HTTP/1.1 over a stream.
    pub(crate) async fn over(stream: TlsStream<TcpStream>) -> Self {
        let certificate = stream.get_ref().1.peer_certificates().expect("certificates")[0].clone().into_owned();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        Self { sender, serial: serial(&certificate), certificate }
    }

    /// Sends a request; gives the status, whether the server wants the connection closed, and the body.
    pub(crate) async fn send(&mut self, request: Request<Body>) -> hyper::Result<(StatusCode, bool, String)> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let close = response.headers().get("connection").is_some_and(|value| value == "close");
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        Ok((status, close, String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub(crate) async fn validate(&mut self) -> hyper::Result<(StatusCode, bool, String)> {
        self.send(crate::server::validate()).await
    }
}

fn serial(der: &[u8]) -> u8 {
    // Sequence, sequence, version, then the integer: 02, its length, its bytes.
    let at = der.windows(5).position(|w| w == [0xa0, 3, 2, 1, 2]).expect("version 3") + 5;
    der[at + 1 + usize::from(der[at + 1])]
}
