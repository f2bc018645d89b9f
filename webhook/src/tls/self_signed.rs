//! A CA and a certificate of our own, for trying things out without a cluster.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// The files that were made.
#[derive(Debug, Clone)]
pub struct SelfSigned {
    /// The CA's certificate, for clients.
    pub ca: PathBuf,
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// How long both hold.
const DAYS: i64 = 365;

/// Makes a CA and a certificate for this machine and for the names of the Service in a cluster. The CA's key is
/// thrown away: nothing else can ever be signed with it.
///
/// # Errors
/// When the folder cannot be written.
pub fn make(folder: &Path) -> anyhow::Result<SelfSigned> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, "memlint (self-signed)");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_key = KeyPair::generate()?;
    let names = [
        "localhost",
        "127.0.0.1",
        "::1",
        "memlint",
        "memlint.memlint",
        "memlint.memlint.svc",
        "memlint.memlint.svc.cluster.local",
    ];
    let mut leaf = CertificateParams::new(names.map(str::to_owned))?;
    leaf.distinguished_name.push(DnType::CommonName, "memlint-webhook");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    for params in [&mut ca, &mut leaf] {
        // From yesterday, for clocks that are behind.
        let (year, month, day) = date(-1);
        params.not_before = rcgen::date_time_ymd(year, month, day);
        let (year, month, day) = date(DAYS);
        params.not_after = rcgen::date_time_ymd(year, month, day);
    }
    let leaf_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;
    let certificate = leaf.signed_by(&leaf_key, &Issuer::new(ca, ca_key))?;
    let files =
        SelfSigned { ca: folder.join("ca.crt"), certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
    write(&files.ca, &ca_certificate.pem(), 0o644)?;
    write(&files.certificate, &certificate.pem(), 0o644)?;
    write(&files.key, &leaf_key.serialize_pem(), 0o600)?;
    Ok(files)
}

/// Year, month and day, so many days from now.
fn date(days: i64) -> (i32, u8, u8) {
    let timestamp = jiff::Timestamp::from_second(crate::state::now() + days * 86_400).unwrap_or_default();
    let date = jiff::tz::Offset::UTC.to_datetime(timestamp).date();
    let [month, day] = [date.month(), date.day()].map(|part| u8::try_from(part).unwrap_or(1));
    (i32::from(date.year()), month, day)
}

fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("{} cannot be written", path.display()))
}
