//! TLS: which versions, and a certificate that can change while connections are open.

mod ca;
mod clients;
mod files;
mod self_signed;
mod x509;

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;

use crate::args::TlsVersion;

pub use ca::{Ca, Issued};
pub(crate) use ca::{certificates, seconds};
pub use clients::Clients;
pub use files::{Pair, follow, parse};
pub use self_signed::{SelfSigned, make};

/// The certificate that is served, swapped whole. Connections that are open go on with the one they began with.
#[derive(Debug)]
pub struct Certificate(ArcSwap<CertifiedKey>);

impl Certificate {
    /// Serves this one.
    #[must_use]
    pub fn new(pair: Pair) -> Arc<Self> {
        Arc::new(Self(ArcSwap::new(pair.key)))
    }

    /// Serves another one from now on.
    pub fn swap(&self, pair: Pair) {
        self.0.store(pair.key);
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// The one provider of cryptography in this process.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// TLS as it is served; with `clients`, only they are let in.
///
/// # Errors
/// When the provider does not know the versions: never.
pub fn config(
    certificate: Arc<Certificate>,
    clients: Option<Arc<Clients>>,
    oldest: TlsVersion,
) -> Result<ServerConfig, rustls::Error> {
    let versions: &[_] = match oldest {
        TlsVersion::V1_2 => &[&rustls::version::TLS12, &rustls::version::TLS13],
        TlsVersion::V1_3 => &[&rustls::version::TLS13],
    };
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions)?;
    let mut config = match clients {
        None => builder.with_no_client_auth().with_cert_resolver(certificate),
        Some(clients) => {
            let mut config = builder.with_client_cert_verifier(clients).with_cert_resolver(certificate);
            // A session that is resumed is not asked for its certificate again, even if its CA is gone by then.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
            config
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
