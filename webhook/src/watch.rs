//! Files that change while they are used.
//!
//! They are compared by content, on a timer: kubelet updates a mounted Secret or ConfigMap by swapping a link in the
//! folder above, which a watch on the file itself never sees.

use std::path::PathBuf;
use std::time::Duration;

/// The contents of some files, in their order.
pub type Contents = Vec<Vec<u8>>;

/// Reads all of the files.
///
/// # Errors
/// The first that cannot be read.
pub fn read(files: &[PathBuf]) -> Result<Contents, String> {
    files.iter().map(|file| std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))).collect()
}

/// Calls `changed` whenever the files read otherwise than last time; never returns.
pub async fn poll(
    files: Vec<PathBuf>,
    every: Duration,
    first: Contents,
    mut changed: impl FnMut(Result<&Contents, &str>),
) {
    let mut last: Result<Contents, String> = Ok(first);
    loop {
        tokio::time::sleep(every).await;
        let again = files.clone();
        let Ok(found) = tokio::task::spawn_blocking(move || read(&again)).await else { continue };
        if found != last {
            changed(found.as_ref().map_err(String::as_str));
            last = found;
        }
    }
}
