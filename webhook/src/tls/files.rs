//! A certificate and its key from two files, as cert-manager and kubelet leave them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::{Certificate, provider, x509};
use crate::state::App;
use crate::watch::{self, Contents};

/// A certificate chain and the key that belongs to it.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Both, ready to be served.
    pub key: Arc<CertifiedKey>,
    /// When the certificate expires, in seconds since 1970.
    pub not_after: i64,
}

/// Reads a pair from PEM.
///
/// # Errors
/// When either cannot be read, or they do not belong together.
pub fn parse(certificate: &[u8], key: &[u8]) -> Result<Pair, String> {
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|error| format!("the certificate cannot be read: {error}"))?;
    let leaf = chain.first().ok_or("there is no certificate in the certificate file")?;
    let not_after = x509::not_after(leaf).ok_or("the certificate is no X.509 certificate")?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("the key cannot be read: {error}"))?;
    let key = CertifiedKey::from_der(chain, key, &provider())
        .map_err(|error| format!("certificate and key do not work together: {error}"))?;
    Ok(Pair { key: Arc::new(key), not_after })
}

/// Reads the files again whenever they change; never returns. A bad pair never takes the place of a good one.
pub async fn follow(
    app: Arc<App>,
    certificate: Arc<Certificate>,
    files: [PathBuf; 2],
    every: Duration,
    first: Contents,
) {
    watch::poll(files.into(), every, first, |contents| reload(&app, &certificate, contents)).await;
}

fn reload(app: &App, certificate: &Certificate, contents: Result<&Contents, &str>) {
    let pair = contents.map_err(str::to_owned).and_then(|contents| match contents.as_slice() {
        [certificate, key] => parse(certificate, key),
        _ => Err("there are not two files".to_owned()),
    });
    match pair {
        Ok(pair) => {
            tracing::info!(not_after = pair.not_after, "a new certificate is served");
            app.metrics.certs.loaded("leaf", pair.not_after);
            certificate.swap(pair);
        }
        Err(why) => {
            tracing::error!(why, "the certificate files are bad; the last good certificate goes on");
            app.metrics.certs.refused();
        }
    }
}
