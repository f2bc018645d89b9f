//! A CA and a certificate of our own, for trying things out without a cluster.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::Ca;

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
const LIFE: Duration = Duration::from_secs(365 * 86_400);

/// Makes a CA and a certificate for this machine and for the names of the Service in a cluster. The CA's key is
/// thrown away: nothing else can ever be signed with it.
///
/// # Errors
/// When the folder cannot be written.
pub fn make(folder: &Path) -> anyhow::Result<SelfSigned> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let names = [
        "localhost",
        "127.0.0.1",
        "::1",
        "memlint",
        "memlint.memlint",
        "memlint.memlint.svc",
        "memlint.memlint.svc.cluster.local",
    ];
    let now = crate::state::now();
    let ca = Ca::make(now, LIFE).map_err(anyhow::Error::msg)?;
    let leaf = ca.issue(&names.map(str::to_owned), now, LIFE).map_err(anyhow::Error::msg)?;
    let files =
        SelfSigned { ca: folder.join("ca.crt"), certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
    write(&files.ca, &ca.certificate, 0o644)?;
    write(&files.certificate, &leaf.certificate, 0o644)?;
    write(&files.key, &leaf.key, 0o600)?;
    Ok(files)
}

fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("{} cannot be written", path.display()))
}
