//! [`Ca`]: a CA of our own, and the certificates that it signs. ECDSA over P-256, which every API server takes.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::x509;

/// How far back certificates begin, for clocks that are behind.
const BACK: i64 = 3600;

/// A CA with its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Ca {
    /// The certificate, PEM.
    pub certificate: String,
    /// The key, PEM.
    pub key: String,
    /// When it expires, in seconds since 1970.
    pub not_after: i64,
}

/// A certificate that a CA has signed, and its key, both PEM.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
    /// When it expires, in seconds since 1970.
    pub not_after: i64,
}

impl Ca {
    /// Makes one.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn make(now: i64, life: Duration) -> Result<Self, String> {
        let (mut params, not_after) = (CertificateParams::default(), now.saturating_add(seconds(life)));
        // Each has a name of its own: who finds two in one caBundle can tell which is which.
        params.distinguished_name.push(DnType::CommonName, format!("memlint CA {now}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        span(&mut params, now, not_after);
        let key = KeyPair::generate().map_err(why)?;
        let certificate = params.self_signed(&key).map_err(why)?;
        Ok(Self { certificate: certificate.pem(), key: key.serialize_pem(), not_after })
    }

    /// Reads one from PEM.
    ///
    /// # Errors
    /// When it cannot be read, is no CA, or certificate and key do not belong together.
    pub fn parse(certificate: &[u8], key: &[u8]) -> Result<Self, String> {
        let pair = super::parse(certificate, key)?;
        if !pair.key.end_entity_cert().is_ok_and(|der| x509::is_ca(der)) {
            return Err("the certificate is no CA".to_owned());
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| "it is no text".to_owned());
        let ca = Self { certificate: text(certificate)?, key: text(key)?, not_after: pair.not_after };
        ca.issuer()?;
        Ok(ca)
    }

    /// Signs a certificate for a server of these names. It does not outlive its CA.
    ///
    /// # Errors
    /// When a name cannot be in a certificate.
    pub fn issue(&self, names: &[String], now: i64, life: Duration) -> Result<Issued, String> {
        let mut params = CertificateParams::new(names).map_err(why)?;
        params.distinguished_name.push(DnType::CommonName, "memlint-webhook");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let not_after = now.saturating_add(seconds(life)).min(self.not_after);
        span(&mut params, now, not_after);
        let key = KeyPair::generate().map_err(why)?;
        let certificate = params.signed_by(&key, &self.issuer()?).map_err(why)?;
        Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem(), not_after })
    }

    fn issuer(&self) -> Result<Issuer<'static, KeyPair>, String> {
        let key = KeyPair::from_pem(&self.key).map_err(why)?;
        Issuer::from_ca_cert_pem(&self.certificate, key).map_err(why)
    }
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ca").field("certificate", &self.certificate).field("not_after", &self.not_after).finish()
    }
}

/// All the certificates of a text in PEM, DER; what is no certificate in it is left out.
pub(crate) fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

/// A span of time, in whole seconds.
pub(crate) fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

fn span(params: &mut CertificateParams, now: i64, not_after: i64) {
    // The last second that X.509 can write is that of the year 9999.
    let time = |second: i64| {
        let second = u64::try_from(second).unwrap_or_default().min(253_402_300_799);
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(second)
    };
    params.not_before = time(now.saturating_sub(BACK));
    params.not_after = time(not_after);
}

fn why(error: rcgen::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;
    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn a_ca_is_read_as_it_was_written_and_signs() {
        let ca = Ca::make(NOW, DAY * 365).expect("a CA");
        assert_eq!(Ca::parse(ca.certificate.as_bytes(), ca.key.as_bytes()).as_ref(), Ok(&ca));
        let names = ["memlint.memlint.svc".to_owned()];
        let leaf = ca.issue(&names, NOW, DAY * 7).expect("a certificate");
        let pair = crate::tls::parse(leaf.certificate.as_bytes(), leaf.key.as_bytes()).expect("a pair");
        assert_eq!((pair.not_after, leaf.not_after), (NOW + 7 * 86_400, NOW + 7 * 86_400));
        let late = ca.issue(&names, ca.not_after - 60, DAY * 7).expect("a certificate");
        assert_eq!(late.not_after, ca.not_after, "it does not outlive its CA");
    }

    #[test]
    fn what_is_no_ca_is_told() {
        let [one, other] = [Ca::make(NOW, DAY).expect("a CA"), Ca::make(NOW, DAY).expect("a CA")];
        let leaf = one.issue(&["localhost".to_owned()], NOW, DAY).expect("a certificate");
        let why = |certificate: &str, key: &str| Ca::parse(certificate.as_bytes(), key.as_bytes()).expect_err("no CA");
        assert!(why(&one.certificate, &other.key).contains("do not work together"));
        assert!(why(&leaf.certificate, &leaf.key).contains("no CA"));
        assert!(why("", "").contains("no certificate"));
        assert!(!format!("{one:?}").contains("PRIVATE"), "a key is never printed");
    }
}
