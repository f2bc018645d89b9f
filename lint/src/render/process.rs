//! Running the user's own tools: found on the `PATH`, without a network, within bounds of time and output.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The most that a tool may print, in bytes.
const MAX_OUTPUT: u64 = 64 << 20;
/// The most of its complaints that is kept, in bytes.
const MAX_COMPLAINT: u64 = 1 << 20;
/// How many of its last lines are told.
const LAST_LINES: usize = 4;
/// Where nobody listens: what a tool sends through a proxy ends here.
const NOWHERE: &str = "http://127.0.0.1:9";

/// A tool that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tool {
    /// Its file.
    pub(super) path: PathBuf,
    /// What tells this build of it from others: its size and the time it was written.
    pub(super) version: String,
}

impl Tool {
    /// Looks for a tool on the `PATH`.
    pub(super) fn find(name: &str) -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join(name)).find_map(|path| {
            let known = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
            let written = known.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos();
            Some(Self { version: format!("{} {} {written}", path.display(), known.len()), path })
        })
    }

    /// Runs it in a folder and gives what it prints.
    ///
    /// # Errors
    /// Its own last lines, or that it took too long or printed too much.
    pub(super) fn run<A: AsRef<OsStr>>(&self, args: &[A], folder: &Path, patience: Duration) -> Result<String, String> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = Command::new(&self.path);
        command.args(args).current_dir(folder).env_clear();
        for kept in ["PATH", "HOME", "TMPDIR", "LANG", "SystemRoot"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        for proxy in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env(proxy, NOWHERE);
        }
        command.env("GIT_ALLOW_PROTOCOL", "none").env("GIT_TERMINAL_PROMPT", "0");
        for (key, inside) in [
            ("HELM_CACHE_HOME", "helm/cache"),
            ("HELM_CONFIG_HOME", "helm/config"),
            ("HELM_DATA_HOME", "helm/data"),
            ("HELM_PLUGINS", "helm/plugins"),
            ("KUSTOMIZE_PLUGIN_HOME", "plugins"),
        ] {
            command.env(key, folder.join(inside));
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{name} cannot be started: {error}"))?;
        let (out, complaint) = (collect(child.stdout.take(), MAX_OUTPUT), collect(child.stderr.take(), MAX_COMPLAINT));
        let Ok(out) = out.recv_timeout(patience.saturating_sub(started.elapsed())) else {
            stop(&mut child);
            return Err(format!("{name} took longer than {} s", patience.as_secs()));
        };
        if out.len() as u64 > MAX_OUTPUT {
            stop(&mut child);
            return Err(format!("{name} printed more than {} MiB", MAX_OUTPUT >> 20));
        }
        let status = wait(&mut child, patience.saturating_sub(started.elapsed()));
        let complaint = complaint.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        match status {
            Ok(true) => String::from_utf8(out).map_err(|_| format!("{name} printed something that is not UTF-8")),
            Ok(false) => Err(last_lines(&name, &String::from_utf8_lossy(&complaint))),
            Err(why) => Err(format!("{name}: {why}")),
        }
    }
}

/// Reads a stream on a thread of its own, up to a bound and one byte more.
fn collect(stream: Option<impl Read + Send + 'static>, most: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            // What came before an error counts; the exit code tells the rest.
            _ = stream.take(most + 1).read_to_end(&mut bytes);
        }
        // Nobody waits any more for a tool that took too long.
        _ = sender.send(bytes);
    });
    receiver
}

/// Whether it ended well. It has closed its output, so it is about to end.
fn wait(child: &mut Child, patience: Duration) -> Result<bool, String> {
    let until = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) => {
                stop(child);
                return Err("it did not end".to_owned());
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Stops a tool and what it has started.
fn stop(child: &mut Child) {
    // It may have ended by itself meanwhile.
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    _ = child.kill();
    let _: io::Result<_> = child.wait();
}

/// The end of what a tool complained of.
fn last_lines(name: &str, complaint: &str) -> String {
    let lines: Vec<&str> =
        complaint.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let last = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default();
    if last.is_empty() { format!("{name} failed and said nothing") } else { format!("{name}: {}", last.join("; ")) }
}
