//! The policy file: read at the start, and again whenever it changes. A bad one never takes the place of a good one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use memlint_files::policy_file::{self, PolicyFile};
use memlint_files::problem::Problem;

use crate::state::{App, Rulebook, now};
use crate::watch;

/// The default policy.
///
/// # Errors
/// Never, as long as what we ship is right.
pub fn shipped() -> Result<Rulebook, String> {
    let shipped = PolicyFile::load(None).map_err(|problems| describe(&problems))?;
    Ok(Rulebook { hash: memlint_review::policy_hash(&shipped.text), policy: shipped.policy })
}

/// Reads a policy.
///
/// # Errors
/// Everything that is wrong with it, a line each.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Rulebook, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("{name}: it is not UTF-8: {error}"))?;
    let policy = policy_file::parse(name, text).map_err(|problems| describe(&problems))?;
    if let Some(file) = policy.capacity() {
        tracing::warn!("{name}: capacity: {file} is for the command and is not heeded here; give --capacity");
    }
    Ok(Rulebook { policy, hash: memlint_review::policy_hash(bytes) })
}

pub(crate) fn describe(problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let help = problem.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{}:{}:{}: {}{help}", problem.file, problem.line, problem.column, problem.message)
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Reads the file again whenever it changes; never returns.
pub async fn follow(app: Arc<App>, file: PathBuf, every: Duration, first: watch::Contents) {
    let files = vec![file.clone()];
    watch::poll(files, every, first, |contents| reload(&app, &file, contents)).await;
}

fn reload(app: &App, file: &Path, contents: Result<&watch::Contents, &str>) {
    let name = file.display().to_string();
    let bytes = contents.map(|contents| contents.first().map(Vec::as_slice).unwrap_or_default());
    match bytes.map_err(str::to_owned).and_then(|bytes| parse(&name, bytes)) {
        Ok(rulebook) => {
            tracing::info!(hash = rulebook.hash, "a new policy holds");
            app.metrics.policy_loaded(&rulebook.hash, now());
            app.rulebook.store(Arc::new(rulebook));
        }
        Err(why) => {
            tracing::error!(why, "the policy file is bad; the last good policy goes on");
            app.metrics.policy_refused();
            app.events.policy_refused(&why, &app.metrics);
        }
    }
}
