//! A CA and a certificate of our own, for trying things out without a cluster.

use std::fs;
use std::io::{self, Write as _};
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

/// The first line of what was made here, by which it is known again. Whoever reads PEM passes over it.
const MARK: &str = "memlint-webhook --self-signed made this, and makes it anew whenever it starts";

/// How long both hold.
const LIFE: Duration = Duration::from_secs(365 * 86_400);

/// Makes a CA and a certificate for this machine and for the names of the Service in a cluster. The CA's key is
/// thrown away: nothing else can ever be signed with it.
///
/// # Errors
/// When the folder cannot be written, or holds files of these names that were not made here.
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
    [&files.ca, &files.certificate, &files.key].into_iter().try_for_each(|file| is_ours(file))?;
    write(&files.ca, &ca.certificate, 0o644)?;
    write(&files.certificate, &leaf.certificate, 0o644)?;
    write(&files.key, &leaf.key, 0o600)?;
    Ok(files)
}

/// Whether a file may be made anew.
fn is_ours(path: &Path) -> anyhow::Result<()> {
    match fs::read(path) {
        Ok(bytes) if bytes.starts_with(MARK.as_bytes()) => Ok(()),
        Ok(_) => anyhow::bail!("--self-signed would overwrite {}, which it did not make", path.display()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Puts a new file in the place of the old one, whose rights do not matter.
fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let written = || {
        let new = path.with_extension("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        file.write_all(format!("{MARK}\n{text}").as_bytes())?;
        fs::rename(new, path)
    };
    written().with_context(|| format!("{} cannot be written", path.display()))
}
