//! [`CertMetrics`]: what is told of certificates.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// One label that says how something went.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ResultLabel {
    result: &'static str,
}

/// One label that names a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CertLabel {
    cert: &'static str,
}

/// One label that says what for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WhyLabel {
    why: &'static str,
}

/// What is counted of certificates.
#[derive(Debug, Default)]
pub struct CertMetrics {
    reloads: Family<ResultLabel, Counter>,
    client_ca_reloads: Family<ResultLabel, Counter>,
    not_after: Family<CertLabel, Gauge>,
    patches: Family<WhyLabel, Counter>,
    troubles: Counter,
}

impl CertMetrics {
    /// Registers all of them.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("cert_reload", "Times that the certificate was read or made", self.reloads.clone());
        registry.register(
            "client_ca_reload",
            "Times that the CA of client certificates was read",
            self.client_ca_reloads.clone(),
        );
        registry.register("cert_not_after_timestamp_seconds", "When a certificate expires", self.not_after.clone());
        registry.register(
            "ca_bundle_patches",
            "Times that the caBundle was written: because the CA rotates, or because someone else had changed it",
            self.patches.clone(),
        );
        registry.register("ca_errors", "Times that the CA could not be looked after", self.troubles.clone());
    }

    /// Notes that a certificate is served.
    pub fn loaded(&self, cert: &'static str, not_after: i64) {
        self.reloads.get_or_create(&ResultLabel { result: "success" }).inc();
        self.expires(cert, not_after);
    }

    /// Notes that certificate files are bad.
    pub fn refused(&self) {
        self.reloads.get_or_create(&ResultLabel { result: "error" }).inc();
    }

    /// Notes whether the CA of client certificates could be read.
    pub fn client_ca_read(&self, well: bool) {
        let result = if well { "success" } else { "error" };
        self.client_ca_reloads.get_or_create(&ResultLabel { result }).inc();
    }

    /// Notes when a certificate expires.
    pub fn expires(&self, cert: &'static str, not_after: i64) {
        self.not_after.get_or_create(&CertLabel { cert }).set(not_after);
    }

    /// Notes that the caBundle was written.
    pub fn patched(&self, why: &'static str) {
        self.patches.get_or_create(&WhyLabel { why }).inc();
    }

    /// Notes that the CA could not be looked after.
    pub fn trouble(&self) {
        self.troubles.inc();
    }
}
