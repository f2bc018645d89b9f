//! Writing a file whole or not at all.

use std::io::Write as _;
use std::path::Path;

/// Writes a file whole or not at all: what was there stays until all is written. A link goes on pointing where it did,
/// and what is no file (`/dev/stdout`) is written to as it is.
///
/// # Errors
/// When it cannot be written.
pub fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let known = std::fs::metadata(file).ok();
    if known.as_ref().is_some_and(|known| !known.is_file()) {
        return std::fs::OpenOptions::new().write(true).open(file)?.write_all(text.as_bytes());
    }
    let file = &std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().ok_or_else(|| std::io::Error::other("it names no file"))?);
    name.push(format!(".{}", std::process::id()));
    let partial = folder.join(name);
    let written = std::fs::File::create_new(&partial).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        if let Some(known) = known {
            out.set_permissions(known.permissions())?;
        }
        out.sync_all()
    });
    let result = written.and_then(|()| std::fs::rename(&partial, file));
    if result.is_err() {
        // What is left of it is of no use; that it cannot be removed says nothing new.
        _ = std::fs::remove_file(&partial);
    }
    result
}
