//! [`Clients`]: who may speak to us, where client certificates are asked for.
//!
//! Being signed by the CA is not enough: in most clusters that CA signs for every user.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

use super::{certificates, provider, x509};
use crate::state::App;
use crate::watch::{self, Contents};

/// The CAs of clients, swapped whole, and the names that are let in.
#[derive(Debug)]
pub struct Clients {
    verifier: ArcSwap<Verifier>,
    names: Vec<String>,
}

/// An [`ArcSwap`] holds what has a size.
#[derive(Debug)]
struct Verifier(Arc<dyn ClientCertVerifier>);

impl Clients {
    /// Lets in who has a certificate of one of these CAs, in PEM, with one of these names.
    ///
    /// # Errors
    /// When there is no CA in the text.
    pub fn new(pem: &[u8], names: Vec<String>) -> Result<Arc<Self>, String> {
        Ok(Arc::new(Self { verifier: ArcSwap::from_pointee(verifier(pem)?), names }))
    }

    /// Reads the file again whenever it changes; never returns. A bad one never takes the place of a good one.
    pub async fn follow(self: Arc<Self>, app: Arc<App>, file: PathBuf, every: Duration, first: Contents) {
        watch::poll(vec![file], every, first, |contents| {
            let pem = contents.map_err(str::to_owned).and_then(|contents| verifier(&contents.concat()));
            app.metrics.certs.client_ca_read(pem.is_ok());
            match pem {
                Ok(verifier) => {
                    tracing::info!("there is a new CA of clients");
                    self.verifier.store(Arc::new(verifier));
                }
                Err(why) => tracing::error!(why, "the CA of clients is bad; the last good one goes on"),
            }
        })
        .await;
    }
}

fn verifier(pem: &[u8]) -> Result<Verifier, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem) {
        roots.add(certificate).map_err(|error| format!("the CA of clients cannot be used: {error}"))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    builder.build().map(Verifier).map_err(|error| format!("the CA of clients cannot be used: {error}"))
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // None: they may change, and a client with one certificate needs no hint.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.load().0.verify_client_cert(end_entity, intermediates, now)?;
        let names = x509::names(end_entity).ok_or(CertificateError::BadEncoding)?;
        if names.iter().any(|name| self.names.contains(name)) {
            return Ok(verified);
        }
        tracing::warn!(?names, "a client's certificate has none of the names of --client-name");
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.load().0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.load().0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.load().0.supported_verify_schemes()
    }
}
