//! What must be known of a certificate beyond what rustls tells: when it expires, whom it names, whether it is a CA.

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// When a certificate expires, in seconds since 1970.
pub(super) fn not_after(der: &[u8]) -> Option<i64> {
    read(der).map(|certificate| certificate.validity().not_after.timestamp())
}

/// Whether others can be signed with it.
pub(super) fn is_ca(der: &[u8]) -> bool {
    read(der).is_some_and(|certificate| certificate.is_ca())
}

/// Whom a certificate names: its common names, and its DNS names, addresses of mail and URIs.
pub(super) fn names(der: &[u8]) -> Option<Vec<String>> {
    let certificate = read(der)?;
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let mut names: Vec<String> = common.map(str::to_owned).collect();
    let others = certificate.subject_alternative_name().ok()?;
    for other in others.iter().flat_map(|extension| &extension.value.general_names) {
        if let GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) = other {
            names.push((*name).to_owned());
        }
    }
    Some(names)
}

fn read(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_and_the_names_of_a_certificate_are_read() {
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.distinguished_name.push(rcgen::DnType::CommonName, "jane");
        params.not_after = rcgen::date_time_ymd(2031, 5, 17);
        let key = rcgen::KeyPair::generate().expect("a key");
        let der = params.self_signed(&key).expect("a certificate").der().to_vec();
        assert_eq!(not_after(&der), Some(1_936_742_400));
        assert_eq!(names(&der).expect("names"), ["jane", "localhost"]);
        assert!(!is_ca(&der));
        for length in 0..der.len() {
            assert_eq!((not_after(&der[..length]), names(&der[..length])), (None, None));
        }
        params.not_after = rcgen::date_time_ymd(2061, 1, 1);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        let der = params.self_signed(&key).expect("a certificate").der().to_vec();
        assert_eq!(not_after(&der), Some(2_871_763_200));
        assert!(is_ca(&der));
    }
}
